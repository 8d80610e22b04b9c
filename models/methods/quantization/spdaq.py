r"""SPDAQ: Similarity Preserving Deep Asymmetric Quantization for Image Retrieval (AAAI 2019).

Outputs of a sample of images meet the decoded codes of all train images, which are found from the labels and
not by the network: their inner products should be the similarities. A classifier on the outputs helps.

    L = mean over pairs of (s_ij - z_i . zhat_j)^2 + gamma |O| / N |z_i - zhat_i|^2 + mu CE(W z_i)
    z = u / |u| -> `z`    zhat = sum_m C_m[k_m] -> `decoded`    s -> `similarity`    O -> `omega`
    codes and books: min over zhat_j of zhat' Q zhat - 2 r_j' zhat -> `quadratic_form`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.losses.additive import decode, encode
from models.losses.additive_books import AdditiveBooks
from models.losses.classification import class_loss
from models.losses.discrete import similar_to, soft_negative, targets
from models.losses.spherical import on_sphere, squared_distance
from models.methods.base import Batch, CodebookMethod, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.networks.heads import HashHead
from models.spec import BitRule, Citation, CodeKind, Family, MethodSpec, Protocol, Supervision, quote

N_CENTROIDS, DIM = 256, 48  # words per book, one byte; their width
TITLE = "Similarity Preserving Deep Asymmetric Quantization"
_SEEN: Any = {"backbone": "not stated there", "source": "second hand, not in the paper", "verified": False}
_SPLIT = "labels of the whole database in training; the split was not stated where the figures were read"

SPEC = MethodSpec(
    name="spdaq",
    label="SPDAQ",
    title=TITLE,
    family=Family.QUANTIZATION,
    supervision=Supervision.LABELS,
    code_kind=CodeKind.CODEBOOK,
    citation=Citation("J. Chen, W. K. Cheung", f"{TITLE} for Image Retrieval", "AAAI", 2019),
    loss_kind="difference of similarity and inner product with words",
    idea=(
        "Real outputs of a sample of images are compared with the decoded codes of all train images: their "
        "inner products should be the similarities. These codes, each a sum of one word per book, are "
        "computed from the labels and not by the network. Network, codes and books are improved in turn."
    ),
    good_for="A labelled collection that is large, since a round costs the sample times the collection.",
    objective=(
        r"\mathcal L=\sum_{i\in\Omega}\Big[\frac1N\sum_{j=1}^N\big(s_{ij}-z_i^\top\hat z_j\big)^2"
        r"+\frac{\gamma\lvert\Omega\rvert}N\lVert z_i-\hat z_i\rVert^2+\mu\,\ell(Wz_i,y_i)\Big],\quad"
        r"\hat z_j=\sum_m C_m[k_{jm}]"
    ),
    symbols=(
        (r"z_i", "output of the network for image i, brought to length 1"),
        (r"\hat z_j,\ C_m[k]", "what the code of image j decodes to; word k of book m"),
        (r"\Omega,\ N", "images sampled for a round; number of train images"),
        (r"s_{ij}", "1 for images that share a label, else minus the ratio of the two kinds of pairs"),
        (r"\ell,W,\gamma,\mu", "cross-entropy; linear classifier; weights of own codes and classifier"),
    ),
    n_bits=BitRule(multiple_of=8, lowest=8, highest=128),
    multi_label_note="Images that share a label are similar; the class loss asks yes or no per class.",
    reconstruction="The pairs' term follows summaries; the link to own codes and all weights are ours.",
    differs=(
        "The database is coded by the network and its labels are not read; the paper gives every database "
        "image a code that was found from its label, which lifts its figures.",
        "The link to own codes is ours (unverified); in the step for codes and books it covers all train "
        "images, else all codes of a class would become equal.",
        "Outputs have length 1 and dissimilar pairs the target minus the ratio of pairs (unverified).",
        "Outputs and words have 48 numbers, a book 256 words; a ridge of 1 keeps words from fitting noise.",
        "A small head on stored features is trained with AdamW; every epoch is a round, and its class loss "
        "reads all train images.",
    ),
    published=(
        *quote({24: 0.884, 32: 0.891, 48: 0.893}, Protocol("CIFAR-10", _SPLIT), **_SEEN),
        *quote({24: 0.931, 32: 0.931, 48: 0.934}, Protocol("NUS-WIDE-21", _SPLIT), **_SEEN),
    ),
    references=("No code of the authors was found; the alternation follows ADSH, as summaries describe it",),
)


@dataclass(frozen=True)
class SPDAQParams:
    """Hyper-parameters of SPDAQ."""

    gamma: float = param(0.05, "Link of outputs to own codes", source="ours", low=0.0, high=1.0)
    mu: float = param(0.1, "Weight of the classifier", source="ours", low=0.0, high=10.0)
    sample: int = param(1000, "Images sampled for a round", source="ours", low=1, high=100000)


def pair_error(z: Tensor, decoded: Tensor, similarity: Tensor) -> Tensor:
    """Mean of (s - z . zhat)^2 over pairs; z, float (m, dim), decoded, float (n, dim), similarity (m, n)."""
    return (similarity - z @ decoded.T).square().sum() / max(1, similarity.numel())


def quadratic_form(z: Tensor, omega: Tensor, similarity: Tensor, gamma: float) -> tuple[Tensor, Tensor]:
    """Q, float (dim, dim), and R, float (n, dim), with which codes and books are found.

    The sum over pairs of (s - z . zhat_j)^2 plus gamma times the sum of |z_j - zhat_j|^2 is the sum over j of
    zhat_j' Q zhat_j - 2 r_j' zhat_j, plus what no code can change.

    Args:
        z: float (n, dim), outputs of all train images; omega: int64 (m,), the sampled ones.
        similarity: float (m, n); gamma: weight, on sums.
    """
    sampled = z[omega]
    q = sampled.T @ sampled + gamma * torch.eye(z.shape[1]).to(z)
    return q, similarity.T @ sampled + gamma * z


class SPDAQ(CodebookMethod):
    """SPDAQ; `decoded`, float (n_train, 48), holds decoded codes, none in the first round."""

    spec = SPEC
    Params = SPDAQParams
    params: SPDAQParams
    structure, metric = "additive", "ip"
    labels: Tensor
    sampled: Tensor
    negative: Tensor
    decoded: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; build head, books and classifier."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.books = AdditiveBooks(n_bits // 8, N_CENTROIDS, DIM)
        self.classifier = nn.Linear(DIM, n_classes)
        self.multi_label = False
        for name in ("labels", "sampled", "negative", "decoded"):
            self.register_buffer(name, torch.empty(0), persistent=False)

    @classmethod
    def picture(cls) -> Picture:
        """Error of a similar and of a dissimilar pair, by their inner product and the number of classes."""
        products, one, frames = torch.linspace(-1, 1.5, 51), torch.ones(1, 1), []
        for n_classes in (2, 3, 5, 10, 20):
            kinds = {"similar pair": one, "dissimilar pair": -one / (n_classes - 1)}
            y = {name: [float(pair_error(p * one, one, s)) for p in products] for name, s in kinds.items()}
            frames.append(Frame(str(n_classes), tuple(series(name, products, y[name]) for name in kinds)))
        caption = "With many classes most pairs are dissimilar, and their products need only be just below 0."
        x = "inner product of output and decoded code"
        return Picture("Error of one pair", caption, x, "squared error", tuple(frames), "classes", 3)

    def build_head(self) -> nn.Module:
        """48 outputs, whatever the code length."""
        return HashHead(self.n_features, DIM)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Keep the labels, draw the first sample; first books, of the untrained network's outputs."""
        self._generator, self.labels, self.decoded = train.generator, train.labels, self.decoded[:0]
        self.multi_label = bool((train.labels.sum(dim=1) > 1).any())
        self.books.start(on_sphere(self.eval()(train.features)), train.generator)
        self._draw()

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Class loss of the batch; error of its sampled images with all codes, once there are some."""
        z, decoded = on_sphere(batch.u), self.decoded.to(batch.u.dtype).view(-1, DIM)
        kept = self.sampled[batch.rows] & (len(decoded) > 0)
        similar = similar_to(batch.labels[kept], self.labels[: len(decoded)])
        link = squared_distance(z[kept], decoded[batch.rows[kept]])
        named = class_loss(self.classifier(z), batch.labels, multi_label=self.multi_label)
        return {
            "class": self.params.mu * named,
            "pairs": pair_error(z[kept], decoded, targets(similar, self.negative, z.dtype)),
            "link": self.params.gamma * self.sampled.sum() / len(self.sampled) * link,
        }

    def after_epoch(self, outputs: Callable[[], Tensor]) -> None:
        """The end of a round: codes and books from the sample's outputs and the labels, a new sample."""
        z, omega = on_sphere(outputs()).double(), self.sampled.nonzero()[:, 0]
        s = targets(similar_to(self.labels[omega], self.labels), self.negative, z.dtype)
        q, r = quadratic_form(z, omega, s, max(self.params.gamma, 1e-4) * len(omega))  # 0: Q is singular
        best, root = torch.linalg.solve(q, r.T).T.float(), torch.linalg.cholesky(q / len(omega)).float()
        if len(self.decoded) == 0:
            self.books.start(best, self._generator, root)
        self.books.improve(best, root)
        self.decoded = decode(self.books.words, self.books.codes)
        self._draw()

    def codebooks(self) -> Tensor:
        """The words, float (M, 256, 48)."""
        return self.books.words

    def assign(self, u: Tensor) -> Tensor:
        """Word of each book, int64 (n, M); outputs alone decide, for train images too."""
        return encode(on_sphere(u), self.books.words)

    def embed(self, u: Tensor) -> Tensor:
        """The direction of u, float (n, 48)."""
        return on_sphere(u)

    def _draw(self) -> None:
        """Sample the images of the next round, and balance the similarities of their pairs."""
        order = torch.randperm(len(self.labels), generator=self._generator).to(self.labels.device)
        self.sampled = order.argsort() < self.params.sample
        self.negative = soft_negative(similar_to(self.labels[self.sampled], self.labels))
