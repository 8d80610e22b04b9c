"""All metrics of one set of queries against one database, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.codes.cutoff import check_k, check_ks
from models.metrics.at_k import precision_at_k, precision_recall_curve, radius_lookup, recall_at_k
from models.metrics.average_precision import (
    average_precision,
    check_conventions,
    mean_over_row_order,
)
from models.metrics.graded import acg_at_k, ndcg_at_k, weighted_average_precision
from models.metrics.histogram import RankingHistogram, check_pair, rank
from models.types import BinaryCodes, Bool, Codes, Float64, Int64, NormalizeBy, Queries

DEFAULT_KS = (1, 5, 10, 50, 100, 500, 1000)
# Tie groups, or pairs where groups are not bounded by the code length, held at once.
_CELLS_AT_ONCE = 2**19
_PAIRS_AT_ONCE = 2**20


@dataclass(frozen=True)
class Evaluation:
    """Scores of a set of queries. Means are over all queries; one without a relevant item scores 0.

    Attributes:
        n_query: number of queries.
        n_database: number of ranked items.
        n_bits: stored bits per item.
        k: last rank that counts for AP and WAP; None is the whole ranking.
        normalize_by: divisor of AP and WAP.
        n_without_relevant: queries that no item of the database is relevant to.
        ap_expected: float64 (n_query,), like the next three; see `models.metrics.average_precision`.
        ap_optimistic: the best order of ties.
        ap_pessimistic: the worst.
        ap_row_order: ties as stored.
        precision_at_k: mean by rank.
        recall_at_k: mean by rank.
        pr_recall: float64 (101,), recall of the curve's points.
        pr_precision: float64 (101,), mean precision there.
        pn_k: int64 (n_points,), ranks spaced evenly in the logarithm from 1 to the whole database.
        pn_precision: float64 (n_points,), mean precision in the top pn_k.
        radius: radius of the lookup in bits.
        radius_precision: mean, empty balls scoring 0; None for codebook codes, which have no such radius.
        radius_recall: mean; None for codebook codes.
        radius_empty: number of queries with an empty ball; None for codebook codes.
        ndcg_at_k: mean by rank; None unless some image has several labels, like the next two.
        acg_at_k: mean by rank.
        wap: mean.
    """

    n_query: int
    n_database: int
    n_bits: int
    k: int | None
    normalize_by: NormalizeBy
    n_without_relevant: int
    ap_expected: Float64
    ap_optimistic: Float64
    ap_pessimistic: Float64
    ap_row_order: Float64
    precision_at_k: dict[int, float]
    recall_at_k: dict[int, float]
    pr_recall: Float64
    pr_precision: Float64
    pn_k: Int64
    pn_precision: Float64
    radius: int
    radius_precision: float | None = None
    radius_recall: float | None = None
    radius_empty: int | None = None
    ndcg_at_k: dict[int, float] | None = None
    acg_at_k: dict[int, float] | None = None
    wap: float | None = None

    @property
    def map(self) -> dict[str, float]:
        """Mean average precision by tie rule."""
        return {
            "expected": float(self.ap_expected.mean()),
            "optimistic": float(self.ap_optimistic.mean()),
            "pessimistic": float(self.ap_pessimistic.mean()),
            "row_order": float(self.ap_row_order.mean()),
        }

    def to_json(self) -> dict[str, Any]:
        """The object that `evaluate --json` prints; plain numbers, ranks and radii as text keys."""
        out: dict[str, Any] = {
            "n_query": self.n_query,
            "n_database": self.n_database,
            "n_bits": self.n_bits,
            "k": self.k,
            "normalize_by": self.normalize_by,
            "queries_without_relevant": self.n_without_relevant,
            "map": self.map,
            "precision_at_k": _text_keys(self.precision_at_k),
            "recall_at_k": _text_keys(self.recall_at_k),
            "radius": {},
        }
        if self.radius_precision is not None:
            out["radius"][str(self.radius)] = {
                "precision": self.radius_precision,
                "recall": self.radius_recall,
                "empty_queries": self.radius_empty,
            }
        if self.ndcg_at_k is not None and self.acg_at_k is not None:
            out["ndcg_at_k"] = _text_keys(self.ndcg_at_k)
            out["acg_at_k"] = _text_keys(self.acg_at_k)
            out["wap"] = self.wap
        return out


def evaluate(
    queries: Queries,
    database: Codes,
    query_labels: Bool,
    database_labels: Bool,
    *,
    k: int | None = None,
    normalize_by: NormalizeBy = "relevant",
    ks: Sequence[int] | None = None,
    radius: int = 2,
) -> Evaluation:
    """Score a ranking by every metric, in chunks of queries: memory does not grow with their number.

    Args:
        queries: binary codes, or float32 (n_query, embedding_size) for codebook codes.
        database: codes of the same kind.
        query_labels: bool (n_query, n_classes).
        database_labels: bool (n_database, n_classes).
        k: last rank that counts for AP and WAP; None is the whole ranking.
        normalize_by: divisor of AP and WAP.
        ks: ranks for the metrics at k. None takes those of `DEFAULT_KS` that the database has.
        radius: Hamming radius of the lookup.

    Raises:
        DataError: see `distance_histogram`; a rank below 1 or above the database.
        ConfigError: an unknown divisor.
    """
    check_conventions("expected", normalize_by)
    check_pair(queries, database, query_labels, database_labels)
    last = check_k(k, len(database))
    ranks = check_ks([x for x in DEFAULT_KS if x <= len(database)] if ks is None else ks, len(database))
    pn_k = np.unique(np.geomspace(1, len(database), 60).round().astype(np.int64))
    graded = bool((query_labels.sum(axis=1) > 1).any() or (database_labels.sum(axis=1) > 1).any())
    is_binary = isinstance(queries, BinaryCodes)
    rows_at_once = _CELLS_AT_ONCE // (database.n_bits + 1) if is_binary else _PAIRS_AT_ONCE // len(database)

    chunks: list[dict[str, Any]] = []
    for start in range(0, len(queries), max(rows_at_once, 1)):
        rows = slice(start, start + max(rows_at_once, 1))
        h, order = rank(queries[rows], database, query_labels[rows], database_labels, graded, last)
        scores = _score(h, k, normalize_by, ranks, pn_k, radius if is_binary else None)
        chunks.append(scores | {"ap_row_order": mean_over_row_order(order, h, last, normalize_by)})

    per_query = {name: np.concatenate([c[name] for c in chunks]) for name in chunks[0] if name != "pr_sum"}
    n_with_relevant = int(per_query["has_relevant"].sum())
    pr_sum = np.sum([c["pr_sum"] for c in chunks], axis=0)
    return Evaluation(
        n_query=len(queries),
        n_database=len(database),
        n_bits=database.n_bits,
        k=k,
        normalize_by=normalize_by,
        n_without_relevant=len(queries) - n_with_relevant,
        ap_expected=per_query["ap_expected"],
        ap_optimistic=per_query["ap_optimistic"],
        ap_pessimistic=per_query["ap_pessimistic"],
        ap_row_order=per_query["ap_row_order"],
        precision_at_k=_means(ranks, per_query["precision_at_k"]),
        recall_at_k=_means(ranks, per_query["recall_at_k"]),
        pr_recall=np.linspace(0.0, 1.0, len(pr_sum)),
        pr_precision=pr_sum / max(n_with_relevant, 1),
        pn_k=pn_k,
        pn_precision=per_query["pn_precision"].mean(axis=0),
        radius=radius,
        radius_precision=float(per_query["radius_precision"].mean()) if is_binary else None,
        radius_recall=float(per_query["radius_recall"].mean()) if is_binary else None,
        radius_empty=int(per_query["radius_empty"].sum()) if is_binary else None,
        ndcg_at_k=_means(ranks, per_query["ndcg_at_k"]) if graded else None,
        acg_at_k=_means(ranks, per_query["acg_at_k"]) if graded else None,
        wap=float(per_query["wap"].mean()) if graded else None,
    )


def _score(
    h: RankingHistogram,
    k: int | None,
    normalize_by: NormalizeBy,
    ranks: list[int],
    pn_k: Int64,
    radius: int | None,
) -> dict[str, npt.NDArray[Any]]:
    """Every metric of one chunk of queries: per query, but for `pr_sum`, which is summed over them."""
    has_relevant = h.relevant_in_database > 0
    scores: dict[str, npt.NDArray[Any]] = {
        "has_relevant": has_relevant,
        "ap_expected": average_precision(h, k, "expected", normalize_by),
        "ap_optimistic": average_precision(h, k, "optimistic", normalize_by),
        "ap_pessimistic": average_precision(h, k, "pessimistic", normalize_by),
        "precision_at_k": precision_at_k(h, ranks),
        "recall_at_k": recall_at_k(h, ranks),
        "pr_sum": precision_recall_curve(h)[1] * int(has_relevant.sum()),
        "pn_precision": precision_at_k(h, pn_k.tolist()),
    }
    if radius is not None:
        lookup = radius_lookup(h, radius)
        scores["radius_precision"], scores["radius_recall"] = lookup.precision, lookup.recall
        scores["radius_empty"] = lookup.is_empty
    if h.affinity_sum is not None:
        scores["ndcg_at_k"], scores["acg_at_k"] = ndcg_at_k(h, ranks), acg_at_k(h, ranks)
        scores["wap"] = weighted_average_precision(h, k, normalize_by)
    return scores


def _means(ranks: list[int], values: Float64) -> dict[int, float]:
    return {k: float(mean) for k, mean in zip(ranks, values.mean(axis=0), strict=True)}


def _text_keys(values: dict[int, float]) -> dict[str, float]:
    return {str(k): value for k, value in values.items()}
