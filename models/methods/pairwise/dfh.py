r"""DFH: Push for Quantization: Deep Fisher Hashing (BMVC 2019).

Every class has a binary centre that moves during training. The bits an image is rounded to are drawn towards
the centres of its labels, the centres follow the bits of their images and push each other apart, and the
network learns the similarity of pairs and follows its bits. So rounding is steered by the classes.

    b = sgn(mu C y + u),  L = mean of [(1 - s) sp(m + theta) + s sp(m - theta)] + eta mean of (u - b)^2
    c_i <- sgn(B y_i - sum over j != i of c_j (y_j . y_i + nu)), one class at a time
    C -> `centres`   y -> `shares` (labels that sum to 1)   theta = u_i . u_j / 2   sp(x) = log(1 + e^x)

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.losses.bank import MemoryBank
from models.losses.pairs import half_inner_products, masked_mean, other_pairs, pair_likelihood
from models.methods.base import Batch, Method, TrainSet, param
from models.methods.picture import Picture, pair_picture
from models.methods.protocols import CIFAR_A, IMAGENET_100, NUS_21, SURVEY_TABLE
from models.spec import Citation, CodeKind, Family, MethodSpec, Supervision, quote

SPEC = MethodSpec(
    name="dfh",
    label="DFH",
    title="Deep Fisher Hashing",
    family=Family.PAIRWISE,
    supervision=Supervision.LABELS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "Y. Li, W. Pei, Y. Zha, J. van Gemert",
        "Push for Quantization: Deep Fisher Hashing",
        "BMVC",
        2019,
        "1909.00206",
    ),
    loss_kind="likelihood of pairs, and rounding towards class centres",
    idea=(
        "Every class has a binary centre that moves during training, and centres push each other apart. "
        "An image's bits are rounded towards the centres of its labels instead of to the nearest sign. "
        "The network learns which pairs are similar, by a margin if wanted, and follows these bits."
    ),
    good_for="Tight classes without centres chosen beforehand: they are found while the network learns.",
    objective=(
        r"\frac{1}{|\mathcal P|}\sum_{(i,j)\in\mathcal P}\big[(1-s_{ij})\operatorname{sp}(m+\theta_{ij})"
        r"+s_{ij}\operatorname{sp}(m-\theta_{ij})\big]+\frac{\eta}{NK}\sum_{i=1}^{N}\lVert u_i-b_i\rVert_2^2,"
        r"\qquad b_i=\operatorname{sgn}(\mu\,Cy_i+u_i)"
    ),
    symbols=(
        (r"u_i", "relaxed code of image i: the output of the network"),
        (r"\theta_{ij}=\tfrac12u_i^\top u_j", "log-odds that images i and j are similar, given their codes"),
        (r"s_{ij}", "1 when images i and j share a label, else 0"),
        (r"\operatorname{sp}(x)=\log(1+e^x)", "soft form of max(x, 0)"),
        (r"m", "margin: how far the log-odds should pass 0"),
        (r"b_i,\ y_i", "bits the image is pulled to; its labels, divided by their number"),
        (r"C", "binary centres of the classes, one column each, improved after every batch"),
        (r"\mu,\ \eta", "pull of the centres on the bits, and of the bits on the network"),
        (r"\mathcal P", "ordered pairs of two different images of the batch"),
        (r"N,\ K", "images in the batch, bits"),
    ),
    multi_label_note="An image is drawn to the mean of its labels' centres.",
    differs=(
        "Centres are improved by the discrete pass that the authors' code runs; the paper's relaxed centres "
        "take 200 gradient steps per batch.",
        "The centre of a class that is not in the batch stays as it is.",
        "Pairs are taken inside the batch; with memory set to bank, the batch meets the stored outputs of "
        "all train images.",
        "A small head on stored features is trained with AdamW; the authors train AlexNet with SGD.",
        "The third author's name is recalled, not read (unverified).",
    ),
    published=(
        *quote(
            {12: 0.803, 24: 0.825, 32: 0.831, 48: 0.844}, CIFAR_A, backbone="AlexNet", source=SURVEY_TABLE
        ),
        *quote({12: 0.795, 24: 0.823, 32: 0.833, 48: 0.842}, NUS_21, backbone="AlexNet", source=SURVEY_TABLE),
        *quote({48: 0.747}, IMAGENET_100, backbone="AlexNet", source="README of swuxyj/DeepHash-pytorch"),
    ),
    references=("The authors' code: weights, discrete centre step, labels divided by their number",),
)


@dataclass(frozen=True)
class DFHParams:
    """Hyper-parameters of DFH."""

    eta: float = param(0.5, "Pull of the bits on the network", source="authors' code", low=0.0, high=10.0)
    mu: float = param(1.0, "Pull of the centres on the bits", source="authors' code", low=0.0, high=10.0)
    nu: float = param(1.0, "Push of the centres on each other", source="authors' code", low=0.0, high=100.0)
    margin: float = param(
        0.0, "How far log-odds should pass 0 (m)", source="authors' code", low=0.0, high=10.0
    )
    memory: str = param(
        "batch",
        "Pairs inside the batch, or with the last outputs of all train images (wants a small learning rate)",
        source="ours; public code uses the bank",
        choices=("batch", "bank"),
    )


def margin_likelihood(theta: Tensor, s: Tensor, margin: float) -> Tensor:
    """(1 - s) sp(m + theta) + s sp(m - theta), element by element; theta float and s bool, (n, m)."""
    return pair_likelihood(torch.where(s, theta - margin, theta + margin), s)


def bits_near_centres(u: Tensor, shares: Tensor, centres: Tensor, mu: float) -> Tensor:
    """The b-step: sgn(mu C y + u) in {-1, +1}, (n, n_bits), for u of that shape and shares (n, n_classes)."""
    return binarize(mu * shares @ centres.to(u.dtype) + u)


def centre_step(centres: Tensor, bits: Tensor, shares: Tensor, nu: float) -> Tensor:
    """One pass over the classes of a batch; each centre in turn becomes the best one.

    Args:
        centres: float (n_classes, n_bits), values in {-1, +1}, or 0 before the first step.
        bits: float (n, n_bits), values in {-1, +1}.
        shares: float (n, n_classes), labels divided by their number.
        nu: push apart.

    Returns:
        New centres; those of classes without an image here are the old ones.
    """
    centres = centres.clone()
    linear, gram = shares.T @ bits, (shares.T @ shares + nu).fill_diagonal_(0)
    for i in shares.any(dim=0).nonzero()[:, 0].tolist():
        centres[i] = binarize(linear[i] - gram[i] @ centres)
    return centres


class DFH(Method):
    """Deep Fisher Hashing; `centres`, float (n_classes, n_bits), and the bank serve training only."""

    spec = SPEC
    Params = DFHParams
    params: DFHParams
    centres: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes, build the head and an empty bank."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.bank = MemoryBank()
        self.register_buffer("centres", torch.empty(0), persistent=False)

    @classmethod
    def picture(cls) -> Picture:
        """What the margin does to the likelihood of a pair."""
        return pair_picture(
            lambda u, s, m: masked_mean(
                margin_likelihood(half_inner_products(u), s, m), other_pairs(2, u.device)
            ),
            values=(0, 1, 2, 3, 5),
            slider="margin, m",
            caption=(
                "Without a margin the curves cross where half of the bits agree, and are low soon after. "
                "A margin moves them apart: pairs must be clearly near, or clearly far, to cost nothing."
            ),
        )

    def before_fit(self, train: TrainSet) -> None:
        """Centres of 0, which draw no bit anywhere, and an empty bank."""
        self.centres = torch.zeros(self.n_classes, self.n_bits, device=train.features.device)
        if self.params.memory == "bank":
            self.bank.reset(train.labels, self.n_bits)

    def _bits(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The bits that the batch is pulled to, and its labels divided by their number."""
        shares = batch.labels / batch.labels.sum(dim=1, keepdim=True).clamp(min=1)
        return bits_near_centres(batch.u, shares.to(batch.u.dtype), self.centres, self.params.mu), shares

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Likelihood of pairs, and distance to the bits near the centres."""
        theta, s, mask = self.bank.compare(batch.u, batch.labels, batch.rows)
        bits, _ = self._bits(batch)
        return {
            "likelihood": masked_mean(margin_likelihood(theta, s, self.params.margin), mask),
            "bits": self.params.eta * (batch.u - bits).square().mean(),
        }

    def after_step(self, batch: Batch) -> None:
        """Improve the centres with the bits that the loss used, and keep the batch's outputs."""
        bits, shares = self._bits(batch)
        self.centres = centre_step(self.centres, bits.to(shares), shares, self.params.nu)
        if self.params.memory == "bank":
            self.bank.store(batch.rows, batch.u)
