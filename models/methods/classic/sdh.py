r"""SDH: supervised discrete hashing, the shallow one (CVPR 2015).

The codes of the train images are free bits from which a linear classifier should read the labels. They are
found one bit at a time, never relaxed. Kernel features are then fitted to those codes, so that new images get
codes as well, and the three steps take turns.

    min |Y - B W|^2 + lambda |W|^2 + nu |B - F P|^2    Y -> `y`, (n, n_classes)    B -> `codes`, (n, n_bits)
    F -> `kernel`, (n, n_anchors + 1)    W -> `w`    P -> `p`    lambda, nu -> `params.decay`, `params.follow`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.codes.anchors import AnchorKernel
from models.losses.discrete import bitwise_descent, random_codes
from models.methods.base import Method, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.methods.protocols import CIFAR_A, NUS_21, SURVEY_TABLE
from models.spec import Citation, CodeKind, Family, MethodSpec, Protocol, Recipe, Supervision, quote

_CODE = "TreezzZ/SDH_PyTorch, a re-implementation"
_CIFAR = Protocol("CIFAR-10", "5,000 train images; mAP over the whole ranking")
_FEATURES = "not stated there, probably hand-made features"

SPEC = MethodSpec(
    name="sdh",
    label="SDH",
    title="Supervised Discrete Hashing",
    family=Family.CLASSIC,
    supervision=Supervision.LABELS,
    code_kind=CodeKind.BINARY,
    citation=Citation("F. Shen, C. Shen, W. Liu, H. T. Shen", "Supervised Discrete Hashing", "CVPR", 2015),
    loss_kind="linear regression from bits to labels",
    idea=(
        "Codes are good if a linear classifier can read the labels from them. The codes of the train images "
        "are found for that purpose bit by bit, with no detour through real numbers. New images get codes "
        "from a regression on how close they lie to the anchors, a sample of the train images."
    ),
    good_for="Labels, good features and a few seconds on one processor.",
    objective=(
        r"\min_{B,W,P}\ \lVert Y-W^\top B\rVert_F^2+\lambda\lVert W\rVert_F^2"
        r"+\nu\lVert B-P^\top\phi(X)\rVert_F^2\quad\text{s.t.}\ B\in\{-1,+1\}^{K\times n}"
    ),
    symbols=(
        (r"Y", "labels of the train images, one column each, 1 or 0 for every class"),
        (r"B", "codes of the train images, one column each, free variables"),
        (r"W", "linear classifier from codes to labels"),
        (r"\phi(X)", "closeness of every image to every anchor, by a Gaussian"),
        (r"P", "linear map from closeness to codes"),
        (r"\lambda,\ \nu", "weights: size of the classifier, distance of codes and map"),
        (r"K,\ n", "bits, train images"),
    ),
    recipe=Recipe(epochs=0),
    multi_label_note="Labels enter as a row of zeros and ones, so any number of them per image will do.",
    differs=(
        "Three sweeps over the bits in each round; a re-implementation makes one (unverified for the paper).",
        "The Gaussian's width is the root mean square distance of images and anchors instead of a number set "
        "for each kind of features.",
        "300 anchors instead of 1,000, so that a stored model stays small, and one constant feature more.",
    ),
    published=(
        *quote(
            {12: 0.285, 24: 0.329, 32: 0.341, 48: 0.356}, CIFAR_A, backbone=_FEATURES, source=SURVEY_TABLE
        ),
        *quote({12: 0.568, 24: 0.600, 32: 0.608, 48: 0.638}, NUS_21, backbone=_FEATURES, source=SURVEY_TABLE),
        *quote(
            {12: 0.4966, 24: 0.5209, 32: 0.5373, 48: 0.5411},
            _CIFAR,
            backbone="AlexNet features",
            source=_CODE,
        ),
    ),
    references=(f"{_CODE}: numbers of anchors and rounds, and the two weights",),
    exceptions={"training": "solved in rounds before the first epoch"},
)


@dataclass(frozen=True)
class SDHParams:
    """Hyper-parameters of SDH."""

    n_anchors: int = param(300, "How many anchors", source="ours, the paper's 1,000", low=10, high=2000)
    decay: float = param(1.0, "Weight of the squared classifier (lambda)", source=_CODE, low=1e-6, high=1e3)
    follow: float = param(
        1e-5,
        "Weight of the distance between codes and what kernel features can follow (nu)",
        source=_CODE,
        low=0.0,
        high=10.0,
    )
    rounds: int = param(5, "How often classifier, map and codes are improved", source=_CODE, low=1, high=50)
    n_sweeps: int = param(3, "How often a round visits every bit", source="ours", low=1, high=20)


def classifier(codes: Tensor, y: Tensor, decay: float) -> Tensor:
    """The best W for given codes, float64 (n_bits, n_classes); codes (n, n_bits), y (n, n_classes)."""
    b = codes.double()
    w: Tensor = torch.linalg.solve(b.T @ b + decay * torch.eye(b.shape[1]).to(b), b.T @ y.double())
    return w


def ridge_map(kernel: Tensor) -> Tensor:
    """What turns codes into the best P: (F'F + e I)^-1 F', float64 (n_anchors, n).

    e, a millionth of the mean of F'F's diagonal, is for the arithmetic alone.

    Args:
        kernel: float64 (n, n_anchors), F.
    """
    gram = kernel.T @ kernel
    tiny = max(1e-6 * float(gram.diagonal().mean()), 1e-12)
    solved: Tensor = torch.linalg.solve(gram + tiny * torch.eye(len(gram)).to(gram), kernel.T)
    return solved


def improve_codes(
    codes: Tensor, y: Tensor, w: Tensor, followed: Tensor, follow: float, n_sweeps: int
) -> Tensor:
    """Sweeps over the bits for given W and F P, float64 (n, n_bits); never raises the objective.

    Args:
        codes: float64 (n, n_bits), B.
        y: float64 (n, n_classes), Y.
        w: float64 (n_bits, n_classes), W.
        followed: float64 (n, n_bits), F P.
        follow: nu.
        n_sweeps: how often all bits are visited.
    """
    return bitwise_descent(codes, y @ w.T + follow * followed, w @ w.T, n_sweeps=n_sweeps)


def objective(codes: Tensor, y: Tensor, w: Tensor, followed: Tensor, params: SDHParams) -> Tensor:
    """The objective, a sum over all images; arguments as above."""
    fit = (y - codes @ w).square().sum() + params.decay * w.square().sum()
    return fit + params.follow * (codes - followed).square().sum()


class SDH(Method):
    """Supervised discrete hashing; `codes`, float64 (n_train, n_bits), are the free bits of the last fit."""

    spec = SPEC
    Params = SDHParams
    params: SDHParams
    head: nn.Sequential
    codes: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; anchors and map are found in `before_fit`."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.register_buffer("codes", torch.empty(0), persistent=False)

    def build_head(self) -> nn.Module:
        """Kernel features and a linear map; its constant stands for the kernel's means."""
        kernel = AnchorKernel(self.params.n_anchors, self.n_features)
        return nn.Sequential(kernel, nn.Linear(self.params.n_anchors, self.n_bits)).requires_grad_(False)

    @classmethod
    def picture(cls) -> Picture:
        """How many codes the images of a class end with, round after round, on 80 made-up images."""
        generator, classes = torch.Generator().manual_seed(0), torch.arange(80) % 4
        start, y = random_codes(80, 16, generator).double(), torch.eye(4).double()[classes]
        nothing, frames = torch.zeros_like(start), []
        for n_sweeps in (1, 2, 3, 5):
            codes, counts = start, list[float]()
            for _ in range(6):
                counts.append(sum(len(torch.unique(codes[classes == c], dim=0)) for c in range(4)) / 4)
                codes = improve_codes(codes, y, classifier(codes, y, 1.0), nothing, 0.0, n_sweeps)
            frames.append(Frame(str(n_sweeps), (series("codes per class", range(6), counts),)))
        caption = (
            "At first all 20 images of a class differ. Bits that serve the classifier alone gather a class "
            "at a few codes, if a round visits every bit several times; a single sweep leaves more."
        )
        title, y_axis = "Different codes among the images of a class", "codes per class, mean"
        return Picture(title, caption, "rounds", y_axis, tuple(frames), "sweeps per round", 2)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Anchors, then rounds of classifier, map and codes, and the map to the last codes."""
        kernel_of, linear = self.head[0], self.head[1]
        assert isinstance(kernel_of, AnchorKernel) and isinstance(linear, nn.Linear)
        kernel_of.fit(train.features, train.generator, width="root mean square")
        centred = kernel_of(train.features.double())
        kernel = torch.cat([centred, torch.ones_like(centred[:, :1])], dim=1)
        y, solve = train.labels.double(), ridge_map(kernel)
        codes = random_codes(len(y), self.n_bits, train.generator).to(y)
        for _ in range(self.params.rounds):
            w, followed = classifier(codes, y, self.params.decay), kernel @ (solve @ codes)
            codes = improve_codes(codes, y, w, followed, self.params.follow, self.params.n_sweeps)
        p = solve @ codes
        self.codes = codes
        linear.weight.copy_(p[:-1].T)
        linear.bias.copy_(p[-1])
