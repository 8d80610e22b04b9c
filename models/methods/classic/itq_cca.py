r"""ITQ-CCA: Iterative Quantization after canonical correlation analysis (CVPR 2011), the supervised ITQ.

Directions of the features are sought that correlate best with the labels, and each is weighted by how well it
does. A rotation then spreads these few directions over all bits and brings the points near the corners of the
cube. Rotation and bits are improved in turn, as in ITQ.

    X'Y (Y'Y + rho_y I)^-1 Y'X w = lambda^2 (X'X + rho_x I) w    w, lambda -> `canonical_directions`
    min ||B - V R||^2 over R orthogonal, B in {-1, +1}    V = sqrt(N) X w lambda    R -> `rotation`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.codes.projections import itq_rotation
from models.methods.base import Method, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision

SPEC = MethodSpec(
    name="itq_cca",
    label="ITQ-CCA",
    title="Iterative Quantization with Canonical Correlation Analysis",
    family=Family.CLASSIC,
    supervision=Supervision.LABELS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "Y. Gong, S. Lazebnik",
        "Iterative Quantization: A Procrustean Approach to Learning Binary Codes",
        "CVPR",
        2011,
    ),
    loss_kind="quantization error of rotated label directions",
    idea=(
        "It looks for the directions of the features that correlate best with the labels, and weights each "
        "by its correlation. There are at most as many as classes, so a rotation spreads them over all bits "
        "and brings the points near the corners of a cube. Rotation and bits are improved in turn."
    ),
    good_for="When you have labels and one second: a supervised code without a single gradient step.",
    objective=(
        r"X^\top Y(Y^\top Y+\rho_yI)^{-1}Y^\top X\,w_k=\lambda_k^2\,(X^\top X+\rho_xI)\,w_k,\qquad "
        r"\min_{B,\,R}\ \lVert B-VR\rVert_F^2\ \ \text{s.t.}\ B\in\{-1,+1\}^{N\times K},\ R^\top R=I,\ "
        r"V_{\cdot k}=\sqrt N\,\lambda_k\,Xw_k"
    ),
    symbols=(
        (r"X,\ Y", "features and labels of the N train images, both centred"),
        (r"w_k,\ \lambda_k", "direction of the features, and its correlation with the labels"),
        (r"\rho_x,\ \rho_y", "ridges, ρ times the mean diagonal entry of the matrix that they are added to"),
        (r"V", "features in these directions, with zeros for bits beyond their number"),
        (r"R,\ B", "rotation, and binary codes of K bits, the sign of V R"),
    ),
    multi_label_note="Every class is one column of the label matrix, so any number of labels is read.",
    recipe=Recipe(epochs=0),
    differs=(
        "The ridge is 1 instead of 0.0001, which overfits when features are not few against images.",
        "C classes give at most C - 1 directions; bits beyond that share them through the rotation and are "
        "not filled with other directions.",
        "Directions are scaled to variance one before they are weighted, which changes no bit.",
    ),
    references=("scikit-learn: CCA, which has no ridge; with a ridge near 0 ours finds its correlations",),
    exceptions={"training": "closed form: it has no loss"},
)
# Beside the first correlation, those below this share are rounding noise.
NOISE = 1e-6


@dataclass(frozen=True)
class ITQCCAParams:
    """Hyper-parameters of ITQ-CCA."""

    ridge: float = param(
        1.0, "Ridge ρ: higher trusts the train images less", source="ours", low=1e-6, high=1e3, log=True
    )
    n_iterations: int = param(
        50, "How often bits and rotation are improved in turn", source="paper", low=1, high=500
    )


def canonical_directions(x: Tensor, y: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    """Directions of x that correlate best with y, by ridge-regularised canonical correlation analysis.

    With both covariances whitened by their Cholesky factors, the directions are singular vectors, and the
    correlations the singular values. No square root of rounding noise is taken.

    Args:
        x: float (n, n_features), columns of mean zero.
        y: float (n, n_classes), columns of mean zero.
        ridge: rho; each covariance gets rho times its mean diagonal entry added to the diagonal.

    Returns:
        w, float (n_features, k), k the smaller width, with w' (x'x + rho_x I) w = I; and the correlations,
        float (k,), in [0, 1], falling.
    """
    factor_x, factor_y = _factor(x, ridge), _factor(y, ridge)
    whitened = torch.linalg.solve_triangular(factor_x, x.T @ y, upper=False)
    whitened = torch.linalg.solve_triangular(factor_y, whitened.T, upper=False).T
    left, correlations, _ = torch.linalg.svd(whitened, full_matrices=False)
    return torch.linalg.solve_triangular(factor_x.T, left, upper=True), correlations


def _factor(x: Tensor, ridge: float) -> Tensor:
    """Cholesky factor of x'x + rho_x I; of I where x is zero."""
    gram = x.T @ x
    mean = gram.diagonal().mean()
    ridges = torch.where(mean > 0, ridge * mean, 1.0).expand(len(gram))
    factor: Tensor = torch.linalg.cholesky(gram + torch.diag(ridges))
    return factor


def between_share(projected: Tensor, labels: Tensor) -> Tensor:
    """Share of each column's variance that lies between classes; float (n_columns,), 0 without variance.

    Args:
        projected: float (n, n_columns).
        labels: float (n, n_classes), one-hot; every class has an image.
    """
    centred = projected - projected.mean(dim=0)
    counts = labels.sum(dim=0)
    between = ((labels.T @ centred).square() / counts[:, None]).sum(dim=0)
    total = centred.square().sum(dim=0)
    return torch.where(total > 0, between / total, 0.0)


class ITQCCA(Method):
    """Rotated canonical directions; `objective` holds the objective after each half-step of the last fit."""

    spec = SPEC
    Params = ITQCCAParams
    params: ITQCCAParams
    head: nn.Linear
    objective: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; the projection is found in `before_fit`."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.register_buffer("objective", torch.empty(0), persistent=False)

    @classmethod
    def picture(cls) -> Picture:
        """What the directions of 60 images in five classes are worth to 500 new ones, by ridge."""
        generator = torch.Generator().manual_seed(0)
        labels = torch.eye(5, dtype=torch.float64)[torch.arange(560) % 5]
        noise = torch.randn(560, 40, generator=generator, dtype=torch.float64)
        x = labels @ torch.randn(5, 40, generator=generator, dtype=torch.float64) + noise
        x, y, order, frames = x - x[:60].mean(dim=0), labels - 0.2, range(1, 5), []
        for ridge in (0.0001, 0.01, 0.1, 1.0, 10.0, 100.0):
            v = x @ canonical_directions(x[:60], y[:60], ridge)[0][:, :4]
            shares = (between_share(v[:60], labels[:60]), between_share(v[60:], labels[60:]))
            names = ("train images", "new images")
            frames.append(
                Frame(f"{ridge:g}", tuple(series(n, order, s) for n, s in zip(names, shares, strict=True)))
            )
        caption = (
            "With a small ridge the directions separate the classes of the train images almost perfectly, "
            "and those of new images worse. A larger ridge brings the two together."
        )
        title, y_name = "How well directions separate classes", "share of variance between classes"
        return Picture(title, caption, "direction", y_name, tuple(frames), "ridge ρ", 3, kind="bars")

    def build_head(self) -> nn.Module:
        """Centring, canonical directions, weights and rotation, as one linear map."""
        return nn.Linear(self.n_features, self.n_bits).requires_grad_(False)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Canonical directions of the train split, then the rotation."""
        mean, y = train.features.mean(dim=0), train.labels.double()
        centred = (train.features - mean).double()
        directions, correlations = canonical_directions(centred, y - y.mean(dim=0), self.params.ridge)
        weights = correlations * (correlations > NOISE * correlations[0]) * len(centred) ** 0.5
        directions = (directions * weights)[:, : self.n_bits]
        directions = nn.functional.pad(directions, (0, self.n_bits - directions.shape[1]))
        start = torch.randn(self.n_bits, self.n_bits, generator=train.generator, dtype=torch.float64)
        rotation, self.objective = itq_rotation(
            centred @ directions, torch.linalg.qr(start).Q.to(centred.device), self.params.n_iterations
        )
        self.head.weight.copy_((directions @ rotation).T)
        self.head.bias.copy_(-self.head.weight @ mean)
