"""Search through our exhaustive indexes against FAISS called directly, at one and ten million codes."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from models.index import AdcFlat, BinaryFlat
from models.index.machine import read_bandwidth
from models.types import BinaryCodes, CodebookCodes
from tests.benchmarks.measure import Row, medians_s

SIZES, LENGTHS, K = (1_000_000, 10_000_000), (64, 128), 100
N_BATCH, N_CODEBOOK_QUERY = 1000, 100
N_CODEBOOKS, N_CENTROIDS, DIM = 4, 256, 24
AIM = "at most +10 %"


def bench(sizes: Sequence[int] = SIZES, lengths: Sequence[int] = LENGTHS) -> list[Row]:
    """One query and a batch of 1,000, top 100."""
    rows = [row for n_bits in lengths for n in sizes for row in binary(n, n_bits)]
    return [*rows, codebook(sizes[0])]


def binary(n: int, n_bits: int) -> list[Row]:
    """Hamming search; how fast it reads the codes; what it costs to ask for the ties at the cut as well."""
    import faiss

    rng = np.random.default_rng(0)
    database, queries = (
        BinaryCodes(rng.integers(256, size=(count, n_bits // 8), dtype=np.uint8), n_bits)
        for count in (n, N_BATCH)
    )
    index = BinaryFlat(database)
    raw = faiss.IndexBinaryFlat(n_bits)
    raw.add(database.packed)
    one = queries[:1]
    few = min(15, max(3, 15_000_000 // n))
    single_s, raw_single_s = medians_s(
        lambda: index.search(one, K), lambda: raw.search(one.packed, K), runs=max(21, 5 * few)
    )
    batch_s, raw_batch_s = medians_s(
        lambda: index.search(queries, K), lambda: raw.search(queries.packed, K), runs=few
    )
    reads = read_bandwidth(database.packed.nbytes)
    speed = database.packed.nbytes / single_s
    found = index.search(queries[:10], K)
    began = time.perf_counter()
    _ = found.n_tied_beyond
    ties_s = (time.perf_counter() - began) / 10
    what = f"top {K}, {n:,} codes x {n_bits} bits"
    return [
        compared(f"one query, {what}", single_s, raw_single_s),
        compared(f"{N_BATCH:,} queries at once, {what}", batch_s / N_BATCH, raw_batch_s / N_BATCH),
        Row(
            f"codes read by that one query, {n:,} x {n_bits} bits",
            f"{speed / 1e9:.1f} GB/s",
            f"{reads / 1e9:.1f} GB/s, the same bytes read by numpy's max",
            f"{speed / reads:.0%} of a plain read",
        ),
        Row(f"counting the ties beyond the cut, when asked for, {what}", f"{ties_s * 1e3:.2f} ms a query"),
    ]


def codebook(n: int) -> Row:
    """Asymmetric distance search; the peer has the same words and codes."""
    import faiss

    rng = np.random.default_rng(0)
    books = rng.standard_normal((N_CODEBOOKS, N_CENTROIDS, DIM)).astype(np.float32)
    words = rng.integers(N_CENTROIDS, size=(n, N_CODEBOOKS), dtype=np.uint8)
    queries = rng.standard_normal((N_CODEBOOK_QUERY, N_CODEBOOKS * DIM)).astype(np.float32)
    index = AdcFlat(CodebookCodes(words, books))
    raw = faiss.IndexPQ(N_CODEBOOKS * DIM, N_CODEBOOKS, 8)
    faiss.copy_array_to_vector(books.reshape(-1), raw.pq.centroids)
    raw.is_trained = True
    raw.add_sa_codes(words)
    mine, theirs = medians_s(lambda: index.search(queries, K), lambda: raw.search(queries, K), runs=15)
    what = f"{n:,} codes of {N_CODEBOOKS} books x {N_CENTROIDS} words"
    return compared(
        f"{N_CODEBOOK_QUERY} queries at once, top {K}, {what}",
        mine / N_CODEBOOK_QUERY,
        theirs / N_CODEBOOK_QUERY,
    )


def compared(what: str, ours_s: float, raw_s: float) -> Row:
    """One search against the same search in FAISS, seconds a query."""
    return Row(
        what,
        f"{ours_s * 1e3:.3g} ms a query",
        f"{raw_s * 1e3:.3g} ms, raw FAISS",
        f"{ours_s / raw_s - 1:+.1%}",
        AIM,
    )
