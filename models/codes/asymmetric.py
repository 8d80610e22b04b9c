"""Distances from real query vectors to codebook codes, one table of words per query (Jégou et al., 2011)."""

from __future__ import annotations

import numpy as np

from models.errors import DataError
from models.types import CodebookCodes, Float32


def embedding_size(codes: CodebookCodes) -> int:
    """Length of a query vector that can be compared with these codes."""
    n_codebooks, _, dim = codes.codebooks.shape
    return int(n_codebooks * dim) if codes.structure == "product" else int(dim)


def check_embeddings(queries: Float32, codes: CodebookCodes) -> None:
    """Raise DataError unless `queries` is float32 (n_query, embedding_size) without NaN or infinity."""
    size = embedding_size(codes)
    if queries.ndim != 2 or queries.shape[1] != size or queries.dtype != np.float32:
        raise DataError(
            f"Queries against these codebooks are float32 vectors of shape (n_query, {size}); "
            f"got {queries.dtype} of shape {queries.shape}."
        )
    if not np.isfinite(queries).all():
        rows = np.flatnonzero(~np.isfinite(queries).all(axis=1))
        raise DataError(f"{len(rows)} query vectors hold NaN or infinity, the first in row {rows[0]}.")


def asymmetric_distances(queries: Float32, database: CodebookCodes) -> Float32:
    """Distance of every pair, float32 (n_query, n_database); smaller is nearer.

    `l2`: squared Euclidean distance to the decoded vector; `ip`: negative inner product with it. Words are
    looked up and added in one order, so items with equal codes get bit-equal distances: ties stay ties.

    Args:
        queries: float32 (n_query, embedding_size).
        database: codes whose `structure` and `metric` decide the formula.

    Raises:
        DataError: queries of the wrong shape or dtype, or not finite.
    """
    check_embeddings(queries, database)
    distances = np.empty((len(queries), len(database)), dtype=np.float32)
    norms = np.square(database.decode(), dtype=np.float64).sum(axis=1) if database.needs_norm else None
    for row, query in enumerate(queries):
        table = word_table(query, database)  # (n_codebooks, n_centroids)
        total = table[0][database.indices[:, 0]]
        for book in range(1, len(table)):
            total += table[book][database.indices[:, book]]
        if norms is None:
            distances[row] = total
        else:  # float64, because the three parts cancel
            distances[row] = np.maximum(np.square(query, dtype=np.float64).sum() + 2.0 * total + norms, 0.0)
    return distances


def word_table(query: Float32, codes: CodebookCodes) -> Float32:
    """What each word adds to a distance, (n_codebooks, n_centroids); additive: minus its inner product."""
    books = codes.codebooks
    if codes.structure == "additive":
        return np.asarray(-(books @ query), dtype=np.float32)
    parts = query.reshape(books.shape[0], 1, books.shape[2])
    if codes.metric == "ip":
        return np.asarray(-(books * parts).sum(axis=2), dtype=np.float32)
    return np.asarray(np.square(books - parts).sum(axis=2), dtype=np.float32)
