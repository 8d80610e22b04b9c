"""The data sets of the library on this machine: what they are, what they take, and their removal."""

from __future__ import annotations

from dataclasses import dataclass

from app.services import catalog
from models.data import load_dataset
from models.data.importing import forget as remove
from models.data.library import datasets_root, library_root, pool_names
from models.errors import HashingError


@dataclass(frozen=True)
class OwnData:
    """One data set of the library.

    Attributes:
        n_images, n_query, n_train, n_database: images, of all splits and of each.
        n_classes: 0 without labels.
        label_kind: "single" or "multi".
        n_bytes: on disk, with features and runs.
        runs: method and code length of what can be shown.
        problem: why it cannot be opened; empty when it can.
    """

    name: str
    title: str
    n_images: int = 0
    n_query: int = 0
    n_train: int = 0
    n_database: int = 0
    n_classes: int = 0
    label_kind: str = "single"
    has_images: bool = False
    n_bytes: int = 0
    runs: tuple[tuple[str, int], ...] = ()
    problem: str = ""


def own_data() -> tuple[OwnData, ...]:
    """Every data set of the library, by name; sizes are read anew."""
    return tuple(_own(name) for name in pool_names() if (datasets_root() / name).is_dir())


def _own(name: str) -> OwnData:
    n_bytes = _size(name)
    try:
        data = load_dataset(name)
        info = data.info
    except HashingError as error:
        return OwnData(name, name, n_bytes=n_bytes, problem=str(error))
    return OwnData(
        name,
        info.title,
        data.n_pool,
        info.n_query,
        info.n_train,
        info.n_database,
        info.n_classes,
        info.label_kind,
        info.has_images,
        n_bytes,
        tuple((run, n_bits) for run in catalog.methods(name) for n_bits in catalog.lengths(name, run)),
    )


def _size(name: str) -> int:
    root = library_root()
    folders = [root / "datasets" / name, *(root / "runs").glob(name), *(root / "runs").glob(f"{name}@*")]
    folders.append(root / "downloads" / name)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    files += list((root / "features").glob(f"{name}-*"))
    return sum(path.stat().st_size for path in files)


def forget(name: str) -> int:
    """Remove a data set with its features and runs; the number of bytes that are free now.

    Raises:
        DataError: it is not in the library.
    """
    return remove(name).n_bytes


def written_bytes(n: int) -> str:
    """A size in words."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n >= size:
            return f"{n / size:.1f} {unit}" if n < 10 * size else f"{n / size:.0f} {unit}"
    return f"{n} B"


def opening_run(name: str) -> tuple[str, int] | None:
    """A run of the data set to look at; None before there is one."""
    names = catalog.methods(name)
    if not names:
        return None
    method = catalog.default_method(name)
    return method, catalog.default_length(name, method)
