r"""DTQ: Deep Triplet Quantization (ACM MM 2018).

A similar image shall be nearer to its query than a dissimilar one, by a margin. Of all triplets only hard
ones are used: for each similar pair, one dissimilar image that is still too near. An output is replaced by a
sum of words, one from each of a few books; codes and words are renewed after every epoch.

    L = mean over triplets of max(0, delta + |z_a - z_p|^2 - |z_a - z_n|^2) + lambda mean of |z_i - zhat_i|^2
    z = tanh(u)    delta -> `margin` * width    zhat, the sum of the chosen words -> `decoded`
    |C C' - I|^2 -> `additive_books.orthogonality`, gamma -> `orthogonal`, when words are renewed

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.losses.additive_books import AdditiveBooks, spread_words
from models.losses.pairs import other_pairs, share_label, squared_distances
from models.methods.base import Batch, CodebookMethod, TrainSet, param
from models.methods.picture import Picture, triplet_picture
from models.networks.heads import HashHead
from models.spec import BitRule, Citation, CodeKind, Family, MethodSpec, Protocol, Supervision, quote

N_CENTROIDS = 256  # one byte per book
WIDTH = 48
WARM_UP = 3  # epochs in which outputs are not drawn to words
MOST_PAIRS = 1250  # similar pairs of a batch that get a dissimilar image: 20,000 triplets in 16 batches

_RECALLED: Any = {"backbone": "AlexNet", "source": "recalled from the paper", "verified": False}
_CIFAR = Protocol("CIFAR-10", "1,000 queries, 5,000 train, 54,000 database; mAP over the whole ranking")
_NUS = Protocol("NUS-WIDE-81", "81 concepts, 5,000 queries, 10,000 train; mAP over the first 5,000")

SPEC = MethodSpec(
    name="dtq",
    label="DTQ",
    title="Deep Triplet Quantization",
    family=Family.QUANTIZATION,
    supervision=Supervision.TRIPLETS,
    code_kind=CodeKind.CODEBOOK,
    citation=Citation(
        "B. Liu, Y. Cao, M. Long, J. Wang, J. Wang", "Deep Triplet Quantization", "ACM MM", 2018, "1902.00153"
    ),
    loss_kind="margin between squared distances, sums of words",
    idea=(
        "A similar image has to be nearer than a dissimilar one by a margin, measured on the outputs. For "
        "every similar pair of a group one dissimilar image is drawn among those that still violate this. "
        "A code names one word in each of a few books, and the sum of these words stands for the output."
    ),
    good_for="Rankings by real distances, learned from nothing but which of two images is the nearer one.",
    objective=(
        r"\frac1{|\mathcal T|}\sum_{(a,p,n)\in\mathcal T}\big[\delta+\lVert z_a-z_p\rVert^2-\lVert z_a-z_n"
        r"\rVert^2\big]_++\frac{\lambda}{n}\sum_i\Big\lVert z_i-\sum_mC_m^\top b_{im}\Big\rVert^2"
        r"+\gamma\lVert CC^\top-I\rVert_F^2"
    ),
    symbols=(
        (r"z_i", "output of the network for image i, squashed by tanh"),
        (r"\mathcal T", "triplets: query a, similar image p, dissimilar image n that is too near"),
        (r"\delta", "margin"),
        (r"C_m", "book m: 256 words as long as an output; C holds the words of all books"),
        (r"b_{im}", "which word of book m image i has, as 256 numbers with a single 1"),
        (r"\lambda", "weight of the distance between outputs and sums of words"),
        (r"\gamma", "weight of words that repeat each other; 0 unless set"),
        (r"n", "images in the batch"),
    ),
    n_bits=BitRule(multiple_of=8, lowest=8, highest=256),
    differs=(
        "48 outputs instead of 64, and the margin grows and shrinks with their number.",
        "A batch of 128 is a group, so triplets are drawn with the newest outputs, at most 1,250 a batch.",
        "New images are coded by a beam of 5 before the sweeps over the books, which visit them in order.",
        "Words that repeat each other cost nothing by default, as in the authors' code; the survey's form "
        "of that term draws different books together, ours does not (unverified which the paper means).",
        "A small head on stored features is trained with AdamW; the paper trains AlexNet end to end.",
    ),
    published=(
        *quote({8: 0.785, 16: 0.789, 24: 0.790, 32: 0.792}, _CIFAR, **_RECALLED),
        *quote({8: 0.795, 16: 0.798, 24: 0.799, 32: 0.801}, _NUS, **_RECALLED),
    ),
    references=("thulab/DeepHash: margin 30 at 64 outputs, groups, sweeps and ridge of the books",),
)


@dataclass(frozen=True)
class DTQParams:
    """Hyper-parameters of DTQ."""

    margin: float = param(
        0.47, "Margin per output (delta / width)", source="thulab/DeepHash: 30 / 64", low=0.0, high=4.0
    )
    weight: float = param(
        1e-4, "Weight of the distance to sums of words (lambda)", source="authors, issues", low=0.0, high=1.0
    )
    orthogonal: float = param(
        0.0, "Weight of words that repeat each other (gamma)", source="authors' code", low=0.0, high=1e-3
    )


def hard_triplets(distances: Tensor, similar: Tensor, margin: float) -> Tensor:
    """Triplets with a positive hinge, at most one per similar pair and 1,250 in all; int64 (n_triplets, 3).

    Takes squared distances, float (n, n); `similar`, bool (n, n); by how much a dissimilar image has to be
    farther away.
    """
    a, p = (similar & other_pairs(len(similar), similar.device)).nonzero(as_tuple=True)
    if len(a) > MOST_PAIRS:
        kept = torch.randperm(len(a), device=a.device)[:MOST_PAIRS]
        a, p = a[kept], p[kept]
    hard = ~similar[a] & (distances[a] - distances[a, p][:, None] < margin)
    n = torch.where(hard, torch.rand(hard.shape, device=a.device), -1.0).argmax(dim=1)
    return torch.stack([a, p, n], dim=1)[hard.any(dim=1)]


def hinges(distances: Tensor, triplets: Tensor, margin: float) -> Tensor:
    """max(0, margin + d_ap - d_an) of triplets, int64 (n_triplets, 3); float (n_triplets,)."""
    a, p, n = triplets.T
    return (margin + distances[a, p] - distances[a, n]).clamp(min=0)


def triplet_error(z: Tensor, similar: Tensor, margin: float) -> Tensor:
    """Mean hinge of hard triplets of z, float (n, dim), scalar; 0, with a graph, without any."""
    distances = squared_distances(z)
    triplets = hard_triplets(distances.detach(), similar, margin)
    return hinges(distances, triplets, margin).sum() / max(1, len(triplets))


class DTQ(CodebookMethod):
    """Deep Triplet Quantization."""

    spec = SPEC
    Params = DTQParams
    params: DTQParams
    structure = "additive"
    metric = "ip"

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; build head and books."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.books = AdditiveBooks(n_bits // 8, N_CENTROIDS, WIDTH)
        self.warm = False

    @classmethod
    def picture(cls) -> Picture:
        """Loss of one triplet against the distance of the dissimilar image."""
        one = torch.tensor([[0, 1, 2]])

        def loss(u: Tensor, share: float) -> Tensor:
            return hinges(squared_distances(u), one, share * u.shape[1]).sum()

        caption = "A dissimilar image far enough away costs nothing, and such triplets are not even drawn."
        return triplet_picture(
            loss, values=(0.1, 0.25, 0.47, 1.0, 1.5), slider="margin per output", caption=caption, start=2
        )

    def build_head(self) -> nn.Module:
        """All books read the whole output."""
        return HashHead(self.n_features, WIDTH)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Words for the outputs of the untrained network; every epoch renews them."""
        self.books.start(torch.tanh(self.head.eval()(train.features)), train.generator)
        self.head.train()

    def before_epoch(self, epoch: int, n_epochs: int) -> None:
        """In the first epochs outputs move too far for words to mean anything."""
        self.warm = epoch >= WARM_UP

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Error of hard triplets, and distance to the sums of words as they stood after the epoch before."""
        z = torch.tanh(batch.u)
        weight = self.params.weight if self.warm else 0.0
        lost = (z - self.books.decoded(batch.rows).to(z.dtype)).square().sum(dim=1).mean()
        margin = self.params.margin * WIDTH
        error = triplet_error(z, share_label(batch.labels), margin)
        return {"triplet": error, "quantization": weight * lost}

    def after_epoch(self, outputs: Callable[[], Tensor]) -> None:
        """Codes, then words, follow the outputs."""
        z = torch.tanh(outputs())
        self.books.improve(z)
        if self.params.orthogonal > 0:
            self.books.words = spread_words(z, self.books.codes, self.books.words, self.params.orthogonal)

    def codebooks(self) -> Tensor:
        """The learned words, float (M, 256, 48)."""
        return self.books.words

    def assign(self, u: Tensor) -> Tensor:
        """Words whose sum comes near the output, int64 (n, M)."""
        return self.books.assign(torch.tanh(u))

    def embed(self, u: Tensor) -> Tensor:
        """The output itself, float (n, 48), for queries."""
        return torch.tanh(u)
