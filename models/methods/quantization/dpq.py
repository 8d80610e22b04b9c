r"""DPQ: End-to-End Supervised Product Quantization for Image Search and Retrieval (CVPR 2019).

An image's code names one word in each of a few books of 256 learned words. The network chooses a word by
scores and sees both what it would get by mixing all words (soft) and by taking the best one (hard); a
classifier must name the class from either. A query stays soft, so it is compared more finely than a stored
code allows.

    p_m = softmax of the scores in book m -> `p`    soft = sum_k p_m(k) C_m[k]    hard = C_m[argmax_k p_m(k)]
    L = CE(soft) + CE(hard) + lambda_c/2 (|soft - O_y|^2 + |hard - O_y|^2) + lambda_b G_batch + lambda_s
    G_sample O -> `centres`    G_batch = sum (mean_i p_i)^2 -> `usage_gini`    G_sample = -mean_i sum p_i^2

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.losses.classification import class_loss
from models.methods.base import Batch, CodebookMethod, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.methods.protocols import CIFAR_B, IMAGENET_100
from models.networks.codebook_heads import WordChooser, straight_through_choice
from models.networks.heads import HashHead
from models.spec import BitRule, Citation, CodeKind, Family, MethodSpec, Protocol, Supervision, quote

N_CENTROIDS = 256  # one byte per book
SLICE_WIDTH = 24

_SECOND_HAND = "second hand, not read in the paper"

SPEC = MethodSpec(
    name="dpq",
    label="DPQ",
    title="Deep Product Quantization",
    family=Family.QUANTIZATION,
    supervision=Supervision.LABELS,
    code_kind=CodeKind.CODEBOOK,
    citation=Citation(
        "B. Klein, L. Wolf",
        "End-to-End Supervised Product Quantization for Image Search and Retrieval",
        "CVPR",
        2019,
        "1711.08589",
    ),
    loss_kind="class loss on chosen words",
    idea=(
        "A code names one word in each of a few books of 256 learned words, one byte per book. The "
        "network scores the words and learns from both the mixture of all words and the best one alone: a "
        "classifier has to name the class from either, and both are drawn to the class's centre. A query "
        "stays a mixture, so it is compared with stored words by real distances, not by counting bits."
    ),
    good_for="The finest ranking per stored byte: distances are real numbers, so hardly anything ties.",
    objective=(
        r"\mathcal L=\frac1n\sum_i\Big[\ell(s_i,y_i)+\ell(h_i,y_i)+\frac{\lambda_c}{2}\big(\lVert s_i-O_{y_i}"
        r"\rVert^2+\lVert h_i-O_{y_i}\rVert^2\big)\Big]+\lambda_b\sum_{m,k}\bar p_m(k)^2"
        r"-\frac{\lambda_s}{n}\sum_{i,m,k}p_{im}(k)^2"
    ),
    symbols=(
        (r"p_{im}(k)", "share of word k of book m in image i (softmax of the scores)"),
        (r"s_i,\ h_i", "soft: all words mixed by their shares; hard: the best word of each book"),
        (r"\ell", "cross-entropy of one classifier that reads soft and hard alike"),
        (r"O_y", "learned centre of class y, the same for soft and hard"),
        (r"\bar p_m(k)", "average share of word k of book m; evenly used words make the sum small"),
        (r"\lambda_c,\ \lambda_b,\ \lambda_s", "weights: centres, even use of words, decided choice"),
        (r"n", "images in the batch"),
    ),
    n_bits=BitRule(multiple_of=8, lowest=8, highest=256),
    multi_label_note="One yes-no cross-entropy per class; its centre is the mean of its labels' centres.",
    differs=(
        "Even use of words is asked of each batch of 128, though a book has 256: on held-out train images "
        "neither batches of 256 nor a running average over batches ranked better.",
        "Averages, one shared classifier, and all weights but lambda_c are ours (unverified in the paper).",
        "A small head on stored features is trained with AdamW; the paper trains a network end to end.",
        "Multi-label data are our extension.",
    ),
    published=(
        *quote(
            {48: 0.754},
            Protocol("CIFAR-10", "the comparison with SUBIC"),
            backbone="not stated there",
            source=_SECOND_HAND,
            verified=False,
        ),
        *quote({48: 0.951}, CIFAR_B, backbone="not stated there", source=_SECOND_HAND, verified=False),
        *quote({64: 0.866}, IMAGENET_100, backbone="not stated there", source=_SECOND_HAND, verified=False),
    ),
)


@dataclass(frozen=True)
class DPQParams:
    """Hyper-parameters of DPQ."""

    weight_centre: float = param(
        0.1, "Pull towards the class's centre (lambda_c)", source="paper, second hand", low=0.0, high=10.0
    )
    weight_usage: float = param(
        1.0, "Push towards using all words evenly (lambda_b)", source="ours", low=0.0, high=10.0
    )
    weight_choice: float = param(
        0.1, "Push towards one word per book (lambda_s)", source="ours", low=0.0, high=10.0
    )


def usage_gini(usage: Tensor) -> Tensor:
    """G_batch: sum of squared mean shares, usage float (M, K); between M / K (even use) and M (one word)."""
    return usage.square().sum()


def choice_gini(p: Tensor) -> Tensor:
    """G_sample: negative mean over images of the squared shares, p float (n, M, K); -M when decided."""
    return -p.square().sum(dim=(1, 2)).mean()


def centre_distance(soft: Tensor, hard: Tensor, targets: Tensor, labelled: Tensor) -> Tensor:
    """Half the squared distances of soft and hard to their centres, float (n, dim); mean over `labelled`."""
    squared = (soft - targets).square().sum(dim=1) + (hard - targets).square().sum(dim=1)
    return 0.5 * (squared * labelled).sum() / labelled.sum().clamp(min=1)


class DPQ(CodebookMethod):
    """Deep Product Quantization."""

    spec = SPEC
    Params = DPQParams
    params: DPQParams

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; build head, books, classifier and centres.

        Raises:
            ConfigError: `n_bits` is not a multiple of 8.
        """
        super().__init__(n_bits, n_features, n_classes, params)
        n_codebooks = n_bits // 8
        self.books = WordChooser(n_codebooks, N_CENTROIDS, SLICE_WIDTH, SLICE_WIDTH)
        self.classifier = nn.Linear(n_codebooks * SLICE_WIDTH, n_classes)
        self.centres = nn.Parameter(0.1 * torch.randn(n_classes, n_codebooks * SLICE_WIDTH))
        self.multi_label = False

    @classmethod
    def picture(cls) -> Picture:
        """Shares of eight words, soft and hard."""
        scores = torch.randn(8, generator=torch.Generator().manual_seed(0)).sort(descending=True).values
        frames = []
        for scale in (0.25, 0.5, 1.0, 2.0, 4.0):
            p = torch.softmax(scale * scores, dim=-1)
            shares = (("soft, for queries", p), ("hard, as stored", straight_through_choice(p)))
            frames.append(Frame(f"{scale:g}", tuple(series(name, range(1, 9), y) for name, y in shares)))
        caption = "Larger scores make the mixture resemble the one word that is stored: less is lost."
        title, x = "Shares of eight words of one book", "word, best first"
        return Picture(title, caption, x, "share", tuple(frames), "factor on the scores", 2, "bars")

    def build_head(self) -> nn.Module:
        """One slice of u per book."""
        return HashHead(self.n_features, self.n_bits // 8 * SLICE_WIDTH)

    def before_fit(self, train: TrainSet) -> None:
        """Several labels on any image make the classifier answer yes or no per class."""
        self.multi_label = bool((train.labels.sum(dim=1) > 1).any())

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Class losses of soft and hard, distance to centres, and the two terms on word shares."""
        p = torch.softmax(self.books(batch.u), dim=-1)
        soft, hard = self.books.mixture(p), self.books.mixture(straight_through_choice(p))
        share_of_labels = batch.labels / batch.labels.sum(dim=1, keepdim=True).clamp(min=1)
        labelled = batch.labels.any(dim=1)
        params, multi = self.params, self.multi_label
        return {
            "soft_class": class_loss(self.classifier(soft), batch.labels, multi_label=multi),
            "hard_class": class_loss(self.classifier(hard), batch.labels, multi_label=multi),
            "centre": params.weight_centre
            * centre_distance(soft, hard, share_of_labels @ self.centres, labelled),
            "usage": params.weight_usage * usage_gini(p.mean(dim=0)),
            "choice": params.weight_choice * choice_gini(p),
        }

    def codebooks(self) -> Tensor:
        """The learned words, float (M, 256, 24)."""
        return self.books.words.detach()

    def assign(self, u: Tensor) -> Tensor:
        """Word with the highest score in each book, int64 (n, M); not the nearest word."""
        scores: Tensor = self.books(u)
        return scores.argmax(dim=-1)

    def embed(self, u: Tensor) -> Tensor:
        """The soft mixture, float (n, M * 24), for queries."""
        return self.books.mixture(torch.softmax(self.books(u), dim=-1))
