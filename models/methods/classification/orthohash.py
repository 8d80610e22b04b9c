r"""OrthoHash: One Loss for All (NeurIPS 2021).

Every class owns a fixed code, and all of them are as good as orthogonal. The cosine between an image's output
and each of them is scored by one softmax, in which the image's own class has to win by a margin. An output
whose cosine to a code of +1 and -1 is 1 is that code, so no quantization term is needed.

    cos_ic = u_i . o_c / (|u_i| sqrt(K)) -> `cosine`    z_ic = s (cos_ic - m y_ic) -> `logits`
    L = -mean over images of sum_c (y_ic / sum y_i) log softmax(z_i)_c    o -> `codebook`    s -> `scale`
    m -> `margin`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.codes.binarize import binarize
from models.losses.centres import hash_centres, random_centres
from models.losses.classification import class_loss
from models.methods.base import Batch, Method, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.methods.protocols import CIFAR_A, IMAGENET_100
from models.networks.heads import HashHead
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision, quote

SPEC = MethodSpec(
    name="orthohash",
    label="OrthoHash",
    title="OrthoHash: one cosine loss for all",
    family=Family.CLASSIFICATION,
    family_note="Published after the 2020 edition; placed beside CSQ, the other method with hash centres.",
    supervision=Supervision.LABELS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "J. T. Hoe, K. W. Ng, T. Zhang, C. S. Chan, Y.-Z. Song, T. Xiang",
        "One Loss for All: Deep Hashing with a Single Cosine Similarity based Learning Objective",
        "NeurIPS",
        2021,
        "2109.14449",
    ),
    loss_kind="softmax of cosines to fixed class codes",
    idea=(
        "Every class owns a fixed code, and any two of these codes differ in about half of their bits. "
        "One softmax over the cosines of an image's output to all class codes asks that its own class wins "
        "by a margin. An output in the direction of a code of +1 and -1 rounds to it without loss, so "
        "neither a quantization term nor one for balance is needed."
    ),
    good_for="One loss without weights to balance, and even bits, because outputs are normalised.",
    objective=(
        r"\mathcal L=-\frac1N\sum_{i,c}\frac{y_{ic}}{\sum_{k}y_{ik}}\log\frac{e^{z_{ic}}}{\sum_{k}e^{z_{ik}}}"
        r",\qquad z_{ic}=s\Big(\frac{u_i^\top o_c}{\lVert u_i\rVert\sqrt K}-m\,y_{ic}\Big)"
    ),
    symbols=(
        (r"u_i", "output for image i after batch normalisation; its signs are the bits"),
        (r"o_c", "fixed code of class c, entries +1 and -1"),
        (r"y_{ic}", "1 when image i has label c, else 0"),
        (r"z_{ic}", "score of class c: scaled cosine, less the margin for the image's own labels"),
        (r"s", "scale: the larger, the more a small lead in cosine counts"),
        (r"m", "margin, in cosine"),
        (r"N,\ K", "images in the batch, bits"),
    ),
    multi_label_note="An image's labels share its target probability equally; images without a label rest.",
    recipe=Recipe(lr=0.01),
    differs=(
        "The default codes are rows of a Hadamard matrix where there is one, and far apart otherwise; the "
        "authors toss a coin for every bit, which is the choice bernoulli.",
        "A head with a hidden layer of 256 is trained on stored features with AdamW; the paper trains "
        "AlexNet end to end.",
        "A training batch of a single image is normalised with the running statistics instead of its own.",
    ),
    published=(
        *quote({64: 0.824}, CIFAR_A, backbone="AlexNet", source="authors' README, best run, margin 0.3"),
        *quote({64: 0.701}, IMAGENET_100, backbone="AlexNet", source="CISiPLab/cisip-FIRe", verified=False),
    ),
    references=("The authors' code and README: scale, margin, codebooks", "CISiPLab/cisip-FIRe: margin"),
)


@dataclass(frozen=True)
class OrthoHashParams:
    """Hyper-parameters of OrthoHash."""

    scale: float = param(
        8.0, "Factor on the cosines (s)", source="authors' code", low=1.0, high=64.0, log=True
    )
    margin: float = param(0.2, "Margin for the own class (m)", source="authors' code", low=0.0, high=1.0)
    weight: float = param(0.0, "Weight of 1 - cos(u, b)", source="authors' code: none", low=0.0, high=10.0)
    variant: str = param(
        "cos", "Margin on the cosine, or on the angle (arc)", source="authors' code", choices=("cos", "arc")
    )
    codebook: str = param(
        "hadamard",
        "Class codes far apart by construction, or drawn bit by bit",
        source="ours; authors: bernoulli",
        choices=("hadamard", "bernoulli"),
    )


def orthohash_loss(
    u: Tensor, codebook: Tensor, labels: Tensor, scale: float, margin: float, variant: str = "cos"
) -> Tensor:
    """Loss of one batch.

    Args:
        u: float (n, n_bits), outputs.
        codebook: float (n_classes, n_bits), class codes in {-1, +1}.
        labels: bool (n, n_classes); images without a label do not count.
        scale: s.
        margin: m.
        variant: `cos` or `arc`.

    Returns:
        Mean over labelled images, a scalar; 0, connected to the graph, without any.
    """
    y = labels.to(u.dtype)
    cosine = F.normalize(u, eps=1e-6) @ codebook.to(u.dtype).T / u.shape[1] ** 0.5
    if variant == "arc":
        angle = torch.acos(cosine.clamp(-0.99999, 0.99999))  # the slope of acos is infinite at -1 and 1
        logits = scale * torch.cos(angle + margin * y)
    else:
        logits = scale * (cosine - margin * y)
    return class_loss(logits, y / y.sum(dim=1, keepdim=True).clamp(min=1), multi_label=False)


def cosine_quantization(u: Tensor) -> Tensor:
    """Mean of 1 - cos(u_i, b_i), u float (n, n_bits), where b_i is the binary code of u_i."""
    return (1 - F.cosine_similarity(u, binarize(u), eps=1e-6)).mean()


class BalancedHead(HashHead):
    """A head without bias in its last layer, and batch normalisation: each bit is +1 for half of a batch."""

    def __init__(self, n_features: int, n_outputs: int) -> None:
        super().__init__(n_features, n_outputs)
        self.layers[-1].register_parameter("bias", None)  # the normalisation would take it away again
        self.norm = nn.BatchNorm1d(n_outputs)

    def forward(self, features: Tensor) -> Tensor:
        """Map features, float (n, n_features), to u, float (n, n_outputs)."""
        u, norm = self.layers(features), self.norm
        own = self.training and len(u) > 1
        return F.batch_norm(
            u, norm.running_mean, norm.running_var, norm.weight, norm.bias, own, 0.1, norm.eps
        )


class OrthoHash(Method):
    """OrthoHash. `codebook`, float (n_classes, n_bits), is drawn in `before_fit`; only training needs it."""

    spec = SPEC
    Params = OrthoHashParams
    params: OrthoHashParams
    codebook: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes and build the head."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.register_buffer("codebook", torch.empty(0), persistent=False)

    def build_head(self) -> nn.Module:
        """Linear layers and batch normalisation."""
        return BalancedHead(self.n_features, self.n_bits)

    @classmethod
    def picture(cls) -> Picture:
        """Loss of an image that turns from another class's code to its own."""
        codebook, x = hash_centres(4, 16, torch.Generator().manual_seed(0)).codes, torch.linspace(0, 1, 41)
        u = torch.outer((1 - x**2).sqrt(), codebook[1]) + torch.outer(x, codebook[0])
        own = torch.eye(4, dtype=torch.bool)[:1]
        frames = []
        for s in (2.0, 4.0, 8.0, 16.0):
            curves = []
            for m in (0.0, 0.2, 0.4):
                losses = [float(orthohash_loss(image[None], codebook, own, s, m)) for image in u]
                curves.append(series(f"margin {m:g}", x, losses))
            frames.append(Frame(f"{s:g}", tuple(curves)))
        caption = (
            "The image turns from another class's code, cosine 0, to its own. The margin keeps the loss up "
            "until the lead is clear; a larger scale makes that lead count more."
        )
        title = "Loss of one image among four classes"
        return Picture(title, caption, "cosine to the own class's code", "loss", tuple(frames), "scale s", 2)

    def before_fit(self, train: TrainSet) -> None:
        """Choose the class codes."""
        choose = random_centres if self.params.codebook == "bernoulli" else hash_centres
        self.codebook = choose(self.n_classes, self.n_bits, train.generator).codes.to(train.features.device)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Softmax of cosines to the class codes, and the quantization term, which is 0 by default."""
        p, u, labels = self.params, batch.u, batch.labels
        cosine = orthohash_loss(u, self.codebook, labels, p.scale, p.margin, p.variant)
        return {"cosine": cosine, "quantization": p.weight * cosine_quantization(u)}
