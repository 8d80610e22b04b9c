"""Write images and labels into the form of the library. Everything here works in a folder that is renamed at
the end, so that a data set is there as a whole or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.data.importing.records import Entry
from models.data.library import CARD, Card, datasets_root
from models.errors import DataError, StorageError
from models.files import npz_bytes
from models.types import Int64, UInt8

if TYPE_CHECKING:
    from PIL.Image import Image

# Images with a longer side are made smaller: no backbone here looks at more than 256 pixels.
MAX_SIDE = 1024
_STAGING = ".importing-"
_KEPT_AS_THEY_ARE = {b"\xff\xd8\xff": ".jpg", b"\x89PNG\r\n\x1a\n": ".png"}
_LABEL_ROWS = 4096


@contextlib.contextmanager
def staging_folder(name: str) -> Iterator[Path]:
    """A folder in the library that becomes the data set when the block ends well, and is removed if not.

    Raises:
        DataError: a data set of that name appeared meanwhile.
        StorageError: the disk is full, or the library cannot be written.
    """
    root = datasets_root()
    folder = None
    try:
        root.mkdir(parents=True, exist_ok=True)
        remove_left_overs(root)
        folder = Path(tempfile.mkdtemp(prefix=f"{_STAGING}{name}-{os.getpid()}-", dir=root))
        folder.chmod(0o755)  # mkdtemp makes folders that only their owner can open
        yield folder
        if (root / name).exists():
            raise DataError(f"A data set {name} was made meanwhile. Nothing was changed; take another name.")
        folder.rename(root / name)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full" if full else (error.strerror or str(error))
        raise StorageError(
            f"Could not write the data set {name} into {root}: {why}. Nothing of it was kept. Free some "
            "space, or set HASHLENS_LIBRARY to a folder on another disk, and import again."
        ) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def remove_left_overs(root: Path) -> None:
    """Remove what imports left behind that were killed."""
    for folder in root.glob(f"{_STAGING}*"):
        _, pid, _ = folder.name.rsplit("-", 2)
        if pid.isdecimal() and not _runs(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def check_space(n_bytes: int) -> None:
    """Refuse what cannot fit.

    Raises:
        StorageError: the library's disk has less room than that.
    """
    root = datasets_root()
    there = next(path for path in (root, *root.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if n_bytes > free:
        raise StorageError(
            f"The images take up to {n_bytes / 2**20:,.0f} MB, and the disk of {root} has "
            f"{free / 2**20:,.0f} MB left. Free some space, set HASHLENS_LIBRARY to a folder on another "
            "disk, or leave the images of a folder where they are with --link."
        )


def pixel_hash(image: Image) -> bytes:
    """16 bytes of the SHA-256 of the size and the RGB pixels."""
    digest = hashlib.sha256(f"{image.width}x{image.height}:".encode())
    digest.update(image.tobytes())
    return digest.digest()[:16]


def stored_form(content: bytes, image: Image, changed: bool) -> tuple[bytes, str, bool]:
    """What the archive holds of an image: the file as it is where every reader takes it the same way.

    Args:
        content: the file.
        image: decoded, upright, RGB.
        changed: decoding had to turn, flatten or convert it.

    Returns:
        The bytes, the suffix, and whether the image was made smaller.
    """
    suffix = next((kept for magic, kept in _KEPT_AS_THEY_ARE.items() if content.startswith(magic)), None)
    if suffix is None and content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        suffix = ".webp"
    large = max(image.size) > MAX_SIDE
    if suffix is not None and not changed and not large:
        return content, suffix, False
    if large:
        image = image.copy()
        image.thumbnail((MAX_SIDE, MAX_SIDE))
    buffer = io.BytesIO()
    if suffix == ".jpg" or large:
        image.save(buffer, "JPEG", quality=95)
        return buffer.getvalue(), ".jpg", large
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue(), ".png", large


def _add(archive: zipfile.ZipFile, row: int, suffix: str, content: bytes) -> None:
    """An image into an archive; with a fixed date, so that the same images give the same archive."""
    archive.writestr(zipfile.ZipInfo(f"{row:08d}{suffix}", (1980, 1, 1, 0, 0, 0)), content)


class Images:
    """Where images go while they are read: into an archive, or only their paths into a list."""

    def __init__(self, folder: Path, *, linked: bool) -> None:
        self._folder = folder
        self._paths: list[str] | None = [] if linked else None
        self._archive = None if linked else zipfile.ZipFile(folder / "images.zip", "w", zipfile.ZIP_STORED)
        self.hashes: list[bytes] = []
        self.long_sides: list[int] = []
        self.n_reduced = 0

    def add(self, name: str, content: bytes, image: Image, *, changed: bool) -> None:
        """Take the next image."""
        row = len(self.hashes)
        self.hashes.append(pixel_hash(image))
        if self._archive is None:
            assert self._paths is not None
            self._paths.append(name)
            self.long_sides.append(max(image.size))
            return
        stored, suffix, reduced = stored_form(content, image, changed)
        self.n_reduced += reduced
        self.long_sides.append(min(max(image.size), MAX_SIDE))
        _add(self._archive, row, suffix, stored)

    def close(self) -> None:
        """Finish the archive, or give it up: after a failure nobody reads it."""
        if self._archive is not None:
            self._archive.close()

    def reorder(self, order: Int64) -> None:
        """Let row i hold the image that was taken as number `order[i]`; a permutation, int64 (n,)."""
        self.hashes = [self.hashes[position] for position in order]
        self.long_sides = [self.long_sides[position] for position in order]
        if self._paths is not None:
            self._paths = [self._paths[position] for position in order]
            return
        self.close()
        path, before = self._folder / "images.zip", self._folder / "as-read.zip"
        path.rename(before)
        with zipfile.ZipFile(before) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            names = sorted(source.namelist())
            for row, position in enumerate(order):
                _add(archive, row, Path(names[position]).suffix, source.read(names[position]))
        self._archive = archive
        before.unlink()

    def write(self) -> UInt8:
        """Write hashes and paths; returns the hashes, uint8 (n, 16)."""
        self.close()
        if self._paths is not None:
            (self._folder / "paths.txt").write_bytes("".join(f"{name}\n" for name in self._paths).encode())
        hashes = np.frombuffer(b"".join(self.hashes), dtype=np.uint8).reshape(-1, 16)
        np.save(self._folder / "hashes.npy", hashes)
        return hashes


def write_labels(folder: Path, entries: Sequence[Entry], columns: Mapping[int, int]) -> str:
    """Write `labels.npy` in pieces; returns the key of the labels.

    Args:
        folder: of the data set.
        entries: in the order of the rows.
        columns: column of each class, by its number in the source.
    """
    shape = (len(entries), len(set(columns.values())))
    digest = hashlib.sha256(str(shape).encode())
    with (folder / "labels.npy").open("wb") as file:
        header = {
            "descr": np.lib.format.dtype_to_descr(np.dtype(bool)),
            "fortran_order": False,
            "shape": shape,
        }
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(entries), _LABEL_ROWS):
            part = entries[start : start + _LABEL_ROWS]
            labels = np.zeros((len(part), shape[1]), dtype=bool)
            for row, entry in enumerate(part):
                labels[row, [columns[label] for label in entry.labels]] = True
            file.write(labels.tobytes())
            digest.update(labels.tobytes())
    return digest.hexdigest()[:16]


def write_captions(folder: Path, entries: Sequence[Entry]) -> None:
    """Write `captions.json` where an image has a caption."""
    if any(entry.captions for entry in entries):
        document = [list(entry.captions) for entry in entries]
        (folder / "captions.json").write_text(json.dumps(document, ensure_ascii=False), "utf-8")


def write_roles(folder: Path, roles: Mapping[str, UInt8]) -> None:
    """Write the splits file of each protocol."""
    for protocol, of_rows in roles.items():
        (folder / f"splits-{protocol}.npz").write_bytes(npz_bytes({"roles": of_rows}))


def write_card(folder: Path, card: Card) -> None:
    """Write `dataset.json`."""
    text = json.dumps(card.to_json(), ensure_ascii=False, indent=1)
    (folder / CARD).write_text(text + "\n", "utf-8")


def runs_of(parts: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Equal neighbours as (value, count)."""
    runs: list[tuple[str, int]] = []
    for part in parts:
        if runs and runs[-1][0] == part:
            runs[-1] = (part, runs[-1][1] + 1)
        else:
            runs.append((part, 1))
    return tuple(runs)
