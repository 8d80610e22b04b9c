r"""GreedyHash: Greedy Hash, Towards Fast Optimization for Accurate Hash Coding in CNN (NeurIPS 2018).

The code itself, not a smooth stand-in for it, goes into a classifier: the forward pass takes the sign of each
output. The backward pass lets the gradient through the sign as if it were not there, so no bit stops learning
because it is decided. A cubic penalty keeps outputs near +1 and -1, where sign and output agree.

    L = mean of CE(W b_i, y_i) + alpha * mean over images and bits of ||u_ik| - 1|^3
    b = sgn(u), backward: db/du = 1 -> `straight_through_sign`    W -> `classifier`    alpha -> `alpha`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.losses.classification import class_loss
from models.losses.quantization import straight_through_sign
from models.methods.base import Batch, Method, param
from models.methods.picture import Frame, Picture, series
from models.methods.protocols import CIFAR_A, CIFAR_B, IMAGENET_100, NUS_21, SURVEY_TABLE
from models.spec import Citation, CodeKind, Family, MethodSpec, Supervision, quote

SPEC = MethodSpec(
    name="greedyhash",
    label="GreedyHash",
    title="Greedy Hash",
    family=Family.CLASSIFICATION,
    later_family="other techniques",
    family_note="To the survey it is a way to train; it stands here because its loss is a classifier's.",
    supervision=Supervision.LABELS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "S. Su, C. Zhang, K. Han, Y. Tian",
        "Greedy Hash: Towards Fast Optimization for Accurate Hash Coding in CNN",
        "NeurIPS",
        2018,
    ),
    loss_kind="classifier on the signs, gradient straight through",
    idea=(
        "A classifier reads the code itself: in the forward pass every output is replaced by its sign. "
        "In the backward pass the gradient passes the sign unchanged, so a bit goes on learning however "
        "decided it is. A cubic penalty keeps the outputs near +1 and -1, where taking the sign changes "
        "little."
    ),
    good_for="Training on the very bits that are stored, with a plain classifier and one weight.",
    objective=(
        r"\mathcal L=\frac1N\sum_i\ell\big(W b_i,\,y_i\big)+\frac{\alpha}{NK}\sum_{i,k}\big||u_{ik}|-1\big|^3"
        r",\qquad b_i=\operatorname{sgn}(u_i),\quad \frac{\partial b_{ik}}{\partial u_{ik}}:=1"
    ),
    symbols=(
        (r"u_i", "output of the network for image i"),
        (r"b_i", "its binary code, which the classifier reads"),
        (r"W", "linear classifier without bias, learned along"),
        (r"\ell", "cross-entropy to the image's class"),
        (r"y_i", "labels of image i"),
        (r"\alpha", "weight of the cubic penalty"),
        (r"N,\ K", "images in the batch, bits"),
    ),
    multi_label_note="An image's labels share its target probability equally; images without a label rest.",
    differs=(
        "A head with a hidden layer of 256 is trained on stored features with AdamW; the paper trains "
        "AlexNet end to end with SGD.",
        "Shared target probabilities for several labels are not from the paper; public code trains on the "
        "first label alone.",
    ),
    published=(
        *quote(
            {12: 0.774, 24: 0.795, 32: 0.810, 48: 0.822}, CIFAR_A, backbone="AlexNet", source=SURVEY_TABLE
        ),
        *quote(
            {48: 0.944},
            CIFAR_B,
            backbone="AlexNet",
            source="the paper, as quoted by swuxyj/DeepHash-pytorch",
            verified=False,
        ),
        *quote(
            {48: 0.793},
            NUS_21,
            backbone="AlexNet",
            source="swuxyj/DeepHash-pytorch, trained on the first label",
            verified=False,
        ),
        *quote({64: 0.667}, IMAGENET_100, backbone="AlexNet", source="CISiPLab/cisip-FIRe", verified=False),
    ),
    references=("The authors' PyTorch code: gradient, penalty, weights",),
)


@dataclass(frozen=True)
class GreedyHashParams:
    """Hyper-parameters of GreedyHash."""

    alpha: float = param(
        0.1, "Weight of the cubic penalty", source="authors' code for CIFAR-10", low=0.0, high=10.0
    )


def greedyhash_loss(u: Tensor, weight: Tensor, labels: Tensor, alpha: float) -> dict[str, Tensor]:
    """Loss of one batch.

    Args:
        u: float (n, n_bits), outputs.
        weight: float (n_classes, n_bits), W of the classifier.
        labels: bool (n, n_classes); images without a label have no class loss.
        alpha: weight of the penalty.

    Returns:
        `class` and `penalty`, scalars, weighted.
    """
    shares = labels / labels.sum(dim=1, keepdim=True).clamp(min=1)
    logits = straight_through_sign(u) @ weight.T
    penalty = (u.abs() - 1).abs().pow(3).mean()
    return {"class": class_loss(logits, shares, multi_label=False), "penalty": alpha * penalty}


class GreedyHash(Method):
    """Greedy Hash."""

    spec = SPEC
    Params = GreedyHashParams
    params: GreedyHashParams

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; build head and classifier."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.classifier = nn.Linear(n_bits, n_classes, bias=False)

    @classmethod
    def picture(cls) -> Picture:
        """The push on one output whose bit should be +1, through the sign and through tanh."""
        x = torch.linspace(-2, 2, 62)  # an even number: no point at 0, where the code jumps
        weight, labels = torch.tensor([[1.0], [-1.0]]), torch.tensor([[True, False]]).expand(len(x), 2)
        frames = []
        for alpha in (0.0, 0.01, 0.1, 0.5):
            u = x[:, None].clone().requires_grad_()
            straight = torch.stack(list(greedyhash_loss(u, weight, labels, alpha).values())).sum()
            smooth = class_loss(torch.tanh(u) @ weight.T, labels, multi_label=False)
            pushes = [-len(x) * torch.autograd.grad(loss, u)[0][:, 0] for loss in (straight, smooth)]
            names = ("GreedyHash", "through tanh, no penalty")
            frames.append(
                Frame(f"{alpha:g}", tuple(series(n, x, y) for n, y in zip(names, pushes, strict=True)))
            )
        caption = (
            "The classifier wants +1. Through tanh the push fades where the output is far on the wrong side; "
            "straight through the sign it does not. The penalty brings large outputs back to 1."
        )
        title = "Push on one output, upwards where positive"
        return Picture(title, caption, "output u", "push, minus the gradient", tuple(frames), "alpha", 2)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Class loss of the signs, and the penalty."""
        return greedyhash_loss(batch.u, self.classifier.weight, batch.labels, self.params.alpha)
