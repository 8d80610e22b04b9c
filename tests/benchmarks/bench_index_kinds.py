"""The approximate indexes against exhaustive search: speed and recall on clustered codes."""

from __future__ import annotations

import time
from typing import Any

from models.index import open_index, recall_at_k
from tests.benchmarks.measure import Row, medians_s
from tests.models.index.clustered import clustered_codes, clustered_words

N_DATABASE, N_QUERY, N_BITS, K = 100_000, 100, 64, 10

BINARY: tuple[tuple[str, dict[str, int]], ...] = (
    ("ivf", {}),
    ("ivf", {"n_probes": 4}),
    ("hnsw", {}),
    ("multi-hash", {"n_flips": 1}),
    ("multi-table", {"n_tables": 16}),
)


def bench() -> list[Row]:
    """100 queries, top 10."""
    codes = clustered_codes(N_QUERY, N_DATABASE, N_BITS, n_centres=500, flip=0.1)
    words = clustered_words(N_QUERY, N_DATABASE, n_codebooks=8, n_centroids=256, dim=8)
    rows = [compared(*codes, kind, settings) for kind, settings in BINARY]
    return [*rows, compared(*words, "ivf-adc", {})]


def compared(queries: Any, database: Any, kind: str, settings: dict[str, int]) -> Row:
    """One index against exhaustive search of the same codes."""
    exact = open_index(database)
    began = time.perf_counter()
    index = open_index(database, kind, **settings)
    built_s = time.perf_counter() - began
    recall = recall_at_k(index.search(queries, K), exact.search(queries, K)).mean()
    mine, theirs = medians_s(lambda: index.search(queries, K), lambda: exact.search(queries, K), runs=5)
    chosen = "".join(f", {name} {value}" for name, value in settings.items())
    return Row(
        f"{kind}{chosen}; {N_QUERY} queries, top {K}, {N_DATABASE:,} clustered codes x {N_BITS} bits",
        f"{mine / N_QUERY * 1e3:.3f} ms a query, recall {recall:.3f}, built in {built_s:.1f} s",
        f"{theirs / N_QUERY * 1e3:.3f} ms, exhaustive",
        f"{theirs / mine:.1f}x faster" if theirs > mine else f"{mine / theirs:.1f}x slower",
    )
