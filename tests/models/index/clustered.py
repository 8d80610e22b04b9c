"""Codes as learnt hashing makes them: noise around a few centres."""

from __future__ import annotations

import numpy as np

from models.codes.packing import pack
from models.types import BinaryCodes, CodebookCodes, Float32


def clustered_codes(
    n_query: int, n_database: int, n_bits: int, *, n_centres: int = 20, flip: float = 0.08, seed: int = 0
) -> tuple[BinaryCodes, BinaryCodes]:
    """Queries and database: each code is one of n_centres random codes, every bit flipped at odds `flip`."""
    rng = np.random.default_rng(seed)
    centres = rng.random((n_centres, n_bits)) < 0.5
    n = n_query + n_database
    codes = pack(centres[rng.integers(n_centres, size=n)] ^ (rng.random((n, n_bits)) < flip))
    return codes[:n_query], codes[n_query:]


def clustered_words(
    n_query: int,
    n_database: int,
    *,
    structure: str = "product",
    metric: str = "l2",
    n_codebooks: int = 4,
    n_centroids: int = 16,
    dim: int = 6,
    seed: int = 0,
) -> tuple[Float32, CodebookCodes]:
    """Query vectors near database vectors that are spelt in random words."""
    rng = np.random.default_rng(seed)
    books = rng.standard_normal((n_codebooks, n_centroids, dim)).astype(np.float32)
    centres = rng.integers(0, n_centroids, (12, n_codebooks))
    words = centres[rng.integers(12, size=n_database)]
    changed = rng.random(words.shape) < 0.25
    words = np.where(changed, rng.integers(0, n_centroids, words.shape), words).astype(np.uint8)
    codes = CodebookCodes(words, books, structure, metric)  # type: ignore[arg-type]
    vectors = codes[rng.integers(n_database, size=n_query)].decode()
    return (vectors + 0.2 * rng.standard_normal(vectors.shape)).astype(np.float32), codes
