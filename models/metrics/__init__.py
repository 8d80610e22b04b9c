"""Retrieval metrics that know about ties. numba is loaded at the first Hamming histogram, not at import."""

from models.metrics.at_k import (
    RadiusLookup,
    precision_at_k,
    precision_recall_curve,
    radius_lookup,
    recall_at_k,
)
from models.metrics.average_precision import average_precision, row_order_average_precision
from models.metrics.evaluation import DEFAULT_KS, Evaluation, evaluate
from models.metrics.graded import acg_at_k, ndcg_at_k, weighted_average_precision
from models.metrics.histogram import (
    RankingHistogram,
    affinities,
    distance_histogram,
    histogram_of_distances,
)

__all__ = [
    "DEFAULT_KS",
    "Evaluation",
    "RadiusLookup",
    "RankingHistogram",
    "acg_at_k",
    "affinities",
    "average_precision",
    "distance_histogram",
    "evaluate",
    "histogram_of_distances",
    "ndcg_at_k",
    "precision_at_k",
    "precision_recall_curve",
    "radius_lookup",
    "recall_at_k",
    "row_order_average_precision",
    "weighted_average_precision",
]
