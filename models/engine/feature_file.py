"""A file of features that grows batch by batch, survives a kill, and is read as a memory map. No torch.

It is a plain `.npy` file of half-precision numbers, written from front to back with ordinary writes: a full
disk is then an error and not the end of the process, as it would be through a memory map. A `.json` beside it
says how many rows are safely on disk; what a killed process wrote behind them is cut off.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.errors import NotAvailableError, StorageError
from models.files import write_atomically
from models.types import Float16


class FeatureFile:
    """Features of `n` images, `width` numbers each, as far as they are written."""

    def __init__(self, path: Path, n: int, width: int) -> None:
        """Nothing is opened or made before it is needed."""
        self.path, self.n, self.width = path, n, width
        self._row_bytes = width * np.dtype(np.float16).itemsize
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "<f2", "fortran_order": False, "shape": (n, width)}
        )
        self._header = header.getvalue()
        self._file: io.FileIO | None = None
        self._written = 0

    @classmethod
    def on_disk(cls, path: Path) -> FeatureFile | None:
        """The file as the note beside it describes it; None without such a note."""
        try:
            note = json.loads(path.with_suffix(".json").read_text("utf-8"))
            return cls(path, int(note["n"]), int(note["n_features"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def _note(self) -> Path:
        return self.path.with_suffix(".json")

    @property
    def done(self) -> int:
        """Rows that are safely on disk, from the front; 0 where the file is damaged or another one."""
        try:
            done = int(json.loads(self._note.read_text("utf-8"))["done"])
            with self.path.open("rb") as file:
                same = file.read(len(self._header)) == self._header
                long_enough = os.fstat(file.fileno()).st_size >= len(self._header) + done * self._row_bytes
        except (OSError, ValueError, KeyError, TypeError):
            return 0
        return done if same and long_enough and 0 <= done <= self.n else 0

    @property
    def is_whole(self) -> bool:
        """True when every row is there."""
        return self.done == self.n

    def mapped(self) -> Float16:
        """All rows, float16 (n, width), read from disk as they are asked for."""
        assert self.is_whole, "features are read when all are there"
        found: Float16 = np.load(self.path, mmap_mode="r", allow_pickle=False)
        return found

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Open the file behind the rows that are done; whatever happens inside, the written ones are kept.

        Raises:
            StorageError: the disk has no room for the rest, or the folder cannot be written.
            NotAvailableError: another process is writing this file.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered, so that nothing is left to be written when the disk is full and the file is closed.
            file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644), "r+b", buffering=0)
        except OSError as error:
            raise self._unwritable(error) from error
        with file:
            _lock(file, self.path)
            self._written = self.done
            self._check_room()
            try:
                file.truncate(len(self._header) + self._written * self._row_bytes if self._written else 0)
                file.seek(0, os.SEEK_END)
                if not self._written:
                    _write(file, self._header)
            except OSError as error:
                raise self._unwritable(error) from error
            self._file = file
            try:
                yield
            finally:
                self._file = None
                self._keep(file)

    @property
    def written(self) -> int:
        """Rows in the open file, those that a kill would lose included."""
        return self._written

    def append(self, rows: Float16) -> None:
        """Write the next rows, float16 (n, width).

        Raises:
            StorageError: the disk is full.
        """
        assert self._file is not None, "rows are appended inside `writing`"
        assert rows.shape[1] == self.width, "every image has the same number of features"
        try:
            _write(self._file, np.ascontiguousarray(rows, dtype="<f2").tobytes())
        except OSError as error:
            raise self._unwritable(error) from error
        self._written += len(rows)

    def keep(self) -> None:
        """Make sure that what is written stays, whatever happens to the process.

        Raises:
            StorageError: the disk is full.
        """
        assert self._file is not None, "rows are kept inside `writing`"
        self._keep(self._file)

    def _keep(self, file: io.FileIO) -> None:
        try:
            os.fsync(file.fileno())
        except OSError as error:
            raise self._unwritable(error) from error
        note = {"done": self._written, "n": self.n, "n_features": self.width}
        write_atomically(self._note, json.dumps(note).encode())

    def _check_room(self) -> None:
        missing = (self.n - self._written) * self._row_bytes
        free = shutil.disk_usage(self.path.parent).free
        if missing > free:
            raise StorageError(
                f"Features of {self.n} images take {missing / 1e6:.0f} MB more, and the disk of "
                f"{self.path.parent} has {free / 1e6:.0f} MB left. Free some space, set HASHLENS_LIBRARY to "
                "a folder on a larger disk, or take a backbone with fewer features."
            )

    def _unwritable(self, error: OSError) -> StorageError:
        return StorageError(
            f"Could not write {self.path}: {error.strerror or error}. {self.done} of {self.n} images are "
            "done and kept. Free some space, then run the same command again; it goes on from there."
        )


def _write(file: io.FileIO, content: bytes) -> None:
    """All of `content`: the system may take it in parts."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) or 0 :]


def _lock(file: io.FileIO, path: Path) -> None:
    """Let one process at a time write; the system lets go when that process ends, however it ends."""
    try:
        import fcntl
    except ImportError:  # not on Windows, where two processes at once are the user's to avoid
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise NotAvailableError(
            f"Another process is computing these features ({path.name}). Wait until it is done, or stop it; "
            "then run the same command again."
        ) from None
