"""What a data set is to the rest of the library: splits, labels and images by row. No torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from models.errors import DataError
from models.types import Bool, Int64, LabelKind, NormalizeBy, Split

if TYPE_CHECKING:
    from PIL.Image import Image

SPLITS: tuple[Split, ...] = ("train", "query", "database")


@dataclass(frozen=True)
class DatasetInfo:
    """The identity card of a data set under one protocol.

    Attributes:
        name: what `load_dataset` takes: `<pool>` for its default protocol, else `<pool>@<protocol>`.
        n_train: train images, inside the database or not.
        image_size: side of the images in pixels; where they differ, the median of the longer side.
        available: False when labels and splits are not on this machine; `note` then says how to get them.
        mirror_is_same: False where a mirror image shows another thing, so that training must not flip images.
        protocol: name of the rule that says which images are query, train and database; "" for embedded sets.
        has_images: False where labels and splits are known and the images are not on this machine.
        download_bytes: how much a download of the images moves; 0 where that is not known.
        train_in_database: train images are database images; else the two are disjoint.
        k: last rank that counts for AP; None is the whole ranking.
        normalize_by: divisor of AP, as in `models.metrics.evaluate`.
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
    protocol: str = ""
    has_images: bool = True
    download_bytes: int = 0
    train_in_database: bool = True
    k: int | None = None
    normalize_by: NormalizeBy = "relevant"

    @property
    def pool(self) -> str:
        """The images and labels without the protocol; features are stored under this name."""
        return self.name.partition("@")[0]

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
    """Images and labels by split and row. Arrays are read-only; rows of a split never change their order.

    All images together are the pool, rows 0 to `n_pool - 1`; a split is a selection of them. Where labels are
    known and images are not (`info.has_images` is False), whatever reads an image raises NotAvailableError.
    """

    @property
    def info(self) -> DatasetInfo:
        """Counts, names, licence."""

    @property
    def train_rows(self) -> Int64:
        """Rows of the database that are the train split, int64 (n_train,), ascending.

        Empty where train and database are disjoint.
        """

    @property
    def content_key(self) -> str:
        """16 hex digits that change with any image, label or split."""

    @property
    def n_pool(self) -> int:
        """Number of images, of all splits together."""

    @property
    def pool_key(self) -> str:
        """16 hex digits that change with any image or the order of the images, and with nothing else."""

    def pool_rows(self, split: Split) -> Int64:
        """Rows of the pool that are a split, int64 (n,)."""

    def pool_image(self, row: int) -> Image:
        """The decoded image in a row of the pool, RGB."""

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


def stacked_rows(info: DatasetInfo, train_rows: Int64, split: Split) -> Int64:
    """`Dataset.pool_rows` where the pool is the queries followed by the database."""
    if split == "query":
        return np.arange(info.n_rows(split), dtype=np.int64)
    rows = np.arange(info.n_rows("database"), dtype=np.int64) if split == "database" else train_rows
    return info.n_query + rows


def stacked_place(info: DatasetInfo, row: int) -> tuple[Split, int]:
    """Split and row of a row of such a pool.

    Raises:
        DataError: no row of the pool.
    """
    check_pool_row(info.name, info.n_query + info.n_database, row)
    return ("query", row) if row < info.n_query else ("database", row - info.n_query)


def check_pool_row(name: str, n_pool: int, row: int) -> None:
    """Raise DataError when `row` is no row of the pool."""
    if not 0 <= row < n_pool:
        raise DataError(f"{name} has {n_pool} images, pool rows 0 to {n_pool - 1}; row {row} was asked for.")


def check_row(info: DatasetInfo, split: Split, row: int) -> None:
    """Raise DataError when `row` is no row of `split`; negative rows are not counted from the end."""
    n = info.n_rows(split)
    if not 0 <= row < n:
        raise DataError(f"{info.name} has {n} {split} images, rows 0 to {n - 1}; row {row} was asked for.")
