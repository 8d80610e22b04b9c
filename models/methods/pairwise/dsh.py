r"""DSH: Deep Supervised Hashing for Fast Image Retrieval (CVPR 2016).

The contrastive loss on real outputs: similar images are pulled together, dissimilar ones are pushed apart
until their squared distance reaches a margin. Beyond the margin a dissimilar pair is left alone. A second
term draws every output towards +1 or -1, so that the distance of the outputs is that of the bits.

    L = mean over pairs of [s_ij D_ij + (1 - s_ij) max(m - D_ij, 0)] / 2 + (2 alpha / N) sum of ||u_ik| - 1|
    D_ij = |u_i - u_j|^2 -> `distances`    s_ij -> `s`    m -> `margin`    alpha -> `params.alpha`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from models.losses.bank import MemoryBank
from models.losses.pairs import masked_mean, other_pairs, share_label, squared_distances
from models.losses.quantization import absolute_error
from models.methods.base import Batch, Method, TrainSet, param
from models.methods.picture import Picture, pair_picture
from models.methods.protocols import CIFAR_A, NUS_21
from models.spec import Citation, CodeKind, Family, MethodSpec, Protocol, Recipe, Supervision, quote

_CIFAR_TEST = Protocol(
    "CIFAR-10", "10,000 test images searched among themselves (unverified); mAP over the whole ranking"
)
_NUS = Protocol("NUS-WIDE", "the paper's own split, not the usual one with 21 concepts (unverified)")
_SMALL, _MIXED = "the paper's network of three convolutions", "differs between rows, not stated there"
_TABLE = "Table 4 of the survey (arXiv 2003.03369, later edition); not the paper's own figures"
_PAPER, _QUOTED = "recalled from the paper's table", "the paper's figure, as quoted by "
_README = _QUOTED + "the README of DeepHash-pytorch"

SPEC = MethodSpec(
    name="dsh",
    label="DSH",
    title="Deep Supervised Hashing",
    family=Family.PAIRWISE,
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "H. Liu, R. Wang, S. Shan, X. Chen", "Deep Supervised Hashing for Fast Image Retrieval", "CVPR", 2016
    ),
    loss_kind="product of similarity and distance (contrastive, with a margin)",
    idea=(
        "Outputs of similar images are pulled together, those of dissimilar images are pushed apart. "
        "The push ends where the squared distance of two outputs reaches a margin, so effort goes to pairs "
        "that are still too close. A second term draws every output towards +1 or -1, which makes the "
        "distance of the outputs that of the bits."
    ),
    good_for="A distance that can be read: the margin says how many bits shall part two dissimilar images.",
    objective=(
        r"\frac{1}{|\mathcal P|}\sum_{(i,j)\in\mathcal P}\tfrac12\big[s_{ij}D_{ij}"
        r"+(1-s_{ij})\max(m-D_{ij},0)\big]+\alpha\frac2N\sum_{i=1}^N\big\lVert|u_i|-\mathbf 1\big\rVert_1,"
        r"\qquad D_{ij}=\lVert u_i-u_j\rVert_2^2"
    ),
    symbols=(
        (r"u_i", "relaxed code of image i: the output of the network, K real numbers"),
        (r"D_{ij}", "squared distance of two relaxed codes; four times the Hamming distance for bits"),
        (r"s_{ij}", "1 when images i and j share a label, else 0"),
        (r"m", "margin: dissimilar pairs at least this far apart count as done"),
        (r"\mathcal P", "ordered pairs of two different images of the batch"),
        (r"\alpha", "weight of the term that draws outputs to +1 or -1"),
        (r"N,\ K", "images in the batch, bits"),
    ),
    multi_label_note=(
        "Where most pairs share a label, as on toyscenes, the pull outweighs the push and codes crowd "
        "together. Weighing both kinds of pair the same, which is not DSH, raised mAP there by 0.09."
    ),
    recipe=Recipe(lr=0.01),
    differs=(
        "A small head on stored features is trained with AdamW; the paper trains a network of three "
        "convolutions end to end with SGD.",
        "Every code length starts from fresh weights; the paper fine-tunes long codes from the shortest.",
        "The batch is compared with itself; comparing it with the last outputs of all train images, as "
        "several public versions do, is an option, and images not seen yet are left out of it.",
    ),
    published=(
        *quote({12: 0.6157}, _CIFAR_TEST, backbone=_SMALL, source=_QUOTED + "DSH_tensorflow, issue 4"),
        *quote({24: 0.6512, 36: 0.6607}, _CIFAR_TEST, backbone=_SMALL, source=_PAPER, verified=False),
        *quote({48: 0.6755}, _CIFAR_TEST, backbone=_SMALL, source=_README),
        *quote({12: 0.5483, 24: 0.5513, 36: 0.5582}, _NUS, backbone=_SMALL, source=_PAPER, verified=False),
        *quote({48: 0.5621}, _NUS, backbone=_SMALL, source=_README),
        *quote({12: 0.644, 24: 0.742, 32: 0.770, 48: 0.799}, CIFAR_A, backbone=_MIXED, source=_TABLE),
        *quote({12: 0.712, 24: 0.731, 32: 0.740, 48: 0.748}, NUS_21, backbone=_MIXED, source=_TABLE),
    ),
    references=(
        "The authors' Caffe release: margin, alpha, gradient of the second term",
        "swuxyj/DeepHash-pytorch, issue 16 and README: common mistakes, figures",
        "DSH-pytorch: factor 2 of the second term",
    ),
)


@dataclass(frozen=True)
class DSHParams:
    """Hyper-parameters of DSH."""

    margin_share: float = param(
        2.0,
        "Margin on the squared distance, in multiples of the code length; at 4 every bit has to differ",
        source="authors' release: 24 for 12 bits",
        low=0.25,
        high=4.0,
    )
    alpha: float = param(
        0.01,
        "Weight of the term that draws outputs to +1 or -1",
        source="authors' release",
        low=0.0,
        high=1.0,
    )
    memory: str = param(
        "batch",
        "Compare the batch with itself, or with a bank of the last outputs of all train images",
        source="batch: the paper; bank: DeepHash-pytorch",
        choices=("batch", "bank"),
    )


def contrastive(distances: Tensor, s: Tensor, margin: float) -> Tensor:
    """Loss of each pair, float (n, m).

    Args:
        distances: float (n, m), squared distances.
        s: bool (n, m), similar pairs.
        margin: dissimilar pairs at least this far apart lose nothing.
    """
    return 0.5 * distances.where(s, (margin - distances).relu())


def dsh_loss(
    u: Tensor, others: Tensor, s: Tensor, mask: Tensor, margin: float, alpha: float
) -> dict[str, Tensor]:
    """Loss of one batch.

    Args:
        u: float (n, n_bits), relaxed codes.
        others: float (m, n_bits), what they are compared with: `u` itself, or the rows of a bank.
        s: bool (n, m), similar pairs.
        mask: bool (n, m), the pairs that count.
        margin, alpha: see the head of this file.

    Returns:
        `contrastive` and `quantization`, scalars, weighted.
    """
    pairs = masked_mean(contrastive(squared_distances(u, others), s, margin), mask)
    # A sum over bits: the mean over images and bits times the code length.
    return {"contrastive": pairs, "quantization": 2 * alpha * u.shape[1] * absolute_error(u)}


class DSH(Method):
    """Deep Supervised Hashing."""

    spec = SPEC
    Params = DSHParams
    params: DSHParams

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes and build the head."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.bank = MemoryBank()

    @classmethod
    def picture(cls) -> Picture:
        """The two sides of the contrastive loss, for margins of several lengths."""
        return pair_picture(
            lambda u, s, share: dsh_loss(u, u, s, other_pairs(2, u.device), 16 * share, 0.0)["contrastive"],
            values=(0.5, 1.0, 2.0, 3.0, 4.0),
            slider="margin, in multiples of the code length",
            start=2,
            caption=(
                "A similar pair always wants to be closer. A dissimilar pair rests where its curve "
                "meets zero; a larger margin moves that point right, up to codes that differ in every bit."
            ),
        )

    def before_fit(self, train: TrainSet) -> None:
        """Empty the bank."""
        if self.params.memory == "bank":
            self.bank.reset(train.labels, self.n_bits)

    def after_step(self, batch: Batch) -> None:
        """Keep the batch's outputs."""
        if self.params.memory == "bank":
            self.bank.store(batch.rows, batch.u)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Contrastive loss of the batch's pairs, and the pull towards bits."""
        if self.params.memory == "bank":
            others = self.bank.u.to(batch.u.dtype)
            s, mask = self.bank.pairs(batch.rows, batch.labels)
        else:
            others, s = batch.u, share_label(batch.labels)
            mask = other_pairs(len(batch.u), batch.u.device)
        margin = self.params.margin_share * self.n_bits
        return dsh_loss(batch.u, others, s, mask, margin, self.params.alpha)
