r"""AGH: Anchor Graph Hashing, "Hashing with Graphs" (ICML 2011).

Images are joined to their nearest few anchors, and through them to each other: a graph of neighbours without
a matrix of all pairs. Bits are signs of its smoothest eigenvectors, which change little among neighbours.
With two layers each eigenvector gives a second bit, by a threshold on either side of zero.

    M = D^-1/2 Z'Z D^-1/2 = V S V'    W = sqrt(N) D^-1/2 V S^-1/2 -> `graph_eigenvectors`    b = sgn(z(x) W)
    Z -> `AnchorGraph`    D = diag(Z'1) -> `degree`    second bits -> `second_thresholds`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.codes.anchor_graph import AnchorGraph
from models.codes.binarize import binarize
from models.codes.projections import with_fixed_signs
from models.errors import ConfigError
from models.methods.base import Method, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.spec import BitRule, Citation, CodeKind, Family, MethodSpec, Recipe, Supervision

SPEC = MethodSpec(
    name="agh",
    label="AGH",
    title="Anchor Graph Hashing",
    family=Family.CLASSIC,
    supervision=Supervision.NONE,
    code_kind=CodeKind.BINARY,
    citation=Citation("W. Liu, J. Wang, S. Kumar, S.-F. Chang", "Hashing with Graphs", "ICML", 2011),
    loss_kind="spectral: smoothest eigenvectors of a neighbour graph",
    idea=(
        "A few hundred anchors stand for the train images, and every image is described by its nearest few. "
        "Images with common anchors are neighbours in a graph, and bits are signs of the graph's smoothest "
        "eigenvectors, so that neighbours share them. Each eigenvector gives a second bit, which splits its "
        "positive and its negative side once more."
    ),
    good_for="Short codes without labels when classes lie on bent surfaces that no plane separates.",
    objective=(
        r"\min_{Y}\ \operatorname{tr}\big(Y^\top(I-Z\Lambda^{-1}Z^\top)\,Y\big)\ \ \text{s.t.}\ "
        r"Y^\top\mathbf 1=0,\ Y^\top Y=NI,\qquad b=\operatorname{sgn}\big(W^\top z(x)\big),\ Y=ZW"
    ),
    symbols=(
        (r"z(x),\ Z", "weights of an image's nearest anchors, and those of the N train images"),
        (r"\Lambda", "diagonal matrix of the anchors' total weights"),
        (r"Y", "smoothest eigenvectors of the graph, one column for every one or two bits"),
        (r"W", "what maps anchor weights to them"),
    ),
    n_bits=BitRule(highest=512),
    recipe=Recipe(epochs=0),
    differs=(
        "Features are standardised first, so that distances weigh every feature alike.",
        "A vector's sign is arbitrary: its largest component is made positive, which changes no distance.",
        "An odd number of bits leaves out the last second bit.",
        "Bits that the graph has no eigenvector for are always +1.",
    ),
    references=("dengcai78/MatlabFunc: the thresholds of the second layer, eigenvalues near 1 left out",),
    exceptions={
        "training": "closed form: it has no loss",
        "seed": "with no more train images than anchors, k-means has nothing to draw",
    },
)
# Above the first, eigenvectors tell unconnected parts of the graph apart; below the second they are noise.
CONNECTED, NOISE = 1 - 1e-3, 1e-4


@dataclass(frozen=True)
class AGHParams:
    """Hyper-parameters of AGH."""

    n_anchors: int = param(300, "Anchors, found by k-means", source="paper", low=8, high=1000)
    n_nearest: int = param(3, "Anchors that an image is joined to", source="paper: 2 to 5", low=2, high=50)
    n_layers: int = param(2, "Bits of each eigenvector, 1 or 2", source="paper", low=1, high=2)


def graph_eigenvectors(z: Tensor, n_vectors: int) -> tuple[Tensor, Tensor]:
    """Map from anchor weights to the smoothest eigenvectors of the graph, without those of eigenvalue 1.

    Args:
        z: float (n, n_anchors), rows sum to 1.
        n_vectors: how many are wanted; what the graph does not have is 0.

    Returns:
        W, float (n_anchors, n_vectors), with (z W)' (z W) = n I and column sums of z W that are 0; and all
        eigenvalues, float (n_anchors,), falling from 1.
    """
    degree = z.sum(dim=0)
    scale = torch.where(degree > 0, degree.clamp(min=1e-9).rsqrt(), 0.0)[:, None]  # an anchor without images
    values, vectors = (part.flip(-1) for part in torch.linalg.eigh(scale * (z.T @ z) * scale.T))
    taken = ((values > NOISE) & (values <= CONNECTED)).nonzero()[:n_vectors, 0]
    found = len(z) ** 0.5 * scale * vectors[:, taken] * values[taken].rsqrt()
    return nn.functional.pad(found, (0, n_vectors - len(taken))), values


def second_thresholds(z: Tensor, y: Tensor) -> Tensor:
    """Thresholds of the second bits, on the positive and on the negative side of each eigenvector.

    Second bits should be even, and equal for neighbours. So their values before the sign sum to 0, and of all
    thresholds with that property these give the smoothest values: T+ + T- = e minimises a quadratic.

    Args:
        z: float (n, n_anchors), rows sum to 1.
        y: float (n, n_vectors), columns sum to 0.

    Returns:
        T+ and T-, float (2, n_vectors).
    """
    positive = (y > 0).to(y)
    n, n_plus, degree = len(y), positive.sum(dim=0), z.sum(dim=0).clamp(min=1e-9)[:, None]
    anchors = z.T @ positive
    above = (y * positive).sum(dim=0)
    linear = above - (anchors * (z.T @ y.abs()) / degree).sum(dim=0)
    quadratic = n_plus - (anchors.square() / degree).sum(dim=0)
    # 0 where no image on one side is joined to one on the other: then any sum is as smooth.
    e = torch.where(quadratic > 1e-9 * n, linear / quadratic, 0.0)
    return torch.stack([2 * above + (n - n_plus) * e, n_plus * e - 2 * above]) / n


def second_values(y: Tensor, thresholds: Tensor) -> Tensor:
    """Second bits before the sign: y - T+ on the positive side, T- - y on the other; float (n, n_vectors)."""
    return torch.where(y > 0, y - thresholds[0], thresholds[1] - y)


class AGH(Method):
    """Signs of the smoothest eigenvectors of an anchor graph, with one or two bits each."""

    spec = SPEC
    Params = AGHParams
    params: AGHParams
    head: AnchorGraph
    vectors: Tensor
    thresholds: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; the graph is made in `before_fit`.

        Raises:
            ConfigError: too few anchors for so many bits.
        """
        super().__init__(n_bits, n_features, n_classes, params)
        n_anchors, n_layers = self.params.n_anchors, self.params.n_layers
        n_vectors = -(-n_bits // n_layers)
        if n_vectors >= n_anchors:
            most = (n_anchors - 1) * n_layers
            raise ConfigError(
                f"{n_anchors} anchors give AGH at most {most} bits, and {n_bits} were asked for. "
                f"Allowed here: 1 to {most} bits, or more anchors."
            )
        self.register_buffer("vectors", torch.zeros(n_anchors, n_vectors))
        self.register_buffer("thresholds", torch.zeros(2, n_vectors))

    @classmethod
    def picture(cls) -> Picture:
        """Eigenvectors and their two bits along a bent line of 120 points, with 40 anchors."""
        place = torch.linspace(0, 1, 120, dtype=torch.float64)
        line = torch.stack([torch.cos(5 * place), torch.sin(5 * place)], dim=1)
        z = AnchorGraph(40, 3, 2).fit(line, torch.Generator().manual_seed(0))
        vectors, _ = graph_eigenvectors(z, 6)
        y, frames = z @ vectors, []
        second = second_values(y, second_thresholds(z, y))
        for k in range(6):
            curves = (
                ("eigenvector", y[:, k]),
                ("first bit", binarize(y[:, k])),
                ("second bit", binarize(second[:, k])),
            )
            frames.append(Frame(str(k + 1), tuple(series(name, place, values) for name, values in curves)))
        caption = (
            "Along a bent line the eigenvectors are waves, smooth from neighbour to neighbour. The first bit "
            "changes where a wave crosses zero, the second where it crosses a threshold on either side."
        )
        title, x = "Bits along a bent line of points", "place along the line"
        return Picture(title, caption, x, "eigenvector, bit", tuple(frames), "eigenvector", 1)

    def build_head(self) -> nn.Module:
        """The graph's anchors."""
        return AnchorGraph(self.params.n_anchors, self.params.n_nearest, self.n_features)

    def forward(self, features: Tensor) -> Tensor:
        """First bits of all eigenvectors, then their second bits, before the sign; float (n, n_bits)."""
        weights, nearest = self.head(features)
        y = (weights[..., None] * self.vectors.to(features)[nearest]).sum(dim=1)
        return torch.cat([y, second_values(y, self.thresholds.to(y))], dim=1)[:, : self.n_bits]

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Anchors, graph, eigenvectors and thresholds of the train split."""
        z = self.head.fit(train.features, train.generator)
        vectors = with_fixed_signs(graph_eigenvectors(z, self.vectors.shape[1])[0])
        self.vectors[: len(vectors)] = vectors
        self.thresholds.copy_(second_thresholds(z, z @ vectors))
