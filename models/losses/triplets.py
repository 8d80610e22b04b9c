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
