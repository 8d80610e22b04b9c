"""One query under several rankings: where an image stands in each, and which of them is better over all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from app.services import catalog, float_ranking, ties
from models.metrics import average_precision, histogram_of_distances, precision_at_k
from models.types import Bool, Float64, Int64

Kind = Literal["new", "up", "down", "same", "tied"]

N_RESAMPLES = 2_000
LEVEL = 0.95


@dataclass(frozen=True)
class Side:
    """What ranks: a stored run, or the backbone's features when there is no method."""

    method: str | None = None
    n_bits: int = 0

    @property
    def is_float(self) -> bool:
        """True for the ranking by features, which no code stands behind."""
        return self.method is None

    @property
    def label(self) -> str:
        """Short name, unique within a data set."""
        return "float features" if self.method is None else catalog.run_label(self.method, self.n_bits)

    @property
    def family(self) -> str:
        """Family of the method; empty for the ranking by features."""
        return "" if self.method is None else catalog.method_family(self.method)


@dataclass(frozen=True)
class Ranked:
    """The database as one side ranks it.

    Attributes:
        side: what ranks.
        order: int64 (n_ranked,), database rows, nearest first, ties by row.
        distances: (n_ranked,), in that order.
        first, last: int64 (n_database,), lowest and highest rank that each row can take among its ties, from
            1; 0 for a row that is not ranked because it is the query itself.
        relevant: bool (n_ranked,), in that order; None for an upload.
    """

    side: Side
    order: Int64
    distances: npt.NDArray[Any]
    first: Int64
    last: Int64
    relevant: Bool | None

    def ranks(self, row: int) -> str:
        """Rank of a row in words: one number, or the range that its ties can take."""
        first, last = int(self.first[row]), int(self.last[row])
        return f"{first:,}" if first == last else f"{first:,}–{last:,}"


@dataclass(frozen=True)
class Mark:
    """How an image stands in one ranking compared with another; `steps` between middle ranks, up and down."""

    kind: Kind
    steps: int = 0


@dataclass(frozen=True)
class Change:
    """The first n of one ranking against the first n of another.

    Attributes:
        marks: one per shown row.
        lost: rows that are among the other ranking's first n, and cannot be here.
    """

    marks: tuple[Mark, ...]
    lost: tuple[int, ...]


@dataclass(frozen=True)
class Scores:
    """Figures of one query under one side."""

    ap_expected: float
    ap_pessimistic: float
    ap_optimistic: float
    precision: float


@dataclass(frozen=True)
class Duel:
    """AP of all queries under two sides.

    Attributes:
        ap_a, ap_b: float64 (n_query,), expected AP.
        n_above, n_below, n_equal: queries that B answers better, worse, and equally well.
        difference: mean of B less A.
        low, high: its 95 % interval, paired bootstrap over queries.
    """

    ap_a: Float64
    ap_b: Float64
    n_above: int
    n_below: int
    n_equal: int
    difference: float
    low: float
    high: float


def sides(dataset: str) -> tuple[Side, ...]:
    """Everything that can rank a data set."""
    runs = tuple(Side(m, n) for m in catalog.methods(dataset) for n in catalog.lengths(dataset, m))
    return ((Side(),) if float_ranking.available(dataset) else ()) + runs


def place(
    side: Side, order: Int64, distances: npt.NDArray[Any], n_database: int, relevant: Bool | None
) -> Ranked:
    """Work out which ranks each row can take.

    Args:
        side: what ranks.
        order: int64 (n_ranked,), database rows, nearest first.
        distances: (n_ranked,), in that order.
        n_database: database rows, ranked or not.
        relevant: bool (n_ranked,), in that order, or None.
    """
    begins = np.flatnonzero(np.r_[True, distances[1:] != distances[:-1]])
    lengths = np.diff(np.r_[begins, len(order)])
    first, last = np.zeros(n_database, dtype=np.int64), np.zeros(n_database, dtype=np.int64)
    first[order] = np.repeat(begins + 1, lengths)
    last[order] = np.repeat(begins + lengths, lengths)
    return Ranked(side, order, distances, first, last, relevant)


def rank_by(
    side: Side, distances: npt.NDArray[Any], *, left_out: int | None, relevant: Bool | None
) -> Ranked:
    """Rank the database by distances (n_database,) to it; `relevant` is bool (n_database,) or None."""
    order = ties.nearest_first(distances)
    if left_out is not None:
        order = order[order != left_out]
    told = None if relevant is None else relevant[order]
    return place(side, order, distances[order], len(distances), told)


def change(a: Ranked, b: Ranked, n: int) -> Change:
    """Compare the first n of B with the first n of A.

    Ranks within a tie are no ranks: an image has moved only if the ranks it can take in A and in B do not
    overlap. It is new or lost if every order of ties puts it among the first n of one side and none among
    those of the other.
    """
    shown = b.order[:n]
    marks = tuple(_mark(a, b, int(row), n) for row in shown)
    lost = tuple(int(row) for row in a.order[:n] if a.last[row] <= n < b.first[row])
    return Change(marks, lost)


def _mark(a: Ranked, b: Ranked, row: int, n: int) -> Mark:
    first_a, last_a, first_b, last_b = (int(v[row]) for v in (a.first, a.last, b.first, b.last))
    if first_b <= last_a and first_a <= last_b:
        return Mark("same" if (first_a, last_a) == (first_b, last_b) and first_a == last_a else "tied")
    if last_b <= n < first_a:
        return Mark("new")
    steps = round((first_a + last_a - first_b - last_b) / 2)
    return Mark("up" if steps > 0 else "down", abs(steps))


def scores(ranked: Ranked, n: int) -> Scores | None:
    """AP over the whole ranking and precision among the first n; None for an upload."""
    if ranked.relevant is None:
        return None
    histogram = histogram_of_distances(ranked.distances[None], ranked.relevant[None])
    expected, pessimistic, optimistic = (
        float(average_precision(histogram, tie_rule=rule)[0])
        for rule in ("expected", "pessimistic", "optimistic")
    )
    return Scores(expected, pessimistic, optimistic, float(precision_at_k(histogram, [n])[0, 0]))


def per_query_ap(dataset: str, side: Side) -> Float64:
    """Expected AP of every query, float64 (n_query,)."""
    if side.method is None:
        return float_ranking.per_query_ap(dataset)
    return catalog.open_run(dataset, side.method, side.n_bits).per_query["ap_expected"]


@lru_cache(maxsize=128)
def duel(dataset: str, a: Side, b: Side, seed: int = 0) -> Duel:
    """Which of two sides answers the queries better, and how far that depends on the queries drawn."""
    ap_a, ap_b = per_query_ap(dataset, a), per_query_ap(dataset, b)
    gain = ap_b - ap_a
    low, high = _interval(gain, seed)
    equal = np.isclose(gain, 0, atol=1e-6)  # stored as float32
    return Duel(
        ap_a,
        ap_b,
        int((gain[~equal] > 0).sum()),
        int((gain[~equal] < 0).sum()),
        int(equal.sum()),
        float(gain.mean()),
        low,
        high,
    )


def _interval(gain: Float64, seed: int) -> tuple[float, float]:
    """Percentile interval of the mean: queries drawn with replacement, both sides of a query together."""
    random = np.random.default_rng(seed)
    drawn = random.integers(0, len(gain), size=(N_RESAMPLES, len(gain)))
    low, high = np.quantile(gain[drawn].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
