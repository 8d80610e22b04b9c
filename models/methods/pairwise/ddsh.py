r"""DDSH: Deep Discrete Supervised Hashing (IEEE TIP 2018).

A few train images, Omega, get codes that are free variables, chosen bit by bit so that inner products of
codes are the similarities. All other images, Gamma, are coded by the network, which learns the same inner
products with Omega. The similarities thus train the bits themselves and the network at once.

    min sum over Omega x Gamma and Omega x Omega of (K s_ij - b_i . b_j)^2,    b_j = sgn(u_j) for j in Gamma
    network step: mean over Omega x batch of (K s_ij - b_i . h_j)^2,    h_j = tanh(u_j) -> `h`
    b_i -> `anchors`    Omega -> `omega`    s -> `similarity`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.losses.discrete import bitwise_descent, similar_to, soft_negative, targets
from models.methods.base import Batch, Method, TrainSet, param
from models.methods.picture import Picture, pair_picture
from models.methods.protocols import CIFAR_A, NUS_21, SURVEY_TABLE
from models.spec import Citation, CodeKind, Family, MethodSpec, Supervision, quote

_BACKBONE = "CNN-F in the authors' code; not stated in the table"

SPEC = MethodSpec(
    name="ddsh",
    label="DDSH",
    title="Deep Discrete Supervised Hashing",
    family=Family.PAIRWISE,
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "Q.-Y. Jiang, X. Cui, W.-J. Li",
        "Deep Discrete Supervised Hashing",
        "IEEE TIP",
        2018,
        "1707.09905",
    ),
    loss_kind="difference of similarity and inner product of bits",
    idea=(
        "A hundred train images get codes that are free variables, chosen bit by bit so that the inner "
        "products of codes are the similarities. All other images are coded by the network, which learns to "
        "have the same inner products with those hundred. So the similarities decide on bits directly, and "
        "train the network at the same time."
    ),
    good_for="Large train sets: a step compares the batch with a hundred codes, never with all images.",
    objective=(
        r"\min\ \sum_{i\in\Omega,\,j\in\Gamma}\big(K\bar s_{ij}-b_i^\top b_j\big)^2"
        r"+\sum_{i,j\in\Omega}\big(K\bar s_{ij}-b_i^\top b_j\big)^2,"
        r"\qquad b_j=\operatorname{sgn}u_j\ (j\in\Gamma)"
    ),
    symbols=(
        (r"\Omega", "images with free codes, drawn anew after each epoch"),
        (r"\Gamma", "all other train images, coded by the network"),
        (r"b_i", "code of image i, values -1 and +1"),
        (r"u_j", "output of the network; where it learns, tanh stands for the sign"),
        (
            r"\bar s_{ij}",
            "1 when images i and j share a label, else minus the ratio of the two kinds of pairs",
        ),
        (r"K", "bits"),
    ),
    differs=(
        "Simplified: free codes are found by descent over single bits; the paper solves a binary quadratic "
        "problem per bit by a clustering heuristic.",
        "Free codes start from the network's and are drawn anew after every epoch; the authors have 50 "
        "rounds of three epochs.",
        "With fewer than 200 train images half of them are in Omega.",
        "The network's loss is a mean over pairs, the paper's a sum.",
        "The similarity of dissimilar pairs is never below -1, which is what two codes can reach.",
        "A small head on stored features is trained with AdamW; the authors train CNN-F with SGD.",
    ),
    published=(
        *quote(
            {12: 0.753, 24: 0.776, 32: 0.803, 48: 0.811}, CIFAR_A, backbone=_BACKBONE, source=SURVEY_TABLE
        ),
        *quote({12: 0.776, 24: 0.803, 32: 0.810, 48: 0.817}, NUS_21, backbone=_BACKBONE, source=SURVEY_TABLE),
    ),
    references=("The authors' code: size of Omega, soft similarity, backbone, rounds",),
)


@dataclass(frozen=True)
class DDSHParams:
    """Hyper-parameters of DDSH."""

    n_anchors: int = param(100, "Images with free codes (Omega)", source="authors' code", low=1, high=1000)
    n_sweeps: int = param(
        1, "How often all bits of the free codes are visited per epoch", source="ours", low=1, high=20
    )


def ddsh_loss(h: Tensor, anchors: Tensor, similarity: Tensor) -> Tensor:
    """Mean over pairs of a batch and Omega; 0, connected to the graph, without a pair.

    Args:
        h: float (n, n_bits), relaxed codes of images in Gamma.
        anchors: float (m, n_bits), codes of the images in Omega.
        similarity: float (n, m), 1 for similar pairs, negative for the others.
    """
    return (h.shape[1] * similarity - h @ anchors.T).square().sum() / max(1, similarity.numel())


def anchor_sweep(anchors: Tensor, codes: Tensor, similarity: Tensor, within: Tensor) -> Tensor:
    """Visit every bit of every free code once, image by image; never raises the objective.

    Args:
        anchors: float (m, n_bits), codes of Omega; not changed.
        codes: float (n, n_bits), codes of Gamma.
        similarity: float (m, n), of Omega and Gamma.
        within: float (m, m), of Omega; the diagonal is not read.
    """
    anchors, n_bits = anchors.clone(), anchors.shape[1]
    linear, gram = n_bits * similarity @ codes, codes.T @ codes
    for i in range(len(anchors)):
        # A pair inside Omega stands in the sum twice. An image's product with itself is K, whatever its bits.
        others = anchors.clone().index_fill_(0, torch.tensor(i, device=anchors.device), 0.0)
        p, g = linear[i] + 2 * n_bits * within[i] @ others, gram + 2 * others.T @ others
        anchors[i] = bitwise_descent(anchors[i : i + 1], p[None], g)[0]
    return anchors


class DDSH(Method):
    """Deep Discrete Supervised Hashing; `omega`, int64 (m,), holds the rows of the images with free codes."""

    spec = SPEC
    Params = DDSHParams
    params: DDSHParams
    anchors: Tensor
    omega: Tensor
    labels: Tensor
    negative: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes and build the head."""
        super().__init__(n_bits, n_features, n_classes, params)
        for name in ("anchors", "omega", "labels", "negative"):
            self.register_buffer(name, torch.empty(0), persistent=False)

    @classmethod
    def picture(cls) -> Picture:
        """Loss of one pair while the network's outputs grow."""

        def loss(u: Tensor, s: Tensor, size: float) -> Tensor:
            return ddsh_loss(torch.tanh(size * u[:1]), u[1:], targets(s[:1, 1:], -1 / 9, u.dtype))

        caption = (
            "While the network learns, tanh stands for the sign. Small outputs cannot reach the product that "
            "similar codes should have: the left end of the curve falls to 0 only as outputs grow."
        )
        return pair_picture(
            loss, values=(0.25, 0.5, 1.0, 2.0, 4.0), slider="size of the outputs", caption=caption, start=1
        )

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Draw the first Omega, and find its codes beside those of the untrained network."""
        self._generator, self.labels = train.generator, train.labels
        self.after_epoch(lambda: self.eval()(train.features))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Loss of the batch's images in Gamma against the codes of Omega."""
        kept = ~torch.isin(batch.rows, self.omega)
        h, labels = torch.tanh(batch.u[kept]), batch.labels[kept]
        similarity = targets(similar_to(labels, self.labels[self.omega]), self.negative, h.dtype)
        return {"similarity": ddsh_loss(h, self.anchors.to(h.dtype), similarity)}

    def after_epoch(self, outputs: Callable[[], Tensor]) -> None:
        """Draw a new Omega, and improve its images' codes, starting from the network's."""
        n, device = len(self.labels), self.labels.device
        order = torch.randperm(n, generator=self._generator).to(device)
        n_anchors = max(1, min(self.params.n_anchors, n // 2))
        self.omega, gamma = order[:n_anchors], order[n_anchors:]
        codes = binarize(outputs())
        similar = similar_to(self.labels[self.omega], self.labels)
        self.negative = soft_negative(similar)
        similarity = targets(similar, self.negative, codes.dtype)
        self.anchors = codes[self.omega]
        for _ in range(self.params.n_sweeps):
            self.anchors = anchor_sweep(
                self.anchors, codes[gamma], similarity[:, gamma], similarity[:, self.omega]
            )
