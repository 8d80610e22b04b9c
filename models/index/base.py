"""What every index answers, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from models.codes.cutoff import check_k
from models.errors import DataError
from models.types import Int64, Queries


@dataclass(frozen=True)
class SearchResult:
    """The k nearest items of each query, sorted by distance and then by id, ties at the cut included.

    An approximate index may miss near items, and may find fewer than k. A cell without an item holds the id
    n_database, which no row of the database has, so that using it as one raises; `row` leaves such cells out.

    Attributes:
        distances: (n_query, k), int32 bits for binary codes, float32 for codebook codes (squared Euclidean or
            negative inner product); smaller is nearer. Without an item: the highest int32, or infinity.
        ids: int64 (n_query, k), rows of the database.
        count_tied: how `n_tied_beyond` is found.
        fewer: int64 (n_query,), the items found where some query has fewer than k; None: all have k.
        ties: "exact", or "at least" where an approximate index counts the ties among what it looked at.
    """

    distances: npt.NDArray[Any]
    ids: Int64
    count_tied: Callable[[], Int64] = field(repr=False, compare=False)
    fewer: Int64 | None = None
    ties: Literal["exact", "at least"] = "exact"

    @cached_property
    def n_tied_beyond(self) -> Int64:
        """Items left out that are exactly as near as the last one, int64 (n_query,); counted when first read.

        0 for a query that found nothing.
        """
        return self.count_tied()

    @property
    def n_found(self) -> Int64:
        """Items found for each query, int64 (n_query,); k unless the index is approximate."""
        n_query, k = self.ids.shape
        return np.full(n_query, k, dtype=np.int64) if self.fewer is None else self.fewer

    def row(self, query: int) -> tuple[npt.NDArray[Any], Int64]:
        """Distances and ids of one query, (n_found[query],) each."""
        n = self.ids.shape[1] if self.fewer is None else int(self.fewer[query])
        return self.distances[query, :n], self.ids[query, :n]


class Index(Protocol):
    """A database that can be searched. Exhaustive search is the truth that any other index is measured by."""

    @property
    def n_database(self) -> int:
        """Number of items."""

    def search(self, queries: Queries, k: int) -> SearchResult:
        """The k nearest items of each query.

        Raises:
            DataError: queries of another kind, length or shape than the database; no queries; k below 1 or
                above the database.
        """


def check_search(queries: Queries, k: int, n_database: int) -> int:
    """The checked k of a search.

    Raises:
        DataError: no queries, or k below 1 or above the database.
    """
    if len(queries) == 0:
        raise DataError("There are no queries. Give at least one.")
    return check_k(k, n_database)


def check_database(n: int) -> None:
    """Raise DataError for an empty database."""
    if n == 0:
        raise DataError("The database is empty: there is nothing to search. Give at least one item.")
