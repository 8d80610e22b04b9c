r"""KSH: supervised hashing with kernels (CVPR 2012).

Every bit is the sign of a linear map of kernel features, the closeness of an image to a few hundred anchors.
Bits are learned one after the other. Each takes over as much as it can of the pair similarities that the bits
before it could not explain.

    min || K S - sum over k of sgn(F a_k) sgn(F a_k)' ||^2    F -> `kernel`, (n, n_anchors)    a_k -> `a`
    bit k: maximise sgn(F a)' R sgn(F a)    R = K S - (bits so far) (bits so far)' -> `Residue`
    smoothed: phi(F a)' R phi(F a), phi(t) = 2 / (1 + exp(-t)) - 1

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.codes.anchors import AnchorKernel, draw_rows
from models.codes.binarize import binarize
from models.losses.label_sets import Residue
from models.methods.base import Method, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.methods.protocols import CIFAR_A, NUS_21, SURVEY_TABLE
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision, quote

_FEATURES = "not stated there, probably hand-made features"

SPEC = MethodSpec(
    name="ksh",
    label="KSH",
    title="Supervised Hashing with Kernels",
    family=Family.CLASSIC,
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "W. Liu, J. Wang, R. Ji, Y.-G. Jiang, S.-F. Chang", "Supervised Hashing with Kernels", "CVPR", 2012
    ),
    loss_kind="difference of similarity and inner product, bit by bit",
    idea=(
        "An image is described by how close it lies to a few hundred train images, the anchors. The first "
        "bit explains as much of the pair similarities as one bit can. Each further bit explains what the "
        "bits before it left over."
    ),
    good_for="Good features, few labelled pairs and no time to train a network.",
    objective=(
        r"\min_{a_1,\dots,a_K}\ \Big\lVert K\,S-\sum_{k=1}^{K}\operatorname{sgn}(\bar F a_k)"
        r"\operatorname{sgn}(\bar F a_k)^\top\Big\rVert_F^2,\qquad "
        r"F_{ij}=e^{-\lVert x_i-z_j\rVert^2/(2\sigma^2)}"
    ),
    symbols=(
        (r"S", "1 for two images that share a label, -1 for two that do not"),
        (r"F,\ \bar F", "closeness of image i to anchor j, and the same less each anchor's mean"),
        (r"a_k", "weights of the anchors in bit k"),
        (r"x_i,\ z_j", "features of an image and of an anchor"),
        (r"\sigma", "mean distance of an image and an anchor"),
        (r"K", "bits"),
    ),
    recipe=Recipe(epochs=0),
    differs=(
        "Labels of 2,000 train images at most are read; the paper reads 1,000 to 2,000.",
        "Similarities are kept as one row per set of labels instead of one per image; no number changes.",
        "The smoothed objective takes 50 accelerated gradient steps per bit instead of up to 500.",
    ),
    published=(
        *quote(
            {12: 0.303, 24: 0.337, 32: 0.346, 48: 0.356}, CIFAR_A, backbone=_FEATURES, source=SURVEY_TABLE
        ),
        *quote({12: 0.556, 24: 0.572, 32: 0.581, 48: 0.588}, NUS_21, backbone=_FEATURES, source=SURVEY_TABLE),
    ),
    exceptions={"training": "solved bit by bit before the first epoch"},
)


@dataclass(frozen=True)
class KSHParams:
    """Hyper-parameters of KSH."""

    n_anchors: int = param(300, "How many anchors", source="paper", low=10, high=2000)
    n_labelled: int = param(
        2000, "Train images whose labels are read", source="paper, the upper end", low=10, high=20000
    )
    n_steps: int = param(
        50, "Gradient steps per bit; 0 keeps the start", source="ours, the paper's 500", low=0, high=500
    )


def smooth_objective(projected: Tensor, residue: Residue) -> tuple[float, Tensor]:
    """-phi(F a)' R phi(F a) of projected = F a, float64 (n,), and its gradient by `projected`."""
    soft = torch.tanh(projected / 2)  # 2 / (1 + exp(-t)) - 1
    product = residue.times(soft[:, None])[:, 0]
    return -float(soft @ product), -product * (1 - soft.square())


def spectral_start(kernel: Tensor, whitening: Tensor, residue: Residue) -> Tensor:
    """The a of largest a'F'R F a for a'F'F a = n, float64 (n_anchors,): the answer if there were no sign.

    Args:
        kernel: float64 (n, n_anchors), F.
        whitening: float64 (n_anchors, rank), W with W'(F'F + tiny I) W = I.
        residue: R.
    """
    white = kernel @ whitening
    values = white.T @ residue.times(white)
    a = whitening @ torch.linalg.eigh((values + values.T) / 2).eigenvectors[:, -1]
    length = (kernel @ a).norm()
    return a * len(kernel) ** 0.5 / length if length > 1e-6 else torch.zeros_like(a)


def improve(kernel: Tensor, a: Tensor, residue: Residue, n_steps: int) -> Tensor:
    """Lower the smooth objective from `a` on, by accelerated gradient steps; arguments as above.

    A step's size is halved until the objective falls by half the squared gradient times the size.
    """
    size, before, ahead = 1.0, a, a
    for step in range(1, n_steps + 1):
        projected = kernel @ ahead
        value, by_projected = smooth_objective(projected, residue)
        gradient = kernel.T @ by_projected
        change, slope = kernel @ gradient, float(gradient.square().sum())
        while smooth_objective(projected - size * change, residue)[0] > value - size / 2 * slope:
            size /= 2
            if size < 1e-18:  # rounding leaves nothing to gain
                return before
        now = ahead - size * gradient
        ahead, before = now + (step - 1) / (step + 2) * (now - before), now
    return before


class KSH(Method):
    """Supervised hashing with kernels; `residues` holds ||R_k||^2 for k = 0 to n_bits of the last fit."""

    spec = SPEC
    Params = KSHParams
    params: KSHParams
    head: nn.Sequential
    residues: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; anchors and weights are found in `before_fit`."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.register_buffer("residues", torch.empty(0), persistent=False)

    def build_head(self) -> nn.Module:
        """Kernel features, and a linear map without a constant: they are centred."""
        kernel = AnchorKernel(self.params.n_anchors, self.n_features)
        linear = nn.Linear(self.params.n_anchors, self.n_bits, bias=False)
        return nn.Sequential(kernel, linear).requires_grad_(False)

    @classmethod
    def picture(cls) -> Picture:
        """What is left of the similarities of eight overlapping classes, bit after bit."""
        generator, classes = torch.Generator().manual_seed(0), torch.arange(160) % 8
        points = torch.randn(8, 10, generator=generator)[classes] + torch.randn(160, 10, generator=generator)
        labels = classes[:, None] == torch.arange(8)
        frames = []
        for n_steps in (0, 5, 50):
            method = cls(16, 10, 8, KSHParams(n_anchors=20, n_steps=n_steps))
            method.before_fit(TrainSet(points, labels, torch.Generator().manual_seed(1)))
            left = method.residues / method.residues[0]
            frames.append(Frame(str(n_steps), (series("left over", range(17), left),)))
        caption = (
            "Each bit takes over a part of the similarities that earlier bits left. Gradient steps on the "
            "smoothed objective find better bits than the spectral start alone."
        )
        title, y = "Similarities that the bits do not explain yet", "share of the squared sum"
        return Picture(title, caption, "bits learned", y, tuple(frames), "gradient steps per bit", 2)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Anchors, then one bit after the other."""
        kernel_of, linear = self.head[0], self.head[1]
        assert isinstance(kernel_of, AnchorKernel) and isinstance(linear, nn.Linear)
        kernel_of.fit(train.features, train.generator, width="mean")
        rows = draw_rows(len(train.features), self.params.n_labelled, train.generator)
        rows = rows.to(train.features.device)
        kernel = kernel_of(train.features[rows].double())
        values, vectors = torch.linalg.eigh(kernel.T @ kernel)
        kept = values >= 1e-9 * values[-1]  # the others are rounding noise, or anchors that are not used
        whitening = vectors[:, kept] / (values[kept] + 1e-6).sqrt()
        residue, n = Residue(train.labels[rows], self.n_bits), len(rows)
        left = [self.n_bits**2 * float(n) ** 2]
        for bit in range(self.n_bits):
            a = spectral_start(kernel, whitening, residue)
            better = improve(kernel, a, residue, self.params.n_steps)
            a = max((a, better), key=lambda found: residue.explained(binarize(kernel @ found)))
            taken = binarize(kernel @ a)
            left.append(left[-1] - 2 * residue.explained(taken) + float(n) ** 2)
            residue.take(taken)
            linear.weight[bit] = a
        self.residues = torch.tensor(left, dtype=torch.float64)
