r"""MIHash: Hashing with Mutual Information (TPAMI 2019; the online method of the same name is ICCV 2017).

For each image of the batch the others fall into two histograms of code distance: similar and dissimilar
ones. The less the histograms overlap, the more a distance tells about similarity; that is the mutual
information of the two, and it is maximised. Pairs are never compared with a target, so the method sets no
distance for anyone.

    I_i = H(p_i) - pi_i H(p_i+) - (1 - pi_i) H(p_i-),    L = -mean of I_i,    h = tanh(gamma u / 2)
    p_i+ -> `similar`    p_i- -> `dissimilar`    pi_i -> `prior`    gamma -> `params.gamma`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.losses.histogram import relaxed_hamming, soft_counts
from models.losses.pairs import other_pairs, share_label
from models.methods.base import Batch, Method, param
from models.methods.picture import Frame, Picture, series
from models.methods.protocols import CIFAR_A, CIFAR_B, NUS_21, SURVEY_TABLE
from models.networks.heads import HashHead
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision, quote

SPEC = MethodSpec(
    name="mihash",
    label="MIHash",
    title="Hashing with Mutual Information",
    family=Family.IMPLICIT,
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "F. Cakir, K. He, S. A. Bargal, S. Sclaroff",
        "Hashing with Mutual Information",
        "IEEE TPAMI",
        2019,
        "1803.00974",
    ),
    loss_kind="mutual information of distance and similarity",
    idea=(
        "Seen from one image, the others form two histograms of code distance: those that are similar, "
        "and those that are not. The less the two overlap, the more a distance tells about similarity, "
        "and this mutual information is what the network maximises. No pair has a target distance: only "
        "the two crowds have to part."
    ),
    good_for="Clean edges in the ranking with almost nothing to tune: no margin, no quantization weight.",
    objective=(
        r"\mathcal L=-\frac1N\sum_{i=1}^N I_i,\quad I_i=H(p_i)-\pi_iH(p_i^+)-(1-\pi_i)H(p_i^-),\quad "
        r"p_i^\pm(l)=\operatorname*{mean}_{j\in\mathcal N_i^\pm}\max\Big(0,1-\frac{|d_{ij}-v_l|}{\Delta}\Big)"
    ),
    symbols=(
        (r"I_i", "mutual information of distance and similarity as image i sees them, in bits"),
        (r"p_i^+,\ p_i^-", "histograms of the distances from i to similar and to dissimilar images"),
        (r"\pi_i", "share of similar images among the others"),
        (r"p_i=\pi_ip_i^++(1-\pi_i)p_i^-", "histogram of the distances to all others"),
        (r"d_{ij}=\tfrac12(K-h_i^\top h_j)", r"relaxed Hamming distance of codes of K bits"),
        (r"h_i=\tanh(\gamma u_i/2)", "output of the network, squashed to between -1 and 1"),
        (
            r"\mathcal N_i^+,\ \mathcal N_i^-",
            "images of the batch that share a label with i, and those that do not",
        ),
        (r"v_l,\ \Delta", "centres of the bins, from 0 to K, and their spacing"),
        (r"H", "entropy in bits"),
    ),
    recipe=Recipe(sampler="class_balanced"),
    differs=(
        "A small head on stored features is trained with AdamW; the paper trains VGG-F end to end with SGD.",
        "Batches hold equally many images of each class, 12 or 13 of ten, since histograms of few "
        "positives are noise; the paper takes batches of 250.",
        "The head starts with outputs of about 0.8 instead of 0.2: the loss has no slope at 0, and "
        "training stalled there (mAP on held-out train images of toyworld 0.87 before, 0.89 after; on "
        "digits 0.80, 0.94).",
        "A trained head's outputs, about 16 by then, are scaled back to 0.8 before the backbone is trained "
        "along. With tanh that saturated, one run on CIFAR-10 lost half of its mAP (0.27; scaled, 0.54), "
        "another on fewer images did not (0.56; scaled, 0.55).",
        "The number of bins grows with the code, and a batch leaves each of them fewer pairs: on toyscenes "
        "mAP is 0.88 at 32 bits and 0.87 at 64, where a share of 0.25 instead of 0.5 brings it to 0.88.",
        "At a bin's centre the slope of the histogram is the right one, the authors take the left one.",
    ),
    published=(
        *quote({12: 0.738, 24: 0.775, 32: 0.791, 48: 0.816}, CIFAR_A, backbone="VGG-F", source=SURVEY_TABLE),
        *quote({32: 0.93}, CIFAR_B, backbone="VGG-F", source="authors' README, lower end of 0.93 to 0.94"),
        *quote({12: 0.773, 24: 0.820, 32: 0.831, 48: 0.843}, NUS_21, backbone="VGG-F", source=SURVEY_TABLE),
    ),
    references=("The authors' MATLAB code and README: kernel, number of bins, gamma, batch sizes",),
)


@dataclass(frozen=True)
class MIHashParams:
    """Hyper-parameters of MIHash."""

    bins_share: float = param(
        0.5,
        "Intervals of the histogram as a share of the code length",
        source="authors' code: n_bits / 2 by default",
        low=0.1,
        high=1.0,
    )
    gamma: float = param(
        1.0,
        "Steepness of the squashing h = tanh(gamma u / 2)",
        source="authors' scripts for CIFAR-10 (5,000 train images) and NUS-WIDE",
        low=0.1,
        high=30.0,
        log=True,
    )


def entropy(p: Tensor) -> Tensor:
    """Entropy in bits of each row of p, float (n, n_bins), with finite slope in empty bins."""
    return -(p * torch.log2(p.clamp(min=1e-12))).sum(dim=1)


def mutual_information(h: Tensor, s: Tensor, n_bins: int) -> Tensor:
    """Mutual information I_i in bits as each image sees it, float (n,).

    It is 0 for an image without a similar or without a dissimilar other.

    Args:
        h: float (n, n_bits), relaxed codes in [-1, 1].
        s: bool (n, n), similar pairs; the diagonal is not read.
        n_bins: intervals between 0 and n_bits; there is one centre more.
    """
    n, n_bits = h.shape
    others = other_pairs(n, h.device)
    distances = relaxed_hamming(h)
    similar = soft_counts(distances, s & others, n_bins, n_bits)
    dissimilar = soft_counts(distances, ~s & others, n_bins, n_bits)
    n_similar = (s & others).sum(dim=1, keepdim=True).to(h.dtype)
    n_dissimilar = (n - 1) - n_similar
    prior = n_similar / max(n - 1, 1)
    p_similar, p_dissimilar = similar / n_similar.clamp(min=1), dissimilar / n_dissimilar.clamp(min=1)
    mixture = prior * p_similar + (1 - prior) * p_dissimilar
    within = prior[:, 0] * entropy(p_similar) + (1 - prior[:, 0]) * entropy(p_dissimilar)
    both = ((n_similar > 0) & (n_dissimilar > 0))[:, 0]
    return torch.where(both, entropy(mixture) - within, 0.0)


class MIHash(Method):
    """Hashing with Mutual Information."""

    spec = SPEC
    Params = MIHashParams
    params: MIHashParams

    @classmethod
    def picture(cls) -> Picture:
        """The two histograms of one image, for two classes that part step by step."""
        similar = torch.arange(300) < 100
        draws = torch.rand(300, 16, generator=torch.Generator().manual_seed(0))
        frames = []
        for percent in (20, 30, 40, 50):
            flipped = draws < torch.where(similar, 0.2, percent / 100)[:, None]
            h = 1.0 - 2.0 * flipped
            h[0] = 1.0  # the image that looks at the others; none of its bits are flipped
            s = similar[:, None] == similar[None, :]
            information = float(mutual_information(h, s, 8)[0])
            mask = torch.stack([similar, ~similar]) & (torch.arange(300) > 0)
            counts = soft_counts(relaxed_hamming(h)[:1].expand(2, -1), mask, 8, 16.0)
            shares = counts / counts.sum(dim=1, keepdim=True)
            bars = [
                series(n, range(0, 17, 2), y) for n, y in zip(("similar", "dissimilar"), shares, strict=True)
            ]
            frames.append(Frame(f"{percent} %, {information:.2f} bits of information", tuple(bars)))
        return Picture(
            "What one image sees: how far similar and dissimilar images are",
            "A fifth of the bits of a similar image differ, for dissimilar ones the slider sets how many. "
            "The less the two histograms overlap, the more a distance tells; training raises that number.",
            "Hamming distance, of 16 bits",
            "share of the images",
            tuple(frames),
            "bits that differ for dissimilar images",
            2,
            "bars",
        )

    def build_head(self) -> nn.Module:
        """A head whose outputs start at about 0.8: where h is near 0 or near 1, the loss has no slope."""
        return HashHead(self.n_features, self.n_bits, gain=4.0)

    def before_finetuning(self, u: Tensor) -> None:
        """Bring outputs back to about 0.8, where the loss has a slope; no bit changes."""
        last = [layer for layer in self.head.modules() if isinstance(layer, nn.Linear)][-1]
        with torch.no_grad():
            for parameter in last.parameters():
                parameter.mul_(0.8 / u.abs().median())

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Negative mean mutual information of the batch, in bits."""
        n_bins = max(1, round(self.params.bins_share * self.n_bits))
        h = torch.tanh(0.5 * self.params.gamma * batch.u)
        return {"mutual_information": -mutual_information(h, share_label(batch.labels), n_bins).mean()}
