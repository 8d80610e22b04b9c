r"""IDHN: Improved Deep Hashing with Soft Pairwise Similarity for Multi-label Image Retrieval (IEEE TMM 2019).

Two images with several labels each are alike to a degree: the cosine of their label vectors. Pairs that share
all labels or none are trained by likelihood. Pairs in between get a target, and the inner product of their
codes has to meet it.

    hard pair:  sp(5/K p) - s 5/K p        soft pair:  gamma K ((p + K) / 2K - s)^2        p = u_i . u_j
    L = mean over pairs + alpha mean of ||u| - 1|,    u = z / (1 + |z|)    sp(x) = log(1 + e^x)
    s -> `similarity`   z -> output of the head   gamma -> `params.gamma`   alpha -> `params.alpha`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.losses.pairs import masked_mean, other_pairs, pair_likelihood
from models.losses.quantization import absolute_error
from models.methods.base import Batch, Method, param
from models.methods.picture import Frame, Picture, series
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision

SIGMOID_SCALE = 5.0  # of p / K: the log-odds of a hard pair lie between -5 and 5
HARD_BELOW, HARD_ABOVE = 0.01, 0.99  # similarities outside count as none and all

SPEC = MethodSpec(
    name="idhn",
    label="IDHN",
    title="Improved Deep Hashing Network",
    family=Family.PAIRWISE,
    family_note="Not in the lists of the survey that we read; its loss places it here.",
    supervision=Supervision.LABELS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "Z. Zhang, Q. Zou, Y. Lin, L. Chen, S. Wang",
        "Improved Deep Hashing with Soft Pairwise Similarity for Multi-label Image Retrieval",
        "IEEE TMM",
        2019,
        "1803.02987",
    ),
    loss_kind="likelihood of clear pairs, difference for pairs in between",
    idea=(
        "Images with several labels are alike to a degree, measured by the cosine of their label vectors. "
        "Pairs that share all labels or none are trained by the likelihood of being similar. "
        "For pairs in between, the inner product of the codes must meet a target that follows the degree."
    ),
    good_for="Several labels per image: sharing two of three ranks before sharing one of three.",
    objective=(
        r"\mathcal L=\operatorname*{mean}_{i\ne j}\ell_{ij}+\alpha\operatorname*{mean}_{i,k}"
        r"\big||u_{ik}|-1\big|,\quad \ell_{ij}=\begin{cases}\log(1+e^{5p_{ij}/K})-5s_{ij}p_{ij}/K"
        r"&\text{hard}\\\gamma K\Big(\dfrac{p_{ij}+K}{2K}-s_{ij}\Big)^2&\text{soft}\end{cases}"
    ),
    symbols=(
        (
            r"u_i=z_i/(1+|z_i|)",
            "output z of the network for image i, squashed to between -1 and 1 entry by entry",
        ),
        (r"p_{ij}=u_i^\top u_j", "inner product of two relaxed codes, between -K and K"),
        (
            r"s_{ij}=\frac{y_i^\top y_j}{\lVert y_i\rVert\,\lVert y_j\rVert}",
            "how alike the labels of two images are, from 0 to 1",
        ),
        (r"\text{hard},\ \text{soft}", "pairs with s below 0.01 or above 0.99, and all others"),
        (r"\gamma", "weight of the soft pairs"),
        (r"\alpha", "weight of the quantization term"),
        (r"K", "bits"),
    ),
    multi_label_note=(
        "Made for them: labels shared in part give a target in between. With one label per image every pair "
        "is hard. An image without a label is like no other."
    ),
    recipe=Recipe(lr=0.01),
    differs=(
        "The pair of an image with itself is left out; the authors' code counts it.",
        "Images without a label count as unlike all others; their similarity is 0 / 0 in the formula.",
        "A small head on stored features is trained with AdamW; the authors train AlexNet with Adam.",
    ),
    references=("The authors' code: both forms of the pair loss, weights, softsign",),
)


@dataclass(frozen=True)
class IDHNParams:
    """Hyper-parameters of IDHN."""

    gamma: float = param(0.1, "Weight of the soft pairs", source="authors' code", low=0.0, high=10.0)
    alpha: float = param(0.1, "Weight of the quantization term", source="authors' code", low=0.0, high=10.0)


def label_similarity(labels: Tensor, dtype: torch.dtype) -> Tensor:
    """Cosine of the label vectors, (n, n) of `dtype`, from labels, bool (n, n_classes); 0 without a label."""
    y = F.normalize(labels.to(dtype), dim=1)
    return (y @ y.T).clamp(0, 1)


def pair_losses(u: Tensor, similarity: Tensor, gamma: float) -> Tensor:
    """Loss of each pair, float (n, n).

    Args:
        u: float (n, n_bits), relaxed codes in [-1, 1].
        similarity: float (n, n), from 0 to 1.
        gamma: weight of the soft pairs.
    """
    n_bits = u.shape[1]
    p = u @ u.T
    hard = pair_likelihood(SIGMOID_SCALE / n_bits * p, similarity)
    soft = gamma * n_bits * ((p + n_bits) / (2 * n_bits) - similarity).square()
    return torch.where((similarity < HARD_BELOW) | (similarity > HARD_ABOVE), hard, soft)


def idhn_loss(u: Tensor, similarity: Tensor, gamma: float, alpha: float) -> dict[str, Tensor]:
    """Loss of one batch: terms `pairs` and `quantization`, scalars, weighted; arguments as in `pair_losses`.

    alpha is the weight of the quantization term. The diagonal of `similarity` is not read.
    """
    pairs = masked_mean(pair_losses(u, similarity, gamma), other_pairs(len(u), u.device))
    return {"pairs": pairs, "quantization": alpha * absolute_error(u)}


class IDHN(Method):
    """Improved Deep Hashing Network."""

    spec = SPEC
    Params = IDHNParams
    params: IDHNParams

    @classmethod
    def picture(cls) -> Picture:
        """Loss of a pair against the distance of its codes, for several degrees of similarity."""
        names = {0.0: "no label shared", 0.5: "s = 0.5", 0.7: "s = 0.7", 0.8: "s = 0.8", 1.0: "same labels"}
        frames = []
        for gamma in (0.05, 0.1, 0.3, 1.0):
            curves = []
            for degree, name in names.items():
                y = []
                for distance in range(17):
                    pair = torch.ones(2, 16)
                    pair[1, :distance] = -1
                    y.append(float(pair_losses(pair, torch.full((2, 2), degree), gamma)[0, 1]))
                curves.append(series(name, range(17), y))
            frames.append(Frame(f"{gamma:g}", tuple(curves)))
        return Picture(
            "Loss of one pair against the distance of its codes",
            "A pair that shares some labels costs least at a distance of its own: 8 of 16 bits for s = 0.5, "
            "fewer for more. Pairs with all labels or none in common are pulled to the ends.",
            "Hamming distance of the two codes, of 16 bits",
            "loss",
            tuple(frames),
            "weight of the pairs in between, gamma",
            2,
        )

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Losses of hard and soft pairs, and quantization."""
        similarity = label_similarity(batch.labels, batch.u.dtype)
        return idhn_loss(F.softsign(batch.u), similarity, self.params.gamma, self.params.alpha)
