r"""CSQ: Central Similarity Quantization for Efficient Image and Video Retrieval (CVPR 2020).

Before training every class is given a code of its own, its hash centre, and all centres are far apart. The
network then learns, bit by bit, to answer with the centre of the image's class. Images of one class meet at
a point and those of two classes part, without a single pair being compared.

    L_C = mean of [log(1 + e^(2u)) - 2 t u],  t = (o + 1) / 2    u -> `u`    o -> `targets`
    L_Q = mean of (|h| - 1)^2 or of log cosh(|h| - 1),  h = tanh u    L = L_C + lambda L_Q    lambda ->
    `weight`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.codes.binarize import binarize
from models.losses.centres import hash_centres, multi_label_centres
from models.losses.quantization import log_cosh_error
from models.methods.base import Batch, Method, TrainSet, param
from models.methods.picture import Frame, Picture, grid
from models.spec import Citation, CodeKind, Family, MethodSpec, Protocol, Supervision, quote

_NUS_OWN = Protocol(
    "NUS-WIDE-21", "the authors' own split: 10,455 train, 2,040 queries; mAP over the first 5,000"
)
_README = "authors' README"

SPEC = MethodSpec(
    name="csq",
    label="CSQ",
    title="Central Similarity Quantization",
    family=Family.CLASSIFICATION,
    supervision=Supervision.LABELS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "L. Yuan, T. Wang, X. Zhang, F. E. H. Tay, Z. Jie, W. Liu, J. Feng",
        "Central Similarity Quantization for Efficient Image and Video Retrieval",
        "CVPR",
        2020,
        "1908.00347",
    ),
    loss_kind="binary cross-entropy to a hash centre",
    idea=(
        "Before training every class gets a code of its own, its hash centre, and all centres are far apart. "
        "The network learns, bit by bit, to answer with the centre of the image's class. "
        "No pair of images is ever compared, so a step costs next to nothing."
    ),
    good_for="Many classes with clear labels: fast, steady training and codes that fall into tight clusters.",
    objective=(
        r"\mathcal L=\frac{1}{NK}\sum_{i,k}\big[\log(1+e^{2u_{ik}})-2t_{ik}u_{ik}\big]"
        r"+\frac{\lambda}{NK}\sum_{i,k}\big(|\tanh u_{ik}|-1\big)^2,\qquad t_{ik}=\tfrac12(o_{ik}+1)"
    ),
    symbols=(
        (r"u_{ik}", "output k of the network for image i; its sign is the bit"),
        (r"o_i", "hash centre of the image: that of its class, or the majority of its labels' centres"),
        (r"t_{ik}", "the centre's bit as 0 or 1"),
        (r"\lambda", "weight of the quantization term"),
        (r"N,\ K", "images in the batch, bits"),
    ),
    multi_label_note=(
        "An image's centre is the bit-wise majority of its labels' centres; images without a label rest. "
        "With many labels the majority blurs which of them two images share: on toyscenes, with five per "
        "image, even codes equal to these centres rank with an mAP of only 0.90 at 32 bits and 0.95 at 64."
    ),
    differs=(
        "Cross-entropy is computed from u itself; (tanh u + 1) / 2 first would lose the gradient of bits "
        "that are very wrong.",
        "Centres of 12, 24, 48, ... bits come from Paley's Hadamard matrices, further ones from a greedy "
        "search; the paper draws them at random.",
        "Rows of the Hadamard matrix are drawn at random, without the all-ones row: the first rows repeat "
        "bits.",
        "The head has one hidden layer of 256; the authors' has three layers behind ResNet50 or AlexNet.",
        "The default quantizer is that of the authors' code; the paper's is the choice log_cosh.",
    ),
    published=(
        *quote({16: 0.744, 32: 0.785, 64: 0.789}, _NUS_OWN, backbone="AlexNet", source=_README),
        *quote({16: 0.810, 32: 0.825, 64: 0.839}, _NUS_OWN, backbone="ResNet50", source=_README),
    ),
    references=("The authors' code and README: weights, learning rates, multi-label centres",),
)


@dataclass(frozen=True)
class CSQParams:
    """Hyper-parameters of CSQ."""

    weight: float = param(
        0.05,
        "Weight of the quantization term (lambda)",
        source="authors' code, ResNet50 commands",
        low=0.0,
        high=10.0,
    )
    quantizer: str = param(
        "square",
        "(|h| - 1)^2 as in the authors' code, or log cosh(|h| - 1) as in the paper",
        source="authors' code",
        choices=("square", "log_cosh"),
    )


def csq_loss(u: Tensor, targets: Tensor, weight: float, quantizer: str = "square") -> dict[str, Tensor]:
    """Loss of images that have a centre.

    Args:
        u: float (n, n_bits), outputs before tanh.
        targets: float (n, n_bits), hash centre of each image, in {-1, +1}.
        weight: lambda.
        quantizer: `square` or `log_cosh`.

    Returns:
        `centre` and `quantization`, scalars, weighted; 0, connected to the graph, for no image.
    """
    if len(u) == 0:
        return {"centre": u.sum(), "quantization": u.sum()}
    centre = F.binary_cross_entropy_with_logits(2 * u, (targets + 1) / 2)
    h = torch.tanh(u)
    error = log_cosh_error(h) if quantizer == "log_cosh" else (h.abs() - 1).square().mean()
    return {"centre": centre, "quantization": weight * error}


class CSQ(Method):
    """Central Similarity Quantization.

    `centres`, float (n_classes, n_bits), and `filler`, float (n_bits,), which settles even votes, are drawn
    in `before_fit` and needed in training only.
    """

    spec = SPEC
    Params = CSQParams
    params: CSQParams
    centres: Tensor
    filler: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes and build the head."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.register_buffer("centres", torch.empty(0), persistent=False)
        self.register_buffer("filler", torch.empty(0), persistent=False)

    @classmethod
    def picture(cls) -> Picture:
        """Hash centres of ten classes, bit by bit."""
        lengths, frames = (8, 12, 16, 24, 32), []
        for n_bits in lengths:
            codes = hash_centres(10, n_bits, torch.Generator().manual_seed(0)).codes
            beyond = torch.zeros(10, max(lengths) - n_bits)
            frames.append(Frame(str(n_bits), grid=grid(torch.cat([codes, beyond], dim=1))))
        caption = (
            "A row is the centre of a class, a square one of its bits, in one colour for +1 and another for "
            "-1. Compare any two rows: they differ in at least half of their bits."
        )
        title = "Hash centres of ten classes"
        return Picture(title, caption, "bit", "class", tuple(frames), "code length in bits", 4, "grid")

    def before_fit(self, train: TrainSet) -> None:
        """Choose the hash centres.

        Raises:
            ConfigError: there are more classes than codes.
        """
        device = train.features.device
        self.centres = hash_centres(self.n_classes, self.n_bits, train.generator).codes.to(device)
        self.filler = binarize(torch.rand(self.n_bits, generator=train.generator) - 0.5).to(device)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy to the images' centres, and quantization."""
        labelled = batch.labels.any(dim=1)
        targets = multi_label_centres(self.centres, batch.labels[labelled], self.filler)
        return csq_loss(batch.u[labelled], targets, self.params.weight, self.params.quantizer)
