"""A few bytes per image that tell which one it is: are rows those that shipped runs mean, and if not, which?

An image is cut into 4 x 4 cells, and the mean brightness of each is a byte. Two copies of a data set may be
encoded differently; a cell then differs by a level or two, while other images of the class differ by tens.
The signature of a data set is shipped beside its labels. Where a copy holds the same images in another order,
they are put into the shipped order; where it holds other images, it is refused: stored codes never meet
pictures that are not theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.data.base import sample_data_root
from models.data.importing.records import Entry
from models.data.pool import Pool
from models.errors import DataError
from models.files import npz_bytes
from models.types import Int64, UInt8

if TYPE_CHECKING:
    from PIL.Image import Image

FILE = "signature.npz"
SIDE = 4  # cells along each side
# Levels of 255 that a compression may move the mean of a cell. Of 1,500 images of CIFAR-10 that were
# compressed once more as JPEG, none moved by more than 4 at quality 50, and by more than 5 at quality 30.
TOLERANCE = 6
# So many rows may be off by more, as long as none is off by so much that it could be another picture.
MAX_ODD, FAR_OFF = 0.001, 16
_BLOCK = 512  # rows that are compared with all others of their class at a time


def signature(image: Image) -> UInt8:
    """Mean brightness of the cells of an RGB image, uint8 (SIDE * SIDE,) (ITU-R 601 luma)."""
    grey = np.asarray(image.convert("L"), dtype=np.float64)
    rows = np.array_split(grey, SIDE, axis=0)
    cells = [cell.mean() if cell.size else 0.0 for row in rows for cell in np.array_split(row, SIDE, axis=1)]
    return np.round(cells).astype(np.uint8)


def signature_bytes(cells: UInt8) -> bytes:
    """The file that is shipped; `cells` is uint8 (n, SIDE * SIDE) in the order of the rows."""
    return npz_bytes({"cells": cells})


def shipped_order(pool: str, cells: UInt8, entries: Sequence[Entry]) -> Int64 | None:
    """Where the images of each shipped row are among those that were read.

    Args:
        pool: name of the pool.
        cells: uint8 (n, SIDE * SIDE), signatures in the order in which images were read.
        entries: those images.

    Returns:
        For every row the position among the images that were read, int64 (n,), a permutation. None where
        nothing is shipped, or the images are in the shipped order.

    Raises:
        DataError: other images than shipped runs mean.
    """
    folder = sample_data_root() / pool
    if not (folder / FILE).is_file():
        return None
    expected, shipped = _read(folder / FILE), Pool(folder)
    way_out = (
        f"Nothing was kept, because stored runs on {pool} would show the wrong images. Fetch it under "
        f"another name: `python -m models fetch {pool} --as my-{pool}`; methods can be trained on it there."
    )
    if len(cells) != len(expected):
        raise DataError(f"{len(cells):,} images were read where {pool} has {len(expected):,}. {way_out}")
    ours = _groups([(entry.part, entry.labels) for entry in entries])
    labels = [tuple(np.flatnonzero(row).tolist()) for row in shipped.pool_labels]
    theirs = _groups(list(zip(shipped.origin, labels, strict=True)))
    if {key: len(rows) for key, rows in ours.items()} != {key: len(rows) for key, rows in theirs.items()}:
        raise DataError(
            f"The images of {pool} have other classes, or other numbers of images in a class, than the ones "
            f"that stored runs know. {way_out}"
        )
    order = np.arange(len(cells), dtype=np.int64)
    if (_off(cells, expected) <= TOLERANCE).all() and all((ours[key] == theirs[key]).all() for key in ours):
        return None
    for key, rows in theirs.items():
        order[rows] = ours[key][_matched(expected[rows], cells[ours[key]])]
    off = _off(cells[order], expected)
    odd = int((off > TOLERANCE).sum())
    if odd > MAX_ODD * len(expected) or off.max() > FAR_OFF:
        raise DataError(
            f"{odd:,} of {len(expected):,} images of {pool} are not to be found among those that were read: "
            f"they are other images. {way_out}"
        )
    return None if (order == np.arange(len(order))).all() else order


def _groups(keys: Sequence[tuple[str, tuple[int, ...]]]) -> dict[tuple[str, tuple[int, ...]], Int64]:
    """Rows by part and labels, ascending: an image can only be another one of its own class."""
    found: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for row, key in enumerate(keys):
        found.setdefault(key, []).append(row)
    return {key: np.array(rows, dtype=np.int64) for key, rows in found.items()}


def _off(cells: UInt8, expected: UInt8) -> Int64:
    """How far the worst cell of each row is off, int64 (n,)."""
    off: Int64 = np.abs(cells.astype(np.int64) - expected).max(axis=1)
    return off


def _matched(expected: UInt8, cells: UInt8) -> Int64:
    """For each expected signature one of `cells`, each once: those that are nearest to each other first."""
    found = np.full(len(expected), -1, dtype=np.int64)
    left, free = np.arange(len(expected)), np.arange(len(cells))
    while len(left):
        nearest, nearest_back = _nearest(expected[left], cells[free])
        # The nearest pair of all is always mutual, so every round matches at least one.
        mutual = nearest_back[nearest] == np.arange(len(left))
        found[left[mutual]] = free[nearest[mutual]]
        keep = np.ones(len(free), dtype=np.bool_)
        keep[nearest[mutual]] = False
        left, free = left[~mutual], free[keep]
    return found


def _nearest(a: UInt8, b: UInt8) -> tuple[Int64, Int64]:
    """The nearest of `b` to each of `a`, and of `a` to each of `b`, by squares; the first of equals."""
    wide = b.astype(np.float32)
    squares = (wide**2).sum(axis=1)
    nearest = np.empty(len(a), dtype=np.int64)
    best, back = np.full(len(b), np.inf, dtype=np.float32), np.zeros(len(b), dtype=np.int64)
    for start in range(0, len(a), _BLOCK):
        part = a[start : start + _BLOCK].astype(np.float32)
        # Whole numbers below 2**24: exact in single precision, so ties are ties in both directions.
        away = (part**2).sum(axis=1)[:, None] + squares - 2 * part @ wide.T
        nearest[start : start + len(part)] = away.argmin(axis=1)
        first, least = away.argmin(axis=0), away.min(axis=0)
        closer = least < best
        best[closer], back[closer] = least[closer], start + first[closer]
    return nearest, back


def _read(path: Path) -> UInt8:
    with np.load(path, allow_pickle=False) as archive:
        cells: UInt8 = archive["cells"]
    return cells
