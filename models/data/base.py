"""What a data set is to the rest of the library: splits, labels and images by row. No torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from models.errors import DataError
from models.types import Bool, Int64, LabelKind, Split

if TYPE_CHECKING:
    from PIL.Image import Image

SPLITS: tuple[Split, ...] = ("train", "query", "database")


@dataclass(frozen=True)
class DatasetInfo:
    """The identity card of a data set.

    The train split lies inside the database: `n_train` of the `n_database` images. `available` is False when
    the files are not on this machine; `note` then says how to get them. `mirror_is_same` is False where a
    mirror image shows another thing, so that training must not flip images.
    """

    name: str
    title: str
    n_train: int
    n_query: int
    n_database: int
    n_classes: int
    label_kind: LabelKind
    class_names: tuple[str, ...]
    image_size: int
    licence: str
    source: str
    available: bool = True
    note: str = ""
    mirror_is_same: bool = True

    def n_rows(self, split: Split) -> int:
        """Number of images in a split.

        Raises:
            DataError: no such split.
        """
        sizes = {"train": self.n_train, "query": self.n_query, "database": self.n_database}
        if split not in sizes:
            raise DataError(f"A split is one of {', '.join(SPLITS)}; got {split!r}.")
        return sizes[split]


class Dataset(Protocol):
    """Images and labels by split and row. Arrays are read-only; rows of a split never change their order."""

    @property
    def info(self) -> DatasetInfo:
        """Counts, names, licence."""

    @property
    def train_rows(self) -> Int64:
        """Rows of the database that are the train split, int64 (n_train,), ascending."""

    @property
    def content_key(self) -> str:
        """16 hex digits that change with any image, label or split."""

    def labels(self, split: Split) -> Bool:
        """Multi-hot labels, bool (n, n_classes)."""

    def image_bytes(self, split: Split, row: int) -> tuple[bytes, str]:
        """An encoded image and its MIME type."""

    def image(self, split: Split, row: int) -> Image:
        """The decoded image, RGB."""

    def captions(self, split: Split) -> tuple[str, ...] | None:
        """One sentence per image, or None when the data set has none."""


def sample_data_root() -> Path:
    """Folder of the shipped data: HASHLENS_SAMPLE_DATA, else `sample_data` beside the package."""
    given = os.environ.get("HASHLENS_SAMPLE_DATA")
    return Path(given) if given else Path(__file__).resolve().parents[2] / "sample_data"


def check_row(info: DatasetInfo, split: Split, row: int) -> None:
    """Raise DataError when `row` is no row of `split`; negative rows are not counted from the end."""
    n = info.n_rows(split)
    if not 0 <= row < n:
        raise DataError(f"{info.name} has {n} {split} images, rows 0 to {n - 1}; row {row} was asked for.")
