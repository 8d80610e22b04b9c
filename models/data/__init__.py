"""Data sets by name: the embedded ones, those imported into the library, and those known without images."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from models.data.base import Dataset, DatasetInfo, sample_data_root
from models.data.digits import Digits
from models.data.embedded import Embedded
from models.data.library import CARD, pool_folder, pool_names, read_card
from models.data.pool import Pool
from models.errors import DataError, NotAvailableError, UnknownNameError

__all__ = [
    "Dataset",
    "DatasetInfo",
    "dataset_infos",
    "dataset_names",
    "embedded_names",
    "load_dataset",
    "load_pool",
    "protocol_names",
    "sample_data_root",
]

_EMBEDDED: dict[str, Callable[[Path], Dataset]] = {
    "toyworld": lambda root: Embedded("toyworld", root),
    "toyscenes": lambda root: Embedded("toyscenes", root),
    "digits": lambda root: Digits(),
}


def embedded_names() -> tuple[str, ...]:
    """Names of the data sets that come with the program."""
    return tuple(_EMBEDDED)


def dataset_names(*, protocols: bool = False) -> tuple[str, ...]:
    """Names of all data sets: embedded, imported, and known without images.

    Args:
        protocols: name each protocol of a pool too, as `<pool>@<protocol>`, behind the pool itself, which
            stands for its default protocol.
    """
    names = list(_EMBEDDED)
    for pool in pool_names():
        names.append(pool)
        if protocols:
            names += [f"{pool}@{protocol}" for protocol in protocol_names(pool)[1:]]
    return tuple(names)


def protocol_names(pool: str) -> tuple[str, ...]:
    """Protocols of a pool, the default first; none for the embedded sets.

    Raises:
        UnknownNameError: no such pool.
        DataError: its card is damaged.
    """
    if pool in _EMBEDDED:
        return ()
    return tuple(read_card(_folder_of(pool)).protocols)


def load_dataset(name: str) -> Dataset:
    """Open a data set; images are read when asked for. The same name gives the same object.

    Args:
        name: an embedded set, a pool (under its default protocol), or `<pool>@<protocol>`.

    Raises:
        UnknownNameError: no data set or protocol of that name; the message lists close matches.
        NotAvailableError: a published set that was not imported; the message says how to get it.
        DataError: the data set's card is damaged.
    """
    if name in _EMBEDDED:
        return _open_embedded(name, sample_data_root())
    return load_pool(name)


def load_pool(name: str) -> Pool:
    """A data set of the library, or one known without images, with what only pools have.

    Raises:
        UnknownNameError: no pool or protocol of that name.
        DataError: its card is damaged.
    """
    pool, _, protocol = name.partition("@")
    folder = _folder_of(pool)
    # An import that replaces another one writes its card last, so its time tells the two apart.
    opened = _open_pool(folder, (folder / CARD).stat().st_mtime_ns, None)
    if protocol in ("", opened.protocol):
        return opened
    return _open_pool(folder, (folder / CARD).stat().st_mtime_ns, protocol)


def dataset_infos() -> tuple[DatasetInfo, ...]:
    """Identity cards of all data sets, pools under their default protocol.

    A damaged one is not available, and its note says why: one bad folder must not close the others.
    """
    return tuple(_info(name) for name in dataset_names())


def _info(name: str) -> DatasetInfo:
    try:
        return load_dataset(name).info
    except DataError as error:
        if name in _EMBEDDED:
            raise
        return DatasetInfo(
            name, name, 0, 0, 0, 0, "single", (), 0, "", "",
            available=False, note=str(error), has_images=False,
        )  # fmt: skip


def _folder_of(pool: str) -> Path:
    folder = pool_folder(pool)
    if folder is None:
        from models.data.importing.known import known_set

        known = known_set(pool)
        if known is not None:
            raise NotAvailableError(f"{known.short_title} is not on this machine. {known.how_to_get}")
        raise UnknownNameError("data set", pool, dataset_names())
    return folder


@lru_cache(maxsize=16)
def _open_embedded(name: str, root: Path) -> Dataset:
    return _EMBEDDED[name](root)


@lru_cache(maxsize=16)
def _open_pool(folder: Path, changed_ns: int, protocol: str | None) -> Pool:
    return Pool(folder, protocol)
