r"""DSRH: Deep Semantic Ranking Based Hashing for Multi-Label Image Retrieval (CVPR 2015).

For a query, the other images are graded by the number of labels they share with it. Wherever a less relevant
image is not farther away than a more relevant one by a margin, the loss counts by how much, and weighs the
pair by what swapping the two would cost in discounted gain. A balance term keeps every bit even.

    L_q = mean over pairs r_i > r_j of w_ij max(0, d(q, i) - d(q, j) + rho),    w_ij = (2^r_i - 2^r_j) / Z
    loss = mean of L_q + alpha/2 |mean of h|^2,    d = (K - h . h') / 2,    h = tanh(u)
    r -> `relevance`    Z -> `ideal_dcg`    rho -> `margin`    alpha -> `balance`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.losses.balance import bit_balance
from models.losses.histogram import relaxed_hamming
from models.losses.pairs import other_pairs
from models.losses.ranking import gain, ideal_dcg
from models.losses.triplets import hinge_sums
from models.methods.base import Batch, Method, param
from models.methods.picture import Frame, Picture, series
from models.methods.protocols import CIFAR_A, CIFAR_B, NUS_21, SURVEY_TABLE
from models.spec import Citation, CodeKind, Family, MethodSpec, Protocol, Supervision, quote

HIGHEST_GRADE = 4  # more shared labels count as four: 2^r would leave no weight to any other pair
_MIXED = "differs between rows, not stated there"
_QUOTED = {"backbone": "not stated there", "source": "recalled from the DPSH and DTSH papers' tables"}
_NUS = Protocol("NUS-WIDE", "mAP over the first 50,000 (unverified)")

SPEC = MethodSpec(
    name="dsrh",
    label="DSRH",
    title="Deep Semantic Ranking Hashing",
    family=Family.MULTIWISE,
    supervision=Supervision.LABELS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "F. Zhao, Y. Huang, L. Wang, T. Tan",
        "Deep Semantic Ranking Based Hashing for Multi-Label Image Retrieval",
        "CVPR",
        2015,
        "1501.06272",
    ),
    loss_kind="weighted hinge on ranking lists",
    idea=(
        "For each query the other images are graded by how many labels they share with it. Every pair of "
        "grades in the wrong order costs what it lacks to the right one, weighted by the loss in discounted "
        "gain, so confusing a near twin with a stranger costs most. A balance term keeps each bit at +1 for "
        "half of the images."
    ),
    good_for="Images with several labels, when more shared labels shall mean a better rank.",
    objective=(
        r"\frac1{|\mathcal Q|}\sum_{q\in\mathcal Q}\frac1{|\mathcal R_q|}\sum_{(i,j)\in\mathcal R_q}"
        r"\frac{2^{r_i}-2^{r_j}}{Z_q}\big[d(q,i)-d(q,j)+\rho\big]_+"
        r"+\frac\alpha2\Big\lVert\frac1N\sum_ih_i\Big\rVert^2"
    ),
    symbols=(
        (r"q,\ \mathcal Q", "a query; images of the batch that have a pair to rank"),
        (r"r_i", "number of labels that image i shares with q, at most 4"),
        (r"\mathcal R_q", "pairs of other images with a higher grade of the first"),
        (r"Z_q", "discounted gain of the best order of the list"),
        (r"d(q,i)=\tfrac12(K-h_q^\top h_i)", "relaxed Hamming distance of codes of K bits"),
        (r"h_i=\tanh(u_i)", "output of the network, squashed to between -1 and 1"),
        (r"\rho", "margin, in bits"),
        (r"\alpha", "weight of the balance term"),
        (r"N", "images in the batch"),
    ),
    multi_label_note="With one label per image all grades are 0 or 1, and a plain triplet hinge is left.",
    reconstruction=(
        "The whole loss was put together from memory of the paper; its abstract confirms ranking lists and a "
        "surrogate loss, no more."
    ),
    differs=(
        "Every formula here is recalled, not read (unverified).",
        "The list is all other images of the batch, a query's loss is the mean over its pairs, and margin, "
        "balance weight and tanh are ours.",
        "Weight decay is AdamW's 0.0001, as for all methods here; the paper has it in the objective.",
        "The paper's hash layer reads two hidden layers; ours reads one.",
        "A small head on stored features is trained with AdamW; the paper trains a whole network.",
    ),
    published=(
        *quote({12: 0.608, 24: 0.610, 32: 0.617, 48: 0.617}, CIFAR_A, backbone=_MIXED, source=SURVEY_TABLE),
        *quote({12: 0.609, 24: 0.617, 32: 0.621, 48: 0.630}, NUS_21, backbone=_MIXED, source=SURVEY_TABLE),
        *quote({16: 0.608, 24: 0.611, 32: 0.617, 48: 0.618}, CIFAR_B, verified=False, **_QUOTED),
        *quote({16: 0.609, 24: 0.618, 32: 0.621, 48: 0.631}, _NUS, verified=False, **_QUOTED),
    ),
)


@dataclass(frozen=True)
class DSRHParams:
    """Hyper-parameters of DSRH."""

    margin: float = param(
        1.0, "Margin in bits between images of two grades (rho)", source="ours", low=0.0, high=64.0
    )
    balance: float = param(0.1, "Weight of the balance term (alpha)", source="ours", low=0.0, high=10.0)


def ranking_loss(
    distances: Tensor, relevance: Tensor, others: Tensor, margin: float
) -> tuple[Tensor, Tensor]:
    """Weighted hinge of each query's list, summed over its pairs, and the number of pairs; both float (n,).

    Args:
        distances: float (n, m).
        relevance: float (n, m), grades: whole numbers from 0 to 4.
        others: bool (n, m), the list of each query.
        margin: rho.
    """
    gains = torch.where(others, gain(relevance.to(distances.dtype)), 0.0)
    total, n_pairs = torch.zeros_like(distances), torch.zeros_like(distances)
    for grade in range(HIGHEST_GRADE):
        lower = others & (relevance == grade)
        above = others & (relevance > grade)
        hinges = hinge_sums(distances, lower, margin + distances)
        total = total + torch.where(above, (gains - (2.0**grade - 1)) * hinges, 0.0)
        n_pairs = n_pairs + above * lower.sum(dim=1, keepdim=True)
    return total.sum(dim=1) / ideal_dcg(gains).clamp(min=1.0), n_pairs.sum(dim=1)


def dsrh_loss(h: Tensor, relevance: Tensor, margin: float, balance: float) -> dict[str, Tensor]:
    """Loss of one batch.

    Args:
        h: float (n, n_bits), relaxed codes in [-1, 1].
        relevance: float (n, n), grades from 0 to 4; the diagonal is not read.
        margin: rho.
        balance: alpha.

    Returns:
        `ranking`, mean over each query's pairs, then over the queries that have one, and `balance`; weighted.
    """
    lists, n_pairs = ranking_loss(relaxed_hamming(h), relevance, other_pairs(len(h), h.device), margin)
    ranking = (lists / n_pairs.clamp(min=1)).sum() / (n_pairs > 0).sum().clamp(min=1)
    return {"ranking": ranking, "balance": 0.5 * balance * h.shape[1] * bit_balance(h)}


class DSRH(Method):
    """Deep Semantic Ranking Hashing."""

    spec = SPEC
    Params = DSRHParams
    params: DSRHParams

    @classmethod
    def picture(cls) -> Picture:
        """One query's loss while one image moves away and the others stay, for several margins."""
        distance, others = torch.arange(17.0), torch.ones(17, 15, dtype=torch.bool)
        relevance = torch.tensor([3.0, 2.0, 1.0] + 12 * [0.0]).expand(17, 15)
        frames = []
        for margin in (1.0, 2.0, 4.0):
            curves = []
            for column, name in enumerate(("shares 3 labels", "shares 2", "shares 1")):
                rows = torch.tensor([2.0, 4.0, 6.0] + 12 * [10.0]).repeat(17, 1)
                rows[:, column] = distance
                total, n_pairs = ranking_loss(rows, relevance, others, margin)
                curves.append(series(name, distance, total / n_pairs))
            frames.append(Frame(str(margin), tuple(curves)))
        return Picture(
            "Loss of a query's list while one image moves away",
            "Images that share 3, 2 and 1 labels with the query lie 2, 4 and 6 bits away, 12 strangers at 10 "
            "bits. One of the three moves: behind the strangers, each bit costs most for the best image.",
            "distance of the image that moves, of 16 bits",
            "loss",
            tuple(frames),
            "margin, in bits",
        )

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Weighted hinge of the batch's lists, and balance."""
        h = torch.tanh(batch.u)
        y = batch.labels.to(h.dtype)
        relevance = (y @ y.T).clamp(max=HIGHEST_GRADE)
        return dsrh_loss(h, relevance, self.params.margin, self.params.balance)
