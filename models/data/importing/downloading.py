"""Download of a published set, told in bytes: the addresses and checksums of torchvision, our stream.

A file grows beside its place under another name and takes its place when its MD5 is the published one. What a
broken-off attempt leaves behind is removed, and never taken for a download: the next attempt begins that file
anew. torchvision then finds the files where it looks for them, and only unpacks.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import http.client
import os
import shutil
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from models.data.importing.known import KnownSet, fetchable
from models.data.library import library_root
from models.errors import NotAvailableError, StorageError

CHUNK = 2**17
TELL_EVERY_S = 0.2
SETTLED_S = 1.0  # before, the pace says nothing about the rest
# A server that says nothing for so long is taken for gone.
SILENCE_S = 30.0
_PART = ".part"
# What torchvision's own downloads call themselves; some servers refuse Python's usual name.
_AGENT = {"User-Agent": "pytorch/vision"}


@dataclass(frozen=True)
class RemoteFile:
    """A file of a published set.

    Attributes:
        addresses: where it is; the next one is asked when one fails.
        path: where torchvision looks for it.
        md5: of the file that the addresses give, in hex.
        unpacked: `path` holds its content without gzip. torchvision would take a half-unpacked file of that
            kind for a whole one, so it is unpacked here; archives, which it checks, are not.
    """

    addresses: tuple[str, ...]
    path: Path
    md5: str
    unpacked: bool = False

    @property
    def is_here(self) -> bool:
        """It needs no download. Unpacked files appear whole or not at all; others are read and compared."""
        return self.path.is_file() and (self.unpacked or _md5(self.path) == self.md5)


@dataclass(frozen=True)
class Downloaded:
    """How far a download is.

    Attributes:
        done, total: bytes of all files; the total is an estimate until the last file begins.
        eta_s: expected seconds until the end; None before anybody can tell.
        bytes_per_s: pace since it began.
    """

    done: int
    total: int
    eta_s: float | None
    bytes_per_s: float


def download_folder(name: str) -> Path:
    """Where the files of a published set lie until it is imported: torchvision's root folder."""
    return library_root() / "downloads" / name


def download(name: str, cancel: threading.Event | None = None) -> Generator[Downloaded, None, bool]:
    """Get the files of a published set that are not in the library yet.

    Args:
        name: one of `models.data.importing.known`.
        cancel: set it, from any thread, to stop; finished files are kept, the one under way is not.

    Yields:
        How far it is, a few times a second.

    Returns:
        True when all files are there; False when cancelled.

    Raises:
        UnknownNameError: no set of that name can be fetched.
        NotAvailableError: the server cannot be reached, has no such file, or gives another one.
        StorageError: the disk is full, or the library cannot be written.
    """
    known = fetchable(name)
    missing = [file for file in remote_files(known, download_folder(name)) if not file.is_here]
    meter = _Meter(known.download_bytes)
    for place, file in enumerate(missing):
        meter.is_last = place == len(missing) - 1
        try:
            with _room_told(known, file.path.parent):
                file.path.parent.mkdir(parents=True, exist_ok=True)
                done = yield from _get(known, file, meter, cancel)
        finally:
            _part(file).unlink(missing_ok=True)
        if not done:
            return False
    return True


def remote_files(known: KnownSet, root: Path) -> tuple[RemoteFile, ...]:
    """The files of a set, from torchvision's classes.

    Args:
        known: its card.
        root: torchvision's root folder.
    """
    from models.torchvision_ops import declare_missing_ops

    declare_missing_ops()
    from torchvision import datasets
    from torchvision.datasets import voc

    if known.name == "voc":
        years = (voc.DATASET_YEAR_DICT[key] for key in ("2007", "2007-test"))
        return tuple(RemoteFile((y["url"],), root / y["filename"], y["md5"]) for y in years)
    if known.name in ("cifar10", "cifar100"):
        of = datasets.CIFAR10 if known.name == "cifar10" else datasets.CIFAR100
        return (RemoteFile((of.url,), root / of.filename, of.tgz_md5),)
    digits = datasets.MNIST if known.name == "mnist" else datasets.FashionMNIST
    folder = root / digits.__name__ / "raw"
    return tuple(
        RemoteFile(
            tuple(f"{mirror}{name}" for mirror in digits.mirrors),
            folder / name.removesuffix(".gz"),
            md5,
            unpacked=True,
        )
        for name, md5 in digits.resources
    )


class _Meter:
    """Counts the bytes of all files and tells how fast they come."""

    def __init__(self, expected: int) -> None:
        self._expected, self._began = expected, time.monotonic()
        self._finished = 0
        self._told = 0.0
        self.is_last = False

    def tell(self, here: int, length: int | None) -> Iterator[Downloaded]:
        """`here` bytes of the file under way, which has `length`; nothing when it was told just now."""
        now = time.monotonic()
        if now - self._told < TELL_EVERY_S and here != length:
            return
        self._told = now
        done = self._finished + here
        total = self._finished + (length or here)
        if not self.is_last or length is None:
            total = max(total, self._expected)
        seconds = max(now - self._began, 1e-9)
        per_s = done / seconds
        known = done == total or (done > 0 and seconds > SETTLED_S)
        yield Downloaded(done, total, (total - done) / per_s if known else None, per_s)

    def finished(self, n_bytes: int) -> None:
        """A file is whole."""
        self._finished += n_bytes


def _get(
    known: KnownSet, file: RemoteFile, meter: _Meter, cancel: threading.Event | None
) -> Generator[Downloaded, None, bool]:
    """One file, from the first address that gives it; False when cancelled."""
    failed: list[NotAvailableError] = []
    for address in file.addresses:
        try:
            return (yield from _from(known, address, file, meter, cancel))
        except NotAvailableError as error:
            failed.append(error)
    raise failed[0]


def _from(
    known: KnownSet, address: str, file: RemoteFile, meter: _Meter, cancel: threading.Event | None
) -> Generator[Downloaded, None, bool]:
    digest, done = hashlib.md5(usedforsecurity=False), 0
    with contextlib.closing(_open(known, address)) as answer, _part(file).open("wb") as part:
        length = _length(answer)
        _check_room(known, file.path.parent, length or known.download_bytes)
        while True:
            if cancel is not None and cancel.is_set():
                return False
            chunk = _read(known, address, answer)
            if not chunk:
                break
            part.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            yield from meter.tell(done, length)
    if length is not None and done < length:
        raise _failed(known, address, f"the connection ended after {done:,} of {length:,} bytes")
    if digest.hexdigest() != file.md5:
        raise _failed(
            known,
            address,
            f"what came is not the published file, its MD5 is {digest.hexdigest()} where {file.md5} is "
            "expected; nothing of it was kept",
        )
    if file.unpacked:
        _unpack(file)
    else:
        _part(file).replace(file.path)
    meter.finished(done)
    return True


def _open(known: KnownSet, address: str) -> http.client.HTTPResponse:
    try:
        request = urllib.request.Request(address, headers=_AGENT)
        answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=SILENCE_S)
        return answer
    except urllib.error.HTTPError as error:
        error.close()
        raise _failed(known, address, f"the server answers {error.code} ({error.reason})") from None
    except (OSError, http.client.HTTPException) as error:
        raise _failed(known, address, _why(error)) from None


def _read(known: KnownSet, address: str, answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read1(CHUNK)  # what is there: a slow connection can be watched and cancelled too
    except (OSError, http.client.HTTPException) as error:
        raise _failed(known, address, f"the connection broke: {_why(error)}") from None


def _length(answer: http.client.HTTPResponse) -> int | None:
    told = answer.headers.get("Content-Length", "")
    return int(told) if told.isdecimal() else None


def _unpack(file: RemoteFile) -> None:
    """The content of the part in its place, whole or not at all."""
    unpacked = file.path.with_name(f"{file.path.name}.unpacked{_PART}")
    try:
        with gzip.open(_part(file)) as packed, unpacked.open("wb") as target:
            shutil.copyfileobj(packed, target)
        unpacked.replace(file.path)
    finally:
        unpacked.unlink(missing_ok=True)


def _part(file: RemoteFile) -> Path:
    return file.path.with_name(f"{file.path.name}{_PART}")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _check_room(known: KnownSet, folder: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise StorageError(
            f"The download of {known.short_title} takes {n_bytes / 1e6:,.0f} MB, and the disk of {folder} "
            f"has {free / 1e6:,.0f} MB left. Nothing was downloaded. {_SPACE}"
        )


_SPACE = "Free some space, or set HASHLENS_LIBRARY to a folder on another disk, and try again."


@contextlib.contextmanager
def _room_told(known: KnownSet, folder: Path) -> Iterator[None]:
    """What the system says of a file that cannot be written, as a message."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full" if full else (error.strerror or os.fspath(folder))
        raise StorageError(
            f"The download of {known.short_title} could not be written into {folder}: {why}. The file under "
            f"way was not kept. {_SPACE}"
        ) from error


def _failed(known: KnownSet, address: str, why: str) -> NotAvailableError:
    host = urlsplit(address).netloc
    return NotAvailableError(
        f"{known.short_title} could not be downloaded from {host}: {why}. Try again later. Or get its files "
        f"elsewhere (it comes from: {known.source}) and read them with "
        f"`python -m models fetch {known.name} --from PATH`, PATH being torchvision's root folder, or a "
        "folder or zip with train/<class> and test/<class>."
    )


def _why(error: Exception) -> str:
    """The reason in the system's words."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return f"no answer within {SILENCE_S:.0f} seconds"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror[0].lower() + reason.strerror[1:]
    return str(reason) or type(reason).__name__
