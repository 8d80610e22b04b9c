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


def hinge_sums(distances: Tensor, negative: Tensor, reach: Tensor) -> Tensor:
    """Sum over each query's negatives n of max(0, reach - distance of n), float (n, m).

    Negatives are sorted once per query; those within reach are then a prefix, whose sum is looked up. That is
    far less work than one number per triplet, and the same value.

    Args:
        distances: float (n, n).
        negative: bool (n, n), row q marks the images that may be the negative.
        reach: float (n, m), any number of thresholds per query; normally a margin plus the positives'
            distances.
    """
    ordered = torch.where(negative, distances, torch.inf).sort(dim=1).values
    n_within = torch.searchsorted(ordered.detach(), reach.detach().contiguous())
    sums = torch.where(ordered.isfinite(), ordered, 0.0).cumsum(dim=1)
    sums = torch.cat([torch.zeros_like(sums[:, :1]), sums], dim=1)
    return n_within * reach - sums.gather(1, n_within)


def triplet_hinge(distances: Tensor, positive: Tensor, negative: Tensor, margin: float) -> Tensor:
    """Mean over triplets of max(0, margin + d_qp - d_qn), scalar; 0, with a graph, without a triplet.

    Args:
        distances: float (n, n).
        positive, negative: bool (n, n), as in `triplet_gaps`.
        margin: by how much the negative shall be farther away.
    """
    sums = hinge_sums(distances, negative, margin + distances)
    n_triplets = (positive.sum(dim=1) * negative.sum(dim=1)).sum()
    return torch.where(positive, sums, 0.0).sum() / n_triplets.clamp(min=1)
