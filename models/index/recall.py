"""How much of the truth an approximate search found."""

from __future__ import annotations

import numpy as np

from models.errors import DataError
from models.index.base import SearchResult
from models.types import Float64

# Two ways to add the same float32 words differ by rounding; Hamming distances are whole numbers.
RELATIVE_ROUNDING = 1e-5


def recall_at_k(result: SearchResult, exact: SearchResult) -> Float64:
    """Share of the k places of each query that hold an item as near as exhaustive search's k-th, or nearer.

    Any item at the distance of the k-th is as good as any other, so that a tie at the cut costs nothing. A
    place without an item counts as missed.

    Args:
        result: of the index to be judged.
        exact: of exhaustive search with the same queries, database and k.

    Returns:
        float64 (n_query,), 0 to 1.

    Raises:
        DataError: the two are of different queries or k, or `exact` is incomplete.
    """
    if result.ids.shape != exact.ids.shape:
        raise DataError(
            "Recall compares searches of the same queries and k; "
            f"got {result.ids.shape} and {exact.ids.shape}."
        )
    if exact.fewer is not None:
        raise DataError("The truth has to come from exhaustive search; this one found fewer than k items.")
    k = result.ids.shape[1]
    last = exact.distances[:, -1:].astype(np.float64)
    if exact.distances.dtype.kind == "f":
        last += RELATIVE_ROUNDING * np.maximum(1.0, np.abs(exact.distances).max(axis=1, keepdims=True))
    there = np.arange(k) < result.n_found[:, None]
    good = (result.distances <= last) & there
    return np.asarray(good.sum(axis=1) / k, dtype=np.float64)
