"""Expected, best and worst sums over a ranking whose ties may be ordered in any way.

Average precision and weighted average precision are both sums of credit(t) / t over the relevant ranks t,
where credit(t) adds up 1 per relevant item among the first t, or its affinity. The expectation over all
orders inside the ties has a closed form per tie group (McSherry and Najork, ECIR 2008); a cut at rank k keeps
the first items of the group that it crosses.

Symbols: a group holds n items, of which r relevant with credits adding up to c; N, R and C are the sums of n,
r and c over all nearer groups; m of its items stand within the cut; H is the harmonic number (`table`). Then

    expected sum of the group = [(r C + c - a c (N + 1)) (H[N + m] - H[N]) + a c m] / n,
    a = (r - 1) / (n - 1).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.metrics.histogram import RankingHistogram
from models.types import Float64, Int32, Int64, TieRule


@dataclass(frozen=True)
class TieGroups:
    """Counts of all tie groups, as in the module's text; arrays that broadcast to (n_query, n_levels).

    Attributes:
        n: items in the group.
        r: relevant items in the group.
        c: credit of the group's relevant items.
        n_before: items in nearer groups.
        r_before: relevant items in nearer groups.
        c_before: credit of nearer groups.
        m: items of the group within the cut.
    """

    n: Int64
    r: Int64
    c: Float64
    n_before: Int64
    r_before: Int64
    c_before: Float64
    m: Int64

    def of(self, query: int, level: int) -> TieGroups:
        """One group, as arrays of one element."""
        return TieGroups(*(getattr(self, f.name)[query, level : level + 1] for f in fields(self)))


def tie_groups(h: RankingHistogram, k: int, credit: Float64 | None = None) -> TieGroups:
    """Groups of every query, cut at rank k; `credit` (n_query, n_levels) defaults to 1 per relevant item."""
    n, r = h.n_total.astype(np.int64), h.n_relevant.astype(np.int64)
    c = r.astype(np.float64) if credit is None else credit
    n_before = n.cumsum(axis=1) - n
    return TieGroups(
        n=n,
        r=r,
        c=c,
        n_before=n_before,
        r_before=r.cumsum(axis=1) - r,
        c_before=c.cumsum(axis=1) - c,
        m=items_within(n, n_before, k),
    )


def items_within(n: Int64, n_before: Int64, k: int) -> Int64:
    """How many items of each group stand at ranks 1 to k."""
    return np.clip(k - n_before, 0, n)


def amount_at(amount: npt.NDArray[Any], n: Int32, ranks: Int64) -> Float64:
    """Amounts of groups added up along the ranking, met at an even pace inside a tie.

    Args:
        amount: (n_query, n_levels), what each group adds.
        n: (n_query, n_levels), items in the group.
        ranks: (n_query, n_points), each at least 1 and at most n_database.

    Returns:
        float64 (n_query, n_points), expected sum over the items at ranks 1 to `ranks`.
    """
    n_up_to = n.cumsum(axis=1, dtype=np.int64)
    group = groups_reaching(n_up_to, ranks)
    missing = np.take_along_axis(n_up_to, group, 1) - ranks
    share = np.take_along_axis(amount, group, 1) / np.take_along_axis(n, group, 1)
    return np.asarray(np.take_along_axis(amount.cumsum(axis=1), group, 1) - missing * share)


def groups_reaching(up_to: Int64, wanted: Float64 | Int64) -> Int64:
    """First group at which a running count reaches a wanted one, int64 of the shape of `wanted`.

    Args:
        up_to: (n_query, n_levels), whole numbers, ascending along the row.
        wanted: (n_query, n_points), above 0 and at most the row's last count.
    """
    n_query, n_levels = up_to.shape
    # Rows one behind the other make a single sorted list, searched at once. Half a millionth makes good for
    # the rounding of wanted counts that are whole.
    row_begins = np.arange(n_query)[:, None] * (int(up_to.max(initial=0)) + 1)
    found = np.searchsorted((up_to + row_begins).reshape(-1), (wanted + row_begins).reshape(-1) - 5e-7)
    return np.asarray(found.reshape(wanted.shape) - np.arange(n_query)[:, None] * n_levels)


def harmonic(n: int) -> Float64:
    """H[0], ..., H[n], with H[t] = 1 + 1/2 + ... + 1/t."""
    return np.asarray(np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1, n + 1)))))


def expected_sum(g: TieGroups, table: Float64) -> Float64:
    """Mean over all orders inside each group, of g's shape; 0 where the group is empty."""
    a = np.divide(g.r - 1, g.n - 1, out=np.zeros(g.n.shape), where=g.n > 1)
    steps = table[g.n_before + g.m] - table[g.n_before]
    total = (g.r * g.c_before + g.c - a * g.c * (g.n_before + 1)) * steps + a * g.c * g.m
    return np.asarray(np.divide(total, g.n, out=np.zeros(g.n.shape), where=g.n > 0))


def best_sum(g: TieGroups, table: Float64, within: Int64) -> Float64:
    """Credit 1 per relevant item, the `within` relevant items inside the cut placed first in their group."""
    return np.asarray(within + (g.r_before - g.n_before) * (table[g.n_before + within] - table[g.n_before]))


def worst_sum(g: TieGroups, table: Float64, within: Int64) -> Float64:
    """Credit 1 per relevant item, the `within` relevant items inside the cut placed last in it."""
    start = g.n_before + g.m - within
    return np.asarray(within + (g.r_before - start) * (table[start + within] - table[start]))


def precision_sum(g: TieGroups, table: Float64, tie_rule: TieRule) -> Float64:
    """The group's sum under a rule, of g's shape.

    Best: as many relevant items as fit within the cut, first. Worst: as few as possible, last.
    """
    if tie_rule == "expected":
        return expected_sum(g, table)
    if tie_rule == "optimistic":
        return best_sum(g, table, np.minimum(g.r, g.m))
    return worst_sum(g, table, np.maximum(0, g.m - (g.n - g.r)))


def sum_over_found(g: TieGroups, table: Float64, tie_rule: TieRule) -> Float64:
    """Sum within the cut over the number of relevant items within it, 0 when none is found; (n_query,)."""
    whole = (g.m == g.n) & (g.n > 0)
    sums = np.where(whole, precision_sum(g, table, tie_rule), 0.0).sum(axis=1)
    found = np.where(whole, g.r, 0).sum(axis=1)
    scores = np.divide(sums, found, out=np.zeros(sums.shape), where=found > 0)
    log_factorial = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, int(g.n.max(initial=0)) + 1)))))
    for query, level in np.argwhere((g.m > 0) & (g.m < g.n)):
        at_cut = g.of(query, level)
        scores[query] = _cut_ratio(at_cut, sums[query], found[query], table, log_factorial, tie_rule)
    return np.asarray(scores)


def _cut_ratio(
    g: TieGroups,
    sum_before: float,
    found_before: int,
    table: Float64,
    log_factorial: Float64,
    tie_rule: TieRule,
) -> float:
    """One query's ratio when the cut goes through its group g (arrays of one element).

    Both parts of the ratio depend on how many relevant items of the group fall inside, so it is taken for
    every possible number x of them: weighted by its probability (hypergeometric), or the largest or smallest.
    """
    n, r, m = int(g.n[0]), int(g.r[0]), int(g.m[0])
    x = np.arange(max(0, m - (n - r)), min(r, m) + 1)
    if tie_rule == "optimistic":
        parts = best_sum(g, table, x)
    elif tie_rule == "pessimistic":
        parts = worst_sum(g, table, x)
    else:
        # Given x, the m places hold x relevant and m - x other items in random order: a whole group of its
        # own.
        m_each = np.full(x.shape, m)
        inside = replace(g, n=m_each, r=x, c=g.c * x / max(r, 1), m=m_each)
        parts = expected_sum(inside, table)
    found = found_before + x
    ratios = np.divide(sum_before + parts, found, out=np.zeros(x.shape), where=found > 0)
    if tie_rule == "optimistic":
        return float(ratios.max())
    if tie_rule == "pessimistic":
        return float(ratios.min())
    # The factors of the probability that depend on x, of C(r, x) C(n - r, m - x) / C(n, m).
    log_weight = -(
        log_factorial[x] + log_factorial[r - x] + log_factorial[m - x] + log_factorial[n - r - m + x]
    )
    weight = np.exp(log_weight - log_weight.max())
    return float((weight @ ratios) / weight.sum())
