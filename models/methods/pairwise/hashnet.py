r"""HashNet: Deep Learning to Hash by Continuation (ICCV 2017).

Training a network through the sign function is impossible, through tanh(beta z) with a small beta it is easy.
So training starts with a small beta and raises it until the tanh is almost the sign. Similar pairs are rare,
therefore the two kinds of pair are weighted to count the same.

    L = mean over pairs of w_ij [log(1 + e^theta_ij) - s_ij theta_ij],    theta_ij = alpha g_i . g_j
    g = tanh(beta z), beta_t = sqrt(1 + 50 t / T) -> `sharpness`    z -> `batch.u`    w_ij -> `weights`
    w_ij = c_ij |P| / |P_1| or |P| / |P_0|,    c_ij -> `shared_share`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.losses.pairs import masked_mean, other_pairs, pair_likelihood, pair_weights, share_label
from models.methods.base import Batch, Method, param
from models.methods.picture import Frame, Picture, series
from models.methods.protocols import CIFAR_A, IMAGENET_100, NUS_21
from models.spec import Citation, CodeKind, Family, MethodSpec, Protocol, Supervision, quote

_NUS_81 = Protocol("NUS-WIDE-81", "81 concepts, 5,000 queries, 10,000 train; mAP over the first 5,000")
_COCO = Protocol("COCO", "share one of 80 classes; mAP over the first 5,000")
_PAPER = "recalled from the paper's table"
_README = "the paper's figure, as quoted by the README of DeepHash-pytorch"
_TABLE = "Table 4 of the survey (arXiv 2003.03369, later edition); the paper itself has no such figures"
_NET, _MIXED = "AlexNet", "differs between rows, not stated there"

SPEC = MethodSpec(
    name="hashnet",
    label="HashNet",
    title="Deep Learning to Hash by Continuation",
    family=Family.PAIRWISE,
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "Z. Cao, M. Long, J. Wang, P. S. Yu",
        "HashNet: Deep Learning to Hash by Continuation",
        "ICCV",
        2017,
        "1702.00758",
    ),
    loss_kind="likelihood of weighted pairs",
    idea=(
        "A sign has no slope to learn from, so outputs pass through a soft step instead, which is made "
        "steeper while training goes on until it is almost the sign itself. "
        "The likelihood of the pairs is thereby measured on codes that become binary by themselves, and no "
        "quantization term is needed. Similar pairs are rare, so both kinds of pair are weighted to count "
        "the same."
    ),
    good_for="Data with few similar pairs, and codes that need no term of their own to become binary.",
    objective=(
        r"\frac{1}{|\mathcal P|}\sum_{(i,j)\in\mathcal P}w_{ij}\big[\log(1+e^{\theta_{ij}})"
        r"-s_{ij}\theta_{ij}\big],\quad \theta_{ij}=\alpha\,g_i^\top g_j,\quad g_i=\tanh(\beta_tz_i),\quad "
        r"w_{ij}=c_{ij}\begin{cases}|\mathcal P|/|\mathcal P_1|&s_{ij}=1\\"
        r"|\mathcal P|/|\mathcal P_0|&s_{ij}=0\end{cases}"
    ),
    symbols=(
        (r"z_i", "output of the network for image i, K real numbers; their signs are the bits"),
        (r"g_i", "relaxed code: the output after the soft step"),
        (r"\beta_t=\sqrt{1+50\,t/T}", "steepness of the step in epoch t of T: from 1 to about 7"),
        (r"s_{ij}", "1 when images i and j share a label, else 0"),
        (r"\theta_{ij},\ \alpha", "log-odds that i and j are similar, and their scale, 10 / K"),
        (r"\mathcal P,\ \mathcal P_1,\ \mathcal P_0", "pairs of the batch: all, similar, dissimilar"),
        (r"c_{ij}", "for similar pairs the share of their labels that both have, else 1"),
    ),
    multi_label_note="A similar pair counts by the share of its labels that both images have.",
    differs=(
        "The weight c for several labels is the paper's as recalled (unverified); the authors' Caffe code "
        "has another one, and their PyTorch version weighs all pairs the same.",
        "Beta is raised each epoch so that it ends near 7.1 in a run of any length; the authors raise it "
        "every 200 of 10,000 iterations, to the same value.",
        "All pairs inside one batch are used; the authors compare two batches drawn independently.",
        "A small head on stored features is trained with AdamW; the paper trains AlexNet end to end with "
        "SGD and a tenfold rate for the hash layer.",
    ),
    published=(
        *quote({48: 0.7114}, _NUS_81, backbone=_NET, source=_README),
        *quote({16: 0.6623, 32: 0.6988, 64: 0.7163}, _NUS_81, backbone=_NET, source=_PAPER, verified=False),
        *quote({48: 0.6633}, IMAGENET_100, backbone=_NET, source=_README),
        *quote({48: 0.7301}, _COCO, backbone=_NET, source=_README),
        *quote({12: 0.685, 24: 0.707, 32: 0.705, 48: 0.705}, CIFAR_A, backbone=_MIXED, source=_TABLE),
        *quote({12: 0.770, 24: 0.802, 32: 0.806, 48: 0.816}, NUS_21, backbone=_MIXED, source=_TABLE),
    ),
    references=(
        "The authors' release (thuml/HashNet): alpha, schedule of beta, class weights; issues 7, 17, 28, 31",
    ),
)


@dataclass(frozen=True)
class HashNetParams:
    """Hyper-parameters of HashNet."""

    alpha_bits: float = param(
        10.0,
        "Scale of the log-odds, times the code length: alpha = alpha_bits / K",
        source="authors' release: 10 / K",
        low=0.5,
        high=50.0,
        log=True,
    )
    growth: float = param(
        50.0,
        "How steep the step becomes: beta ends at sqrt(1 + growth); 0 keeps a plain tanh",
        source="authors' release: 0.005 per iteration, 10,000 iterations",
        low=0.0,
        high=500.0,
    )
    weighted: bool = param(
        True,
        "Let similar and dissimilar pairs count the same, and similar ones by the labels they share",
        source="the paper; the authors' PyTorch version does not",
    )


def sharpness(progress: float, growth: float = 50.0) -> float:
    """Steepness beta after this share of training, 0 to 1."""
    return math.sqrt(1 + growth * progress)


def shared_share(labels: Tensor) -> Tensor:
    """Labels that both images have, as a share of those that either has; 1 where they share none, (n, n).

    Args:
        labels: bool (n, n_classes).
    """
    y = labels.float()
    both = y @ y.T
    either = y.sum(dim=1)[:, None] + y.sum(dim=1)[None, :] - both
    return torch.where(both > 0.5, both / either.clamp(min=1), 1.0)


def hashnet_loss(g: Tensor, s: Tensor, alpha: float, c: Tensor | None) -> Tensor:
    """Weighted likelihood of a batch's pairs, a scalar.

    Args:
        g: float (n, n_bits), relaxed codes after the soft step.
        s: bool (n, n), similar pairs; the diagonal is not read.
        alpha: scale of the log-odds.
        c: float (n, n), see `shared_share`; None weighs every pair 1.
    """
    mask = other_pairs(len(g), g.device)
    losses = pair_likelihood(alpha * g @ g.T, s)
    return masked_mean(losses if c is None else c * pair_weights(s, mask) * losses, mask)


class HashNet(Method):
    """Deep Learning to Hash by Continuation; `beta` follows from the epoch alone, so a resumed run has it."""

    spec = SPEC
    Params = HashNetParams
    params: HashNetParams

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes and build the head."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.beta = 1.0

    @classmethod
    def picture(cls) -> Picture:
        """The soft step at several points of training, beside the sign."""
        z, frames = torch.linspace(-2, 2, 61), []
        for progress in (0.0, 0.05, 0.1, 0.25, 0.5, 1.0):
            beta = sharpness(progress)
            curves = (series("g = tanh(beta z)", z, torch.tanh(beta * z)), series("bit", z, binarize(z)))
            frames.append(Frame(f"{progress:.0%}, beta {beta:.1f}", curves))
        caption = (
            "Early on the step is flat: outputs near 0 can still change sides, and rounding would change "
            "the code. At the end curve and bit agree nearly everywhere."
        )
        title, slider = "From tanh to sign", "training done"
        return Picture(title, caption, "output z of the network", "relaxed code", tuple(frames), slider)

    def before_epoch(self, epoch: int, n_epochs: int) -> None:
        """Make the step steeper."""
        self.beta = sharpness(epoch / max(1, n_epochs), self.params.growth)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Weighted likelihood of the batch's pairs."""
        g = torch.tanh(self.beta * batch.u)
        c = shared_share(batch.labels) if self.params.weighted else None
        alpha = self.params.alpha_bits / self.n_bits
        return {"likelihood": hashnet_loss(g, share_label(batch.labels), alpha, c)}
