"""Exhaustive search of codebook codes by asymmetric distance: FAISS with the method's own words and codes put
in.

Items with equal codes are one entry of the FAISS index and are spread out again afterwards. That makes ties
exact, and their order by id the same for both metrics (FAISS alone returns tied inner products in descending
order of id), also where the cut goes through a tie.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.codes.asymmetric import check_embeddings
from models.errors import DataError
from models.index.base import SearchResult, check_database, check_search
from models.index.buckets import Buckets
from models.types import BinaryCodes, CodebookCodes, Float32, Int64, Queries


class AdcFlat:
    """Every query vector against every distinct code, by one table of words per query."""

    def __init__(self, codes: CodebookCodes) -> None:
        """Index the codes.

        Raises:
            DataError: the database is empty.
        """
        check_database(len(codes))
        self.codes = codes
        self.buckets = Buckets(codes.indices)
        self.faiss_index = filled_index(codes[self.buckets.first])

    @property
    def n_database(self) -> int:
        """Number of items."""
        return len(self.codes)

    def search(self, queries: Queries, k: int) -> SearchResult:
        """The k nearest items of each query, by distance and then id; see `Index.search`."""
        if isinstance(queries, BinaryCodes):
            raise DataError(
                "This database holds codebook codes; the queries are binary. Give real query vectors."
            )
        check_embeddings(queries, self.codes)
        k = check_search(queries, k, self.n_database)
        distances = np.empty((len(queries), k), dtype=np.float32)
        ids = np.empty((len(queries), k), dtype=np.int64)
        beyond = np.empty(len(queries), dtype=np.int64)
        pending, n_codes = np.arange(len(queries)), min(k + 1, len(self.buckets))
        while len(pending):
            found, codes = self._search_codes(queries[pending], n_codes)
            undecided = []
            for row, code_distances, code_ids in zip(pending.tolist(), found, codes, strict=True):
                item_distances, items = self.buckets.spread(code_distances, code_ids)
                # Further codes could still tie with the k-th item, unless the farthest one found is beyond
                # it.
                if n_codes < len(self.buckets) and not code_distances[-1] > item_distances[k - 1]:
                    undecided.append(row)
                    continue
                distances[row], ids[row] = item_distances[:k], items[:k]
                beyond[row] = int((item_distances == item_distances[k - 1]).sum()) - int(
                    (distances[row] == item_distances[k - 1]).sum()
                )
            pending, n_codes = np.array(undecided, dtype=np.int64), min(2 * n_codes, len(self.buckets))
        return SearchResult(distances, ids, lambda: beyond)

    def _search_codes(self, queries: Float32, n_codes: int) -> tuple[Float32, Int64]:
        """The nearest distinct codes and their distances, ascending."""
        scores, codes = self.faiss_index.search(np.ascontiguousarray(queries), n_codes)
        return (-scores if self.codes.metric == "ip" else scores), codes


def filled_index(codes: CodebookCodes) -> Any:
    """A FAISS index that holds these codes.

    Product codes go into IndexPQ as they are. Additive ones are decoded: the sum of words has no per-book
    table for squared distances, and FAISS's additive index ends the process when its own tables are missing.
    """
    import faiss

    metric = faiss.METRIC_INNER_PRODUCT if codes.metric == "ip" else faiss.METRIC_L2
    n_codebooks, n_centroids, dim = codes.codebooks.shape
    if codes.structure == "additive":
        flat = faiss.IndexFlat(dim, metric)
        flat.add(codes.decode())
        return flat
    word_bits = n_centroids.bit_length() - 1
    index = faiss.IndexPQ(n_codebooks * dim, n_codebooks, word_bits, metric)
    # FAISS copies whatever it is given without comparing sizes.
    words = np.ascontiguousarray(codes.codebooks).reshape(-1)
    assert words.size == n_codebooks * n_centroids * dim
    faiss.copy_array_to_vector(words, index.pq.centroids)
    index.is_trained = True
    packed = (
        codes.indices if word_bits == 8 else faiss.pack_bitstrings(codes.indices.astype(np.int32), word_bits)
    )
    index.add_sa_codes(np.ascontiguousarray(packed))
    return index
