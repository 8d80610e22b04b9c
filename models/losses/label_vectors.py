"""Vectors for labels whose cosines say how related the labels are, from train images or given ones (DVSQ).

Source: methods/3-quantization.md, section 4.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)


def label_vectors(features: Tensor, labels: Tensor, relation: float, width: int) -> Tensor:
    """One vector of length 1 per label, float (L, width), whose cosines say how alike the labels look.

    Off the diagonal, the cosine is `relation` times that of the labels' mean features, as far as `width`
    dimensions can hold it (exactly for L <= width). A label that no image bears is unrelated to all others.

    Args:
        features: float (n, n_features), standardised.
        labels: bool (n, L).
        relation: between 0 and 1.
        width: length of the vectors.
    """
    shares = labels.double() / labels.sum(dim=0).clamp(min=1)
    alike = F.normalize(shares.T @ features.double(), dim=1)
    n_labels = len(alike)
    gram = (1 - relation) * torch.eye(
        n_labels, dtype=alike.dtype, device=alike.device
    ) + relation * alike @ alike.T
    gram.fill_diagonal_(1.0)
    return _with_cosines(gram, width).to(features.dtype)


def in_width(given: Tensor, width: int) -> Tensor:
    """Given vectors in another width, with the same cosines as far as it can hold them; length 1.

    Exact where `width` is at least the number of vectors, or their own width. Otherwise the cosines' largest
    principal components are kept, and the vectors scaled back to length 1.

    Args:
        given: float (L, any width), no row zero.
        width: length of the new vectors.

    Returns:
        float (L, width).
    """
    directions = F.normalize(given.double(), dim=1)
    return _with_cosines(directions @ directions.T, width).to(given.dtype)


def _with_cosines(gram: Tensor, width: int) -> Tensor:
    variances, directions = torch.linalg.eigh(gram)  # ascending
    kept = (directions * variances.clamp(min=0).sqrt())[:, -width:]
    return F.normalize(F.pad(kept, (0, width - kept.shape[1])), dim=1)
