r"""TALR-NDCG: Hashing as Tie-Aware Learning to Rank, discounted gain (CVPR 2018).

The more labels two images share, the more it is worth to rank one high for the other. That gain, discounted
by rank and divided by what the best order would reach, is computed from counts of images per distance. Every
tie is judged at its middle rank, and soft counts give the measure a slope.

    NDCG_i = 1/DCG*_i sum_l g_l / log2(C_l-1 + (c_l + 1) / 2 + 1),    L = -mean of NDCG_i
    g_l -> soft sum of the gains 2^a - 1    c_l, C_l -> soft counts, running sums    h = tanh(gamma u / 2)

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.losses.histogram import relaxed_hamming
from models.losses.pairs import other_pairs
from models.losses.ranking import relaxed_ndcg
from models.methods.base import Batch, Method, param
from models.methods.picture import Frame, Picture, series
from models.networks.heads import HashHead
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision

SPEC = MethodSpec(
    name="talr_ndcg",
    label="TALR-NDCG",
    title="Tie-Aware Learning to Rank, discounted gain",
    family=Family.IMPLICIT,
    family_note="The 2023 edition calls it HALR.",
    supervision=Supervision.LABELS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "K. He, F. Cakir, S. A. Bargal, S. Sclaroff",
        "Hashing as Tie-Aware Learning to Rank",
        "CVPR",
        2018,
        "1705.08562",
    ),
    loss_kind="discounted gain with ties",
    idea=(
        "An image that shares three labels with the query belongs above one that shares a single label. "
        "Each is worth a gain that doubles with every shared label and shrinks with its rank, and the sum is "
        "divided by what the best order would reach. Images at one distance are tied and judged at their "
        "middle rank, and soft counts per distance give the measure a slope that the network can climb."
    ),
    good_for="Images with several labels: sharing more of them brings two images closer.",
    objective=(
        r"\mathcal L=-\frac1N\sum_{i=1}^N\mathrm{NDCG}_i,\quad \mathrm{NDCG}_i=\frac1{\mathrm{DCG}^\star_i}"
        r"\sum_{l=0}^{L}\frac{g_l}{\log_2\!\big(C_{l-1}+\frac{c_l+1}2+1\big)},\quad "
        r"g_l=\sum_{j\ne i}(2^{a_{ij}}-1)\max\Big(0,1-\frac{|d_{ij}-v_l|}{\Delta}\Big)"
    ),
    symbols=(
        (r"\mathrm{NDCG}_i", "quality of the ranking as image i sees it; about 1 for the best order"),
        (r"\mathrm{DCG}^\star_i", "what the best order of the other images reaches"),
        (r"a_{ij}", "number of labels that images i and j share"),
        (r"g_l", "gains of the images near distance l, summed"),
        (r"c_l,\ C_l", "soft number of images near distance l, and up to it"),
        (r"d_{ij}=\tfrac12(K-h_i^\top h_j)", "relaxed Hamming distance of codes of K bits"),
        (r"h_i=\tanh(\gamma u_i/2)", "output of the network, squashed to between -1 and 1"),
        (r"v_l,\ \Delta,\ L", "centres of the bins, from 0 to K, their spacing, and the number of intervals"),
        (r"N", "images in the batch"),
    ),
    multi_label_note="The number of shared labels is the gain's exponent; with one label it is 0 or 1.",
    recipe=Recipe(sampler="class_balanced"),
    differs=(
        "It learns the order of grades, at a cost in mAP, which knows only relevant or not: on toyscenes at "
        "32 bits NDCG@100 is 0.47 and mAP 0.88, with average precision as the goal 0.42 and 0.91.",
        "The simplified form of the relaxation is used, which the authors' code uses too; they report the "
        "same quality as with the full one.",
        "The ideal ranking leaves the image itself out. The authors' code counts it there but not in the "
        "ranking that is judged, so that its value stays below 1.",
        "Batches of 128 hold equally many images of each class; the authors' have 250.",
        "The head starts with outputs of about 0.8 instead of 0.2, as for MIHash: where h is near 0 the "
        "loss has no slope.",
        "A small head on stored features is trained with AdamW; the paper trains VGG-F end to end with SGD.",
    ),
    references=("The authors' code: relaxation, kernel, number of bins, gamma, learning rates",),
)


@dataclass(frozen=True)
class TALRNDCGParams:
    """Hyper-parameters of TALR-NDCG."""

    bins_share: float = param(
        0.5,
        "Intervals of the histogram as a share of the code length",
        source="authors' script for NDCG: n_bits / 2",
        low=0.1,
        high=1.0,
    )
    gamma: float = param(
        1.0,
        "Steepness of the squashing h = tanh(gamma u / 2)",
        source="authors' scripts",
        low=0.1,
        high=30.0,
        log=True,
    )


def talr_ndcg_loss(h: Tensor, affinity: Tensor, n_bins: int) -> Tensor:
    """Negative mean NDCG, scalar; images that share no label with another count as 0.

    Args:
        h: float (n, n_bits), relaxed codes in [-1, 1].
        affinity: float (n, n), numbers of shared labels; the diagonal is not read.
        n_bins: intervals between 0 and n_bits.
    """
    others = other_pairs(len(h), h.device)
    return -relaxed_ndcg(relaxed_hamming(h), affinity, others, n_bins, h.shape[1]).mean()


class TALRNDCG(Method):
    """Tie-Aware Learning to Rank, discounted gain."""

    spec = SPEC
    Params = TALRNDCGParams
    params: TALRNDCGParams

    @classmethod
    def picture(cls) -> Picture:
        """NDCG while one image of each kind moves away from the query and the others stay."""
        distance = torch.arange(0, 16.25, 0.5)
        affinity = torch.tensor([3.0, 2.0, 1.0] + 12 * [0.0]).expand(33, 15)
        frames = []
        for n_bins in (16, 8, 4):
            curves = []
            for column, name in enumerate(("shares 3 labels", "shares 2", "shares 1")):
                rows = torch.tensor([2.0, 4.0, 6.0] + 12 * [10.0]).repeat(33, 1)
                rows[:, column] = distance
                ndcg = relaxed_ndcg(rows, affinity, torch.ones_like(rows, dtype=torch.bool), n_bins, 16.0)
                curves.append(series(name, distance, ndcg))
            frames.append(Frame(str(n_bins), tuple(curves)))
        return Picture(
            "Quality of the ranking while one image moves away",
            "Three images that share 3, 2 and 1 labels with the query lie 2, 4 and 6 bits away, 12 strangers "
            "at 10 bits. One of the three moves: losing the best one costs most. The slider sets how finely "
            "distances are told apart.",
            "distance of the image that moves, of 16 bits",
            "NDCG",
            tuple(frames),
            "intervals of the histogram",
            1,
        )

    def build_head(self) -> nn.Module:
        """A head whose outputs start at about 0.8: where h is near 0 or near 1, the loss has no slope."""
        return HashHead(self.n_features, self.n_bits, gain=4.0)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Negative mean NDCG of the batch."""
        h = torch.tanh(0.5 * self.params.gamma * batch.u)
        y = batch.labels.to(h.dtype)
        n_bins = max(1, round(self.params.bins_share * self.n_bits))
        return {"discounted_gain": talr_ndcg_loss(h, y @ y.T, n_bins)}
