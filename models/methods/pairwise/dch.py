r"""DCH: Deep Cauchy Hashing for Hamming Space Retrieval (CVPR 2018).

Two images are similar with probability gamma / (gamma + d), where d is the distance of their codes. This
falls steepest at d = 0, where a logistic function is already flat: similar images are drawn into a small
ball, which is what a search within a small radius needs. The distance comes from the cosine, so the length
of an output does not matter.

    L = mean over pairs of w_ij * [log(1 + d/gamma) if similar, else log(1 + gamma/d)]    d -> `d`
    Q = mean over images of log(1 + d(|u_i|, 1) / gamma)    loss = L + lambda Q    lambda -> `weight`
    d_ij = K/2 (1 - cos(u_i, u_j)) -> `cosine_distances`    u = tanh(z) -> `u`    gamma -> `gamma`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.losses.pairs import masked_mean, other_pairs, pair_likelihood, pair_weights, share_label
from models.methods.base import Batch, Method, param
from models.methods.picture import N_BITS, Frame, Picture, series
from models.spec import Citation, CodeKind, Family, MethodSpec, Protocol, Supervision, quote

_RADIUS = "mAP among the images within Hamming distance 2, not of the whole ranking"
_CIFAR, _COCO = Protocol("CIFAR-10", _RADIUS), Protocol("COCO", f"share one of 80 classes; {_RADIUS}")
_NUS_81 = Protocol("NUS-WIDE-81", f"81 concepts; {_RADIUS}")
_PAPER = "recalled from the paper's table; its lists may have been sorted again by real outputs"
SMALLEST_DISTANCE = 1e-6  # in bits, for dissimilar pairs
SMALLEST_NORM = 1e-6

SPEC = MethodSpec(
    name="dch",
    label="DCH",
    title="Deep Cauchy Hashing",
    family=Family.PAIRWISE,
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "Y. Cao, M. Long, B. Liu, J. Wang", "Deep Cauchy Hashing for Hamming Space Retrieval", "CVPR", 2018
    ),
    loss_kind="likelihood of weighted pairs, with a Cauchy distribution",
    idea=(
        "The probability that two images are similar falls with the distance of their codes, and it falls "
        "steepest at distance 0, where the usual logistic curve is already flat. Similar images are "
        "therefore drawn together down to the last bits, into a ball that a search within a small radius "
        "finds. The distance is that of the directions of the outputs, so their lengths are free."
    ),
    good_for="Search within a small Hamming radius, where the last two or three bits decide.",
    objective=(
        r"\frac{1}{|\mathcal P|}\sum_{(i,j)\in\mathcal P}w_{ij}\Big[s_{ij}\log\frac{d_{ij}}{\gamma}"
        r"+\log\Big(1+\frac{\gamma}{d_{ij}}\Big)\Big]+\frac{\lambda}{N}\sum_{i=1}^N"
        r"\log\Big(1+\frac{d(|u_i|,\mathbf 1)}{\gamma}\Big),\qquad "
        r"d_{ij}=\tfrac K2\big(1-\cos(u_i,u_j)\big)"
    ),
    symbols=(
        (r"u_i", "relaxed code of image i: the output of the network after tanh"),
        (r"d_{ij}", "distance of two relaxed codes in bits; the Hamming distance when they are bits"),
        (r"\gamma", "distance at which a pair is as likely similar as not"),
        (r"s_{ij}", "1 when images i and j share a label, else 0"),
        (r"w_{ij}", "weight that lets similar and dissimilar pairs count the same"),
        (r"\mathcal P", "ordered pairs of two different images of the batch"),
        (r"\lambda", "weight of the term that turns the code towards the corners of the cube"),
        (r"N,\ K", "images in the batch, bits"),
    ),
    differs=(
        "Gamma is 0.4 of the code length, our choice, so that short codes can still be unlikely similar; "
        "the authors used 30 (their issue 38), their script has 20.",
        "The authors' library trains another loss: squared Euclidean distance, weight 1 for dissimilar "
        "pairs, and no quantization term by default; nothing of that is used.",
        "The paper finds gamma and lambda by cross-validation (unverified); our lambda is that of "
        "DeepHash-pytorch.",
        "The figures below count images within distance 2 only; ours are of the whole ranking.",
        "A small head on stored features is trained with AdamW; the paper trains AlexNet end to end.",
    ),
    published=tuple(
        result
        for protocol, maps in (
            (_CIFAR, {16: 0.7901, 32: 0.7979, 48: 0.8071, 64: 0.7936}),
            (_NUS_81, {16: 0.7401, 32: 0.7720, 48: 0.7685, 64: 0.7124}),
            (_COCO, {16: 0.7010, 32: 0.7576, 48: 0.7251, 64: 0.7013}),
        )
        for result in quote(maps, protocol, backbone="AlexNet", source=_PAPER, verified=False)
    ),
    references=(
        "The authors' library (thulab/DeepHash) and its issues 14, 20, 38, 57: gamma, rates, evaluation",
        "swuxyj/DeepHash-pytorch: the cosine form, lambda 0.1, gamma 20 at 48 bits",
    ),
)


@dataclass(frozen=True)
class DCHParams:
    """Hyper-parameters of DCH."""

    gamma_share: float = param(
        0.4,
        "Distance at which a pair is as likely similar as not, as a share of the code length",
        source="our choice; the paper's 20 is 0.42 of 48 bits",
        low=0.02,
        high=2.0,
        log=True,
    )
    weight: float = param(
        0.1, "Weight of the quantization term (lambda)", source="DeepHash-pytorch", low=0.0, high=10.0
    )


def cosine_distances(u: Tensor, others: Tensor) -> Tensor:
    """K/2 (1 - cos) of rows of K numbers, float (n, m): the Hamming distance for bits, K/2 for a zero row."""
    a, b = (F.normalize(x, dim=1, eps=SMALLEST_NORM) for x in (u, others))
    return 0.5 * u.shape[1] * (1 - a @ b.T)


def cauchy_likelihood(d: Tensor, s: Tensor, gamma: float) -> Tensor:
    """-log of gamma / (gamma + d) for similar pairs, of d / (gamma + d) for others, element by element.

    The two logarithms are written apart: summed as in the objective they cancel, to NaN at d = 0.
    """
    return torch.where(s, torch.log1p(d / gamma), torch.log1p(gamma / d.clamp(min=SMALLEST_DISTANCE)))


def dch_loss(u: Tensor, s: Tensor, gamma: float, weight: float) -> dict[str, Tensor]:
    """Loss of one batch.

    Args:
        u: float (n, n_bits), relaxed codes after tanh.
        s: bool (n, n), similar pairs; the diagonal is not read.
        gamma: distance, in bits, at which a pair is as likely similar as not.
        weight: lambda.

    Returns:
        `likelihood` and `quantization`, scalars, weighted.
    """
    mask = other_pairs(len(u), u.device)
    losses = cauchy_likelihood(cosine_distances(u, u), s, gamma)
    corner = torch.ones_like(u[:1])
    error = torch.log1p(cosine_distances(u.abs(), corner) / gamma).mean()
    return {"likelihood": masked_mean(pair_weights(s, mask) * losses, mask), "quantization": weight * error}


class DCH(Method):
    """Deep Cauchy Hashing."""

    spec = SPEC
    Params = DCHParams
    params: DCHParams

    @classmethod
    def picture(cls) -> Picture:
        """Cauchy and logistic loss of a similar and of a dissimilar pair of bits."""
        d = torch.linspace(0.25, N_BITS, 64)
        similar, dissimilar = torch.ones(64, dtype=torch.bool), torch.zeros(64, dtype=torch.bool)
        theta = 0.5 * N_BITS - d  # half the inner product of two codes of bits
        logistic = (
            series("logistic, similar pair", d, pair_likelihood(theta, similar)),
            series("logistic, dissimilar pair", d, pair_likelihood(theta, dissimilar)),
        )
        frames = []
        for gamma in (1, 2, 4, 6.4, 10, 16):
            cauchy = (
                series("Cauchy, similar pair", d, cauchy_likelihood(d, similar, gamma)),
                series("Cauchy, dissimilar pair", d, cauchy_likelihood(d, dissimilar, gamma)),
            )
            frames.append(Frame(f"{gamma:g} bits", cauchy + logistic))
        caption = (
            "Look at the left end of the similar pair: the Cauchy curve still falls there, the logistic one "
            "is flat and asks for no more. Gamma is where the two Cauchy curves cross."
        )
        x = f"Hamming distance of the two codes, of {N_BITS} bits"
        title = "Cauchy beside logistic loss"
        return Picture(title, caption, x, "loss of one pair", tuple(frames), "gamma", start=3)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Likelihood of the batch's pairs, and quantization."""
        u, gamma = torch.tanh(batch.u), self.params.gamma_share * self.n_bits
        return dch_loss(u, share_label(batch.labels), gamma, self.params.weight)
