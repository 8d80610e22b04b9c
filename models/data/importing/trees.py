"""The files of a folder or a zip archive, looked at with care and read one at a time. Nothing is unpacked."""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from models.data.importing.records import Skipped
from models.errors import DataError

IMAGE_SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".tif", ".tiff")
)
ARCHIVE_SUFFIXES = frozenset((".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"))
TABLE_SUFFIX = ".csv"
# A file may be so large; larger photographs than these cameras do not make.
MAX_BYTES, MAX_PIXELS = 50 * 2**20, 120_000_000
_COMPANIONS = re.compile(r"(readme|licen[cs]e|thumbs\.db|desktop\.ini)(\..*)?", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")


class Tree:
    """Image files and tables below one folder, by their path from there with forward slashes.

    Attributes:
        title: the folder or archive, for messages.
        images: paths, sorted.
        tables: paths of the CSV files.
        skipped: what lies there too, and why it is left out.
        n_bytes: size of the images.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.title = path, path.name or str(path)
        self.images: list[str] = []
        self.tables: list[str] = []
        self.skipped: list[Skipped] = []
        self.n_bytes = 0

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            DataError: it cannot be read, or is larger than is taken.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of open files."""

    def leave_out(self, name: str, reason: str) -> None:
        """Remember a file that is not taken."""
        self.skipped.append(Skipped(printable(name), reason))

    def add(self, name: str, n_bytes: int) -> None:
        """Sort a file by its name and size."""
        path = PurePosixPath(name)
        suffix = path.suffix.lower()
        if any(part.startswith(".") or part == "__MACOSX" for part in path.parts):
            return  # what systems leave behind; nobody put it there as an image
        if suffix == TABLE_SUFFIX:
            self.tables.append(name)
        elif suffix in ARCHIVE_SUFFIXES:
            self.leave_out(name, "An archive within: unpack it first, then import the folder.")
        elif suffix not in IMAGE_SUFFIXES:
            if not _COMPANIONS.fullmatch(path.name):
                self.leave_out(name, "No image file: PNG, JPEG, WebP, GIF, BMP and TIFF are taken.")
        elif n_bytes == 0:
            self.leave_out(name, "The file is empty (0 bytes).")
        elif n_bytes > MAX_BYTES:
            limit = MAX_BYTES // 2**20
            self.leave_out(name, f"The file has {n_bytes / 2**20:.0f} MB; at most {limit} MB are taken.")
        elif printable(name) != name or "\n" in name or "\r" in name:
            self.leave_out(name, "Its name holds signs that are no text. Rename it.")
        else:
            self.images.append(name)
            self.n_bytes += n_bytes


class FolderTree(Tree):
    """A folder on disk. Links are followed where they stay below it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        root = path.resolve()
        for folder, below, files in os.walk(path, onerror=self._closed):
            below.sort()
            here = Path(folder)
            for name in list(below):
                if (here / name).is_symlink():
                    below.remove(name)
                    self.leave_out(
                        self._name(here / name), "A link to a folder is not followed. Copy it here."
                    )
            for name in sorted(files):
                self._look_at(here / name, root)
        self.images.sort()

    def _name(self, path: Path) -> str:
        return path.relative_to(self.path).as_posix()

    def _closed(self, error: OSError) -> None:
        folder = Path(error.filename)
        if folder == self.path:
            raise DataError(f"{self.path} cannot be read: {error.strerror}. Name a folder that may be read.")
        self.leave_out(self._name(folder), f"The folder cannot be read: {error.strerror}.")

    def _look_at(self, path: Path, root: Path) -> None:
        name = self._name(path)
        try:
            target = path.resolve(strict=True)
            found = target.stat()
        except (OSError, RuntimeError):
            self.leave_out(name, "A link that leads nowhere.")
            return
        if path.is_symlink() and not target.is_relative_to(root):
            self.leave_out(name, "A link that leads out of the folder. Copy the file here.")
        elif not stat.S_ISREG(found.st_mode):
            self.leave_out(name, "No file that can be read.")
        else:
            self.add(name, found.st_size)

    def read(self, name: str) -> bytes:
        """The content of a file."""
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise DataError(f"The file cannot be read: {error.strerror or error}.") from None


class ZipTree(Tree):
    """A zip archive. Members are read in memory, under a size limit; no path of theirs is written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self._archive = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
            raise DataError(
                f"{self.title} is no zip archive that can be read, or one that is cut off ({error}). Pack it "
                "again, or name the folder of the images."
            ) from None
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in self._archive.infolist():
            if not member.is_dir():
                self._look_at(member)
        self.images.sort()

    def _look_at(self, member: zipfile.ZipInfo) -> None:
        name = member.filename.replace("\\", "/")
        parts = PurePosixPath(name).parts
        if name.startswith("/") or _DRIVE.match(name) or ".." in parts:
            self.leave_out(name, "Its name leads out of the archive. Pack the folder again from within.")
            return
        name = PurePosixPath(name).as_posix()
        if name in self._members:
            self.leave_out(name, "The archive holds this name twice; the first one is taken.")
        elif member.flag_bits & 1:
            self.leave_out(name, "Encrypted. Pack the archive again without a password.")
        elif stat.S_ISLNK(member.external_attr >> 16):
            self.leave_out(name, "A link, not a file.")
        else:
            self._members[name] = member
            self.add(name, member.file_size)

    def read(self, name: str) -> bytes:
        """The content of a member; never more of it than the limit, whatever the archive claims."""
        try:
            with self._archive.open(self._members[name]) as file:
                content = file.read(MAX_BYTES + 1)
        except (
            OSError,
            EOFError,
            zlib.error,
            zipfile.BadZipFile,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise DataError(f"This part of the archive is damaged ({error}). Pack it again.") from None
        if len(content) > MAX_BYTES:
            raise DataError(f"It unpacks to more than the {MAX_BYTES // 2**20} MB that are taken.")
        return content

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()


def open_tree(path: Path) -> Tree:
    """A folder or a zip archive.

    Raises:
        DataError: neither.
    """
    if path.is_dir():
        return FolderTree(path)
    if not path.exists():
        raise DataError(f"{path} does not exist. Name a folder of images, or a zip archive.")
    return ZipTree(path)


def printable(name: str) -> str:
    """The name with what is no text replaced, so that it can be written anywhere."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


def case_clashes(names: list[str]) -> Iterator[tuple[str, str]]:
    """Pairs of names that differ in upper and lower case alone, the first one against each later one."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(name.casefold(), name)
        if first != name:
            yield first, name
