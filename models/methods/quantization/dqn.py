r"""DQN: Deep Quantization Network for Efficient Image Retrieval (AAAI 2016).

The network is trained on pairs: the cosine of two outputs shall be 1 for similar images and -1 for dissimilar
ones. Its outputs are cut into slices, one per book, and k-means finds 256 words for each. In turn, outputs
are drawn to the words that stand for them, and words follow the outputs.

    L = mean over pairs of (s_ij - cos(z_i, z_j))^2 + lambda mean over images of |z_i - zhat_i|^2
    z = tanh(u)    s -> `s`    zhat, the chosen words one after the other -> `decoded`    lambda -> `weight`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.losses.codebooks import ProductBooks, concatenated, kmeans, nearest_words, start_words
from models.losses.pairs import masked_mean, other_pairs, share_label
from models.methods.base import Batch, CodebookMethod, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.methods.protocols import CIFAR_A, NUS_21, SURVEY_TABLE
from models.networks.heads import HashHead
from models.spec import BitRule, Citation, CodeKind, Family, MethodSpec, Supervision, quote

N_CENTROIDS = 256  # one byte per book
WIDTH = 96  # of the whole output, or the next smaller multiple of the number of books
WARM_UP = 3  # epochs in which outputs are not drawn to words
N_ROUNDS = 5  # of k-means after each epoch, from the words of the epoch before

_NET = "AlexNet"

SPEC = MethodSpec(
    name="dqn",
    label="DQN",
    title="Deep Quantization Network",
    family=Family.QUANTIZATION,
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.CODEBOOK,
    citation=Citation(
        "Y. Cao, M. Long, J. Wang, H. Zhu, Q. Wen",
        "Deep Quantization Network for Efficient Image Retrieval",
        "AAAI",
        2016,
    ),
    loss_kind="difference of similarity and cosine, words by k-means",
    idea=(
        "The cosine of two outputs is fitted to 1 where images are similar and to -1 where they are not. "
        "Each output is cut into slices, k-means finds 256 words for every slice, and a code names the "
        "nearest words. Outputs are drawn to their words while they learn, so that little is lost when "
        "words replace them."
    ),
    good_for="The simplest learned product quantizer: a loss on pairs, then k-means.",
    objective=(
        r"\frac1{|\mathcal P|}\sum_{(i,j)\in\mathcal P}\Big(s_{ij}-\frac{z_i^\top z_j}{\lVert z_i\rVert"
        r"\lVert z_j\rVert}\Big)^2+\frac{\lambda}{n}\sum_{i}\sum_{m=1}^{M}\big\lVert z_i^{(m)}-C_m^\top "
        r"b_{im}\big\rVert^2"
    ),
    symbols=(
        (r"z_i", "output of the network for image i, squashed by tanh"),
        (r"s_{ij}", "1 when images i and j share a label, else -1"),
        (r"\mathcal P", "ordered pairs of two different images of the batch"),
        (r"z_i^{(m)}", "slice m of the output"),
        (r"C_m", "book m: 256 words as long as a slice"),
        (r"b_{im}", "which word of book m image i has, as 256 numbers with a single 1"),
        (r"\lambda", "weight of the distance between outputs and words"),
        (r"n,\ M", "images in the batch, books"),
    ),
    n_bits=BitRule(multiple_of=8, lowest=8, highest=256),
    differs=(
        "96 outputs instead of 300, cut evenly: 300 cannot be cut into 8 slices.",
        "After every epoch words follow by five rounds of k-means; public code starts it anew every second.",
        "A pair of an image with itself does not count; the public code averages over it as well.",
        "Codes are ranked by squared distance, as the survey writes it; the public code ranks by inner "
        "product.",
        "A small head on stored features is trained with AdamW; the paper trains AlexNet end to end with "
        "SGD.",
    ),
    published=(
        *quote({12: 0.554, 24: 0.558, 32: 0.564, 48: 0.580}, CIFAR_A, backbone=_NET, source=SURVEY_TABLE),
        *quote({12: 0.768, 24: 0.776, 32: 0.783, 48: 0.792}, NUS_21, backbone=_NET, source=SURVEY_TABLE),
    ),
    references=("thulab/DeepHash: lambda = 1e-4 on means, tanh, two passes without words",),
)


@dataclass(frozen=True)
class DQNParams:
    """Hyper-parameters of DQN."""

    weight: float = param(
        1e-4,
        "Weight of the distance between outputs and words (lambda)",
        source="thulab/DeepHash",
        low=0.0,
        high=1.0,
    )


def cosines(z: Tensor) -> Tensor:
    """Cosine of every two rows of z, float (n, dim); 0 with a row of zeros. float (n, n)."""
    # Rows shorter than 1e-4 count as shorter still: their direction is noise with an enormous gradient.
    directions = F.normalize(z, dim=1, eps=1e-4)
    return directions @ directions.T


def pair_error(z: Tensor, similar: Tensor) -> Tensor:
    """Mean over pairs of two different images of (s - cosine)^2, scalar; 0 for a single image.

    Args:
        z: float (n, dim).
        similar: bool (n, n); s is 1 there and -1 elsewhere.
    """
    s = torch.where(similar, 1.0, -1.0).to(z.dtype)
    return masked_mean((s - cosines(z)).square(), other_pairs(len(z), z.device))


def word_error(z: Tensor, decoded: Tensor) -> Tensor:
    """Mean over images of the squared distance of z to `decoded`, float (n, dim), which is constant."""
    return (z - decoded.detach().to(z.dtype)).square().sum(dim=1).mean()


class DQN(CodebookMethod):
    """Deep Quantization Network."""

    spec = SPEC
    Params = DQNParams
    params: DQNParams

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; build head and books."""
        super().__init__(n_bits, n_features, n_classes, params)
        n_codebooks = n_bits // 8
        self.books = ProductBooks(n_codebooks, N_CENTROIDS, WIDTH // n_codebooks)
        self.warm = False

    @classmethod
    def picture(cls) -> Picture:
        """Outputs of 300 images in six groups, cut into two slices of one number each."""
        generator = torch.Generator().manual_seed(1)
        angles = (torch.arange(300) % 6) * 1.05 + 0.25 * torch.randn(300, generator=generator)
        z = torch.tanh(torch.stack([1.2 * angles.cos(), 1.2 * angles.sin()], dim=1))
        shares, frames = torch.linspace(0, 1, 21), []
        for n_words in (1, 2, 4, 8, 16):
            words = kmeans(z, start_words(z, 2, n_words, generator))
            decoded = concatenated(words, nearest_words(z, words))
            errors = [float(word_error(z + share * (decoded - z), decoded)) for share in shares]
            frames.append(Frame(str(n_words), (series("loss", shares, errors),)))
        caption = (
            "Each output moves towards the words that stand for it, and the error falls to nothing. With "
            "more words per slice there is less to lose from the start."
        )
        title, x = "Distance to the words while outputs are drawn to them", "share of the way to the words"
        return Picture(title, caption, x, "squared error", tuple(frames), "words per book", 1)

    def build_head(self) -> nn.Module:
        """One slice of u per book."""
        n_codebooks = self.n_bits // 8
        return HashHead(self.n_features, WIDTH // n_codebooks * n_codebooks)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Words for the outputs of the untrained network; every epoch renews them."""
        self.books.start(torch.tanh(self.head.eval()(train.features)), train.generator)
        self.head.train()

    def before_epoch(self, epoch: int, n_epochs: int) -> None:
        """In the first epochs outputs move too far for words to mean anything."""
        self.warm = epoch >= WARM_UP

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Error of the cosines, and distance to the words as they stood after the epoch before."""
        z = torch.tanh(batch.u)
        weight = self.params.weight if self.warm else 0.0
        return {
            "similarity": pair_error(z, share_label(batch.labels)),
            "quantization": weight * word_error(z, self.books.decoded(batch.rows)),
        }

    def after_epoch(self, outputs: Callable[[], Tensor]) -> None:
        """Words follow the outputs."""
        self.books.improve(torch.tanh(outputs()), N_ROUNDS)

    def codebooks(self) -> Tensor:
        """The learned words, float (M, 256, 96 // M)."""
        return self.books.words

    def assign(self, u: Tensor) -> Tensor:
        """Nearest word of each slice, int64 (n, M)."""
        return nearest_words(torch.tanh(u), self.books.words)

    def embed(self, u: Tensor) -> Tensor:
        """The output itself, float (n, M * (96 // M)), for queries."""
        return torch.tanh(u)
