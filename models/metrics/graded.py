"""Metrics for several labels per image, where sharing more labels is better; ties by expectation.

Affinity a = number of labels shared with the query, gain 2^a - 1. Definitions as in Zhao et al., "Deep
Semantic Ranking Based Hashing" (CVPR 2015); expectations over ties as in McSherry and Najork (ECIR 2008).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.codes.cutoff import check_k, check_ks
from models.errors import DataError
from models.metrics.average_precision import check_conventions, mean_over_relevant
from models.metrics.histogram import RankingHistogram
from models.metrics.ties import amount_at, items_within, tie_groups
from models.types import Float64, Int64, NormalizeBy


def ndcg_at_k(h: RankingHistogram, ks: Sequence[int]) -> Float64:
    """Expected discounted gain of the top k over the ideal order's, float64 (n_query, len(ks)) in [0, 1].

    The discount of rank t is 1 / log2(t + 1). A query without a relevant item scores 0, as everywhere here.

    Raises:
        DataError: h is not graded, or a k below 1 or above the database.
    """
    gain_sum, _, n_by_affinity = _graded(h)
    ranks = np.arange(1, h.n_database + 1)
    discounts = np.concatenate(([0.0], np.cumsum(1.0 / np.log2(ranks + 1))))
    ideal_n = n_by_affinity[:, ::-1]
    gains = np.exp2(np.arange(ideal_n.shape[1])[::-1]) - 1.0
    n = h.n_total.astype(np.int64)
    columns = []
    for k in check_ks(ks, h.n_database):
        ideal = _discounted(ideal_n, ideal_n * gains, discounts, k)
        actual = _discounted(n, gain_sum, discounts, k)
        columns.append(np.divide(actual, ideal, out=np.zeros(h.n_query), where=ideal > 0))
    return np.stack(columns, axis=1) if columns else np.zeros((h.n_query, 0))


def acg_at_k(h: RankingHistogram, ks: Sequence[int]) -> Float64:
    """Expected mean number of labels shared with the top k, float64 (n_query, len(ks)).

    Raises:
        DataError: h is not graded, or a k below 1 or above the database.
    """
    _, affinity_sum, _ = _graded(h)
    ranks = np.broadcast_to(np.array(check_ks(ks, h.n_database), dtype=np.int64), (h.n_query, len(ks)))
    return amount_at(affinity_sum, h.n_total, ranks) / ranks


def weighted_average_precision(
    h: RankingHistogram, k: int | None = None, normalize_by: NormalizeBy = "relevant"
) -> Float64:
    """Expected mean of ACG at the relevant ranks, float64 (n_query,): average precision weighted by affinity.

    Args:
        h: graded tie groups.
        k: last rank that counts; None is the whole ranking.
        normalize_by: the divisor, as in `average_precision`; the definition's own is `retrieved`.

    Raises:
        DataError: h is not graded, or k below 1 or above the database.
        ConfigError: an unknown divisor.
    """
    check_conventions("expected", normalize_by)
    _, affinity_sum, _ = _graded(h)
    last = check_k(k, h.n_database)
    return mean_over_relevant(tie_groups(h, last, affinity_sum), h, last, "expected", normalize_by)


def _discounted(n: Int64, gain_sum: Float64, discounts: Float64, k: int) -> Float64:
    """Expected discounted gain of groups (n_query, n_groups) within the first k ranks."""
    n_before = n.cumsum(axis=1) - n
    weight = discounts[n_before + items_within(n, n_before, k)] - discounts[n_before]
    mean = np.divide(gain_sum, n, out=np.zeros(n.shape), where=n > 0)
    return np.asarray((mean * weight).sum(axis=1))


def _graded(h: RankingHistogram) -> tuple[Float64, Float64, Int64]:
    if h.gain_sum is None or h.affinity_sum is None or h.n_by_affinity is None:
        raise DataError("This metric needs shared-label counts: build the histogram with graded=True.")
    return h.gain_sum, h.affinity_sum, h.n_by_affinity
