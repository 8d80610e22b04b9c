"""What random codes reach, in closed form: the line that every method has to beat.

Random codes put the database into a random order, so every value here is an expectation over random orders.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np

from app.services import catalog
from models.types import Float64, Int64


@lru_cache(maxsize=8)
def n_relevant(dataset: str) -> Int64:
    """Database images that share a label with each query, int64 (n_query,)."""
    opened = catalog.open_dataset(dataset)
    query, database = opened.labels("query"), opened.labels("database")
    # Queries with the same labels are counted once: of single labels there are no more than classes.
    distinct, which = np.unique(query, axis=0, return_inverse=True)
    # float32 products of 0 and 1 are exact far beyond any number of classes.
    relevant = (distinct.astype(np.float32) @ database.T.astype(np.float32) > 0).sum(axis=1)
    counts = np.asarray(relevant[which.ravel()], dtype=np.int64)
    counts.setflags(write=False)
    return counts


def precision(dataset: str) -> float:
    """Precision of a random order at any cut-off: the mean share of relevant images."""
    return float(n_relevant(dataset).mean() / catalog.open_dataset(dataset).info.n_database)


def average_precision(n_relevant: Int64, n_database: int) -> Float64:
    """Expected AP of a random order over the whole database, divided by all relevant images, float64 (n,).

    Item k is relevant with probability R/N, items j and k both with R(R-1)/(N(N-1)); the mean of
    1/R * sum over k of [k relevant] * (relevant among the first k) / k follows with the harmonic number H_N.
    """
    n = n_database
    r = n_relevant.astype(np.float64)
    harmonic = float((1.0 / np.arange(1, n + 1)).sum())
    pairs = (r - 1) / (n - 1) * (n - harmonic) if n > 1 else np.zeros_like(r)
    return np.where(r > 0, (harmonic + pairs) / n, 0.0)


@lru_cache(maxsize=64)
def graded(dataset: str, name: str, k: int | None) -> float:
    """Expected NDCG, ACG or WAP of a random order; a query without a relevant image scores 0.

    Args:
        dataset: a data set with several labels per image.
        name: "NDCG", "ACG" or "WAP"; relevance is the number of shared labels a, the gain of NDCG 2^a - 1.
        k: cut-off; None for the whole ranking.
    """
    opened = catalog.open_dataset(dataset)
    query, database = (opened.labels(split).astype(np.float32) for split in ("query", "database"))
    shared = (query @ database.T).astype(np.float64)
    n_query, n = shared.shape
    if name == "ACG":
        return float(shared.mean())
    shared = shared[shared.any(axis=1)]
    if name == "NDCG":
        gains = np.exp2(shared) - 1
        discounts = 1 / np.log2(2 + np.arange(min(k or n, n)))
        ideal = -np.sort(-gains, axis=1)[:, : len(discounts)] @ discounts
        return float((gains.mean(axis=1) * discounts.sum() / ideal).sum() / n_query)
    # WAP: as for AP above, with the relevance itself in place of "is relevant".
    total, relevant = shared.sum(axis=1), (shared > 0).sum(axis=1)
    harmonic = float((1.0 / np.arange(1, n + 1)).sum())
    own = total / relevant
    scores = (own * harmonic + (total - own) / max(1, n - 1) * (n - harmonic)) / n
    return float(scores.sum() / n_query)


def radius_lookup(dataset: str, n_bits: int, radius: int) -> tuple[float, float]:
    """Expected precision (0 when nothing is found) and share of empty lookups of random codes."""
    n_database = catalog.open_dataset(dataset).info.n_database
    inside = sum(comb(n_bits, d) for d in range(radius + 1)) / 2**n_bits
    empty = (1.0 - inside) ** n_database
    return precision(dataset) * (1.0 - empty), empty
