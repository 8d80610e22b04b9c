"""Average precision of rankings with ties.

The papers differ in three conventions that move the number, so each has a name here:

- ties: `expected` (mean over all orders inside the ties; the reported one), `optimistic`, `pessimistic` (the
  best and the worst value that any order could give), `row_order` (one order: database rows as stored, which
  is what most published code measures, and which rewards a database stored class by class);
- divisor: `relevant` (all relevant items), `min_k_relevant` (at most k of them can be found), `retrieved`
  (those found in the top k, as in the deep-hashing literature; with ties at the cut their number is random,
  so the ratio itself is averaged, or its largest or smallest value taken). For a whole ranking the three are
  equal;
- a query without a relevant item scores 0 and stays in the mean; `evaluate` counts such queries.
"""

from __future__ import annotations

from typing import get_args

import numpy as np

from models.codes.cutoff import check_k
from models.errors import ConfigError
from models.metrics.histogram import RankingHistogram, RowOrder, check_pair, rank
from models.metrics.ties import TieGroups, harmonic, precision_sum, sum_over_found, tie_groups
from models.types import Bool, Codes, Float64, Int64, NormalizeBy, Queries, TieRule


def average_precision(
    h: RankingHistogram,
    k: int | None = None,
    tie_rule: TieRule = "expected",
    normalize_by: NormalizeBy = "relevant",
) -> Float64:
    """Average precision of every query, float64 (n_query,) in [0, 1].

    Args:
        h: tie groups of each query.
        k: last rank that counts; None is the whole ranking.
        tie_rule: `expected`, `optimistic` or `pessimistic`; for `row_order` see
            `row_order_average_precision`.
        normalize_by: the divisor.

    Raises:
        DataError: k below 1 or above the database.
        ConfigError: an unknown rule or divisor.

    Source: McSherry and Najork, "Computing Information Retrieval Performance Measures Efficiently in the
    Presence of Tied Scores", ECIR 2008.
    """
    check_conventions(tie_rule, normalize_by)
    if tie_rule == "row_order":
        raise ConfigError(
            "A histogram does not know the order of rows. Use row_order_average_precision, "
            "or tie_rule expected, optimistic or pessimistic."
        )
    last = check_k(k, h.n_database)
    return mean_over_relevant(tie_groups(h, last), h, last, tie_rule, normalize_by)


def mean_over_relevant(
    groups: TieGroups, h: RankingHistogram, k: int, tie_rule: TieRule, normalize_by: NormalizeBy
) -> Float64:
    """Sum over the relevant ranks up to k, divided as `normalize_by` says; float64 (n_query,)."""
    table = harmonic(h.n_database)
    if normalize_by == "retrieved":
        return sum_over_found(groups, table, tie_rule)
    total = precision_sum(groups, table, tie_rule).sum(axis=1)
    return _divide(total, divisor(h.relevant_in_database, k, normalize_by))


def row_order_average_precision(
    queries: Queries,
    database: Codes,
    query_labels: Bool,
    database_labels: Bool,
    k: int | None = None,
    normalize_by: NormalizeBy = "relevant",
) -> Float64:
    """Average precision when ties keep the order of database rows, float64 (n_query,).

    Depends on how the database happens to be stored: shown to be compared with published numbers, never
    reported.

    Args:
        queries: as in `distance_histogram`, like the next three.
        database: see there.
        query_labels: see there.
        database_labels: see there.
        k: last rank that counts; None is the whole ranking.
        normalize_by: the divisor.

    Raises:
        DataError: as `distance_histogram`, and k below 1 or above the database.
        ConfigError: an unknown divisor.
    """
    check_conventions("row_order", normalize_by)
    check_pair(queries, database, query_labels, database_labels)
    last = check_k(k, len(database))
    h, order = rank(queries, database, query_labels, database_labels, False, last)
    return mean_over_row_order(order, h, last, normalize_by)


def mean_over_row_order(order: RowOrder, h: RankingHistogram, k: int, normalize_by: NormalizeBy) -> Float64:
    """Sum over the relevant ranks up to k of one order, divided as `normalize_by` says; (n_query,)."""
    by = order.n_found if normalize_by == "retrieved" else divisor(h.relevant_in_database, k, normalize_by)
    return _divide(order.precision_sum, by)


def divisor(relevant: Int64, k: int, normalize_by: NormalizeBy) -> Int64:
    """Divisor of each query that does not depend on the order: `relevant` or `min_k_relevant`."""
    return np.minimum(relevant, k) if normalize_by == "min_k_relevant" else relevant


def check_conventions(tie_rule: TieRule, normalize_by: NormalizeBy) -> None:
    """Raise ConfigError, naming the choices, for an unknown tie rule or divisor."""
    for name, given, known in (
        ("tie_rule", tie_rule, get_args(TieRule)),
        ("normalize_by", normalize_by, get_args(NormalizeBy)),
    ):
        if given not in known:
            raise ConfigError(f"{name} is one of {', '.join(known)}; got {given!r}.")


def _divide(total: Float64, by: Int64) -> Float64:
    return np.divide(total, by, out=np.zeros(total.shape), where=by > 0)
