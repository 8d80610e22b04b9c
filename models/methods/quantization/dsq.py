r"""DSQ: Deep Spherical Quantization for Image Search (CVPR 2019).

Outputs of the network lie on the unit sphere, so that no word is wasted on lengths. A code is the sum of one
word from each of several books. Network and books are improved in turn: the network by the class, by its
distance to the class's centre and to its own decoded code; the books on points between output and centre.

    L = CE(s z'w) + l1 |z - zhat|^2 + l2 |z - phi_y|^2 + l3 |phi_y - zhat|^2, means over images
    z = u / |u| -> `on_sphere`    zhat = sum_m C_m[k_m] -> `decoded`    phi -> `centres`
    books and codes on t = (l1 z + l3 phi_y) / (l1 + l3) -> `coding_targets`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.losses.additive import encode
from models.losses.additive_books import AdditiveBooks
from models.losses.classification import class_loss
from models.losses.spherical import class_means, label_shares, on_sphere, squared_distance
from models.methods.base import Batch, CodebookMethod, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.networks.heads import HashHead
from models.spec import BitRule, Citation, CodeKind, Family, MethodSpec, Supervision

N_CENTROIDS = 256  # one byte per book
DIM = 48
WARM_UP = 3  # epochs before there are books

SPEC = MethodSpec(
    name="dsq",
    label="DSQ",
    title="Deep Spherical Quantization",
    family=Family.QUANTIZATION,
    supervision=Supervision.LABELS,
    code_kind=CodeKind.CODEBOOK,
    citation=Citation(
        "S. Eghbali, L. Tahvildari",
        "Deep Spherical Quantization for Image Search",
        "CVPR",
        2019,
        "1906.02865",
    ),
    loss_kind="class loss and distance to words, on a sphere",
    idea=(
        "Outputs are brought to length 1, so that words need to describe directions only. A code is the sum "
        "of one word from each of a few books. Network and books are improved in turn, and both are drawn "
        "towards the centres of the classes."
    ),
    good_for="Squared distances on additive words, when lengths of the outputs would only disturb.",
    objective=(
        r"\mathcal L=\frac1n\sum_i\Big[\ell(s\,z_i^\top w,y_i)+\lambda_1\lVert z_i-\hat z_i\rVert^2"
        r"+\lambda_2\lVert z_i-\phi_{y_i}\rVert^2+\lambda_3\lVert\phi_{y_i}-\hat z_i\rVert^2\Big],\quad"
        r"z_i=\frac{u_i}{\lVert u_i\rVert},\ \hat z_i=\sum_m C_m[k_{im}]"
    ),
    symbols=(
        (r"u_i,\ z_i", "output of the network, and its direction"),
        (r"\hat z_i,\ C_m[k]", "what the code decodes to, a sum; word k of book m"),
        (r"\phi_y", "centre of class y, the mean of its directions"),
        (r"\ell,\ w,\ s", "cross-entropy; the classifier's rows, of length 1; factor on its scores"),
        (r"\lambda_1,\lambda_2,\lambda_3", "weights: coding error, outputs near centres, codes near centres"),
        (r"n", "images in the batch"),
    ),
    n_bits=BitRule(multiple_of=8, lowest=8, highest=128),
    multi_label_note="One yes-no cross-entropy per class; its centre is the mean of its labels' centres.",
    differs=(
        "Weights, the factor 16 and the classifier's rows of length 1 are ours (unverified in the paper).",
        "A pull of 1 to the centres instead of 0.1 does better at 32 bits, mAP on held-out train images 0.86 "
        "to 0.89 on toyworld, 0.93 to 0.96 on digits, 0.899 to 0.901 on toyscenes.",
        "Outputs have 48 dimensions and a book has 256 words of 48 numbers each.",
        "There are no books for three epochs; they start as k-means on slices of the outputs, the paper's "
        "start is of residual type (unverified).",
        "After each epoch three sweeps choose words anew, then least squares sets the words, with a ridge of "
        "1: with a weak one, 64 bits would fit the 2,000 train images exactly and new images badly.",
        "Centres are means over a whole pass, not brought to length 1; the sparse variant is left out.",
        "A small head on stored features is trained with AdamW; multi-label data are our extension.",
    ),
    references=("No code of the authors was found; weights and schedule are ours",),
)


@dataclass(frozen=True)
class DSQParams:
    """Hyper-parameters of DSQ."""

    coding: float = param(1.0, "Pull of outputs to own code (lambda_1)", source="ours", low=0.0, high=10.0)
    centre: float = param(0.1, "Pull of outputs to centres (lambda_2)", source="ours", low=0.0, high=10.0)
    code_centre: float = param(0.1, "Pull of codes to centres (lambda_3)", source="ours", low=0.0, high=10.0)
    scale: float = param(16.0, "Factor on the classifier's cosines (s)", source="ours", low=1.0, high=64.0)


def coding_targets(z: Tensor, centres: Tensor, coding: float, code_centre: float) -> Tensor:
    """Points t, float (n, dim), that books and codes are fitted to: between z and centres.

    l1 |z - zhat|^2 + l3 |phi - zhat|^2 is (l1 + l3) |t - zhat|^2 plus what no code can change.
    """
    total = coding + code_centre
    return torch.lerp(z, centres, code_centre / total if total > 0 else 0.0)


class DSQ(CodebookMethod):
    """Deep Spherical Quantization."""

    spec = SPEC
    Params = DSQParams
    params: DSQParams
    structure = "additive"
    centres: Tensor
    shares: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; build head, books and classifier."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.books = AdditiveBooks(n_bits // 8, N_CENTROIDS, DIM)
        self.classifier = nn.Parameter(torch.randn(n_classes, DIM))
        self.multi_label, self._epoch, self._books_after = False, 0, WARM_UP - 1
        for name in ("centres", "shares"):
            self.register_buffer(name, torch.empty(0), persistent=False)

    @classmethod
    def picture(cls) -> Picture:
        """Distinct codes in each of six classes, by the pull of codes to centres."""
        generator = torch.Generator().manual_seed(0)
        shares = F.one_hot(torch.arange(240) % 6, 6).float()
        z = torch.randn(6, 8, generator=generator).repeat(40, 1)
        z = on_sphere(z + torch.randn(240, 8, generator=generator))
        frames = []
        for weight in (0.0, 0.1, 0.3, 1.0, 3.0, 10.0):
            books = AdditiveBooks(2, 16, 8)
            t = coding_targets(z, shares @ class_means(z, shares), 1.0, weight)
            books.start(t, torch.Generator().manual_seed(1))
            distinct = [len(torch.unique(books.codes[c::6], dim=0)) for c in range(6)]
            frames.append(Frame(f"{weight:g}", (series("distinct codes", range(1, 7), distinct),)))
        caption = (
            "40 images per class, two books of 16 words. The stronger the pull, the fewer codes a class has: "
            "classes are told apart better, images within a class no longer."
        )
        title, y, slider = "Codes within a class", "distinct codes", "pull of codes to centres (lambda_3)"
        return Picture(title, caption, "class", y, tuple(frames), slider, 1, "bars")

    def build_head(self) -> nn.Module:
        """48 outputs, whatever the code length."""
        return HashHead(self.n_features, DIM)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Keep the labels; first books and centres, of the untrained network's outputs."""
        self._generator, self.shares = train.generator, label_shares(train.labels)
        self.multi_label = bool((train.labels.sum(dim=1) > 1).any())
        z = on_sphere(self.eval()(train.features))
        self.centres = class_means(z, self.shares)
        self.books.start(z, train.generator)

    def before_epoch(self, epoch: int, n_epochs: int) -> None:
        """Books come after the warm-up, or after the last epoch of a shorter training."""
        self._epoch, self._books_after = epoch, min(WARM_UP, n_epochs) - 1

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Class loss, and distances to the class's centre and, once there are codes, to the own code."""
        z, params = on_sphere(batch.u), self.params
        scores = params.scale * z @ F.normalize(self.classifier, dim=1).to(z.dtype).T
        centres = (self.shares[batch.rows] @ self.centres).to(z.dtype)
        has_books = self._epoch > self._books_after
        decoded = self.books.decoded(batch.rows).to(z.dtype) if has_books else z.detach()
        return {
            "class": class_loss(scores, batch.labels, multi_label=self.multi_label),
            "centre": params.centre * squared_distance(z, centres, batch.labels.any(dim=1)),
            "coding": params.coding * squared_distance(z, decoded),
        }

    def after_epoch(self, outputs: Callable[[], Tensor]) -> None:
        """Centres anew; from the end of the warm-up on, codes and books anew too."""
        z, params = on_sphere(outputs()), self.params
        self.centres = class_means(z, self.shares)
        own = torch.where(self.shares.any(dim=1)[:, None], self.shares @ self.centres, z)
        targets = coding_targets(z, own, params.coding, params.code_centre)
        if self._epoch == self._books_after:
            self.books.start(targets, self._generator)
        if self._epoch >= self._books_after:
            self.books.improve(targets)

    def codebooks(self) -> Tensor:
        """The words, float (M, 256, 48)."""
        return self.books.words

    def assign(self, u: Tensor) -> Tensor:
        """Word of each book, int64 (n, M): book after book, then three sweeps; labels are not read."""
        return encode(on_sphere(u), self.books.words)

    def embed(self, u: Tensor) -> Tensor:
        """The direction of u, float (n, 48)."""
        return on_sphere(u)
