"""What the approximate indexes of binary codes share: checks, buckets, and ties counted by a scan."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from models.codes.hamming import check_equal_length
from models.codes.packing import as_words
from models.errors import ConfigError, DataError
from models.index.base import SearchResult, check_database, check_search
from models.index.buckets import Buckets
from models.types import BinaryCodes, Int32, Int64, Queries, UInt8


class ApproximateBinary(ABC):
    """An index over the distinct codes of a binary database that may miss some of them.

    Attributes:
        codes: the database.
        buckets: its items by distinct code.
    """

    def __init__(self, codes: BinaryCodes) -> None:
        """Sort the items into buckets.

        Raises:
            DataError: the database is empty, or holds codebook codes.
        """
        check_database(len(codes))
        self.codes = codes
        self.buckets = Buckets(codes.packed)
        self._distinct = np.ascontiguousarray(codes.packed[self.buckets.first])

    @property
    def n_database(self) -> int:
        """Number of items."""
        return len(self.codes)

    @abstractmethod
    def _near_codes(self, packed: UInt8, n_codes: int) -> tuple[Int32, Int64]:
        """Up to n_codes distinct codes near each query, (n_query, n_found); -1 where there are fewer."""

    def search(self, queries: Queries, k: int) -> SearchResult:
        """Up to k near items of each query, by distance and then id; see `SearchResult` and `Index.search`.

        Distances are exact. `n_tied_beyond` is counted over the whole database when it is read.
        """
        if not isinstance(queries, BinaryCodes):
            raise DataError(
                "This database holds binary codes; the queries are real vectors. Give binary codes."
            )
        check_equal_length(queries, self.codes)
        k = check_search(queries, k, self.n_database)
        near = self._near_codes(np.ascontiguousarray(queries.packed), min(k, len(self.buckets)))
        distances, ids, n_found, _ = self.buckets.items_found(*near, k)
        fewer = n_found if (n_found < k).any() else None
        return SearchResult(distances, ids, lambda: self._count_tied(queries, distances, n_found), fewer)

    def _count_tied(self, queries: BinaryCodes, distances: Int32, n_found: Int64) -> Int64:
        """Items outside the result at the distance of its last item, found or missed by the index."""
        query_words, database_words = as_words(queries.packed), as_words(self._distinct)
        beyond = np.zeros(len(queries), dtype=np.int64)
        for i, (words, n) in enumerate(zip(query_words, n_found.tolist(), strict=True)):
            if n:
                to_query = np.bitwise_count(database_words ^ words).sum(axis=1, dtype=np.int32)
                last = distances[i, n - 1]
                beyond[i] = self.buckets.n_items[to_query == last].sum() - (distances[i, :n] == last).sum()
        return beyond


class FaissBinary(ApproximateBinary):
    """An approximate index that FAISS keeps, entry c being distinct code c.

    Attributes:
        faiss_index: the index, as `faiss.write_index_binary` takes it.
    """

    faiss_index: Any

    def _near_codes(self, packed: UInt8, n_codes: int) -> tuple[Int32, Int64]:
        distances, codes = self.faiss_index.search(packed, n_codes)
        return distances, codes

    def _take_stored(self, stored: Path, kind: type[Any]) -> None:
        """Read the index that was built from the same codes earlier.

        Raises:
            DataError: no FAISS file of this kind, or of other codes.
        """
        import faiss

        try:
            self.faiss_index = faiss.read_index_binary(str(stored))
        except RuntimeError as error:
            raise DataError(f"{stored} is no binary FAISS index. Build the index again.") from error
        expected = (kind, len(self.buckets), self._distinct.shape[1])
        if (type(self.faiss_index), self.faiss_index.ntotal, self.faiss_index.code_size) != expected:
            raise DataError(f"{stored} holds another index than its codes say. Build the index again.")


def check_at_most(name: str, given: int, highest: int, why: str) -> int:
    """The given value.

    Raises:
        ConfigError: it is below 1 or above what the database allows.
    """
    if not 1 <= given <= highest:
        raise ConfigError(f"{name}={given}, but {why}. Choose 1 to {highest}.")
    return given
