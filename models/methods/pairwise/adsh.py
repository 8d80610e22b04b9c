r"""ADSH: Asymmetric Deep Supervised Hashing (AAAI 2018).

Queries are coded by the network; the codes of the train images, which stand in the database, are free
variables. Network and codes are improved in turn, until the inner products of both sides give the
similarities.

    J = mean over pairs of (h_i . v_j - K s_ij)^2 + gamma / n * mean over i of |v_i - h_i|^2
    h = tanh(u) -> `h`    v -> `codes`    s -> `similarity`    n -> `len(codes)`    gamma -> `params.gamma`
    V, bit by bit, for sampled images Omega: min |H V' - K S|^2 + gamma |V_Omega - H|^2    Omega -> `omega`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from models.losses.discrete import bitwise_descent, random_codes, similar_to, soft_negative, targets
from models.methods.base import Batch, Method, TrainSet, param
from models.methods.picture import Picture, pair_picture
from models.methods.protocols import CIFAR_ALL, NUS_21
from models.spec import Citation, CodeKind, Family, MethodSpec, Supervision, quote

_QUOTED = "paper, as the DeepHash-pytorch README quotes it"
_RERUN = "the authors' own second run, README of their code"

SPEC = MethodSpec(
    name="adsh",
    label="ADSH",
    title="Asymmetric Deep Supervised Hashing",
    family=Family.PAIRWISE,
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "Q.-Y. Jiang, W.-J. Li", "Asymmetric Deep Supervised Hashing", "AAAI", 2018, "1707.08325"
    ),
    loss_kind="difference of similarity and inner product",
    idea=(
        "Only queries need a network, so the codes of the train images are free variables in the database. "
        "They are found bit by bit from the labels. The network learns to give queries whose inner products "
        "with those codes are the similarities."
    ),
    good_for="A fixed database whose images are all labelled, and queries that are not.",
    objective=(
        r"\min_{\Theta,\,V\in\{-1,+1\}^{n\times K}}\ \sum_{i\in\Omega}\sum_{j=1}^n"
        r"\big(h_i^\top v_j-K\bar s_{ij}\big)^2+\gamma\sum_{i\in\Omega}\lVert v_i-h_i\rVert_2^2,"
        r"\qquad h_i=\tanh u_i"
    ),
    symbols=(
        (r"v_j", "code of train image j, a free variable"),
        (r"u_i,\ \Theta", "output of the network for image i; the network's weights"),
        (r"\Omega", "train images that stand for queries, drawn anew for each round"),
        (
            r"\bar s_{ij}",
            "1 when images i and j share a label, else minus the ratio of the two kinds of pairs",
        ),
        (r"\gamma", "weight of the distance between an image's two codes"),
        (r"n,\ K", "train images, bits"),
    ),
    differs=(
        "Train images stand in the database with their learned codes, which know those images' labels; "
        "figures compare with methods whose whole database is coded by the network only with that in mind.",
        "Database images outside the train split have no learned code and get the network's; the paper "
        "learns codes for the whole database.",
        "The codes start at random instead of at 0, and move once before the first round: 0 pulls all "
        "outputs to 0 and random codes pull them apart at random.",
        "The loss is a mean over pairs plus gamma / n per image, as in the authors' PyTorch version; the "
        "paper writes sums.",
        "The similarity of dissimilar pairs is never below -1, which is what two codes can reach.",
        "A small head on stored features is trained with AdamW for 10 rounds of three epochs, the authors' "
        "CNN-F or ResNet-50 for 50; with up to 2,000 train images the sample is all of them.",
    ),
    published=(
        *quote({48: 0.9390}, CIFAR_ALL, backbone="CNN-F", source=_QUOTED),
        *quote({12: 0.8939, 24: 0.9243, 32: 0.9330, 48: 0.9426}, CIFAR_ALL, backbone="CNN-F", source=_RERUN),
        *quote({48: 0.9055}, NUS_21, backbone="CNN-F", source=_QUOTED),
        *quote({12: 0.8374, 24: 0.8898, 32: 0.8954, 48: 0.9060}, NUS_21, backbone="CNN-F", source=_RERUN),
    ),
    references=("The authors' code, MATLAB and PyTorch: soft similarity, gamma, rounds, update of the bits",),
)


@dataclass(frozen=True)
class ADSHParams:
    """Hyper-parameters of ADSH."""

    gamma: float = param(
        200.0, "Weight of the distance between an image's two codes", source="paper", low=0.0, high=10000.0
    )
    sample: int = param(
        2000, "Train images that stand for queries in a round", source="paper", low=1, high=100000
    )
    inner_epochs: int = param(3, "Epochs in a round, before the codes move", source="paper", low=1, high=30)


def adsh_loss(h: Tensor, codes: Tensor, own: Tensor, similarity: Tensor, gamma: float) -> dict[str, Tensor]:
    """Loss of one batch of queries.

    Args:
        h: float (m, n_bits), relaxed codes of the queries, tanh of the outputs.
        codes: float (n, n_bits), free codes of all train images.
        own: float (m, n_bits), the free codes of the queries themselves.
        similarity: float (m, n), 1 for similar pairs, negative for the others.
        gamma: weight on sums; on these means it is gamma / n.

    Returns:
        `similarity` and `quantization`, scalars, weighted; 0, connected to the graph, for no query.
    """
    pairs = (h @ codes.T - h.shape[1] * similarity).square().sum() / max(1, similarity.numel())
    quantization = (own - h).square().sum() / max(1, len(h))
    return {"similarity": pairs, "quantization": gamma / len(codes) * quantization}


def update_codes(codes: Tensor, h: Tensor, omega: Tensor, similarity: Tensor, gamma: float) -> Tensor:
    """One sweep over the bits of the free codes; it never raises the objective.

    Arguments as in `adsh_loss`, for the sampled images as queries; omega: int64 (m,), their rows in `codes`.
    """
    linear = (h.shape[1] * similarity.T @ h).index_add(0, omega, gamma * h)
    return bitwise_descent(codes, linear, h.T @ h, zero_gives_minus=True)


class ADSH(Method):
    """Asymmetric Deep Supervised Hashing; `sampled`, bool (n_train,), marks the images of Omega."""

    spec = SPEC
    Params = ADSHParams
    params: ADSHParams
    codes: Tensor
    labels: Tensor
    sampled: Tensor
    negative: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes and build the head."""
        super().__init__(n_bits, n_features, n_classes, params)
        for name in ("codes", "labels", "sampled", "negative"):
            self.register_buffer(name, torch.empty(0), persistent=False)

    @classmethod
    def picture(cls) -> Picture:
        """What the target of dissimilar pairs asks for, by the number of classes of equal size."""

        def loss(u: Tensor, s: Tensor, n_classes: int) -> Tensor:
            similarity = targets(s[:1, 1:], -1 / (n_classes - 1), u.dtype)
            return adsh_loss(u[:1], u[1:], u[:1], similarity, gamma=0.0)["similarity"]

        caption = (
            "With two classes, codes of dissimilar images should be opposite. The more classes there are, "
            "the closer to half of the bits (8) their best distance lies."
        )
        return pair_picture(loss, values=(2, 3, 5, 10, 20), slider="classes", caption=caption, start=3)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Draw the first codes and the first sample, and fit the codes to the untrained network."""
        self._generator, self._epoch, self._n_epochs = train.generator, 0, 1
        self.labels = train.labels
        self.codes = random_codes(len(train.labels), self.n_bits, train.generator).to(train.features.device)
        self._draw()
        self.after_epoch(lambda: self.eval()(train.features))

    def before_epoch(self, epoch: int, n_epochs: int) -> None:
        """Note where in its round the epoch is."""
        self._epoch, self._n_epochs = epoch, n_epochs

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Loss of the batch's sampled images against the codes of all train images."""
        kept = self.sampled[batch.rows]
        h, rows = torch.tanh(batch.u[kept]), batch.rows[kept]
        similarity = targets(similar_to(batch.labels[kept], self.labels), self.negative, h.dtype)
        codes = self.codes.to(h.dtype)
        return adsh_loss(h, codes, codes[rows], similarity, self.params.gamma)

    def after_epoch(self, outputs: Callable[[], Tensor]) -> None:
        """At the end of a round: one sweep over the bits of the codes, then a new sample."""
        if (self._epoch + 1) % self.params.inner_epochs and self._epoch + 1 < self._n_epochs:
            return
        omega = self.sampled.nonzero()[:, 0]
        similarity = targets(similar_to(self.labels[omega], self.labels), self.negative, self.codes.dtype)
        h = torch.tanh(outputs()[omega]).to(self.codes.dtype)
        self.codes = update_codes(self.codes, h, omega, similarity, self.params.gamma)
        self._draw()

    def learned_codes(self) -> Tensor | None:
        """The codes of the train images; None without training."""
        return self.codes if len(self.codes) else None

    def _draw(self) -> None:
        """Sample the images of the next round, and balance the similarities of their pairs."""
        n, device = len(self.labels), self.labels.device
        omega = torch.randperm(n, generator=self._generator)[: self.params.sample].to(device)
        self.sampled = torch.zeros(n, dtype=torch.bool, device=device).index_fill(0, omega, True)
        self.negative = soft_negative(similar_to(self.labels[omega], self.labels))
