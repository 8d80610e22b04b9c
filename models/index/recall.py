"""How much of the truth an approximate search found."""

from __future__ import annotations

import numpy as np

from models.errors import DataError
from models.index.base import SearchResult
from models.types import Float64

# Two ways to add the same float32 words differ by rounding; Hamming distances are whole numbers.
RELATIVE_ROUNDING = 1e-5


def recall_at_k(result: SearchResult, exact: SearchResult) -> Float64:
    """Share of the k nearest items that a search found.

    Everything nearer than exhaustive search's k-th item has to be there. Of the items at the distance of the
    k-th any is as good as another, as many as there are places left; so a tie at the cut costs nothing, and
    it does not make up for a nearer item that was missed.

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
    first = last - 2 * (last - exact.distances[:, -1:])  # as far below the cut as rounding may be above it
    nearer = ((result.distances < first) & there).sum(axis=1)
    at_cut = ((result.distances >= first) & (result.distances <= last) & there).sum(axis=1)
    places = k - (exact.distances < first).sum(axis=1)
    return np.asarray((nearer + np.minimum(at_cut, places)) / k, dtype=np.float64)
