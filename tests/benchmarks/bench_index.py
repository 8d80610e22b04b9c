"""Search through our indexes against FAISS called directly, on a million codes."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from models.index import AdcFlat, BinaryFlat
from models.types import BinaryCodes, CodebookCodes
from tests.benchmarks.measure import Row, medians_s

N_DATABASE, N_QUERY, N_BITS, K = 1_000_000, 100, 64, 100
N_CODEBOOKS, N_CENTROIDS, DIM = 4, 256, 24


def bench() -> list[Row]:
    """100 queries, top 100."""
    return [*binary(), codebook()]


def binary() -> list[Row]:
    """Hamming search, and what it costs to ask for the ties at the cut as well."""
    import faiss

    rng = np.random.default_rng(0)
    database, queries = (
        BinaryCodes(rng.integers(256, size=(n, N_BITS // 8), dtype=np.uint8), N_BITS)
        for n in (N_DATABASE, N_QUERY)
    )
    index = BinaryFlat(database)
    raw = faiss.IndexBinaryFlat(N_BITS)
    raw.add(database.packed)
    found = index.search(queries, K)
    started = time.perf_counter()
    _ = found.n_tied_beyond
    ties_s = time.perf_counter() - started
    return [
        compared(
            f"{N_DATABASE:,} codes x {N_BITS} bits",
            lambda: index.search(queries, K),
            lambda: raw.search(queries.packed, K),
        ),
        Row("counting the ties beyond the cut, when asked for", f"{ties_s / N_QUERY * 1e3:.2f} ms a query"),
    ]


def codebook() -> Row:
    """Asymmetric distance search, ties counted; the peer has the same words and codes."""
    import faiss

    rng = np.random.default_rng(0)
    books = rng.standard_normal((N_CODEBOOKS, N_CENTROIDS, DIM)).astype(np.float32)
    words = rng.integers(N_CENTROIDS, size=(N_DATABASE, N_CODEBOOKS), dtype=np.uint8)
    queries = rng.standard_normal((N_QUERY, N_CODEBOOKS * DIM)).astype(np.float32)
    index = AdcFlat(CodebookCodes(words, books))
    raw = faiss.IndexPQ(N_CODEBOOKS * DIM, N_CODEBOOKS, 8)
    faiss.copy_array_to_vector(books.reshape(-1), raw.pq.centroids)
    raw.is_trained = True
    raw.add_sa_codes(words)
    return compared(
        f"{N_DATABASE:,} codes of {N_CODEBOOKS} books x {N_CENTROIDS} words",
        lambda: index.search(queries, K),
        lambda: raw.search(queries, K),
    )


def compared(what: str, ours: Callable[[], object], peer: Callable[[], object]) -> Row:
    """One search against the same search in FAISS."""
    mine, theirs = medians_s(ours, peer, runs=15)
    return Row(
        f"search, {N_QUERY} queries, top {K}, {what}",
        f"{mine / N_QUERY * 1e3:.2f} ms a query",
        f"{theirs / N_QUERY * 1e3:.2f} ms, raw FAISS",
        f"{mine / theirs - 1:+.1%}",
        "at most +10 %",
    )
