r"""QSMIH: Deep supervised hashing using quadratic spherical mutual information (2021).

Outputs are compared by their angle alone, as a similarity between 0 and 1. A quadratic measure of mutual
information then asks how much that similarity tells about shared labels, and training raises it: similar
pairs towards 1, and the bulk of all pairs towards 0. A small term keeps outputs near +1 and -1.

    A_ij = (cos(u_i, u_j) + 1) / 2 -> `similarity`    S_ij -> `s`    M = N^2 / sum S -> `inverse_share`
    square-clamped: mean of (S_ij A_ij - 1)^2 + A_ij^2 / M    plain: - mean of (S_ij - 1 / M) A_ij
    L = either + alpha mean of ||u_ik| - 1|

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.losses.pairs import share_label
from models.losses.quantization import absolute_error
from models.methods.base import Batch, Method, param
from models.methods.picture import N_BITS, Frame, Picture, series
from models.spec import Citation, CodeKind, Family, MethodSpec, Protocol, Recipe, Supervision, quote

SPEC = MethodSpec(
    name="qsmih",
    label="QSMIH",
    title="Quadratic Spherical Mutual Information Hashing",
    family=Family.IMPLICIT,
    family_note="The 2020 edition does not name it; it stands here for its kinship with MIHash.",
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "N. Passalis, A. Tefas",
        "Deep supervised hashing using quadratic spherical mutual information for efficient image retrieval",
        "Signal Processing: Image Communication",
        2021,
        "1901.05135",
    ),
    loss_kind="quadratic mutual information of angle and similarity",
    idea=(
        "Outputs are compared by their angle alone, as a similarity between 0 and 1. A quadratic measure of "
        "mutual information asks how much this similarity tells about shared labels, and training raises it. "
        "What remains is simple: similar pairs are drawn together, and all pairs are pushed apart a little, "
        "the less the rarer similar ones are."
    ),
    good_for="Mutual information without histograms: a smooth loss of pairs with one weight to set.",
    objective=(
        r"\mathcal L=\frac{1}{N^2}\sum_{i,j}\Big[(S_{ij}A_{ij}-1)^2+\frac1MA_{ij}^2\Big]"
        r"+\frac{\alpha}{NK}\sum_{i,k}\big||u_{ik}|-1\big|,\qquad "
        r"A_{ij}=\tfrac12\Big(\frac{u_i^\top u_j}{\lVert u_i\rVert\lVert u_j\rVert}+1\Big)"
    ),
    symbols=(
        (r"u_i", "output of the network for image i, K real numbers; their signs are the code"),
        (r"A_{ij}", "similarity of two outputs: 1 for the same direction, 1/2 at a right angle, 0 opposite"),
        (r"S_{ij}", "1 when images i and j share a label, else 0"),
        (r"M=N^2/\sum_{ij}S_{ij}", "how rare similar pairs are: the number of classes, when all are even"),
        (r"\alpha", "weight of the quantization term"),
        (r"N,\ K", "images in the batch, bits"),
    ),
    recipe=Recipe(sampler="class_balanced"),
    multi_label_note="Images that share at least one label count as similar, as in a re-implementation.",
    differs=(
        "Both terms are means, so that batch and code length do not change their balance; the authors' are "
        "sums. The weight 0.01 on means is heavier than theirs: 0.01 on sums is 0.00375 on means at 48 bits "
        "and 128 images.",
        "The plain form, an option, is content as soon as the classes' directions cancel out. Two opposite "
        "codes are enough for ten classes then, so different classes meet.",
        "Batches hold equally many images of each class; the authors draw them at random (unverified).",
        "A small head on stored features is trained with AdamW; the authors train whole networks with Adam.",
    ),
    published=quote(
        {12: 0.842, 24: 0.873, 36: 0.863, 48: 0.860},
        Protocol("Fashion-MNIST", "the authors' demonstration; its split is not stated in the README"),
        backbone="small CNN",
        source="authors' README",
    ),
    references=(
        "The authors' code (qsmi): both forms, settings",
        "swuxyj/DeepHash-pytorch: means instead of sums, several labels",
    ),
)


@dataclass(frozen=True)
class QSMIHParams:
    """Hyper-parameters of QSMIH."""

    alpha: float = param(
        0.01,
        "Weight of the quantization term",
        source="authors' demonstration, there on sums",
        low=0.0,
        high=1.0,
    )
    form: str = param(
        "square_clamped",
        "Squares with targets, or the plain difference, under which classes can meet",
        source="authors' code",
        choices=("square_clamped", "plain"),
    )


def similarity(u: Tensor) -> Tensor:
    """A: half of one plus the cosine, float (n, n), between 0 and 1, from outputs u, float (n, n_bits)."""
    unit = F.normalize(u, eps=1e-8)
    return 0.5 * (unit @ unit.T + 1)


def pair_terms(a: Tensor, s: Tensor, inverse_share: Tensor | float, form: str) -> Tensor:
    """Loss of each pair, of a's shape.

    Args:
        a: float, similarities of outputs.
        s: bool, of a's shape, similar or not.
        inverse_share: M, pairs per similar pair.
        form: `square_clamped` or `plain`.
    """
    y = s.to(a.dtype)
    if form == "plain":
        return (1 / inverse_share - y) * a
    return (y * a - 1).square() + a.square() / inverse_share


def qsmih_loss(u: Tensor, s: Tensor, alpha: float, form: str = "square_clamped") -> dict[str, Tensor]:
    """Loss of one batch.

    Args:
        u: float (n, n_bits), outputs, not shortened to length 1: the quantization term needs their size.
        s: bool (n, n), similar pairs; an image always counts as similar to itself.
        alpha: weight of the quantization term.
        form: `square_clamped` or `plain`.

    Returns:
        `information` and `quantization`, scalars, weighted.
    """
    s = s | torch.eye(len(u), dtype=torch.bool, device=u.device)
    terms = pair_terms(similarity(u), s, s.numel() / s.sum(), form)
    return {"information": terms.mean(), "quantization": alpha * absolute_error(u)}


class QSMIH(Method):
    """Quadratic Spherical Mutual Information Hashing."""

    spec = SPEC
    Params = QSMIHParams
    params: QSMIHParams

    @classmethod
    def picture(cls) -> Picture:
        """Loss of a similar and of a dissimilar pair, for several numbers of classes."""
        distances = torch.arange(N_BITS + 1)
        a = 1 - distances / N_BITS
        frames = []
        for n_classes in (2, 3, 5, 10, 100):
            curves = []
            for name, similar in (("similar pair", True), ("dissimilar pair", False)):
                s = torch.full((N_BITS + 1,), similar)
                curves.append(series(name, distances, pair_terms(a, s, n_classes, "square_clamped")))
            frames.append(Frame(str(n_classes), tuple(curves)))
        return Picture(
            title="Loss of one pair against the distance of its codes",
            caption=(
                "A dissimilar pair is pushed apart more gently the more classes there are, because there are "
                "more such pairs. With few classes even a similar pair is not drawn together completely."
            ),
            x=f"Hamming distance of the two codes, of {N_BITS} bits",
            y="loss",
            frames=tuple(frames),
            slider="number of classes, equally large",
            start=3,
        )

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Information of the batch's pairs, and quantization."""
        return qsmih_loss(batch.u, share_label(batch.labels), self.params.alpha, self.params.form)
