"""Exhaustive Hamming search: FAISS's IndexBinaryFlat, which keeps the lowest ids of a tie at the cut."""

from __future__ import annotations

import numpy as np

from models.codes.hamming import check_equal_length
from models.codes.packing import as_words
from models.errors import DataError
from models.index.base import SearchResult, check_database, check_search
from models.types import BinaryCodes, Int32, Int64, Queries


class BinaryFlat:
    """Every query against every binary code.

    Codes whose length is no multiple of 8 need nothing special: both sides carry the same zero padding, which
    adds nothing to a distance.
    """

    def __init__(self, codes: BinaryCodes) -> None:
        """Index the codes.

        Raises:
            DataError: the database is empty.
        """
        import faiss

        check_database(len(codes))
        self.codes = codes
        self.faiss_index = faiss.IndexBinaryFlat(codes.packed.shape[1] * 8)
        self.faiss_index.add(np.ascontiguousarray(codes.packed))

    @property
    def n_database(self) -> int:
        """Number of items."""
        return len(self.codes)

    def search(self, queries: Queries, k: int) -> SearchResult:
        """The k nearest items of each query, by distance and then id; see `Index.search`."""
        if not isinstance(queries, BinaryCodes):
            raise DataError(
                "This database holds binary codes; the queries are real vectors. Give binary codes."
            )
        check_equal_length(queries, self.codes)
        k = check_search(queries, k, self.n_database)
        distances, ids = self.faiss_index.search(np.ascontiguousarray(queries.packed), k)
        return SearchResult(distances, ids, lambda: self._count_tied(queries, distances))

    def _count_tied(self, queries: BinaryCodes, distances: Int32) -> Int64:
        """Items outside the result at the distance of its last column."""
        query_words, database_words = as_words(queries.packed), as_words(self.codes.packed)
        beyond = np.empty(len(queries), dtype=np.int64)
        for i, (words, row) in enumerate(zip(query_words, distances, strict=True)):
            to_query = np.bitwise_count(database_words ^ words).sum(axis=1, dtype=np.int32)
            beyond[i] = (to_query == row[-1]).sum() - (row == row[-1]).sum()
        return beyond
