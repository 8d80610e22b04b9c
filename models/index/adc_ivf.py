"""Inverted lists over codebook codes (IVF-ADC; Jégou, Douze and Schmid, 2011), with the method's own words.

The paper codes what is left of a vector after its list's centre is taken away. A method's codes stand for the
whole vector, so here a list only says where to look, and a distance is that of exhaustive search.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from models.codes.asymmetric import check_embeddings, embedding_size
from models.errors import DataError
from models.index.approximate import check_at_most
from models.index.base import SearchResult, check_database, check_search
from models.index.buckets import Buckets
from models.types import BinaryCodes, CodebookCodes, Float32, Queries, UInt8


class AdcIvf:
    """Distinct codes in lists by the centre nearest to what they decode to; see `BinaryIvf`.

    Attributes:
        codes: the database.
        buckets: its items by distinct code.
        faiss_index: the index, entry c being distinct code c.
    """

    def __init__(
        self,
        codes: CodebookCodes,
        *,
        n_lists: int | None = None,
        n_probes: int | None = None,
        stored: Path | None = None,
    ) -> None:
        """Find the centres (k-means on the decoded codes; spherical for inner products) and fill the lists.

        Args:
            codes: the database.
            n_lists: lists; None: the square root of the number of distinct codes.
            n_probes: lists a query looks into; None: one in eight.
            stored: the FAISS file of an index built earlier from the same codes.

        Raises:
            DataError: the database is empty; or `stored` is of other codes.
            ConfigError: more lists than distinct codes, or more probes than lists.
        """
        check_database(len(codes))
        self.codes = codes
        self.buckets = Buckets(codes.indices)
        n_codes = len(self.buckets)
        if n_lists is None:
            n_lists = math.isqrt(n_codes)
        check_at_most("n_lists", n_lists, n_codes, f"the database has {n_codes} distinct codes")
        if n_probes is None:
            n_probes = -(-n_lists // 8)
        check_at_most("n_probes", n_probes, n_lists, f"there are {n_lists} lists")
        if stored is None:
            self.faiss_index = _filled_lists(codes[self.buckets.first], n_lists)
        else:
            self.faiss_index = _read(stored, codes, n_codes)
        self.faiss_index.nprobe = n_probes

    @property
    def n_database(self) -> int:
        """Number of items."""
        return len(self.codes)

    def search(self, queries: Queries, k: int) -> SearchResult:
        """Up to k near items of each query, by distance and then id; see `SearchResult` and `Index.search`.

        Ties are counted among the codes that were looked at: there are at least so many.
        """
        if isinstance(queries, BinaryCodes):
            raise DataError(
                "This database holds codebook codes; the queries are binary. Give real query vectors."
            )
        check_embeddings(queries, self.codes)
        k = check_search(queries, k, self.n_database)
        n_codes = min(k + 1, len(self.buckets))
        scores, codes = self.faiss_index.search(np.ascontiguousarray(queries), n_codes)
        near = -scores if self.codes.metric == "ip" else scores
        distances, ids, n_found, beyond = self.buckets.items_found(near, codes, k)
        return SearchResult(
            distances, ids, lambda: beyond, n_found if (n_found < k).any() else None, "at least"
        )


def _filled_lists(codes: CodebookCodes, n_lists: int) -> Any:
    """A FAISS index that holds these codes; additive ones decoded, as in `adc_flat`."""
    import faiss

    ip = codes.metric == "ip"
    metric = faiss.METRIC_INNER_PRODUCT if ip else faiss.METRIC_L2
    size = embedding_size(codes)
    vectors = codes.decode()
    clustering: Any = faiss.Kmeans(size, n_lists, seed=0, spherical=ip, min_points_per_centroid=1)
    clustering.train(vectors)
    centres = faiss.IndexFlat(size, metric)
    centres.add(clustering.centroids)
    n_codebooks, n_centroids, _ = codes.codebooks.shape
    index: Any
    content: UInt8
    if codes.structure == "additive":
        index = faiss.IndexIVFFlat(centres, size, n_lists, metric)
        content = vectors.view(np.uint8)
    else:
        word_bits = n_centroids.bit_length() - 1
        index = faiss.IndexIVFPQ(centres, size, n_lists, n_codebooks, word_bits, metric)
        index.by_residual = False
        # FAISS copies whatever it is given without comparing sizes.
        words: Float32 = np.ascontiguousarray(codes.codebooks).reshape(-1)
        assert words.size == n_codebooks * n_centroids * codes.codebooks.shape[2]
        faiss.copy_array_to_vector(words, index.pq.centroids)
        content = faiss.pack_bitstrings(codes.indices.astype(np.int32), word_bits)
    index.is_trained = True
    _, lists = centres.search(vectors, 1)
    # Each entry: the number of its list, low byte first, then the code.
    n_bytes = index.coarse_code_size()
    numbers = lists.astype("<i8").view(np.uint8).reshape(len(codes), 8)[:, :n_bytes]
    index.add_sa_codes(np.ascontiguousarray(np.hstack([numbers, content])))
    return index


def _read(stored: Path, codes: CodebookCodes, n_codes: int) -> Any:
    """The index that was built from the same codes earlier.

    Raises:
        DataError: no FAISS file, or of other codes.
    """
    import faiss

    try:
        index = faiss.read_index(str(stored))
    except RuntimeError as error:
        raise DataError(f"{stored} is no FAISS index. Build the index again.") from error
    kind = faiss.IndexIVFFlat if codes.structure == "additive" else faiss.IndexIVFPQ
    if (type(index), index.ntotal, index.d) != (kind, n_codes, embedding_size(codes)):
        raise DataError(f"{stored} holds another index than its codes say. Build the index again.")
    return index
