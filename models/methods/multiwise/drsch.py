r"""DRSCH: Bit-Scalable Deep Hashing with Regularized Similarity Learning (IEEE TIP 2015).

Every bit has a learned weight, so a distance is a weighted count of differing bits, and a shorter code is had
by keeping the bits that weigh most. Triplets ask that a similar image be nearer than a dissimilar one by a
margin. A graph term pulls all images of one class together.

    L = mean over (q, p, n) of max(C, |r_q - r_p|^2 - |r_q - r_n|^2) + lambda tr(R L R^T) / sum A_ij
    r = w * sigmoid(u) -> `r`    C -> minus `margin`    lambda -> `weight`    A -> `s` off the diagonal

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.losses.pairs import masked_mean, other_pairs, share_label, squared_distances
from models.losses.triplets import triplet_hinge
from models.methods.base import Batch, CodebookMethod, param
from models.methods.picture import Picture, triplet_picture
from models.methods.protocols import CIFAR_A, CIFAR_B, NUS_21, SURVEY_TABLE
from models.spec import Citation, CodeKind, Family, MethodSpec, Protocol, Recipe, Supervision, quote

_MIXED = "differs between rows, not stated there"
_QUOTED = {"backbone": "not stated there", "source": "recalled from the DPSH and DTSH papers' tables"}
_NUS = Protocol("NUS-WIDE", "mAP over the first 50,000 (unverified)")

SPEC = MethodSpec(
    name="drsch",
    label="DRSCH",
    title="Deep Regularized Similarity Comparison Hashing",
    family=Family.MULTIWISE,
    supervision=Supervision.TRIPLETS,
    code_kind=CodeKind.CODEBOOK,
    citation=Citation(
        "R. Zhang, L. Lin, R. Zhang, W. Zuo, L. Zhang",
        "Bit-Scalable Deep Hashing with Regularized Similarity Learning for Image Retrieval and Person "
        "Re-identification",
        "IEEE TIP",
        2015,
        "1508.04535",
    ),
    loss_kind="hinge on triplets, with a graph term",
    idea=(
        "Every bit gets a learned weight, and the distance of two codes is the sum of the squared weights of "
        "the bits that differ. Triplets ask that a similar image be nearer than a dissimilar one by a "
        "margin, and a graph term pulls images of one class together. A shorter code needs no new training: "
        "the bits with the largest weights are kept."
    ),
    good_for="One network for several code lengths, and fewer ties than counting bits gives.",
    objective=(
        r"\frac1{|\mathcal T|}\sum_{(q,p,n)}\max\big(C,\ \lVert r_q-r_p\rVert^2-\lVert r_q-r_n\rVert^2\big)"
        r"+\lambda\,\frac{\operatorname{tr}(RLR^\top)}{\sum_{ij}A_{ij}},\qquad r_i=w\odot\sigma(u_i)"
    ),
    symbols=(
        (r"q,\ p,\ n", "query, positive and negative image of a triplet"),
        (r"\mathcal T", "all triplets of the batch"),
        (r"r_i", "weighted relaxed code of image i, column i of R"),
        (r"w", "weights of the bits, learned"),
        (r"\sigma(u_i)", "sigmoid of the outputs; bit k is 1 when it is at least 0.5"),
        (r"C", "minus the margin, below 0"),
        (r"A_{ij}", "1 when two different images of the batch share a label, else 0"),
        (
            r"L=\operatorname{diag}(A\mathbf 1)-A",
            "graph Laplacian; the trace is half the sum of A times distances",
        ),
        (r"\lambda", "weight of the graph term"),
    ),
    multi_label_note="A positive shares at least one label with the query, a negative none.",
    recipe=Recipe(lr=0.01),
    differs=(
        "Codes are stored as words of K books with two words each, -w_k/2 and w_k/2. The squared distance of "
        "two such codes is exactly the weighted Hamming distance, and queries are rounded too.",
        "The weights w are stored once beside the codes, so distances are finer than those of other methods "
        "at the same number of bits.",
        "Bits are squashed by the release's sigmoid; the paper's tanh of growing slope is (unverified).",
        "The graph term is a mean over similar pairs with weight 0.1, both ours; the release has 0.001, "
        "divides all by the number of triplets, and its graph matrix is not the Laplacian.",
        "The margin stays at 5 of 64 bits; the release raises it slowly.",
        "A small head on stored features is trained with AdamW; the paper trains a whole network with SGD.",
    ),
    published=(
        *quote({12: 0.614, 24: 0.621, 32: 0.628, 48: 0.630}, CIFAR_A, backbone=_MIXED, source=SURVEY_TABLE),
        *quote({12: 0.618, 24: 0.622, 32: 0.622, 48: 0.627}, NUS_21, backbone=_MIXED, source=SURVEY_TABLE),
        *quote({16: 0.615, 24: 0.622, 32: 0.629, 48: 0.631}, CIFAR_B, verified=False, **_QUOTED),
        *quote({16: 0.618, 24: 0.622, 32: 0.623, 48: 0.628}, _NUS, verified=False, **_QUOTED),
    ),
    references=("The authors' release: sigmoid, start of the weights, margin, graph weight, sampling",),
)


@dataclass(frozen=True)
class DRSCHParams:
    """Hyper-parameters of DRSCH."""

    margin_share: float = param(
        5 / 64,
        "Margin as a share of the code length",
        source="authors' release: 5 at 64 bits",
        low=0.0,
        high=1.0,
    )
    weight: float = param(
        0.1, "Weight of the graph term (lambda)", source="ours, on the mean over pairs", low=0.0, high=10.0
    )


def graph_term(r: Tensor, s: Tensor) -> Tensor:
    """tr(R L R^T) / sum A, scalar: half the mean squared distance of similar pairs.

    Args:
        r: float (n, n_bits), weighted relaxed codes.
        s: bool (n, n), similar pairs; the diagonal is not read.
    """
    return 0.5 * masked_mean(squared_distances(r), s & other_pairs(len(r), r.device))


def drsch_loss(r: Tensor, s: Tensor, margin: float, weight: float) -> dict[str, Tensor]:
    """Loss of one batch, `r` and `s` as in `graph_term`.

    Returns:
        `triplets`, between -margin and infinity (0 without a triplet), and `graph`; scalars, weighted.
    """
    others = other_pairs(len(r), r.device)
    positive, negative = s & others, ~s & others
    hinge = triplet_hinge(squared_distances(r), positive, negative, margin)
    # max(C, x) = C + max(0, x - C), with C = -margin; a mean over no triplet is 0.
    any_triplet = (positive.any(dim=1) & negative.any(dim=1)).any()
    return {"triplets": hinge - margin * any_triplet, "graph": weight * graph_term(r, s)}


def heaviest_bits(w: Tensor, n_bits: int) -> Tensor:
    """The `n_bits` bits to keep for a shorter code, int64, ascending: largest |w|, of equals the first."""
    return w.abs().argsort(descending=True, stable=True)[:n_bits].sort().values


class DRSCH(CodebookMethod):
    """Deep Regularized Similarity Comparison Hashing."""

    spec = SPEC
    Params = DRSCHParams
    params: DRSCHParams

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; build the head, and weights of 1 for all bits."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.weights = nn.Parameter(torch.ones(n_bits))

    @classmethod
    def picture(cls) -> Picture:
        """One triplet's loss for bits that weigh more and more unlike."""
        s = torch.zeros(3, 3, dtype=torch.bool)
        s[0, 1] = True

        def loss(u: Tensor, spread: float) -> Tensor:
            w = torch.linspace(1 + spread, 1 - spread, u.shape[1])
            return drsch_loss(w * torch.sigmoid(u), s, 4.0, 0.1)["triplets"]

        return triplet_picture(
            loss,
            values=(0.0, 0.25, 0.5, 0.75),
            slider="how far weights differ from 1",
            scale=8.0,
            start=2,
            caption=(
                "A differing bit adds its squared weight to a distance. With equal weights the loss falls "
                "evenly down to minus the margin, 4; with unequal ones the first bits count most."
            ),
        )

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Hinge of the batch's triplets, and the graph term."""
        r = self.weights.to(batch.u.dtype) * torch.sigmoid(batch.u)
        margin = self.params.margin_share * self.n_bits
        return drsch_loss(r, share_label(batch.labels), margin, self.params.weight)

    def codebooks(self) -> Tensor:
        """Words -w/2 and w/2 of each bit, float (n_bits, 2, 1)."""
        # Two codes then differ by w in each bit that differs, so that the squared Euclidean distance, which
        # every index of codebook codes computes, is the weighted Hamming distance.
        half = 0.5 * self.weights.detach()
        return torch.stack([-half, half], dim=1)[:, :, None]

    def assign(self, u: Tensor) -> Tensor:
        """The bits, 0 or 1, int64 (n, n_bits)."""
        return (u >= 0).long()

    def embed(self, u: Tensor) -> Tensor:
        """The words of the image's own code, float (n, n_bits): a query is rounded like a stored image."""
        return (self.assign(u) - 0.5) * self.weights.detach()
