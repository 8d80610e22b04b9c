"""Anchor graphs: images joined to the nearest of a few hundred anchors, which k-means finds.

Source: methods/4-new-directions-and-classic.md, section F7.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn


def k_means(features: Tensor, n_centres: int, generator: torch.Generator) -> Tensor:
    """Centres of clusters, double (n, n_features), n <= n_centres; with few different rows, these.

    Args:
        features: float (n_rows, n_features).
        n_centres: at least 1.
        generator: for the first centres; CPU.
    """
    from sklearn.cluster import KMeans

    x = features.double().cpu().numpy()
    centres = np.unique(x, axis=0)
    if len(centres) > n_centres:
        seed = int(torch.randint(2**31, (1,), generator=generator))
        centres = KMeans(n_centres, n_init=1, max_iter=20, random_state=seed).fit(x).cluster_centers_
    return torch.from_numpy(centres).to(features.device)


class AnchorGraph(nn.Module):
    """Weights exp(-d^2 / width^2) of an image's nearest anchors, at distances d, scaled to sum 1.

    Args:
        n_anchors: how many; fewer are used where there are fewer different train images.
        n_nearest: anchors that an image is joined to.
        n_features: width of the input.
    """

    anchors: Tensor
    width: Tensor
    n_used: Tensor

    def __init__(self, n_anchors: int, n_nearest: int, n_features: int) -> None:
        super().__init__()
        self.n_nearest = n_nearest
        self.register_buffer("anchors", torch.zeros(n_anchors, n_features))
        self.register_buffer("width", torch.ones(()))
        self.register_buffer("n_used", torch.ones((), dtype=torch.int64))

    @torch.no_grad()
    def fit(self, features: Tensor, generator: torch.Generator) -> Tensor:
        """Find anchors and width, the mean distance of train images to the last anchor they are joined to.

        Returns:
            Z, weights of the anchors in use for the train images, double (n, n_used); rows sum to 1.
        """
        centres = k_means(features, len(self.anchors), generator)
        self.n_used.fill_(len(centres))
        self.anchors[: len(centres)] = centres
        # Half precision is what a stored model keeps; the clamp keeps it finite and above 0.
        self.width.copy_(self._nearest(features)[0][:, -1].mean().clamp(1e-3, 6e4).half())
        weights, nearest = self(features.double())
        z: Tensor = weights.new_zeros(len(features), len(centres)).scatter_(1, nearest, weights)
        return z

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Weights of the nearest anchors, float (n, n_nearest), and the numbers of these, int64."""
        distances, nearest = self._nearest(features)
        return torch.softmax(-(distances / self.width.to(distances)).square(), dim=1), nearest

    def _nearest(self, features: Tensor) -> tuple[Tensor, Tensor]:
        used = self.anchors[: int(self.n_used)].to(features)
        # Pair by pair: a product of matrices would round differently in batches of other sizes.
        distances = torch.cdist(features, used, compute_mode="donot_use_mm_for_euclid_dist")
        found = distances.topk(min(self.n_nearest, len(used)), largest=False)
        return found.values, found.indices
