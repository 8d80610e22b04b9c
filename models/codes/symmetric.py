"""What stands beside the asymmetric distance: the symmetric one, the flat one, look-up tables, errors.

Three distances differ in what is rounded to words. Flat: nothing. Asymmetric: the stored item. Symmetric: the
query as well. What the flat one ranks better than the asymmetric one is the price of storing words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.codes.asymmetric import check_embeddings, word_table
from models.errors import DataError
from models.types import CodebookCodes, Float32, Float64, UInt8


@dataclass(frozen=True)
class LookUpTable:
    """The asymmetric distances of one query, taken apart: words looked up + constant + item's own term.

    Attributes:
        words: float32 (n_codebooks, n_centroids), what each word adds to the distance.
        constant: what the query alone adds; not 0 for additive codes and squared distances only.
        norms: float32 (n,), what each item adds by itself, the squared length of its decoded vector; None
            where distances need no such term.
    """

    words: Float32
    constant: float
    norms: Float32 | None

    def parts(self, indices: UInt8) -> Float32:
        """What the chosen word of each book adds, float32 (n, n_codebooks), for indices (n, n_codebooks)."""
        picked: Float32 = self.words[np.arange(len(self.words)), indices]
        return picked


def look_up_table(query: Float32, codes: CodebookCodes) -> LookUpTable:
    """The table by which one query is compared with codes.

    Args:
        query: float32 (embedding_size,).
        codes: n items.

    Raises:
        DataError: a query of the wrong shape or dtype, or not finite.
    """
    check_embeddings(query[None], codes)
    words = word_table(query, codes)
    if not codes.needs_norm:
        return LookUpTable(words, 0.0, None)
    norms = np.square(codes.decode(), dtype=np.float64).sum(axis=1).astype(np.float32)
    return LookUpTable(2 * words, float(np.square(query, dtype=np.float64).sum()), norms)


def symmetric_distances(queries: CodebookCodes, database: CodebookCodes) -> Float32:
    """Distance of every pair when the query is rounded to words too, float32 (n_query, n_database).

    Args:
        queries, database: codes by the same books.

    Raises:
        DataError: codes that name words of different books.
    """
    same = (queries.structure, queries.metric) == (database.structure, database.metric)
    if not same or not np.array_equal(queries.codebooks, database.codebooks):
        raise DataError(
            "Queries and database name words of different codebooks, so their codes cannot be compared. "
            "Encode both with one model."
        )
    return flat_distances(queries.decode(), database.decode(), database.metric)


def flat_distances(queries: Float32, database: Float32, metric: Literal["l2", "ip"]) -> Float32:
    """Distance of every pair of vectors, float32 (n_query, n_database); equal vectors tie exactly.

    `l2`: squared Euclidean distance; `ip`: negative inner product.

    Args:
        queries: float32 (n_query, size).
        database: float32 (n_database, size).
        metric: which.

    Raises:
        DataError: vectors of different lengths.
    """
    if queries.ndim != 2 or database.ndim != 2 or queries.shape[1] != database.shape[1]:
        raise DataError(
            "Queries and database are matrices with vectors of one length as rows; "
            f"got shapes {queries.shape} and {database.shape}."
        )
    distances = np.empty((len(queries), len(database)), dtype=np.float32)
    for row, query in enumerate(queries):
        # Not |a|^2 - 2ab + |b|^2: that leaves a vector at a small distance from itself.
        products = -(database * query) if metric == "ip" else np.square(database - query)
        distances[row] = products.sum(axis=1)
    return distances


def reconstruction_errors(vectors: Float32, codes: CodebookCodes) -> Float64:
    """Squared distance between each vector and what its code decodes to, float64 (n,).

    Args:
        vectors: float32 (n, embedding_size), the items before coding.
        codes: of the same items.

    Raises:
        DataError: not as many vectors as codes, or of another length.
    """
    decoded = codes.decode()
    if vectors.shape != decoded.shape:
        raise DataError(f"The codes decode to shape {decoded.shape}; got vectors of shape {vectors.shape}.")
    return np.asarray(np.square(vectors.astype(np.float64) - decoded).sum(axis=1))


def relative_error(vectors: Float32, codes: CodebookCodes) -> float:
    """Share of the vectors' variance that coding loses: 0 is perfect, 1 no better than their mean.

    Args:
        vectors, codes: as in `reconstruction_errors`.

    Returns:
        The share; NaN for vectors that do not differ.
    """
    centred = vectors - vectors.mean(axis=0, dtype=np.float64)
    variance = float(np.square(centred).sum())
    error = float(reconstruction_errors(vectors, codes).sum())
    return error / variance if variance > 0 else float("nan")
