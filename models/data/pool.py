"""A data set of the library under one protocol: a pool of images, and who is query, train and database."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
import zlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.data.base import DatasetInfo, check_pool_row, check_row
from models.data.library import DATABASE, QUERY, TRAIN, Card, read_card
from models.errors import DataError, NotAvailableError, UnknownNameError
from models.types import Bool, Int64, Split, UInt8

if TYPE_CHECKING:
    from PIL.Image import Image

MIME_TYPES = {".webp": "image/webp", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
# Images of the library were checked when they were imported; linked files may be any the owner has.
MAX_BYTES, MAX_PIXELS = 200 * 2**20, 200_000_000
_ROLES: dict[Split, int] = {"query": QUERY, "train": TRAIN, "database": DATABASE}


class Pool:
    """A pool under a protocol; see `models.data.base.Dataset`. May be read from several threads."""

    def __init__(self, folder: Path, protocol: str | None = None) -> None:
        """Open the pool in `folder`; None is its default protocol.

        Raises:
            DataError: the card is damaged.
            UnknownNameError: the pool has no such protocol.
        """
        self.folder = folder
        self.card: Card = read_card(folder)
        names = tuple(self.card.protocols)
        self.protocol = names[0] if protocol is None else protocol
        if self.protocol not in names:
            raise UnknownNameError(f"protocol of {self.card.name}", self.protocol, names)
        # Members of an archive share one file position.
        self._zip_lock = threading.Lock()

    @cached_property
    def info(self) -> DatasetInfo:
        """Counts, names, licence, protocol."""
        card, scoring = self.card, self.card.protocols[self.protocol]
        default = next(iter(card.protocols))
        counts = {split: len(self.pool_rows(split)) for split in _ROLES}
        return DatasetInfo(
            name=card.name if self.protocol == default else f"{card.name}@{self.protocol}",
            title=card.title,
            n_train=counts["train"],
            n_query=counts["query"],
            n_database=counts["database"],
            n_classes=len(card.class_names),
            label_kind=card.label_kind,
            class_names=card.class_names,
            image_size=card.image_size,
            licence=card.licence,
            source=card.source,
            note="" if self.has_images else self._how_to_get(),
            mirror_is_same=card.mirror_is_same,
            protocol=self.protocol,
            has_images=self.has_images,
            download_bytes=card.download_bytes,
            train_in_database=len(self.train_rows) > 0,
            k=scoring.k,
            normalize_by=scoring.normalize_by,
        )

    @cached_property
    def has_images(self) -> bool:
        """The archive, or the root folder of a linked set, is here."""
        if self.card.storage == "linked":
            return (self.folder / "paths.txt").is_file() and Path(self.card.root).is_dir()
        return (self.folder / "images.zip").is_file()

    def _how_to_get(self) -> str:
        if self.card.storage == "linked":
            return (
                f"Its images are looked for in {self.card.root}, which is no folder now. Put it back, or "
                f"run `python -m models forget {self.card.name}` and import it again from where it is."
            )
        return self.card.how_to_get or "Import it again."

    # Rows

    @cached_property
    def _roles(self) -> UInt8:
        path = self.folder / f"splits-{self.protocol}.npz"
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
                roles: UInt8 = archive["roles"]
        except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
            raise DataError(self._damaged(path, error)) from None
        if roles.shape != (self.card.n,) or roles.dtype != np.uint8:
            raise DataError(self._damaged(path, f"{roles.dtype} {roles.shape} for {self.card.n} images"))
        roles.setflags(write=False)
        return roles

    @cached_property
    def _rows(self) -> dict[Split, Int64]:
        rows: dict[Split, Int64] = {}
        for split, bit in _ROLES.items():
            rows[split] = np.flatnonzero(self._roles & bit).astype(np.int64)
            rows[split].setflags(write=False)
        return rows

    @property
    def n_pool(self) -> int:
        """Number of images, of all splits together and of none."""
        return self.card.n

    def pool_rows(self, split: Split) -> Int64:
        """Rows of the pool that are a split, ascending, int64 (n,)."""
        if split not in _ROLES:
            raise DataError(f"A split is one of {', '.join(_ROLES)}; got {split!r}.")
        return self._rows[split]

    @cached_property
    def train_rows(self) -> Int64:
        """Rows of the database that are train images, ascending; empty where the two are disjoint."""
        inside = np.intersect1d(self._rows["train"], self._rows["database"], assume_unique=True)
        rows = np.searchsorted(self._rows["database"], inside).astype(np.int64)
        rows.setflags(write=False)
        return rows

    @cached_property
    def origin(self) -> tuple[str, ...]:
        """The part of the published set that each row comes from, one name per row of the pool."""
        return tuple(part for part, count in self.card.origin for _ in range(count))

    # Fingerprints

    @property
    def pool_key(self) -> str:
        """16 hex digits that change with any image or the order of the images."""
        return self.card.pool_key

    @cached_property
    def content_key(self) -> str:
        """16 hex digits that change with any image, label or split."""
        digest = hashlib.sha256((self.card.pool_key + self.card.labels_key).encode())
        digest.update(self._roles.tobytes())
        return digest.hexdigest()[:16]

    # Labels and captions

    @cached_property
    def pool_labels(self) -> Bool:
        """Labels of all rows, bool (n_pool, n_classes), a memory map where the library holds them."""
        mapped, packed = self.folder / "labels.npy", self.folder / "labels.npz"
        try:
            if mapped.is_file():
                labels: Bool = np.load(mapped, mmap_mode="r", allow_pickle=False)
            else:
                with np.load(io.BytesIO(packed.read_bytes()), allow_pickle=False) as archive:
                    labels = archive["labels"]
        except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
            raise DataError(self._damaged(mapped, error)) from None
        expected = (self.card.n, len(self.card.class_names))
        if labels.shape != expected or labels.dtype != np.bool_:
            raise DataError(
                self._damaged(mapped, f"{labels.dtype} {labels.shape} in place of bool {expected}")
            )
        labels.setflags(write=False)
        return labels

    @cached_property
    def _labels(self) -> dict[Split, Bool]:
        return {}

    def labels(self, split: Split) -> Bool:
        """Multi-hot labels, bool (n, n_classes); a view of the memory map where the rows lie together."""
        if split not in self._labels:
            rows = self.pool_rows(split)
            together = len(rows) > 0 and rows[-1] - rows[0] + 1 == len(rows)
            labels = self.pool_labels[rows[0] : rows[-1] + 1] if together else self.pool_labels[rows]
            labels.setflags(write=False)
            self._labels[split] = labels
        return self._labels[split]

    @cached_property
    def _captions(self) -> list[list[str]] | None:
        path = self.folder / "captions.json"
        if not path.is_file():
            return None
        try:
            captions: list[list[str]] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(self._damaged(path, error)) from None
        return captions

    def captions(self, split: Split) -> tuple[str, ...] | None:
        """The first sentence of each image, "" where it has none; None when the data set has no captions."""
        rows = self.pool_rows(split)
        if self._captions is None:
            return None
        return tuple((self._captions[row] or [""])[0] for row in rows)

    # Images

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        path = self.folder / "images.zip"
        try:
            return zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise DataError(self._damaged(path, error)) from None

    @cached_property
    def _members(self) -> list[str]:
        """Names of the images by pool row: members of the archive, or paths below the root."""
        if self.card.storage == "linked":
            names = (self.folder / "paths.txt").read_bytes().decode().split("\n")[:-1]
        else:
            names = sorted(self._archive.namelist())
        if len(names) != self.card.n:
            raise DataError(self._damaged(self.folder, f"{len(names)} images in place of {self.card.n}"))
        return names

    def pool_image_bytes(self, row: int) -> tuple[bytes, str]:
        """An image of the pool as it is stored, and its MIME type.

        Raises:
            DataError: no row of the pool, or the archive is damaged.
            NotAvailableError: the image is not on this machine.
        """
        check_pool_row(self.card.name, self.card.n, row)
        if not self.has_images:
            raise NotAvailableError(f"The images of {self.card.name} are not here. {self._how_to_get()}")
        name = self._members[row]
        content = self._linked_bytes(name) if self.card.storage == "linked" else self._stored_bytes(name)
        return content, MIME_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")

    def _stored_bytes(self, name: str) -> bytes:
        try:
            with self._zip_lock:
                return self._archive.read(name)
        except (OSError, zlib.error, zipfile.BadZipFile) as error:
            raise DataError(self._damaged(self.folder / "images.zip", f"{name}: {error}")) from None

    def _linked_bytes(self, name: str) -> bytes:
        path = Path(self.card.root) / name
        try:
            return path.read_bytes()
        except OSError as error:
            raise NotAvailableError(
                f"{name} of {self.card.name} could not be read ({error.strerror or error}). It was looked "
                f"for in {self.card.root}. {self.card.how_to_get or f'It comes from: {self.card.source}.'} "
                "Put it back there, or import the data set again."
            ) from None

    def pool_image(self, row: int) -> Image:
        """The decoded image in a row of the pool, RGB, upright."""
        from models.data.image_file import read_image

        content, _ = self.pool_image_bytes(row)
        try:
            return read_image(content, MAX_BYTES, MAX_PIXELS)[0]
        except DataError as error:
            raise DataError(f"{self._members[row]} of {self.card.name}: {error}") from None

    def image_bytes(self, split: Split, row: int) -> tuple[bytes, str]:
        """An encoded image that browsers show, and its MIME type."""
        check_row(self.info, split, row)
        pool_row = int(self.pool_rows(split)[row])
        content, mime = self.pool_image_bytes(pool_row)
        if mime in MIME_TYPES.values():
            return content, mime
        buffer = io.BytesIO()
        self.pool_image(pool_row).save(buffer, "PNG")
        return buffer.getvalue(), "image/png"

    def image(self, split: Split, row: int) -> Image:
        """The decoded image, RGB, upright."""
        check_row(self.info, split, row)
        return self.pool_image(int(self.pool_rows(split)[row]))

    def _damaged(self, path: Path, why: object) -> str:
        return (
            f"{path} is damaged ({why}). Remove the data set with `python -m models forget {self.card.name}` "
            "and import it again."
        )
