"""The order in which images at one distance are shown: drawn by lot, once for all.

Stored order will not do: many data sets are stored class by class, so that the first images of a large tie
are all of one class, whatever its precision.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from models.types import Int64


@lru_cache(maxsize=8)
def drawn(n: int) -> Int64:
    """Rows 0 to n - 1 in the drawn order, read-only; the same in every session and at every start."""
    rows = np.random.default_rng(0).permutation(n)
    rows.setflags(write=False)
    return rows


def nearest_first(distances: npt.NDArray[Any]) -> Int64:
    """Rows by distance (n,), ties in the drawn order."""
    rows = drawn(len(distances))
    return rows[np.argsort(distances[rows], kind="stable")]


def those_of(chosen: npt.NDArray[np.bool_]) -> Int64:
    """Rows that are chosen, bool (n,), in the drawn order."""
    rows = drawn(len(chosen))
    return rows[chosen[rows]]
