r"""HCBDH: Hadamard Codebook Based Deep Hash (arXiv 2019), called HCDH in the 2023 edition of the survey.

Every class is given a row of a Hadamard matrix, and any two rows differ in half of their places. The squashed
output of an image is drawn to the row of its class, while a classifier reads the same output and must name
the class. The two are trained together: one sets where classes lie, the other that they can be told apart.

    L = mean of CE(W' h_i + g, c_i) + alpha / K * mean of |h_i - o_c|^2    h = tanh u    o -> `targets`
    o_c = sgn(P' r_c), r a row of the Hadamard matrix, P Gaussian, where it has not K columns
    -> `projected_centres`    W, g -> `classifier`    alpha -> `alpha`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.losses.centres import projected_centres
from models.losses.classification import class_loss
from models.methods.base import Batch, Method, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.spec import Citation, CodeKind, Family, MethodSpec, Supervision

SPEC = MethodSpec(
    name="hcbdh",
    label="HCBDH",
    title="Hadamard Codebook Based Deep Hash",
    family=Family.CLASSIFICATION,
    supervision=Supervision.LABELS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "S. Chen, L. Cao, M. Lin, Y. Wang, X. Sun, C. Wu, J. Qiu, R. Ji",
        "Hadamard Codebook Based Deep Hash",
        "arXiv",
        2019,
        "1910.09182",
    ),
    loss_kind="cross-entropy, and squared distance to a Hadamard code",
    idea=(
        "Every class is given a row of a Hadamard matrix as its code, and any two rows differ in half of "
        "their places. The squashed output of an image is drawn to its class's code, while a classifier "
        "reads the same output and must name the class. Where the matrix is larger than the code, a random "
        "projection brings its rows to length."
    ),
    good_for="Comparing a class code plus a classifier with class codes alone, as in CSQ.",
    objective=(
        r"\mathcal L=\frac1N\sum_i\Big[\ell\big(W^\top h_i+g,\,c_i\big)+\frac{\alpha}{K}\lVert h_i-o_{c_i}"
        r"\rVert_2^2\Big],\qquad o_c=\operatorname{sgn}(P^\top r_c)"
    ),
    symbols=(
        (r"h_i", "output of the network for image i, squashed by tanh; its signs are the bits"),
        (r"c_i", "class of image i"),
        (r"\ell", "cross-entropy of the class"),
        (r"W,\ g", "linear classifier, learned along"),
        (r"o_c", "code of class c, entries +1 and -1"),
        (r"r_c", "row of the Hadamard matrix that class c was given"),
        (r"P", "random projection; left out where the matrix has as many columns as the code has bits"),
        (r"\alpha", "weight of the distance to the class's code"),
        (r"N,\ K", "images in the batch, bits"),
    ),
    reads_multi_label=False,
    multi_label_note=(
        "Each class has one code of its own and the classifier names one class; no source that we could "
        "read says which code an image with several labels belongs to."
    ),
    differs=(
        "The activation, the weights, the classifier on the squashed output and the random projection are "
        "choices of ours: the equations of the paper could not be read (unverified).",
        "Rows are drawn at random without the all-ones row, and of 16 projections the one that keeps the "
        "class codes farthest apart is used.",
        "There is no quantization term (unverified in the paper).",
        "A small head on stored features is trained with AdamW; the paper trains a network end to end.",
    ),
    reconstruction=(
        "The formula is put together from the paper's abstract and the survey's description; the paper's own "
        "equations could not be read."
    ),
)


@dataclass(frozen=True)
class HCBDHParams:
    """Hyper-parameters of HCBDH."""

    alpha: float = param(
        1.0, "Weight of the distance to the class's code, per bit", source="ours", low=0.0, high=100.0
    )


def code_distance(h: Tensor, targets: Tensor) -> Tensor:
    """Squared distance to the class's code, |h_i - o_i|^2, mean over images; h, targets float (n, n_bits)."""
    return (h - targets).square().sum() / max(len(h), 1)


class HCBDH(Method):
    """Hadamard Codebook Based Deep Hash.

    `codebook`, float (n_classes, n_bits), is drawn in `before_fit` and needed in training only. So is
    `min_distance`, the Hamming distance of the two nearest class codes.
    """

    spec = SPEC
    Params = HCBDHParams
    params: HCBDHParams
    codebook: Tensor
    min_distance: int

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; build head and classifier."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.classifier = nn.Linear(n_bits, n_classes)
        self.register_buffer("codebook", torch.empty(0), persistent=False)

    @classmethod
    def picture(cls) -> Picture:
        """How far apart the class codes lie, at lengths that fit a Hadamard matrix and at others."""
        n_classes, share = 10, torch.arange(0, 101, 5)
        pairs = torch.triu_indices(n_classes, n_classes, offset=1)
        frames = []
        for n_bits in (8, 12, 16, 24, 32, 48, 64, 128):
            codes = projected_centres(n_classes, n_bits, torch.Generator().manual_seed(0)).codes
            distances = (0.5 * (n_bits - codes @ codes.T))[pairs[0], pairs[1]]
            bars = torch.bincount((20 * distances / n_bits).round().long(), minlength=len(share))
            frames.append(Frame(str(n_bits), (series("pairs of classes", share, bars),)))
        caption = (
            "Where the code is as long as the matrix (16, 32, 64, 128 bits), all 45 pairs of ten classes "
            "differ in half of the bits. At other lengths the projection scatters them."
        )
        title = "How far apart the codes of ten classes lie"
        x = "bits in which two class codes differ, in percent"
        return Picture(title, caption, x, "pairs of classes", tuple(frames), "code length in bits", 3, "bars")

    def before_fit(self, train: TrainSet) -> None:
        """Give every class its code.

        Raises:
            ConfigError: the code is too short to keep all classes apart.
        """
        centres = projected_centres(self.n_classes, self.n_bits, train.generator)
        self.codebook, self.min_distance = centres.codes.to(train.features.device), centres.min_distance

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Class loss, and distance to the class's code."""
        h = torch.tanh(batch.u)
        targets = batch.labels.to(h.dtype) @ self.codebook.to(h.dtype)
        return {
            "class": class_loss(self.classifier(h), batch.labels, multi_label=False),
            "code": self.params.alpha / self.n_bits * code_distance(h, targets),
        }
