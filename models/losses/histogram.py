"""Soft histograms of Hamming distances, differentiable in the distances (MIHash, TALR).

Source: methods/2-implicit-and-classification.md, section 2.
"""

from __future__ import annotations

import torch
from torch import Tensor


def relaxed_hamming(h: Tensor) -> Tensor:
    """Distances (n_bits - h_i . h_j) / 2, float (n, n); the Hamming distance where h holds bits."""
    return 0.5 * (h.shape[1] - h @ h.T)


def soft_counts(distances: Tensor, weights: Tensor, n_bins: int, highest: float) -> Tensor:
    """How many items lie near each of `n_bins + 1` centres, with the triangular kernel.

    Centres stand at 0, w, 2w, ..., `highest`, where w = highest / n_bins. An item between two centres
    counts for both in proportion to its nearness, so its shares sum to its weight and each row sums to the
    weight of its items. At a centre itself the slope is the right one (at `highest` the left one).

    Args:
        distances: float (n, m), between 0 and `highest`.
        weights: bool (n, m), the items that count; or float (n, m), how much each counts.
        n_bins: number of intervals between centres.
        highest: largest distance, the code length.

    Returns:
        float (n, n_bins + 1).
    """
    position = distances * (n_bins / highest)
    left = position.detach().floor().clamp(0, n_bins - 1).long()
    counted = weights.to(distances.dtype)
    right_share = (position - left) * counted
    counts = torch.zeros(len(distances), n_bins + 1, dtype=distances.dtype, device=distances.device)
    return counts.scatter_add(1, left, counted - right_share).scatter_add(1, left + 1, right_share)
