r"""SPQ: Self-supervised Product Quantization for Deep Unsupervised Image Retrieval (ICCV 2021).

An image's code names one of 16 words in each of several books. Two disturbed views of one image should agree:
the output of one view with the words of the other, better than with any other image. No label is read.

    L = (ell([Xa; Zb]) + ell([Xb; Za])) / 2n    ell: cross-entropy over cosines / tau -> `contrast`
    X = u -> `x`    Z = sum_k softmax_k(-tau_q |x_m - C_m[k]|^2) C_m[k] -> `soft_words`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.losses.codebooks import nearest_words, slices
from models.methods.base import Batch, CodebookMethod, param
from models.methods.picture import Frame, Picture, series
from models.networks.heads import HashHead
from models.spec import BitRule, Citation, CodeKind, Family, MethodSpec, Protocol, Supervision, quote

N_CENTROIDS = 16  # half a byte per book
WIDTH, MOST_OUTPUTS = 16, 96

_CIFAR = Protocol(
    "CIFAR-10", "10,000 queries, 50,000 train images are the database; mAP over the first 1,000"
)
_UNSTATED = "the split was not stated where the figure was read"
_NOISE = "ours: best of 0.25, 0.5 and 1 on a fifth of toyworld's train images, held out"
_DROPPED = "ours: best of 0.1, 0.3 and 0.5, found in the same way"
_SECOND_HAND: Any = {"backbone": "CNN without pre-training", "source": "second hand", "verified": False}

SPEC = MethodSpec(
    name="spq",
    label="SPQ",
    title="Self-supervised Product Quantization",
    family=Family.UNSUPERVISED,
    family_note="Newer than the 2020 edition; its codes are those of the quantization family.",
    supervision=Supervision.NONE,
    code_kind=CodeKind.CODEBOOK,
    citation=Citation(
        "Y. K. Jang, N. I. Cho",
        "Self-supervised Product Quantization for Deep Unsupervised Image Retrieval",
        "ICCV",
        2021,
        "2109.02244",
    ),
    loss_kind="contrast of an output with the words of another view",
    idea=(
        "Two disturbed views of an image should look alike, and unlike all other images of the batch. The "
        "output of one view is compared with the words of the other, mixed by their closeness, so that words "
        "are learned along with the network. A code is the nearest of 16 words in each book."
    ),
    good_for="Images without any labels, in short codes that still give fine distances.",
    objective=(
        r"\mathcal L=\frac{\ell([X_a;Z_b])+\ell([X_b;Z_a])}{2n},\quad"
        r"\ell(U)=-\sum_{i=1}^{2n}\log\frac{\exp(S_{i,i^+}/\tau)}{\sum_{k\ne i}\exp(S_{ik}/\tau)},\quad"
        r"z^m=\sum_k\operatorname{softmax}_k\!\big(-\tau_q\lVert x^m-C_m[k]\rVert^2\big)\,C_m[k]"
    ),
    symbols=(
        (r"X_a,\ X_b", "outputs for the two views of n images, one row each; x m is slice m of a row"),
        (r"Z_a,\ Z_b", "their words, mixed by closeness; z m is one slice"),
        (r"C_m[k]", "word k of book m"),
        (r"S_{ik}", "cosine of rows i and k of U; row i + is the other view of row i's image"),
        (r"\tau,\ \tau_q", "softness of the comparison; sharpness of the choice of words"),
    ),
    n_bits=BitRule(multiple_of=4, lowest=4, highest=128),
    differs=(
        "One view is the stored features, the other has noise added and parts set to their mean; the paper "
        "crops, flips and recolours the image for both, which says more about what it shows.",
        "A small head on features of a network that was trained elsewhere, 30 epochs; the paper trains its "
        "network from nothing for thousands.",
        "All slices together have at most 96 numbers; the paper's have 16 each, as ours up to 24 bits.",
        "The authors' search adds distances of slices without squaring them; ours adds squares.",
    ),
    published=(
        *quote({32: 0.793}, _CIFAR, backbone="CNN without pre-training", source="issue of the authors' code"),
        *quote({16: 0.768, 64: 0.812}, _CIFAR, **_SECOND_HAND),
        *quote({64: 0.778}, Protocol("Flickr25k", _UNSTATED), **_SECOND_HAND),
        *quote({64: 0.785}, Protocol("NUS-WIDE", _UNSTATED), **_SECOND_HAND),
    ),
    references=("The authors' code and its issues: tau_q as a factor, search, start of the words",),
)


@dataclass(frozen=True)
class SPQParams:
    """Hyper-parameters of SPQ."""

    tau_q: float = param(
        5.0, "Sharpness of the choice of words", source="authors' code", low=0.1, high=100.0, log=True
    )
    tau: float = param(
        0.5, "Softness of the comparison", source="authors' code", low=0.05, high=5.0, log=True
    )
    noise: float = param(
        1.0, "Noise on the second view, in standard deviations", source=_NOISE, low=0.0, high=3.0
    )
    dropped: float = param(
        0.3, "Share of features that the second view lacks", source=_DROPPED, low=0.0, high=0.9
    )


def word_shares(x: Tensor, words: Tensor, tau_q: float) -> Tensor:
    """Softmax of -tau_q times the squared distances to the words, float (M, n, K).

    Args:
        x: float (n, M * width), outputs.
        words: float (M, K, width).
        tau_q: a factor; 0 mixes all words equally, a large one takes the nearest alone.
    """
    # |x|^2 is the same for all words and left out.
    products = 2 * slices(x, len(words)) @ words.transpose(1, 2)
    return torch.softmax(tau_q * (products - words.square().sum(dim=2)[:, None]), dim=2)


def soft_words(x: Tensor, words: Tensor, tau_q: float) -> Tensor:
    """Words mixed by their closeness, slice by slice, float (n, M * width); arguments as above."""
    mixed = word_shares(x, words, tau_q) @ words
    return mixed.transpose(0, 1).flatten(1)


def contrast(one: Tensor, other: Tensor, tau: float) -> Tensor:
    """ell of both, float (n, dim) each: how badly a row knows its partner among all other rows."""
    rows = F.normalize(torch.cat([one, other]), eps=1e-6)
    n = len(one)
    itself = torch.eye(2 * n, dtype=torch.bool, device=rows.device)
    scores = (rows @ rows.T / tau).masked_fill(itself, -torch.inf)
    partner = torch.arange(2 * n, device=rows.device).roll(n)
    return F.cross_entropy(scores, partner, reduction="sum")


def spq_loss(x_a: Tensor, x_b: Tensor, words: Tensor, tau_q: float, tau: float) -> Tensor:
    """The cross-quantised contrast of two views, float (n, M * width) each; words as above."""
    z_a, z_b = soft_words(x_a, words, tau_q), soft_words(x_b, words, tau_q)
    return (contrast(x_a, z_b, tau) + contrast(x_b, z_a, tau)) / (2 * len(x_a))


class SPQ(CodebookMethod):
    """Self-supervised Product Quantization."""

    spec = SPEC
    Params = SPQParams
    params: SPQParams

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; build head and words."""
        super().__init__(n_bits, n_features, n_classes, params)
        n_codebooks, width = n_bits // 4, self._width(n_bits)
        bound = (6 / (N_CENTROIDS + n_codebooks * width)) ** 0.5
        self.words = nn.Parameter(torch.empty(n_codebooks, N_CENTROIDS, width).uniform_(-bound, bound))

    @classmethod
    def picture(cls) -> Picture:
        """Mixed word of a line with four words, by the sharpness of the choice."""
        words = torch.tensor([[[-1.2], [-0.4], [0.3], [1.1]]])
        x = torch.linspace(-1.6, 1.6, 65)
        frames = []
        for tau_q in (0.2, 1.0, 5.0, 20.0, 100.0):
            mixed = soft_words(x[:, None], words, tau_q)[:, 0]
            nearest = words[0, nearest_words(x[:, None], words)[:, 0], 0]
            curves = (series("mixed, in training", x, mixed), series("nearest, as stored", x, nearest))
            frames.append(Frame(f"{tau_q:g}", curves))
        caption = "Four words on a line. The sharper the choice, the more the mixture is what will be stored."
        return Picture("Output and its word", caption, "output", "word", tuple(frames), "tau_q", 2)

    @staticmethod
    def _width(n_bits: int) -> int:
        return min(WIDTH, MOST_OUTPUTS // (n_bits // 4))

    def build_head(self) -> nn.Module:
        """One slice of u per book."""
        return HashHead(self.n_features, self.n_bits // 4 * self._width(self.n_bits))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Contrast of the batch's outputs with those of a second, disturbed view."""
        features, params = batch.features, self.params
        noisy = features + params.noise * torch.randn_like(features)
        other = self(noisy * (torch.rand_like(features) >= params.dropped))
        return {"contrast": spq_loss(batch.u, other, self.words, params.tau_q, params.tau)}

    def codebooks(self) -> Tensor:
        """The words, float (M, 16, width)."""
        return self.words.detach()

    def assign(self, u: Tensor) -> Tensor:
        """Nearest word of each slice, int64 (n, M)."""
        return nearest_words(u, self.words)

    def embed(self, u: Tensor) -> Tensor:
        """The output itself, float (n, M * width)."""
        return u
