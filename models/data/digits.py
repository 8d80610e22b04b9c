"""Handwritten digits: 1,797 real images of 8x8 pixels that come with scikit-learn.

Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository
(1998), the test part, 13 writers; loaded from scikit-learn at run time, never copied. The split is drawn once
with a fixed seed and is the same for each class: 40 queries, 70 train images, the rest in the database only.
Writers are not known per image, so one writer's digits may be among queries and database.
"""

from __future__ import annotations

import hashlib
import io
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from models.data.base import DatasetInfo, check_row, stacked_place, stacked_rows
from models.types import Bool, Int64, Split, UInt8

if TYPE_CHECKING:
    from PIL.Image import Image

N_CLASSES, QUERIES_PER_CLASS, TRAIN_PER_CLASS = 10, 40, 70
SPLIT_SEED = 1797

INFO = DatasetInfo(
    name="digits",
    title="Digits: real handwriting, 8x8 pixels",
    n_train=N_CLASSES * TRAIN_PER_CLASS,
    n_query=N_CLASSES * QUERIES_PER_CLASS,
    n_database=1797 - N_CLASSES * QUERIES_PER_CLASS,
    n_classes=N_CLASSES,
    label_kind="single",
    class_names=("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    image_size=8,
    licence="CC BY 4.0 (UCI); distributed with scikit-learn",
    source="UCI Optical Recognition of Handwritten Digits (Alpaydin, Kaynak 1998), by way of scikit-learn",
    mirror_is_same=False,
)


class Digits:
    """The digits, ink on paper; see `models.data.base.Dataset`."""

    info = INFO

    @cached_property
    def _pixels_and_classes(self) -> tuple[UInt8, Int64]:
        from sklearn.datasets import load_digits

        bunch = load_digits()
        # 0..16 levels of ink become grey values: 255 is paper, 0 is full ink.
        pixels = np.round(255 - bunch.images * (255 / 16)).astype(np.uint8)
        return pixels, bunch.target.astype(np.int64)

    @cached_property
    def _rows(self) -> dict[Split, Int64]:
        """Positions in scikit-learn's order of each split's images."""
        _, classes = self._pixels_and_classes
        rng = np.random.default_rng(SPLIT_SEED)
        query, train = [], []
        for c in range(N_CLASSES):
            shuffled = rng.permutation(np.flatnonzero(classes == c))
            query.append(shuffled[:QUERIES_PER_CLASS])
            train.append(shuffled[QUERIES_PER_CLASS : QUERIES_PER_CLASS + TRAIN_PER_CLASS])
        query_rows = np.sort(np.concatenate(query))
        database_rows = np.setdiff1d(np.arange(len(classes)), query_rows)
        return {"query": query_rows, "database": database_rows, "train": np.sort(np.concatenate(train))}

    @cached_property
    def train_rows(self) -> Int64:
        """Rows of the database that are the train split, int64 (n_train,)."""
        rows = np.searchsorted(self._rows["database"], self._rows["train"]).astype(np.int64)
        rows.setflags(write=False)
        return rows

    @cached_property
    def content_key(self) -> str:
        """16 hex digits that change with any image, label or split."""
        pixels, classes = self._pixels_and_classes
        digest = hashlib.sha256(pixels.tobytes() + classes.astype("<i8").tobytes())
        for split in ("query", "database", "train"):
            digest.update(self._rows[split].astype("<i8").tobytes())
        return digest.hexdigest()[:16]

    @property
    def n_pool(self) -> int:
        """Queries and database together."""
        return self.info.n_query + self.info.n_database

    @cached_property
    def pool_key(self) -> str:
        """16 hex digits that change with any image or the order of the pool."""
        pixels, _ = self._pixels_and_classes
        order = np.concatenate([self._rows["query"], self._rows["database"]])
        return hashlib.sha256(pixels[order].tobytes()).hexdigest()[:16]

    def pool_rows(self, split: Split) -> Int64:
        """Rows of the pool, which is the queries followed by the database, int64 (n,)."""
        return stacked_rows(self.info, self.train_rows, split)

    def pool_image(self, row: int) -> Image:
        """The 8x8 image in a row of the pool, RGB."""
        return self.image(*stacked_place(self.info, row))

    @cached_property
    def _labels(self) -> dict[Split, Bool]:
        _, classes = self._pixels_and_classes
        labels: dict[Split, Bool] = {}
        for split, rows in self._rows.items():
            labels[split] = classes[rows, None] == np.arange(N_CLASSES)
            labels[split].setflags(write=False)
        return labels

    def labels(self, split: Split) -> Bool:
        """Multi-hot labels, bool (n, 10)."""
        self.info.n_rows(split)
        return self._labels[split]

    def image(self, split: Split, row: int) -> Image:
        """The 8x8 image, RGB."""
        from PIL import Image

        check_row(self.info, split, row)
        pixels, _ = self._pixels_and_classes
        return Image.fromarray(pixels[self._rows[split][row]]).convert("RGB")

    def image_bytes(self, split: Split, row: int) -> tuple[bytes, str]:
        """The 8x8 image as PNG."""
        buffer = io.BytesIO()
        self.image(split, row).save(buffer, "PNG")
        return buffer.getvalue(), "image/png"

    def captions(self, split: Split) -> None:
        """Digits have no captions."""
        self.info.n_rows(split)
