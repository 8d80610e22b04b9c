r"""SSDH: Supervised Learning of Semantics-Preserving Hash via Deep CNNs (TPAMI 2018).

A layer of K sigmoids stands between the features and a classifier. Besides naming the classes, training
pushes every activation away from 0.5, and asks that half of the bits of each image be 1. Little is then lost
when the activations are rounded, and codes fill the space.

    E1 = class loss of z = W a + g, a = sigmoid(u) -> `a`            L = alpha E1 + beta E2 + gamma E3
    E2 = -1/2 mean of (a_ik - 1/2)^2 -> `force_binary`
    E3 = 1/2 mean over images of (mean over bits of a_ik - 1/2)^2 -> `half_of_the_bits`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.losses.classification import class_loss
from models.methods.base import Batch, Method, TrainSet, param
from models.methods.picture import N_BITS, Frame, Picture, series
from models.methods.protocols import CIFAR_B
from models.spec import Citation, CodeKind, Family, MethodSpec, Supervision, quote

SPEC = MethodSpec(
    name="ssdh",
    label="SSDH",
    title="Supervised Semantics-preserving Deep Hashing",
    family=Family.CLASSIFICATION,
    family_note="Another method of 2018 is also called SSDH: it learns from images without labels.",
    supervision=Supervision.LABELS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "H.-F. Yang, K. Lin, C.-S. Chen",
        "Supervised Learning of Semantics-Preserving Hash via Deep Convolutional Neural Networks",
        "IEEE TPAMI",
        2018,
        "1507.00101",
    ),
    loss_kind="cross-entropy of a classifier on the code",
    idea=(
        "A layer of sigmoids stands between the features and a classifier, one sigmoid per bit. A second "
        "term pushes every activation away from 0.5, so that rounding changes little. A third one asks that "
        "half of the bits of each image be 1, so that codes do not crowd in one corner."
    ),
    good_for="A classifier's codes made firm: two small terms on top of DBH, and several labels per image.",
    objective=(
        r"\mathcal L=\alpha E_1-\frac{\beta}{2NK}\sum_{i,k}\big(a_{ik}-\tfrac12\big)^2"
        r"+\frac{\gamma}{2N}\sum_{i}\Big(\frac1K\sum_k a_{ik}-\tfrac12\Big)^2,\qquad a_{ik}=\sigma(u_{ik})"
    ),
    symbols=(
        (r"E_1", "class loss of a linear classifier that reads the activations"),
        (r"u_{ik}", "output k of the network for image i; the bit is 1 where it is not negative"),
        (r"a_{ik}", "activation between 0 and 1; 0.5 is the threshold of the bit"),
        (r"\alpha,\ \beta,\ \gamma", "weights: classes, activations near 0 or 1, half of the bits 1"),
        (r"N,\ K", "images in the batch, bits"),
    ),
    multi_label_note="With several labels per image, each class gets a yes-no cross-entropy of its own.",
    differs=(
        "The scale of the terms is that of the authors' code; the paper's sums differ by constants.",
        "The loss for several labels was never released; ours is a yes-no cross-entropy per class (the "
        "paper's is of another kind, unverified). It is summed over classes: with their mean the push away "
        "from 0.5 wins, and most bits freeze before they mean anything.",
        "An activation of exactly 0.5 gives the bit 1; the authors' code gives 0.",
        "Classifier and sigmoid layer share one learning rate; the authors' classifier learns ten times "
        "faster.",
        "A small head on stored features is trained with AdamW; the paper trains AlexNet or VGG16 with SGD.",
    ),
    published=quote({48: 0.9134}, CIFAR_B, backbone="AlexNet", source="authors' README"),
    references=("The authors' Caffe code and README: scale of the terms, weights, layer",),
)


@dataclass(frozen=True)
class SSDHParams:
    """Hyper-parameters of SSDH."""

    alpha: float = param(1.0, "Weight of the class loss", source="authors' code", low=0.0, high=10.0)
    beta: float = param(1.0, "Push of activations away from 0.5", source="authors' code", low=0.0, high=10.0)
    gamma: float = param(
        1.0, "Pull of each code towards half ones", source="authors' code", low=0.0, high=10.0
    )


def force_binary(a: Tensor) -> Tensor:
    """E2 of activations a, float (n, n_bits): from 0 (all 0.5) down to -1/8 (all 0 or 1); scalar."""
    return -0.5 * (a - 0.5).square().mean()


def half_of_the_bits(a: Tensor) -> Tensor:
    """E3 of activations a, float (n, n_bits): 0 when each image's activations average 0.5; scalar.

    The average runs over the bits of one image. An average over images would balance each bit instead.
    """
    return 0.5 * (a.mean(dim=1) - 0.5).square().mean()


class SSDH(Method):
    """Supervised Semantics-preserving Deep Hashing; u stands before the sigmoid, so 0 is the threshold."""

    spec = SPEC
    Params = SSDHParams
    params: SSDHParams

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; build head and classifier."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.classifier = nn.Linear(n_bits, n_classes)
        self.multi_label = False

    @classmethod
    def picture(cls) -> Picture:
        """The two terms on bits, for one image with 0 to 16 ones, at several distances from 0.5."""
        frames = []
        for away in (0.1, 0.2, 0.3, 0.4, 0.5):
            codes = torch.ones(N_BITS + 1, N_BITS).tril(diagonal=-1)  # row k: k ones
            images = [row[None] for row in 0.5 + away * (2 * codes - 1)]
            decided = torch.stack([force_binary(a) for a in images])
            halves = torch.stack([half_of_the_bits(a) for a in images])
            ones = range(N_BITS + 1)
            curves = (
                series("away from 0.5", ones, decided),
                series("half of the bits", ones, halves),
                series("both", ones, decided + halves),
            )
            frames.append(Frame(str(away), curves))
        return Picture(
            title="The two terms on bits, for one image",
            caption=(
                "The farther the activations are from 0.5, the lower the first term and the steeper the "
                "second. Together they are lowest for firm activations of which half are above 0.5."
            ),
            x=f"activations above 0.5, of {N_BITS}",
            y="loss",
            frames=tuple(frames),
            slider="distance of all activations from 0.5",
            start=3,
        )

    def before_fit(self, train: TrainSet) -> None:
        """Several labels on any image make the classifier answer yes or no per class."""
        self.multi_label = bool((train.labels.sum(dim=1) > 1).any())

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Class loss, activations near 0 or 1, half of the bits 1."""
        a = torch.sigmoid(batch.u)
        classes = class_loss(self.classifier(a), batch.labels, multi_label=self.multi_label)
        return {
            "class": self.params.alpha * classes,
            "force_binary": self.params.beta * force_binary(a),
            "half_of_the_bits": self.params.gamma * half_of_the_bits(a),
        }
