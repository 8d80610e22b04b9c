"""Precision and recall at a rank, along the ranking, and within a Hamming radius; ties by expectation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.codes.cutoff import check_ks
from models.errors import DataError
from models.metrics.histogram import RankingHistogram
from models.metrics.ties import amount_at, groups_reaching
from models.types import Bool, Float64


@dataclass(frozen=True)
class RadiusLookup:
    """What a hash lookup within a radius returns, per query.

    Attributes:
        precision: float64 (n_query,), relevant share of the returned items; 0 when the ball is empty.
        recall: float64 (n_query,), returned share of the relevant items; 0 when there are none.
        is_empty: bool (n_query,), no item lies within the radius. Long codes empty many balls, and the
            convention that they score 0 then decides the mean.
    """

    precision: Float64
    recall: Float64
    is_empty: Bool


def found_at_k(h: RankingHistogram, ks: Sequence[int]) -> Float64:
    """Expected number of relevant items in the top k, float64 (n_query, len(ks)).

    Raises:
        DataError: a k below 1 or above the database.
    """
    ranks = np.broadcast_to(np.array(check_ks(ks, h.n_database), dtype=np.int64), (h.n_query, len(ks)))
    return amount_at(h.n_relevant, h.n_total, ranks)


def precision_at_k(h: RankingHistogram, ks: Sequence[int]) -> Float64:
    """Expected share of relevant items in the top k, float64 (n_query, len(ks)).

    Raises:
        DataError: a k below 1 or above the database.
    """
    return found_at_k(h, ks) / np.asarray(ks, dtype=np.float64)


def recall_at_k(h: RankingHistogram, ks: Sequence[int]) -> Float64:
    """Expected share of the relevant items that the top k holds, float64 (n_query, len(ks)).

    Raises:
        DataError: a k below 1 or above the database.
    """
    found, relevant = found_at_k(h, ks), h.relevant_in_database[:, None]
    return np.divide(found, relevant, out=np.zeros(found.shape), where=relevant > 0)


def precision_recall_curve(h: RankingHistogram, n_points: int = 101) -> tuple[Float64, Float64]:
    """Recall, evenly spaced, and mean precision there; both float64 (n_points,).

    To reach recall x, a query with F relevant items reads its ranking until it has j = max(x F, 1) of them;
    inside a tie the relevant items are met at an even pace, so that collapsed codes give a flat line at the
    share of relevant items, and without ties precision at recall j / F is exactly that at the j-th relevant
    item. No maximum is taken to the right ("interpolated precision"). Every query with a relevant item weighs
    the same; others are left out.

    Raises:
        DataError: n_points below 2.
    """
    if n_points < 2:
        raise DataError(f"A curve has at least 2 points; n_points={n_points} was given.")
    recall = np.linspace(0.0, 1.0, n_points)
    rows = np.flatnonzero(h.relevant_in_database)
    n, r = h.n_total[rows].astype(np.int64), h.n_relevant[rows].astype(np.int64)
    n_up_to, r_up_to = n.cumsum(axis=1), r.cumsum(axis=1)
    wanted = np.maximum(recall * r_up_to[:, -1:], 1.0)
    group = groups_reaching(r_up_to, wanted)
    missing = np.take_along_axis(r_up_to, group, 1) - wanted
    pace = np.take_along_axis(n, group, 1) / np.take_along_axis(r, group, 1)
    precision = wanted / (np.take_along_axis(n_up_to, group, 1) - missing * pace)
    return recall, precision.sum(axis=0) / max(len(rows), 1)


def radius_lookup(h: RankingHistogram, radius: float = 2) -> RadiusLookup:
    """Precision and recall of the items at distance <= radius (in bits, for Hamming codes).

    Raises:
        DataError: a negative radius.
    """
    if radius < 0:
        raise DataError(f"A radius is a distance of 0 or more; got {radius}.")
    inside = h.levels <= radius  # False for the NaN padding
    returned = np.where(inside, h.n_total, 0).sum(axis=1)
    relevant = np.where(inside, h.n_relevant, 0).sum(axis=1)
    everything = h.relevant_in_database
    return RadiusLookup(
        precision=np.divide(relevant, returned, out=np.zeros(h.n_query), where=returned > 0),
        recall=np.divide(relevant, everything, out=np.zeros(h.n_query), where=everything > 0),
        is_empty=returned == 0,
    )
