r"""ITQ: Iterative Quantization (CVPR 2011).

The features are reduced to as many directions as there are bits, those of the largest variance. Then a
rotation is sought that brings the points near the corners of the cube, where rounding to bits costs least.
Rotation and bits are improved in turn, each the best answer to the other.

    min ||B - V R||^2 over R orthogonal, B in {-1, +1}    V = X W -> `projected`    W -> `directions`
    B = sgn(V R);  B'V = U S U2' gives R = U2 U' -> `rotation`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.codes.binarize import binarize
from models.codes.projections import itq_rotation, principal_directions
from models.errors import ConfigError
from models.methods.base import Method, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.methods.protocols import CIFAR_A, NUS_21, SURVEY_TABLE
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision, quote

SPEC = MethodSpec(
    name="itq",
    label="ITQ",
    title="Iterative Quantization",
    family=Family.CLASSIC,
    supervision=Supervision.NONE,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "Y. Gong, S. Lazebnik",
        "Iterative Quantization: A Procrustean Approach to Learning Binary Codes",
        "CVPR",
        2011,
    ),
    loss_kind="quantization error of rotated features",
    idea=(
        "The features are reduced to as many directions as the code has bits, those in which images "
        "differ most. A rotation then brings the points near the corners of a cube, where rounding to +1 "
        "and -1 costs least. Rotation and bits are improved in turn, fifty times."
    ),
    good_for="The best you can do in a second without a single label, from any features.",
    objective=(
        r"\min_{B,\,R}\ \lVert B-VR\rVert_F^2\quad\text{s.t.}\ B\in\{-1,+1\}^{N\times K},\ R^\top R=I,"
        r"\qquad V=(X-\bar X)\,W"
    ),
    symbols=(
        (r"X,\ \bar X", "features of the train images, and their mean"),
        (r"W", "the K directions of the largest variance (principal components)"),
        (r"V", "features reduced to those directions"),
        (r"R", "rotation"),
        (r"B", "binary codes, the sign of V R"),
        (r"N,\ K", "train images, bits"),
    ),
    recipe=Recipe(epochs=0),
    differs=(
        "Features are standardised first, so the principal components are those of the correlations.",
        "Directions in which the train images do not vary are set to zero instead of to noise.",
    ),
    published=(
        *quote(
            {12: 0.127, 24: 0.128, 32: 0.126, 48: 0.129},
            CIFAR_A,
            backbone="not stated there, probably hand-made features",
            source=SURVEY_TABLE,
        ),
        *quote(
            {12: 0.454, 24: 0.406, 32: 0.405, 48: 0.400},
            NUS_21,
            backbone="not stated there",
            source=SURVEY_TABLE,
        ),
    ),
    references=(
        "FAISS: ITQMatrix, which leaves about 8 % more error after as many rounds, so it is not used",
    ),
    exceptions={"training": "closed form: it has no loss"},
)


@dataclass(frozen=True)
class ITQParams:
    """Hyper-parameters of ITQ."""

    n_iterations: int = param(
        50, "How often bits and rotation are improved in turn", source="paper", low=1, high=500
    )


class ITQ(Method):
    """Iterative quantization of principal components.

    `objective` holds the objective after each half-step of the last fit.
    """

    spec = SPEC
    Params = ITQParams
    params: ITQParams
    head: nn.Linear
    objective: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; the projection is found in `before_fit`.

        Raises:
            ConfigError: more bits than features.
        """
        if n_bits > n_features:
            raise ConfigError(
                f"ITQ finds at most one bit per feature: {n_bits} bits were asked for and the features have "
                f"{n_features} numbers. Allowed here: 1 to {n_features} bits."
            )
        super().__init__(n_bits, n_features, n_classes, params)
        self.register_buffer("objective", torch.empty(0), persistent=False)

    @classmethod
    def picture(cls) -> Picture:
        """Quantization error while bits and rotation are improved in turn, on 200 points in 8 clusters."""
        generator, n_steps = torch.Generator().manual_seed(0), 30
        points = torch.randn(8, 40, generator=generator, dtype=torch.float64).repeat(25, 1)
        points = points + torch.randn(200, 40, generator=generator, dtype=torch.float64)
        points = (points - points.mean(dim=0)) / points.std(dim=0)
        directions = torch.linalg.svd(points, full_matrices=False).Vh.T
        frames = []
        for n_bits in (4, 8, 16, 32):
            v = points @ directions[:, :n_bits]
            start = torch.randn(n_bits, n_bits, generator=generator, dtype=torch.float64)
            errors = itq_rotation(v, torch.linalg.qr(start).Q, n_steps)[1][1::2] / v.numel()
            unrotated = (binarize(v) - v).square().mean().repeat(n_steps)
            steps = range(1, n_steps + 1)
            curves = (series("with rotation", steps, errors), series("without", steps, unrotated))
            frames.append(Frame(str(n_bits), curves))
        caption = (
            "The error never rises, and most of the gain comes in the first ten iterations. The other line "
            "is the error of the principal components without a rotation."
        )
        title, y = "Rounding error on a small example", "mean squared error of a bit"
        return Picture(title, caption, "iteration", y, tuple(frames), "code length in bits", 2)

    def build_head(self) -> nn.Module:
        """Centring, principal components and rotation, as one linear map."""
        return nn.Linear(self.n_features, self.n_bits).requires_grad_(False)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Principal components of the train split, then the rotation."""
        mean = train.features.mean(dim=0)
        centred = (train.features - mean).double()
        directions = principal_directions(centred, self.n_bits)
        start = torch.randn(self.n_bits, self.n_bits, generator=train.generator, dtype=torch.float64)
        rotation, objective = itq_rotation(
            centred @ directions, torch.linalg.qr(start).Q.to(centred.device), self.params.n_iterations
        )
        self.objective = objective
        self.head.weight.copy_((directions @ rotation).T)
        self.head.bias.copy_(-self.head.weight @ mean)
