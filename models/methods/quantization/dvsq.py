r"""DVSQ: Deep Visual-Semantic Quantization for Efficient Image Retrieval (CVPR 2017).

Every label has a vector, and related labels have similar ones. An image's output shall point to its own
labels rather than to others, by a margin that is small between related labels. Codes are sums of words, and
errors count only as far as they change the inner products with the label vectors.

    L = mean over (i, j in Y_i, k not in Y_i) of max(0, delta_jk - cos(v_j, z_i) + cos(v_k, z_i))
        + lambda mean of (z_i - zhat_i)' A (z_i - zhat_i)
    z = tanh(u)    v -> `vectors`    delta_jk = 1 - cos(v_j, v_k)    A = V'V + eta I -> `root` root'

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.losses.additive_books import AdditiveBooks
from models.losses.label_vectors import in_width, label_vectors
from models.methods.base import Batch, CodebookMethod, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.methods.protocols import CIFAR_A
from models.networks.heads import HashHead
from models.spec import BitRule, Citation, CodeKind, Family, MethodSpec, Protocol, Supervision, quote

N_CENTROIDS = 256  # one byte per book
WIDTH = 48
WARM_UP = 3  # epochs in which outputs are not drawn to words

_AUTHORS = "Y. Cao, M. Long, J. Wang, S. Liu"
_TITLE = "Deep Visual-Semantic Quantization for Efficient Image Retrieval"
_NUS = Protocol("NUS-WIDE-81", "81 concepts, 5,000 queries, 10,000 train; mAP over the first 5,000")
_RECALLED: Any = {"backbone": "AlexNet", "source": "recalled or second hand", "verified": False}

SPEC = MethodSpec(
    name="dvsq",
    label="DVSQ",
    title="Deep Visual-Semantic Quantization",
    family=Family.QUANTIZATION,
    supervision=Supervision.LABELS,
    code_kind=CodeKind.CODEBOOK,
    citation=Citation(_AUTHORS, _TITLE, "CVPR", 2017),
    loss_kind="margin between label vectors, sums of words",
    idea=(
        "Every label has a vector, and related labels have similar vectors. An image has to point to its own "
        "labels rather than to others, by a margin that is smaller the more two labels are related. A code "
        "is a sum of words, chosen so that inner products with label vectors change as little as possible."
    ),
    good_for="Labels that are related to each other, where some confusions are worse than others.",
    objective=(
        r"\frac1{L\sum_i|Y_i|}\sum_i\sum_{j\in Y_i}\sum_{k\notin Y_i}\big[\delta_{jk}-\cos(v_j,z_i)"
        r"+\cos(v_k,z_i)\big]_++\frac{\lambda}{n}\sum_i(z_i-\hat z_i)^\top A(z_i-\hat z_i),"
        r"\quad\delta_{jk}=1-\cos(v_j,v_k),\quad A=V^\top V+\eta I"
    ),
    symbols=(
        (r"z_i", "output of the network for image i, squashed by tanh"),
        (r"Y_i", "labels of image i"),
        (r"v_j", "vector of label j; V holds one per row"),
        (r"\delta_{jk}", "margin between labels j and k"),
        (r"\hat z_i", "sum of the words that image i's code names"),
        (r"A", "weighs errors by how much they change inner products with the label vectors"),
        (r"\eta", "weight of errors in all other directions"),
        (r"\lambda", "weight of the distance between outputs and sums of words"),
        (r"n,\ L", "images in the batch, labels"),
    ),
    n_bits=BitRule(multiple_of=8, lowest=8, highest=256),
    differs=(
        "Label vectors are not word vectors, which need a large file: half of their cosine is that of the "
        "mean features of each label's train images, the other half 1 for the same label and 0 for others.",
        "So labels count as related when their images look alike; word vectors of your own can be given.",
        "48 outputs instead of 300; given vectors are brought to 48 by the principal components of their "
        "cosines, which stay exact for up to 48 labels.",
        "Errors outside the label vectors' directions count a little, since queries see them too.",
        "New images are coded by a beam of 5 before the sweeps over the books, which visit them in order.",
        "A small head on stored features is trained with AdamW; the paper trains AlexNet end to end.",
    ),
    published=(
        *quote({8: 0.715, 16: 0.727, 24: 0.730, 32: 0.733}, CIFAR_A, **_RECALLED),
        *quote({8: 0.780, 16: 0.790, 24: 0.792, 32: 0.797}, _NUS, **_RECALLED),
    ),
    references=("thulab/DeepHash: both terms, their means, codes and words",),
)


@dataclass(frozen=True)
class DVSQParams:
    """Hyper-parameters of DVSQ."""

    relation: float = param(
        0.5, "Share of mean features in our label vectors; 0: unrelated", source="ours", low=0.0, high=1.0
    )
    weight: float = param(1e-2, "Weight of quantization (lambda)", source="ours", low=0.0, high=1.0)
    ridge: float = param(
        0.1, "Weight of errors that no label vector sees (eta)", source="ours", low=1e-4, high=10.0
    )


def semantic_hinge(z: Tensor, labels: Tensor, vectors: Tensor) -> Tensor:
    """Hinges over the labels an image has and those it has not, divided by L times the number of its labels.

    Takes z, float (n, dim); labels, bool (n, L); vectors, float (L, dim). Scalar; 0 without labels.
    """
    directions = F.normalize(vectors.to(z.dtype), dim=1)
    margins = 1 - directions @ directions.T
    # Outputs shorter than 1e-4 count as shorter still: their direction is noise with an enormous gradient.
    cosines = F.normalize(z, dim=1, eps=1e-4) @ directions.T
    i, j = labels.nonzero(as_tuple=True)
    hinges = (margins[j] - cosines[i, j][:, None] + cosines[i]).clamp(min=0)
    return torch.where(labels[i], 0.0, hinges).sum() / max(1, len(i) * len(vectors))


def semantic_error(z: Tensor, decoded: Tensor, root: Tensor) -> Tensor:
    """Mean of (z - zhat)' A (z - zhat), where A = root root'; z, decoded float (n, dim); scalar."""
    left = z - decoded.detach().to(z.dtype)
    return (left @ root.to(z.dtype)).square().sum(dim=1).mean()


class DVSQ(CodebookMethod):
    """Deep Visual-Semantic Quantization."""

    spec = SPEC
    Params = DVSQParams
    params: DVSQParams
    structure = "additive"
    metric = "ip"
    reads_label_vectors = True
    vectors: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; build head and books."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.books = AdditiveBooks(n_bits // 8, N_CENTROIDS, WIDTH)
        self.register_buffer("vectors", torch.eye(n_classes, WIDTH))
        self.warm = False

    @classmethod
    def picture(cls) -> Picture:
        """Loss of an image between its own label and another one."""
        angles, labels = torch.linspace(0, 3.1416, 33), torch.tensor([[True, False]])
        z = torch.stack([angles.cos(), angles.sin()], dim=1)
        frames = []
        for cosine in (-0.5, 0.0, 0.5, 0.8):
            vectors = torch.tensor([[1.0, 0.0], [cosine, (1 - cosine**2) ** 0.5]])
            y = [float(semantic_hinge(row[None], labels, vectors)) for row in z]
            frames.append(Frame(f"{cosine:g}", (series("loss", angles * 180 / 3.1416, y),)))
        caption = "Unrelated labels are told apart firmly; between related ones a mistake costs little."
        title, x = "Loss of one image with two labels, of which it has one", "angle to its own label, degrees"
        return Picture(title, caption, x, "loss", tuple(frames), "cosine of the two label vectors", 1)

    def build_head(self) -> nn.Module:
        """All books read the whole output, which lives among the label vectors."""
        return HashHead(self.n_features, WIDTH)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Label vectors, and words for the outputs of the untrained network; every epoch renews the words."""
        own = label_vectors(train.features, train.labels, self.params.relation, WIDTH)
        self.vectors = own if train.label_vectors is None else in_width(train.label_vectors, WIDTH)
        self.books.start(torch.tanh(self.head.eval()(train.features)), train.generator, self.root)
        self.head.train()

    @property
    def root(self) -> Tensor:
        """Lower triangular root of A = V'V + eta I, by which errors are measured, float (48, 48)."""
        eye = torch.eye(WIDTH, device=self.vectors.device)
        root: Tensor = torch.linalg.cholesky(self.vectors.T @ self.vectors + self.params.ridge * eye)
        return root

    def before_epoch(self, epoch: int, n_epochs: int) -> None:
        """In the first epochs outputs move too far for words to mean anything."""
        self.warm = epoch >= WARM_UP

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Hinges between label vectors, and distance to the sums of words of the epoch before."""
        z, weight = torch.tanh(batch.u), self.params.weight if self.warm else 0.0
        lost = semantic_error(z, self.books.decoded(batch.rows), self.root)
        return {"ranking": semantic_hinge(z, batch.labels, self.vectors), "quantization": weight * lost}

    def after_epoch(self, outputs: Callable[[], Tensor]) -> None:
        """Codes, then words, follow the outputs."""
        self.books.improve(torch.tanh(outputs()), self.root)

    def codebooks(self) -> Tensor:
        """The learned words, float (M, 256, 48)."""
        return self.books.words

    def assign(self, u: Tensor) -> Tensor:
        """Words whose sum changes inner products with label vectors least, int64 (n, M)."""
        return self.books.assign(torch.tanh(u), self.root)

    def embed(self, u: Tensor) -> Tensor:
        """The output itself, float (n, 48), for queries."""
        return torch.tanh(u)
