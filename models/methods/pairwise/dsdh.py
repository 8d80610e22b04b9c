r"""DSDH: Deep Supervised Discrete Hashing (NIPS 2017).

Every train image has a discrete code, and a linear classifier must name the image's labels from it. Codes and
classifier are improved in turn without ever being relaxed: the classifier by ridge regression, the codes bit
by bit. The network learns the similarity of pairs as in a likelihood method, and is pulled to these codes.

    per batch:  mean of [log(1 + e^theta_ij) - s_ij theta_ij] + eta mean of (b - u)^2, over the network
    per epoch:  |Y - B W|^2 + nu/mu |W|^2 + eta/mu |B - U|^2, over W, then over B; rows are images
    theta -> `theta`   B -> `codes`   b -> `codes[rows]`   Y -> `targets`   eta/mu -> `tie`   nu/mu -> `ridge`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from models.losses.bank import MemoryBank
from models.losses.discrete import bitwise_descent, random_codes
from models.losses.pairs import half_inner_products, masked_mean, other_pairs, pair_likelihood
from models.methods.base import Batch, Method, TrainSet, param
from models.methods.picture import Picture, pair_picture
from models.methods.protocols import CIFAR_A, CIFAR_B, NUS_21, SURVEY_TABLE
from models.spec import Citation, CodeKind, Family, MethodSpec, Supervision, quote

SPEC = MethodSpec(
    name="dsdh",
    label="DSDH",
    title="Deep Supervised Discrete Hashing",
    family=Family.PAIRWISE,
    supervision=Supervision.LABELS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "Q. Li, Z. Sun, R. He, T. Tan", "Deep Supervised Discrete Hashing", "NIPS", 2017, "1705.10999"
    ),
    loss_kind="likelihood of pairs, and a linear classifier on discrete codes",
    idea=(
        "Every train image has a code of real bits, and a linear classifier must name its labels from them. "
        "After each epoch the classifier is solved for, then the codes are improved one bit at a time, "
        "without a relaxation. The network learns which pairs are similar and is pulled to these codes."
    ),
    good_for="Labels and pairs at once: the codes must tell classes apart for a plain linear classifier too.",
    objective=(
        r"\frac{1}{|\mathcal P|}\sum_{(i,j)\in\mathcal P}\big[\log(1+e^{\theta_{ij}})-s_{ij}\theta_{ij}\big]"
        r"+\frac{\eta}{NK}\lVert B-U\rVert_F^2,\qquad \min_{B,W}\ \lVert Y-BW\rVert_F^2"
        r"+\tfrac{\nu}{\mu}\lVert W\rVert_F^2+\tfrac{\eta_0}{\mu}\lVert B-U\rVert_F^2"
    ),
    symbols=(
        (r"\theta_{ij}=\tfrac12u_i^\top u_j", "log-odds that images i and j are similar, given their codes"),
        (r"s_{ij}", "1 when images i and j share a label, else 0"),
        (r"\mathcal P", "ordered pairs of two different images of the batch"),
        (r"U", "outputs of the network, one row per image"),
        (r"B", "discrete codes of the train images, one row of +1 and -1 each"),
        (r"Y,\ W", "labels of the images, and the linear classifier that reads codes"),
        (r"\eta,\ \tfrac{\eta_0}{\mu}", "pull of the network to the codes, and of the codes to the network"),
        (r"\tfrac{\nu}{\mu}", "ridge on W"),
        (r"N,\ K", "images, bits"),
    ),
    differs=(
        "Pairs are taken inside the batch; with memory set to bank, the batch meets the stored outputs of "
        "all train images, as in the paper.",
        "The network's weight on (b - u)^2 is set apart from the one in the code step, and is a mean.",
        "The paper's weights (1, 0.1, 55) for CIFAR-10 are recalled, not read (unverified).",
        "A small head on stored features is trained with AdamW; the paper trains CNN-F end to end with SGD.",
        "A discrete bit keeps its value where both values are equally good.",
        "The discrete codes serve training only; the database is coded by the network like the queries.",
    ),
    published=(
        *quote({12: 0.740, 24: 0.786, 32: 0.801, 48: 0.820}, CIFAR_A, backbone="CNN-F", source=SURVEY_TABLE),
        *quote({12: 0.776, 24: 0.808, 32: 0.820, 48: 0.829}, NUS_21, backbone="CNN-F", source=SURVEY_TABLE),
        *quote(
            {16: 0.935, 24: 0.940, 32: 0.939, 48: 0.939},
            CIFAR_B,
            backbone="CNN-F",
            source="recalled from the paper's table",
            verified=False,
        ),
    ),
    references=("Public PyTorch version (DSDH_PyTorch): order of the steps, weights of two versions",),
)


@dataclass(frozen=True)
class DSDHParams:
    """Hyper-parameters of DSDH."""

    eta: float = param(
        0.1, "Pull of the network's outputs to the discrete codes", source="ours", low=0.0, high=10.0
    )
    tie: float = param(
        1.0, "Tie of the discrete codes to the outputs (eta / mu)", source="ours", low=0.0, high=100.0
    )
    ridge: float = param(
        0.1,
        "Ridge on the classifier (nu / mu)",
        source="recalled from the paper (unverified)",
        low=1e-3,
        high=10.0,
        log=True,
    )
    sweeps: int = param(3, "Passes over the bits per epoch", source="ours", low=1, high=10)
    memory: str = param(
        "batch",
        "Pairs inside the batch, or with the last outputs of all train images (wants a small learning rate)",
        source="ours; the paper uses the bank",
        choices=("batch", "bank"),
    )


def dsdh_loss(
    u: Tensor, codes: Tensor, theta: Tensor, s: Tensor, mask: Tensor, eta: float
) -> dict[str, Tensor]:
    """Loss of the network on one batch: terms `likelihood` and `discrete`, scalars, weighted.

    u and codes are float (n, n_bits). Half inner products theta, float, similar pairs s and the pairs that
    count, mask, both bool, are (n, m): of the batch with itself or with the bank.
    """
    likelihood = masked_mean(pair_likelihood(theta, s), mask)
    return {"likelihood": likelihood, "discrete": eta * (u - codes).square().mean()}


def solve_classifier(B: Tensor, Y: Tensor, ridge: float) -> Tensor:
    """W, float (n_bits, n_classes): ridge regression of Y, float (n, n_classes), on B, float (n, n_bits)."""
    gram = B.T @ B + ridge * torch.eye(B.shape[1], dtype=B.dtype, device=B.device)
    # Bits that repeat leave the ridge alone, too little for float32; the system is small.
    solution: Tensor = torch.linalg.solve(gram.cpu().double(), (B.T @ Y).cpu().double())
    return solution.to(B)


def improve_codes(B: Tensor, W: Tensor, Y: Tensor, U: Tensor, tie: float, sweeps: int = 1) -> Tensor:
    """Bit-wise descent on |Y - B W|^2 + tie |B - U|^2 with W fixed: each bit in turn becomes the best one.

    B and U are float (n, n_bits), W (n_bits, n_classes), Y (n, n_classes). Gives new codes in {-1, +1}.
    """
    return bitwise_descent(B, Y @ W.T + tie * U, W @ W.T, n_sweeps=sweeps)


class DSDH(Method):
    """Deep Supervised Discrete Hashing.

    `codes`, float (n_train, n_bits), `targets`, float (n_train, n_classes), and the bank serve training only.
    """

    spec = SPEC
    Params = DSDHParams
    params: DSDHParams
    codes: Tensor
    targets: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes, build the head and an empty bank."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.bank = MemoryBank()
        for name in ("codes", "targets"):
            self.register_buffer(name, torch.empty(0), persistent=False)

    @classmethod
    def picture(cls) -> Picture:
        """Loss of a pair whose discrete codes agree with the labels: equal, or opposite."""

        def loss(u: Tensor, s: Tensor, eta: float) -> Tensor:
            codes = torch.stack([u[0], u[0] if s[0, 1] else -u[0]])
            terms = dsdh_loss(u, codes, half_inner_products(u), s, other_pairs(2, u.device), eta)
            return terms["likelihood"] + terms["discrete"]

        caption = (
            "The likelihood alone (0) is flat once a pair is on the right side. The pull to the discrete "
            "codes keeps a slope, down to distance 0 for similar pairs and up to 16 for dissimilar ones."
        )
        return pair_picture(
            loss, values=(0.0, 0.1, 0.5, 1.0), slider="pull to the codes", caption=caption, start=2
        )

    def before_fit(self, train: TrainSet) -> None:
        """Start from random codes; all-zero ones would give a classifier of zeros."""
        self.targets = train.labels.to(train.features.dtype)
        self.codes = random_codes(len(train.labels), self.n_bits, train.generator).to(train.features)
        if self.params.memory == "bank":
            self.bank.reset(train.labels, self.n_bits)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Likelihood of pairs, and distance to the discrete codes."""
        pairs = self.bank.compare(batch.u, batch.labels, batch.rows)
        return dsdh_loss(batch.u, self.codes[batch.rows], *pairs, self.params.eta)

    def after_step(self, batch: Batch) -> None:
        """Keep the batch's outputs."""
        if self.params.memory == "bank":
            self.bank.store(batch.rows, batch.u)

    def after_epoch(self, outputs: Callable[[], Tensor]) -> None:
        """Solve for the classifier, then improve the codes of the whole train split."""
        params = self.params
        W = solve_classifier(self.codes, self.targets, params.ridge)
        self.codes = improve_codes(self.codes, W, self.targets, outputs(), params.tie, params.sweeps)
