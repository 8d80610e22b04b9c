"""Data sets by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from models.data.base import Dataset, DatasetInfo, sample_data_root
from models.data.digits import Digits
from models.data.embedded import Embedded
from models.errors import UnknownNameError

__all__ = ["Dataset", "DatasetInfo", "dataset_infos", "dataset_names", "load_dataset", "sample_data_root"]

_DATASETS: dict[str, Callable[[Path], Dataset]] = {
    "toyworld": lambda root: Embedded("toyworld", root),
    "toyscenes": lambda root: Embedded("toyscenes", root),
    "digits": lambda root: Digits(),
}


def dataset_names() -> tuple[str, ...]:
    """Names of all data sets, the ones not on this machine included."""
    return tuple(_DATASETS)


def load_dataset(name: str) -> Dataset:
    """Open a data set; images are read when asked for. The same name gives the same object.

    Raises:
        UnknownNameError: no data set of that name; the message lists close matches.
    """
    if name not in _DATASETS:
        raise UnknownNameError("data set", name, _DATASETS)
    return _open(name, sample_data_root())


def dataset_infos() -> tuple[DatasetInfo, ...]:
    """Identity cards of all data sets."""
    return tuple(load_dataset(name).info for name in _DATASETS)


@lru_cache(maxsize=16)
def _open(name: str, root: Path) -> Dataset:
    return _DATASETS[name](root)
