"""Kernel features: how close an image is to each of a few hundred train images, its anchors.

A linear map of kernel features is a smooth curved function of the image; kernel-based methods put one such
map behind every bit. Source: methods/4-new-directions-and-classic.md, sections F8 and F9.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn


def squared_distances(features: Tensor, others: Tensor) -> Tensor:
    """Squared Euclidean distances, float (n, m), of rows (n, d) and (m, d); never negative."""
    squares = features.square().sum(dim=1, keepdim=True) + others.square().sum(dim=1)
    return (squares - 2 * features @ others.T).clamp(min=0)


def draw_rows(n: int, n_drawn: int, generator: torch.Generator) -> Tensor:
    """Different rows out of n at random, int64 (min(n, n_drawn),)."""
    return torch.randperm(n, generator=generator)[:n_drawn]


def in_eight_bits(rows: Tensor) -> Tensor:
    """Rows as whole multiples, -127 to 127, of a power of two each: stored checkpoints keep those exactly.

    Doing it before a fit means that the fit is for the anchors that will be read back.
    """
    largest = rows.abs().amax(dim=-1, keepdim=True).double().clamp(min=2.0**-100)
    unit = torch.exp2(torch.ceil(torch.log2(largest / 127)))
    return (torch.round(rows.double() / unit) * unit).to(rows)


class AnchorKernel(nn.Module):
    """Centred Gaussian kernel features exp(-d^2 / (2 width^2)) of the distances d to the anchors.

    Args:
        n_anchors: how many. With fewer train images than that, each is an anchor and the other columns are 0.
        n_features: width of the input.
    """

    anchors: Tensor
    width: Tensor
    centre: Tensor
    n_used: Tensor

    def __init__(self, n_anchors: int, n_features: int) -> None:
        super().__init__()
        self.register_buffer("anchors", torch.zeros(n_anchors, n_features))
        self.register_buffer("width", torch.ones(()))
        self.register_buffer("centre", torch.zeros(n_anchors))
        self.register_buffer("n_used", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def fit(
        self,
        features: Tensor,
        generator: torch.Generator,
        *,
        width: Literal["mean", "root mean square"],
        factor: float = 1.0,
    ) -> None:
        """Draw anchors from the train images, set the width, and centre every anchor's column.

        Args:
            features: float (n, n_features), of the train images.
            generator: for the draw.
            width: which mean of the distances between images and anchors.
            factor: on that mean.
        """
        rows = draw_rows(len(features), len(self.anchors), generator)
        self.n_used.fill_(len(rows))
        self.anchors.zero_()
        self.anchors[: len(rows)] = in_eight_bits(features[rows.to(features.device)])
        squares = squared_distances(features.double(), self._used(torch.float64))
        mean = squares.sqrt().mean() if width == "mean" else squares.mean().sqrt()
        # Half precision is what a checkpoint keeps.
        self.width.copy_((factor * mean).clamp(1e-3, 6e4).half())
        self.centre.zero_()
        self.centre[: len(rows)] = self._kernel(features.double()).mean(dim=0).half()

    def forward(self, features: Tensor) -> Tensor:
        """Kernel features, float (n, n_anchors), of features, float (n, n_features)."""
        used = self._kernel(features) - self.centre[: int(self.n_used)].to(features)
        return nn.functional.pad(used, (0, len(self.anchors) - used.shape[1]))

    def _kernel(self, features: Tensor) -> Tensor:
        squares = squared_distances(features, self._used(features.dtype))
        return torch.exp(-squares / (2 * self.width.to(features).square()))

    def _used(self, dtype: torch.dtype) -> Tensor:
        return self.anchors[: int(self.n_used)].to(dtype)
