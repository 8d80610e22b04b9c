"""Triplets of a batch: a query, a positive that shares a label with it, and a negative that shares none."""

from __future__ import annotations

import torch
from torch import Tensor


def triplet_gaps(nearness: Tensor, positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """How much nearer the positive is than the negative, for every triplet of a batch.

    One line per (query, positive), not the whole cube: a query has far fewer positives than others.

    Args:
        nearness: float (n, n); larger is nearer (minus a distance, or half an inner product).
        positive: bool (n, n), row q marks the images that may be the positive; never q itself.
        negative: bool (n, n), row q marks the images that may be the negative.

    Returns:
        Gaps, float (n_lines, n); mask of the columns that are negatives, bool (n_lines, n); the query of each
        line, int64 (n_lines,). Queries without a negative have no line.
    """
    q, p = (positive & negative.any(dim=1)[:, None]).nonzero(as_tuple=True)
    return nearness[q, p][:, None] - nearness[q], negative[q], q


def triplet_mean(losses: Tensor, mask: Tensor) -> Tensor:
    """Mean over triplets of losses, float (n_lines, n), where `mask`; 0, with a graph, without a triplet."""
    return torch.where(mask, losses, 0.0).sum() / mask.sum().clamp(min=1)


def graded_gaps(nearness: Tensor, relevance: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """How much nearer an image is than a less relevant one, for every such pair of every query's list.

    Args:
        nearness: float (n, n); larger is nearer.
        relevance: (n, n), row q grades the images for query q, 0 for none; the diagonal is not read.

    Returns:
        Gaps, float (n_lines, n); mask of the columns that are less relevant than the line's image, bool
        (n_lines, n); query and image of each line, int64 (n_lines,).
    """
    others = ~torch.eye(len(nearness), dtype=torch.bool, device=nearness.device)
    q, i = ((relevance > 0) & others).nonzero(as_tuple=True)
    mask = (relevance[q] < relevance[q, i][:, None]) & others[q]
    return nearness[q, i][:, None] - nearness[q], mask, q, i


def query_mean(losses: Tensor, mask: Tensor, q: Tensor, n: int) -> Tensor:
    """Mean over each query's triplets, then over the queries that have one; 0, with a graph, without any.

    Args:
        losses: float (n_lines, n).
        mask: bool (n_lines, n), the triplets.
        q: int64 (n_lines,), query of each line.
        n: number of images.
    """
    per_line = torch.where(mask, losses, 0.0).sum(dim=1)
    n_triplets = torch.zeros(n, dtype=torch.int64, device=q.device).index_add(0, q, mask.sum(dim=1))
    n_queries = (n_triplets > 0).sum().clamp(min=1)
    return (per_line / n_triplets[q].clamp(min=1)).sum() / n_queries
