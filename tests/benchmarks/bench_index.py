"""Search through our index against FAISS called directly, on a million codes."""

from __future__ import annotations

import numpy as np

from models.index import BinaryFlat
from models.types import BinaryCodes
from tests.benchmarks.measure import Row, medians_s

N_DATABASE, N_QUERY, N_BITS, K = 1_000_000, 100, 64, 100


def bench() -> list[Row]:
    """100 queries, top 100."""
    import faiss

    rng = np.random.default_rng(0)
    database, queries = (
        BinaryCodes(rng.integers(256, size=(n, N_BITS // 8), dtype=np.uint8), N_BITS)
        for n in (N_DATABASE, N_QUERY)
    )
    index = BinaryFlat(database)
    raw = faiss.IndexBinaryFlat(N_BITS)
    raw.add(database.packed)
    mine, peer = medians_s(lambda: index.search(queries, K), lambda: raw.search(queries.packed, K), runs=9)
    return [
        Row(
            f"search, {N_QUERY} queries, top {K}, {N_DATABASE:,} codes x {N_BITS} bits",
            f"{mine / N_QUERY * 1e3:.2f} ms a query",
            f"{peer / N_QUERY * 1e3:.2f} ms, raw FAISS",
            f"{mine / peer - 1:+.1%}",
            "at most +10 %",
        )
    ]
