"""Pairs inside a batch: which are similar, and how likely the codes make that.

Every mean runs over ordered pairs of two different images. The pair of an image with itself is always
similar, tells nothing and would bias class weights (methods/1-pairwise-and-multiwise.md, section 0.2).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)


def share_label(labels: Tensor) -> Tensor:
    """Whether two images share at least one label, bool (n, n), from labels, bool (n, n_classes)."""
    y = labels.float()
    return y @ y.T > 0.5


def other_pairs(n: int, device: torch.device) -> Tensor:
    """The pairs of two different images, bool (n, n): everything but the diagonal."""
    return ~torch.eye(n, dtype=torch.bool, device=device)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of `values` where `mask`; 0, still connected to the graph, where the mask is empty."""
    return torch.where(mask, values, 0.0).sum() / mask.sum().clamp(min=1)


def half_inner_products(u: Tensor) -> Tensor:
    r"""$\theta_{ij} = u_i^\top u_j / 2$, float (n, n)."""
    return 0.5 * u @ u.T


def pair_likelihood(theta: Tensor, s: Tensor) -> Tensor:
    r"""$-\log p(s \mid \theta) = \log(1 + e^\theta) - s\theta$, element by element.

    Finite, with the right gradient, for any finite theta; clamping theta, as several public codes do, would
    stop the gradient of exactly the pairs that are most wrong.
    """
    return F.binary_cross_entropy_with_logits(theta, s.to(theta.dtype), reduction="none")


def pair_weights(s: Tensor, mask: Tensor) -> Tensor:
    """Weights that let similar and dissimilar pairs count the same in a mean (HashNet, DCH), float (n, m).

    Similar pairs weigh |P| / |P_1|, dissimilar ones |P| / |P_0|. Where one kind is missing, all weigh 1.

    Args:
        s: bool (n, m), similar pairs.
        mask: bool (n, m), the pairs that count.
    """
    n_pairs, n_similar = mask.sum(), (mask & s).sum()
    n_dissimilar = n_pairs - n_similar
    weights = torch.where(s, n_pairs / n_similar.clamp(min=1), n_pairs / n_dissimilar.clamp(min=1))
    return torch.where((n_similar > 0) & (n_dissimilar > 0), weights, 1.0)


def squared_distances(u: Tensor, others: Tensor | None = None) -> Tensor:
    """Squared Euclidean distances of the rows of u to those of `others` (to u's own when None), float (n, m).

    Never negative; of a row to itself 0 up to rounding, which grows with the length of the rows.

    Args:
        u: float (n, n_bits).
        others: float (m, n_bits).
    """
    others = u if others is None else others
    squares, other_squares = u.square().sum(dim=1), others.square().sum(dim=1)
    return (squares[:, None] + other_squares[None, :] - 2 * u @ others.T).clamp(min=0)
