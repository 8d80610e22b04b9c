from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from models.errors import StorageError
from models.files import npz_bytes, sha256_of, write_atomically


def test_content_arrives_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.bin"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["file.bin"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.bin"
    write_atomically(path, b"old")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"No space left on device.*intact"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.bin"]


def test_a_folder_that_cannot_be_is_an_error_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="Could not write"):
        write_atomically(tmp_path / "file" / "below", b"")


def test_npz_bytes_are_the_same_every_time_and_keep_shapes(tmp_path: Path) -> None:
    arrays = {"b": np.arange(6).reshape(2, 3).T, "a": np.array(5), "text": np.array("über")}
    content = npz_bytes(arrays)
    assert content == npz_bytes(dict(reversed(arrays.items())))
    path = tmp_path / "x.npz"
    write_atomically(path, content)
    with np.load(path) as archive:
        for name, array in arrays.items():
            assert archive[name].shape == array.shape
            assert (archive[name] == array).all()
    assert len(sha256_of(path)) == 64
