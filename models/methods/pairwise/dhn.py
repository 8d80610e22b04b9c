r"""DHN: Deep Hashing Network for Efficient Similarity Retrieval (AAAI 2016).

The inner product of two squashed codes, times a factor, is the log-odds that the two images are similar. The
outputs are given a prior with two peaks, at +1 and -1; its negative logarithm, made smooth, is a second term.
What is lost by rounding is thereby part of the same probability that is maximised.

    C = mean over pairs of [log(1 + e^theta_ij) - s_ij theta_ij] + lambda * mean of log cosh(|u_ik| - 1)
    theta_ij = a u_i . u_j -> `theta`    u = tanh(z) -> `u`    s_ij -> `s`    a -> `scale`
    lambda -> `weight`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.losses.pairs import masked_mean, other_pairs, pair_likelihood, share_label
from models.losses.quantization import absolute_error, log_cosh_error
from models.methods.base import Batch, Method, param
from models.methods.picture import Frame, Picture, series
from models.methods.protocols import CIFAR_A, NUS_21, SURVEY_TABLE
from models.spec import Citation, CodeKind, Family, MethodSpec, Supervision, quote

_NET = "AlexNet"

SPEC = MethodSpec(
    name="dhn",
    label="DHN",
    title="Deep Hashing Network",
    family=Family.PAIRWISE,
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "H. Zhu, M. Long, J. Wang, Y. Cao",
        "Deep Hashing Network for Efficient Similarity Retrieval",
        "AAAI",
        2016,
    ),
    loss_kind="likelihood of pairs",
    idea=(
        "The inner product of two codes, squashed to between -1 and 1, is read as the log-odds that the two "
        "images are similar, and the similarities given by the labels are made as likely as possible. "
        "Outputs are expected near +1 or -1: a prior with two peaks says so, and its smooth negative "
        "logarithm is the quantization term. Both terms come from one probability, that of the codes given "
        "the similarities."
    ),
    good_for="Codes that lose little when rounded, with a term whose pull never exceeds 1.",
    objective=(
        r"\frac{1}{|\mathcal P|}\sum_{(i,j)\in\mathcal P}\big[\log(1+e^{\theta_{ij}})-s_{ij}\theta_{ij}\big]"
        r"+\frac{\lambda}{NK}\sum_{i=1}^N\sum_{k=1}^K\log\cosh\big(|u_{ik}|-1\big),"
        r"\qquad \theta_{ij}=a\,u_i^\top u_j,\quad u_i=\tanh z_i"
    ),
    symbols=(
        (r"z_i", "output of the network for image i, K real numbers; their signs are the bits"),
        (r"u_i", "relaxed code: the output squashed to between -1 and 1"),
        (r"s_{ij}", "1 when images i and j share a label, else 0"),
        (r"\theta_{ij}", "log-odds that images i and j are similar, given their codes"),
        (r"a", "how firmly an inner product is read"),
        (r"\mathcal P", "ordered pairs of two different images of the batch"),
        (r"\lambda", "weight of the quantization term"),
        (r"N,\ K", "images in the batch, bits"),
    ),
    differs=(
        "The factor a is 1/2, as in public code; the paper's is 1 (unverified) and can be set.",
        "The tanh and the prior are recalled from the paper, not read in code (unverified).",
        "Both terms are means over the batch, the paper's are sums over all train pairs; its lambda is "
        "found by cross-validation (unverified), ours is that of DeepHash-pytorch.",
        "A small head on stored features is trained with AdamW; the paper trains AlexNet end to end with "
        "SGD and a tenfold rate for the hash layer.",
        "The authors' later library is another method under this name: cosine instead of inner product, "
        "weighted pairs, a squared quantization term; nothing of it is used.",
    ),
    published=(
        *quote({12: 0.555, 24: 0.594, 32: 0.603, 48: 0.621}, CIFAR_A, backbone=_NET, source=SURVEY_TABLE),
        *quote({12: 0.708, 24: 0.735, 32: 0.748, 48: 0.758}, NUS_21, backbone=_NET, source=SURVEY_TABLE),
    ),
    references=(
        "The authors' group's library (thulab/DeepHash): the factor a as a parameter, learning rates",
        "swuxyj/DeepHash-pytorch: a = 1/2, weight 0.1 on the mean over images and bits",
    ),
)


@dataclass(frozen=True)
class DHNParams:
    """Hyper-parameters of DHN."""

    scale: float = param(
        0.5,
        "Factor a on the inner product; the paper has 1 (unverified)",
        source="public re-implementations",
        low=0.05,
        high=2.0,
    )
    weight: float = param(
        0.1,
        "Weight of the distance between outputs and bits (lambda)",
        source="DeepHash-pytorch, on the mean over images and bits",
        low=0.0,
        high=10.0,
    )


def dhn_loss(u: Tensor, s: Tensor, scale: float, weight: float) -> dict[str, Tensor]:
    """Loss of one batch.

    Args:
        u: float (n, n_bits), relaxed codes after tanh.
        s: bool (n, n), similar pairs; the diagonal is not read.
        scale: a.
        weight: lambda.

    Returns:
        `likelihood` and `quantization`, scalars, weighted.
    """
    theta = scale * u @ u.T
    likelihood = masked_mean(pair_likelihood(theta, s), other_pairs(len(u), u.device))
    return {"likelihood": likelihood, "quantization": weight * log_cosh_error(u)}


class DHN(Method):
    """Deep Hashing Network."""

    spec = SPEC
    Params = DHNParams
    params: DHNParams

    @classmethod
    def picture(cls) -> Picture:
        """The prior on one output, with the kinked term of the derivation and with the smooth one."""
        x, frames = torch.linspace(-2, 2, 61), []
        for strength in (0.5, 1, 2, 4, 8):
            curves = []
            for name, error in (("smooth, log cosh", log_cosh_error), ("with a kink", absolute_error)):
                density = torch.stack([torch.exp(-strength * error(u)) for u in x])
                curves.append(series(name, x, density / torch.trapezoid(density, x)))
            frames.append(Frame(str(strength), tuple(curves)))
        caption = (
            "Before any label is read, an output is expected at one of the two peaks, +1 or -1. "
            "The stronger the prior, the deeper the valley between the two bits."
        )
        title, slider = "How likely the prior holds an output to be", "strength of the prior"
        return Picture(title, caption, "output u", "density", tuple(frames), slider, start=2)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Likelihood of the batch's pairs, and quantization."""
        u = torch.tanh(batch.u)
        return dhn_loss(u, share_label(batch.labels), self.params.scale, self.params.weight)
