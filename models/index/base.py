"""What every index answers, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy.typing as npt

from models.codes.cutoff import check_k
from models.errors import DataError
from models.types import Int64, Queries


@dataclass(frozen=True)
class SearchResult:
    """The k nearest items of each query, sorted by distance and then by id, ties at the cut included.

    Attributes:
        distances: (n_query, k), int32 bits for binary codes, float32 for codebook codes (squared Euclidean or
            negative inner product); smaller is nearer.
        ids: int64 (n_query, k), rows of the database.
        count_tied: how `n_tied_beyond` is found.
    """

    distances: npt.NDArray[Any]
    ids: Int64
    count_tied: Callable[[], Int64] = field(repr=False, compare=False)

    @cached_property
    def n_tied_beyond(self) -> Int64:
        """Items left out that are exactly as near as the k-th, int64 (n_query,); counted when first read."""
        return self.count_tied()


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
