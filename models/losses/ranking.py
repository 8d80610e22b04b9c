"""Quality of a ranking by code distance, made differentiable: average precision and NDCG with ties (TALR).

Images at one distance are tied, and nobody knows their order. The tie as a whole is therefore judged at its
middle rank; images between two bins of a soft histogram belong to both ties in part. The values are exact
where every bin that is not empty holds one image, and near the truth elsewhere.

Source: methods/2-implicit-and-classification.md, section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from models.losses.histogram import soft_counts


def ap_of_counts(similar: Tensor, counts: Tensor) -> Tensor:
    """Average precision of each row, float (n,); 0 where nothing is similar.

    Args:
        similar: float (n, n_levels), similar images at each distance, nearest first.
        counts: float (n, n_levels), all images at each distance.
    """
    # Rank before a tie plus rank after it, plus 1, is twice its middle rank; likewise for the similar ones.
    twice_similar = 2 * similar.cumsum(dim=1) - similar + 1
    twice_rank = 2 * counts.cumsum(dim=1) - counts + 1
    n_similar = similar.detach().sum(dim=1)
    total = (similar * twice_similar / twice_rank).sum(dim=1)
    return torch.where(n_similar > 0, total / n_similar.clamp(min=1e-6), 0.0)


def dcg_of_counts(gains: Tensor, counts: Tensor) -> Tensor:
    """Discounted cumulative gain of each row, float (n,).

    Args:
        gains: float (n, n_levels), gains of the images at each distance, summed; nearest first.
        counts: float (n, n_levels), images at each distance.
    """
    middle_rank = counts.cumsum(dim=1) - 0.5 * counts + 0.5
    return (gains / torch.log2(middle_rank + 1)).sum(dim=1)


def gain(affinity: Tensor) -> Tensor:
    """2^a - 1 for affinities a, the numbers of shared labels."""
    return torch.exp2(affinity) - 1


def ideal_dcg(gains: Tensor) -> Tensor:
    """The highest DCG that any order of each row of gains, float (n, m), can reach: float (n,)."""
    ranks = torch.arange(1, gains.shape[1] + 1, dtype=gains.dtype, device=gains.device)
    return (gains.sort(dim=1, descending=True).values / torch.log2(ranks + 1)).sum(dim=1)


def relaxed_ap(distances: Tensor, similar: Tensor, others: Tensor, n_bins: int, highest: float) -> Tensor:
    """Average precision as each image sees it, float (n,); 0 for an image without a similar one.

    Args:
        distances: float (n, m), between 0 and `highest`.
        similar: bool (n, m).
        others: bool (n, m), the images that are ranked; normally all but the image itself.
        n_bins: intervals of the soft histogram; there is one centre more.
        highest: largest distance, the code length.
    """
    n_similar = soft_counts(distances, similar & others, n_bins, highest)
    n_dissimilar = soft_counts(distances, ~similar & others, n_bins, highest)
    return ap_of_counts(n_similar, n_similar + n_dissimilar)


def relaxed_ndcg(distances: Tensor, affinity: Tensor, others: Tensor, n_bins: int, highest: float) -> Tensor:
    """NDCG as each image sees it, float (n,); 0 for an image that shares no label with another.

    It can pass 1 a little: one similar image halfway between the first two bins scores 1.047.

    Args:
        distances, others, n_bins, highest: as in `relaxed_ap`.
        affinity: float (n, m), number of shared labels. Neither the ranking nor the ideal one that it is
            divided by holds an image outside `others`.
    """
    gains = torch.where(others, gain(affinity.to(distances.dtype)), 0.0)
    counts = soft_counts(distances, others, n_bins, highest)
    dcg = dcg_of_counts(soft_counts(distances, gains, n_bins, highest), counts)
    best = ideal_dcg(gains)
    return torch.where(best > 0, dcg / best.clamp(min=1e-6), 0.0)
