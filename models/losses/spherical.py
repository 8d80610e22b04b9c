"""Outputs on the unit sphere, and the centres of classes there (DSQ, SPDAQ).

Source: methods/3-quantization.md, section 6.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

SMALLEST_LENGTH = 1e-6


def on_sphere(u: Tensor) -> Tensor:
    """Directions of the rows of u, float (n, dim), with length 1; 0 stays 0."""
    return F.normalize(u, dim=1, eps=SMALLEST_LENGTH)


def squared_distance(a: Tensor, b: Tensor, counted: Tensor | None = None) -> Tensor:
    """Mean of |a - b|^2 over rows.

    Args:
        a, b: float (n, dim).
        counted: bool (n,), rows that count; None: all.

    Returns:
        Scalar; 0, connected to the graph, when no row counts.
    """
    distances = (a - b).square().sum(dim=1)
    weights = torch.ones_like(distances) if counted is None else counted.to(distances.dtype)
    return (distances * weights).sum() / weights.sum().clamp(min=1)


def label_shares(labels: Tensor) -> Tensor:
    """Share of each class in an image's labels, float (n, n_classes); 0 throughout for images without one.

    Args:
        labels: bool (n, n_classes).
    """
    return labels / labels.sum(dim=1, keepdim=True).clamp(min=1)


def class_means(z: Tensor, shares: Tensor) -> Tensor:
    """Centre of each class, float (n_classes, dim): the mean of its images; 0 for a class without images.

    Args:
        z: float (n, dim).
        shares: float (n, n_classes), weight of each image in each class.
    """
    return shares.T @ z / shares.sum(dim=0).clamp(min=1e-6)[:, None]
