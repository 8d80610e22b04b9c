r"""LCDSH: Locality-Constrained Deep Supervised Hashing for Image Retrieval (IJCAI 2017).

Half the inner product of two relaxed codes is the log-odds that the images are similar, and the network is
trained by maximum likelihood. Rounding is kept harmless pair by pair: the similarity that two outputs state
must survive when both are rounded to bits. A single output may stay far from +1 and -1.

    L = mean of log(1 + exp(-s'_ij theta_ij)) + lambda mean of (sigma(theta_ij) - sigma(b_i . b_j / 2))^2
    theta_ij = u_i . u_j / 2 -> `theta`   s' = +1 or -1, from `s`   b = sgn(u)   lambda -> `weight`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.losses.pairs import half_inner_products, masked_mean, other_pairs, pair_likelihood, share_label
from models.methods.base import Batch, Method, param
from models.methods.picture import Frame, Picture, series
from models.spec import Citation, CodeKind, Family, MethodSpec, Supervision

SPEC = MethodSpec(
    name="lcdsh",
    label="LCDSH",
    title="Locality-Constrained Deep Supervised Hashing",
    family=Family.PAIRWISE,
    family_note="Not in the lists of the survey that we read; its loss places it here.",
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "H. Zhu, S. Gao",
        "Locality-Constrained Deep Supervised Hashing for Image Retrieval",
        "IJCAI",
        2017,
    ),
    loss_kind="likelihood of pairs that rounding leaves alone",
    idea=(
        "Half the inner product of two relaxed codes is read as the log-odds that the two images are "
        "similar, and the likelihood of the given similarities is raised. A second term compares the "
        "similarity of two outputs with that of their bits, and asks that rounding change it little. "
        "Single outputs are never pulled to +1 or -1."
    ),
    good_for="Rounding that has to keep relations between images, where the outputs themselves may be large.",
    objective=(
        r"\frac{1}{|\mathcal P|}\sum_{(i,j)\in\mathcal P}\Big[\log(1+e^{-\bar s_{ij}\theta_{ij}})"
        r"+\lambda\big(\sigma(\theta_{ij})-\sigma(\tfrac12b_i^\top b_j)\big)^2\Big],\qquad "
        r"\theta_{ij}=\tfrac12u_i^\top u_j"
    ),
    symbols=(
        (r"u_i", "relaxed code of image i: the output of the network, K real numbers"),
        (r"b_i", "its binary code, the sign of each number; a constant in the backward pass"),
        (r"\bar s_{ij}", "+1 when images i and j share a label, else -1"),
        (r"\theta_{ij}", "log-odds that images i and j are similar, given their relaxed codes"),
        (r"\sigma", "logistic function, from log-odds to probability"),
        (r"\mathcal P", "ordered pairs of two different images of the batch"),
        (r"\lambda", "weight of the locality term"),
    ),
    differs=(
        "The form of both terms and lambda = 3 are those of a public version; the paper's exact form and "
        "values were not read (unverified).",
        "Inner products are not clamped to 50, which would stop the gradient of the most wrong pairs.",
        "A small head on stored features is trained with AdamW; the public version trains a whole network.",
    ),
    reconstruction="The formula is that of a public re-implementation; the paper was not read.",
    references=("swuxyj/DeepHash-pytorch: both terms, lambda",),
)


@dataclass(frozen=True)
class LCDSHParams:
    """Hyper-parameters of LCDSH."""

    weight: float = param(
        3.0,
        "Weight of the locality term (lambda)",
        source="DeepHash-pytorch (unverified in the paper)",
        low=0.0,
        high=30.0,
    )


def locality_gaps(u: Tensor) -> Tensor:
    """Squared change of each pair's probability of being similar when u, float (n, n_bits), is rounded.

    Float (n, n), symmetric; the gradient passes through u only, the bits are constants.
    """
    relaxed, rounded = half_inner_products(u), half_inner_products(binarize(u))
    return (torch.sigmoid(relaxed) - torch.sigmoid(rounded)).square()


def lcdsh_loss(u: Tensor, s: Tensor, weight: float) -> dict[str, Tensor]:
    """Loss of one batch.

    Args:
        u: float (n, n_bits), relaxed codes.
        s: bool (n, n), similar pairs; the diagonal is not read.
        weight: lambda.

    Returns:
        `likelihood` and `locality`, scalars, weighted.
    """
    others = other_pairs(len(u), u.device)
    likelihood = masked_mean(pair_likelihood(half_inner_products(u), s), others)
    return {"likelihood": likelihood, "locality": weight * masked_mean(locality_gaps(u), others)}


class LCDSH(Method):
    """Locality-Constrained Deep Supervised Hashing."""

    spec = SPEC
    Params = LCDSHParams
    params: LCDSHParams

    @classmethod
    def picture(cls) -> Picture:
        """What rounding does to pairs of several distances, against the length of the outputs."""
        lengths = torch.linspace(0.05, 2, 40)
        frames = []
        for weight in (1.0, 3.0, 10.0):
            curves = []
            for distance in (4, 7, 9, 12):
                pair = torch.ones(2, 16)
                pair[1, :distance] = -1
                s = torch.eye(2, dtype=torch.bool)
                y = [float(lcdsh_loss(length * pair, s, weight)["locality"]) for length in lengths]
                curves.append(series(f"{distance} of 16 bits apart", lengths, y))
            frames.append(Frame(f"{weight:g}", tuple(curves)))
        return Picture(
            "Cost of rounding a pair, against the size of its outputs",
            "Every curve is 0 where each output is 1 in size, like a bit. A pair that is clearly near or far "
            "may be larger or a little smaller at no cost; one in the middle may not.",
            "size of each output, |u|",
            "locality term",
            tuple(frames),
            "weight, lambda",
            1,
        )

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Likelihood of the batch's pairs, and change of their similarity by rounding."""
        return lcdsh_loss(batch.u, share_label(batch.labels), self.params.weight)
