r"""SH: Spectral Hashing (NIPS 2008).

Good bits are even, unrelated, and equal for near images. If the features filled a box evenly, the best bits
would be known: cosine waves along its sides, the longest waves first. So a box is laid around the principal
components of the features, and its waves are taken.

    b_k = sgn(cos(omega_k (v_j - a_j)))    v = W'(x - mean)    omega = m pi / (c_j - a_j) -> `frequencies`
    W -> `principal_directions`    the smallest omega over j and m = 1, 2, ... -> `smoothest_waves`
    range [a_j, c_j] of v_j over the train images -> `low`, `high`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.codes.binarize import binarize
from models.codes.projections import principal_directions, with_fixed_signs
from models.methods.base import Method, TrainSet, param
from models.methods.picture import Frame, Picture, grid
from models.methods.protocols import IMAGENET_100
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision, quote

SPEC = MethodSpec(
    name="sh",
    label="SH",
    title="Spectral Hashing",
    family=Family.CLASSIC,
    supervision=Supervision.NONE,
    code_kind=CodeKind.BINARY,
    citation=Citation("Y. Weiss, A. Torralba, R. Fergus", "Spectral Hashing", "NIPS", 2008),
    loss_kind="similarity-weighted distance of codes, solved for evenly spread features",
    idea=(
        "Near images should get near codes, while every bit splits the images evenly and no bit repeats "
        "another. For features that fill a box evenly the answer is known: cosine waves along its sides, "
        "the longest first. The box is laid around the principal components, so a wide direction gets "
        "several bits, of finer and finer waves."
    ),
    good_for="The classic of learned codes: it shows why the directions of most variance deserve more bits.",
    objective=(
        r"\min_{B}\ \sum_{i,j}S_{ij}\,\lVert b_i-b_j\rVert^2\ \ \text{s.t.}\ B^\top\mathbf 1=0,\ "
        r"\tfrac1NB^\top B=I;\qquad b_k=\operatorname{sgn}\cos\big(\omega_k(v_{j_k}-a_{j_k})\big),\ "
        r"\omega=\frac{m\pi}{c_j-a_j}"
    ),
    symbols=(
        (r"B,\ b_i", "binary codes of the N train images, code of image i"),
        (r"S_{ij}", "similarity of images i and j, falling with the distance of their features"),
        (r"v_j,\ [a_j,c_j]", "principal component j of an image, and its range over the train images"),
        (r"\omega_k,\ j_k", "frequency and component of bit k: the K smallest over all m and j"),
        (r"m", "number of half-waves within the range: 1, 2, 3, …"),
    ),
    recipe=Recipe(epochs=0),
    differs=(
        "Features are standardised first, so the principal components are those of the correlations.",
        "A direction's sign is arbitrary: its largest component is made positive, which changes no distance.",
        "Codes may be longer than the features are wide: further bits are finer waves.",
    ),
    published=quote(
        {64: 0.350},
        IMAGENET_100,
        backbone="AlexNet features",
        source="FIRe toolbox, a re-implementation",
        verified=False,
    ),
    exceptions={"training": "closed form: it has no loss", "seed": "closed form: nothing is drawn"},
)


@dataclass(frozen=True)
class SHParams:
    """Hyper-parameters of SH."""

    outliers: float = param(
        0.0,
        "Percentage of train images left outside the range at either end",
        source="paper: none; 1 is less sensitive to outliers",
        low=0.0,
        high=20.0,
    )


def smoothest_waves(widths: Tensor, n_waves: int) -> tuple[Tensor, Tensor]:
    """The waves of lowest frequency that fit into a box, lowest first.

    Args:
        widths: float (n_dims,), sides of the box; a side of length 0 holds no wave of finite frequency.
        n_waves: at least 1.

    Returns:
        Dimension of each wave, int64 (n_waves,), and its frequency, float (n_waves,). Equal frequencies are
        in the order of their dimensions. In a box without extent, all frequencies are 0.
    """
    half_waves = torch.arange(1, n_waves + 1, dtype=widths.dtype, device=widths.device)
    frequencies = math.pi * half_waves / widths[:, None]
    lowest, order = frequencies.flatten().sort(stable=True)
    lowest, order = lowest[:n_waves], order[:n_waves]
    return order // n_waves, torch.where(lowest.isfinite(), lowest, 0.0)


class SH(Method):
    """Cosine waves along principal components."""

    spec = SPEC
    Params = SHParams
    params: SHParams
    head: nn.Linear
    frequencies: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; the waves are found in `before_fit`, `frequencies` among them."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.register_buffer("frequencies", torch.empty(0), persistent=False)

    @classmethod
    def picture(cls) -> Picture:
        """The first eight bits of a box with one side 2.5 times as long as the other, cell by cell."""
        cells = (torch.arange(1, 50, 2) / 20.0, torch.arange(1, 20, 2) / 20.0)  # centres; sides 2.5 and 1
        dims, frequencies = smoothest_waves(torch.tensor([2.5, 1.0]), 8)
        frames = []
        for bit, (dim, frequency) in enumerate(zip(dims.tolist(), frequencies, strict=True), start=1):
            values = binarize(torch.cos(frequency * cells[dim]))
            box = values.expand(10, 25) if dim == 0 else values[:, None].expand(10, 25)
            frames.append(Frame(str(bit), grid=grid(box)))
        caption = (
            "Each bit cuts the box into stripes of +1 and -1. The long side is cut first and more often: "
            "it gets six of the eight bits, each with one stripe more than the one before."
        )
        title, x, y = "Bits in a box of features", "first component", "second component"
        return Picture(title, caption, x, y, tuple(frames), "bit", 1, kind="grid")

    def build_head(self) -> nn.Module:
        """Phase of each wave at an image: one linear map."""
        return nn.Linear(self.n_features, self.n_bits).requires_grad_(False)

    def forward(self, features: Tensor) -> Tensor:
        """Height of each wave, float (n, n_bits)."""
        return torch.cos(self.head(features))

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Principal components of the train split, the box around them, and its longest waves."""
        mean = train.features.mean(dim=0).double()
        centred = train.features.double() - mean
        n_dims = min(self.n_bits, self.n_features)
        directions = with_fixed_signs(principal_directions(centred, n_dims))
        ordered = (centred @ directions).sort(dim=0).values
        left_out = int(self.params.outliers / 100 * (len(ordered) - 1))
        low, high = ordered[left_out], ordered[len(ordered) - 1 - left_out]
        dims, self.frequencies = smoothest_waves(high - low, self.n_bits)
        weight = self.frequencies[:, None] * directions.T[dims]
        self.head.weight.copy_(weight)
        self.head.bias.copy_(-weight @ mean - self.frequencies * low[dims])
