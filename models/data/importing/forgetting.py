"""Remove an imported data set, and what was computed from it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from models.data import embedded_names
from models.data.importing.records import ForgetReport
from models.data.library import datasets_root, library_root, pool_names
from models.errors import DataError, StorageError, UnknownNameError


def forget(name: str) -> ForgetReport:
    """Remove an imported data set with its features, runs and download. Linked images stay where they are.

    Raises:
        DataError: an embedded set, or one that is shipped without images.
        UnknownNameError: no data set of that name.
        StorageError: something could not be removed.
    """
    folder = datasets_root() / name
    if name in embedded_names():
        raise DataError(f"{name} is embedded and stays. What was imported can be forgotten.")
    if not re.fullmatch(r"[\w-]+", name) or not folder.is_dir():
        if name in pool_names():
            raise DataError(f"Of {name} only labels and splits are here, which are shipped. They stay.")
        imported = sorted(path.name for path in datasets_root().glob("[!.]*"))
        raise UnknownNameError("imported data set", name, imported)
    doomed = [folder, *_made_from(name)]
    n_bytes = sum(_size(path) for path in doomed)
    try:
        # The card's folder goes in one step, so that a half-removed set is never opened.
        grave = folder.with_name(f".forgotten-{name}")
        shutil.rmtree(grave, ignore_errors=True)
        folder.rename(grave)
        for path in (grave, *doomed[1:]):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    except OSError as error:
        raise StorageError(
            f"{error.filename or folder} could not be removed: {error.strerror}. Remove it by hand."
        ) from error
    removed = tuple(path.relative_to(library_root()).as_posix() for path in doomed)
    return ForgetReport(name, n_bytes, removed)


def _made_from(name: str) -> list[Path]:
    """Features and runs of a pool, under all its protocols, and the files it was downloaded as."""
    root = library_root()
    features = [path for path in (root / "features").glob(f"{name}-*") if _belongs(path.name, name)]
    runs = [path for path in (root / "runs").glob("*") if path.name.partition("@")[0] == name]
    downloads = [path for path in (root / "downloads").glob("*") if path.name == name]
    return sorted(features) + sorted(runs) + downloads


def _belongs(file: str, name: str) -> bool:
    """A pool `a` and another `a-b` share the start of their files' names; the longest pool's name decides."""
    pools = [path.name for path in datasets_root().glob("[!.]*")]
    owners = [pool for pool in pools if file.startswith(f"{pool}-")]
    return max(owners, key=len, default=name) == name


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())
