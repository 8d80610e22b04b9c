r"""SH-BDNN: Learning to Hash with Binary Deep Neural Network (ECCV 2016), the supervised one.

Inner products of a network's outputs are fitted to the similarities, and outputs are asked to be near bits,
bits to be independent and even. Bits and weights are improved in turn, the weights with all images at once.

    J = |H H' / K - S|^2 / 2n + l1/2 sum |W|^2 + l2/2n |H - B|^2 + l3/2 |H' H / n - I|^2 + l4/2n |1' H|^2
    H, one row per image -> `h`    B = sgn(H) -> `b`    S -> `s`    l1..l4 -> `params.decay`, `.quantization`,
    `.independence`, `.balance`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.codes.binarize import binarize
from models.losses.balance import independence
from models.losses.pairs import share_label
from models.methods.base import Method, TrainSet, param
from models.methods.picture import Picture, pair_picture
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision

_RECALLED = "recalled from the paper (unverified)"

SPEC = MethodSpec(
    name="sh_bdnn",
    label="SH-BDNN",
    title="Supervised Hashing with Binary Deep Neural Network",
    family=Family.PAIRWISE,
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "T.-T. Do, A.-D. Doan, N.-M. Cheung",
        "Learning to Hash with Binary Deep Neural Network",
        "ECCV",
        2016,
        "1607.05140",
    ),
    loss_kind="difference of similarity and inner product",
    idea=(
        "A network on stored features learns outputs whose inner products are the similarities of images. "
        "Further terms ask for outputs close to bits, bits that do not repeat each other, and bits that are "
        "+1 for half of the images. Bits and weights are improved in turn, with all images at once."
    ),
    good_for="Good features and few images, when you want no learning rate and a loss that only falls.",
    objective=(
        r"\min_{W,B}\ \tfrac1{2n}\big\lVert\tfrac1KH^\top H-\bar S\big\rVert_F^2"
        r"+\tfrac{\lambda_1}2\sum\lVert W\rVert_F^2+\tfrac{\lambda_2}{2n}\lVert H-B\rVert_F^2"
        r"+\tfrac{\lambda_3}2\big\lVert\tfrac1nHH^\top-I\big\rVert_F^2"
        r"+\tfrac{\lambda_4}{2n}\lVert H\mathbf1\rVert^2"
    ),
    symbols=(
        (r"H", "outputs of the last layer, one column of K numbers per train image"),
        (r"B", "their binary codes, the signs of H"),
        (r"\bar S", "1 for two images that share a label, else -1"),
        (r"W", "weights of the network's layers"),
        (r"\lambda_1,\dots,\lambda_4", "weights: decay, closeness to bits, independence, balance"),
        (r"n,\ K", "train images, bits"),
    ),
    recipe=Recipe(epochs=0),
    differs=(
        "The form of the loss and its four weights are recalled, not read (unverified).",
        "Two hidden layers of 256 tanh units and a linear last one, so that stored models stay small; sizes "
        "and units of the paper's network were not read (unverified).",
        "Weights start at random; bits and weights are improved five times in turn, 20 steps of L-BFGS each.",
        "With more than 2,000 train images, all weights are trained by Adam on batches of 128, whose loss "
        "estimates that of all images.",
    ),
    references=("No code of the authors was read; the loss stands as recalled",),
    exceptions={"training": "solved before the first epoch, with all train images at once"},
)
HIDDEN = 256
LARGEST_FULL_BATCH = 2000
ADAM_EPOCHS, ADAM_BATCH, ADAM_LR = 30, 128, 1e-3


@dataclass(frozen=True)
class SHBDNNParams:
    """Hyper-parameters of SH-BDNN."""

    decay: float = param(1e-3, "Weight of the squared weights", source=_RECALLED, low=0.0, high=1.0)
    quantization: float = param(5.0, "Weight of the distance to bits", source=_RECALLED, low=0.0, high=100.0)
    independence: float = param(1.0, "Weight of correlated bits", source=_RECALLED, low=0.0, high=100.0)
    balance: float = param(1e-4, "Weight of uneven bits", source=_RECALLED, low=0.0, high=10.0)
    n_alternations: int = param(5, "Turns of bits and weights", source="ours", low=1, high=50)


def signed_similarity(labels: Tensor) -> Tensor:
    """1 for images that share a label and for an image with itself, else -1; float (n, n)."""
    same = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return torch.where(share_label(labels) | same, 1.0, -1.0)


def similarity_error(h: Tensor, s: Tensor) -> Tensor:
    """|h h' / K - s|^2, without the n x n products of the outputs: they would cost most of the training.

    Args:
        h: float (n, n_bits), outputs.
        s: float (n, n), symmetric, values in {-1, +1}.
    """
    n_bits = h.shape[1]
    return (h.T @ h).square().sum() / n_bits**2 - 2 / n_bits * (h * (s @ h)).sum() + s.square().sum()


def sh_bdnn_loss(h: Tensor, b: Tensor, s: Tensor, params: SHBDNNParams, n_all: int | None = None) -> Tensor:
    """The loss without the decay of weights; b, float (n, n_bits), are the codes, the rest as above.

    In a batch, `n_all` is the number of train images: sums over pairs grow with it, the other terms do not.
    """
    n = len(h)
    pairs = similarity_error(h, s) + params.balance * h.sum(dim=0).square().sum()
    return (
        (n_all or n) / n * pairs / (2 * n)
        + params.quantization / (2 * n) * (h - b).square().sum()
        + params.independence / 2 * independence(h)
    )


class SHBDNN(Method):
    """SH-BDNN; `objective` holds the loss before and after each turn of the last full-batch fit."""

    spec = SPEC
    Params = SHBDNNParams
    params: SHBDNNParams
    objective: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes and build the network."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.register_buffer("objective", torch.empty(0), persistent=False)

    def build_head(self) -> nn.Module:
        """Two hidden layers of tanh units, and a linear last one."""
        return nn.Sequential(
            *(nn.Linear(self.n_features, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, HIDDEN), nn.Tanh()),
            nn.Linear(HIDDEN, self.n_bits),
        )

    @classmethod
    def picture(cls) -> Picture:
        """The similarity term of one pair, for outputs of several sizes."""

        def loss(u: Tensor, s: Tensor, size: float) -> Tensor:
            return similarity_error(size * u, 2.0 * s - 1) / s.numel()

        caption = (
            "Similar codes should be equal, dissimilar ones opposite. Outputs of size 1 meet both targets; "
            "smaller ones cannot reach them, larger ones overshoot, so outputs settle near bits."
        )
        return pair_picture(
            loss, values=(0.5, 0.75, 1.0, 1.25), slider="size of the outputs", caption=caption, start=2
        )

    def before_fit(self, train: TrainSet) -> None:
        """Fit the network: all images at once where their similarities fit into memory, else in batches."""
        if len(train.features) <= LARGEST_FULL_BATCH:
            self._fit_at_once(train)
        else:
            self._fit_in_batches(train)

    def full_loss(self, features: Tensor, s: Tensor, b: Tensor | None = None, n: int | None = None) -> Tensor:
        """The loss with the decay of weights; without b, the codes are the signs of the outputs."""
        h = self(features)
        decay = torch.stack([w.square().sum() for w in self.head.parameters() if w.ndim == 2]).sum()
        loss = sh_bdnn_loss(h, binarize(h) if b is None else b, s, self.params, n)
        return loss + self.params.decay / 2 * decay

    def _fit_at_once(self, train: TrainSet) -> None:
        s = signed_similarity(train.labels)
        values = [self._turn(train.features, s) for _ in range(self.params.n_alternations)]
        self.objective = torch.stack([*values, self.full_loss(train.features, s).detach()])

    def _turn(self, features: Tensor, s: Tensor) -> Tensor:
        """Set the bits, then improve the weights; returns the loss in between."""
        b = binarize(self(features))
        optimizer = torch.optim.LBFGS(self.head.parameters(), max_iter=20, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = self.full_loss(features, s, b)
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        before: Tensor = optimizer.step(closure)  # type: ignore[no-untyped-call]
        return before.detach()

    def _fit_in_batches(self, train: TrainSet) -> None:
        optimizer = torch.optim.Adam(self.head.parameters(), lr=ADAM_LR)
        for _ in range(ADAM_EPOCHS):
            order = torch.randperm(len(train.features), generator=train.generator)
            for rows in torch.split(order.to(train.features.device), ADAM_BATCH):
                optimizer.zero_grad()
                s = signed_similarity(train.labels[rows])
                self.full_loss(train.features[rows], s, n=len(order)).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
