r"""TALR-AP: Hashing as Tie-Aware Learning to Rank, average precision (CVPR 2018).

Short codes have few distances, so a ranking by distance is full of ties. Average precision is computed from
counts of images per distance, every tie judged at its middle rank, and soft counts give it a slope. The
network raises the average precision that each image of the batch sees among the others.

    AP_i = 1/|P_i| sum_l c_l+ (C_l-1+ + C_l+ + 1) / (C_l-1 + C_l + 1),    L = -mean of AP_i
    c_l, c_l+ -> soft counts of all, of similar images    C_l -> their running sums    h = tanh(gamma u / 2)

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.losses.histogram import relaxed_hamming
from models.losses.pairs import other_pairs, share_label
from models.losses.ranking import relaxed_ap
from models.methods.base import Batch, Method, param
from models.methods.picture import Frame, Picture, series
from models.networks.heads import HashHead
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision

SPEC = MethodSpec(
    name="talr",
    label="TALR-AP",
    title="Tie-Aware Learning to Rank, average precision",
    family=Family.IMPLICIT,
    family_note="The 2023 edition calls it HALR.",
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "K. He, F. Cakir, S. A. Bargal, S. Sclaroff",
        "Hashing as Tie-Aware Learning to Rank",
        "CVPR",
        2018,
        "1705.08562",
    ),
    loss_kind="average precision with ties",
    idea=(
        "Codes of K bits have only K + 1 distances, so a ranking by distance is full of ties, and its "
        "average precision depends on how they are broken. Here each tie is judged as a whole at its "
        "middle rank, from counts of images per distance. Soft counts give this measure a slope, so the "
        "network can raise it directly instead of a stand-in for it."
    ),
    good_for="When average precision is what you will be judged by: the loss is that very measure.",
    objective=(
        r"\mathcal L=-\frac1N\sum_{i=1}^N\mathrm{AP}_i,\quad \mathrm{AP}_i=\frac1{|P_i|}\sum_{l=0}^{L}c_l^+\,"
        r"\frac{C_{l-1}^++C_l^++1}{C_{l-1}+C_l+1},\quad "
        r"c_l^{(+)}=\sum_{j\ne i\,(j\in P_i)}\max\Big(0,1-\frac{|d_{ij}-v_l|}{\Delta}\Big)"
    ),
    symbols=(
        (r"\mathrm{AP}_i", "average precision of the batch as image i ranks it"),
        (r"P_i", "images of the batch that share a label with i"),
        (r"c_l,\ c_l^+", "soft number of images near distance l: of all, of the similar ones"),
        (r"C_l,\ C_l^+", "soft number of images up to distance l; 0 before the first"),
        (r"d_{ij}=\tfrac12(K-h_i^\top h_j)", "relaxed Hamming distance of codes of K bits"),
        (r"h_i=\tanh(\gamma u_i/2)", "output of the network, squashed to between -1 and 1"),
        (r"v_l,\ \Delta,\ L", "centres of the bins, from 0 to K, their spacing, and the number of intervals"),
        (r"N", "images in the batch"),
    ),
    recipe=Recipe(sampler="class_balanced"),
    differs=(
        "The simplified form of the relaxation is used, which the authors' code uses too; they report the "
        "same quality as with the full one.",
        "Batches of 128 hold equally many images of each class; the authors' have 250. Average precision "
        "inside a batch is a biased estimate of the one in the database.",
        "The head starts with outputs of about 0.8 instead of 0.2, as for MIHash: where h is near 0 the "
        "loss has no slope.",
        "gamma stays constant; the authors' code can raise it during training.",
        "A small head on stored features is trained with AdamW; the paper trains VGG-F end to end with SGD.",
    ),
    references=("The authors' code: relaxation, kernel, number of bins, gamma, learning rates",),
)


@dataclass(frozen=True)
class TALRParams:
    """Hyper-parameters of TALR-AP."""

    bins_share: float = param(
        0.5,
        "Intervals of the histogram as a share of the code length; codes below 32 bits take twice the share",
        source="authors' code: n_bits / 2 from 32 bits on, n_bits below",
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


def bins_of(n_bits: int, share: float) -> int:
    """Intervals of the histogram: `share` of the bits, twice that below 32 bits, never more than the bits."""
    return max(1, round((share if n_bits >= 32 else min(1.0, 2 * share)) * n_bits))


def talr_loss(h: Tensor, s: Tensor, n_bins: int) -> Tensor:
    """Negative mean average precision, scalar; images without a similar one count as 0.

    Args:
        h: float (n, n_bits), relaxed codes in [-1, 1].
        s: bool (n, n), similar pairs; the diagonal is not read.
        n_bins: intervals between 0 and n_bits.
    """
    return -relaxed_ap(relaxed_hamming(h), s, other_pairs(len(h), h.device), n_bins, h.shape[1]).mean()


class TALR(Method):
    """Tie-Aware Learning to Rank, average precision."""

    spec = SPEC
    Params = TALRParams
    params: TALRParams

    @classmethod
    def picture(cls) -> Picture:
        """Average precision while a crowd of dissimilar images passes the similar ones."""
        distance = torch.arange(0, 16.25, 0.5)
        rows = torch.cat([torch.full((33, 5), 4.0), distance[:, None].expand(33, 15)], dim=1)
        similar = (torch.arange(20) < 5).expand(33, 20)
        frames = []
        for n_bins in (16, 8, 4, 2):
            ap = relaxed_ap(rows, similar, torch.ones_like(similar), n_bins, 16.0)
            frames.append(Frame(str(n_bins), (series("average precision", distance, ap),)))
        return Picture(
            "Average precision while the dissimilar images move away",
            "Five similar images lie 4 bits from the query, 15 dissimilar ones move. Where the curve is flat "
            "nothing is learned. Fewer intervals let the slope reach farther, but blur ranks.",
            "distance of the dissimilar images, of 16 bits",
            "average precision",
            tuple(frames),
            "intervals of the histogram",
            1,
        )

    def build_head(self) -> nn.Module:
        """A head whose outputs start at about 0.8: where h is near 0 or near 1, the loss has no slope."""
        return HashHead(self.n_features, self.n_bits, gain=4.0)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Negative mean average precision of the batch."""
        h = torch.tanh(0.5 * self.params.gamma * batch.u)
        n_bins = bins_of(self.n_bits, self.params.bins_share)
        return {"average_precision": talr_loss(h, share_label(batch.labels), n_bins)}
