r"""DTSH: Deep Supervised Hashing with Triplet Labels (ACCV 2016).

A triplet says that a query image is nearer to a positive than to a negative one. The difference of the two
half inner products, less a margin, is the log-odds that the codes get the triplet right, and its likelihood
is maximised. A second term pulls each output towards the bit it will be rounded to.

    L = mean over (q, p, n) of log(1 + e^-(theta_qp - theta_qn - alpha)) + lambda * mean of (b_ik - u_ik)^2
    theta_ij = u_i . u_j / 2 -> `theta`    alpha -> `margin`    lambda -> `weight`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.losses.pairs import half_inner_products, other_pairs, share_label
from models.losses.quantization import squared_error
from models.losses.triplets import query_mean, triplet_gaps
from models.methods.base import Batch, Method, param
from models.methods.picture import Picture, triplet_picture
from models.methods.protocols import CIFAR_A, CIFAR_B, NUS_21, SURVEY_TABLE
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision, quote

SPEC = MethodSpec(
    name="dtsh",
    label="DTSH",
    title="Deep Triplet-Supervised Hashing",
    family=Family.MULTIWISE,
    supervision=Supervision.TRIPLETS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "X. Wang, Y. Shi, K. M. Kitani",
        "Deep Supervised Hashing with Triplet Labels",
        "ACCV",
        2016,
        "1612.03900",
    ),
    loss_kind="likelihood of triplets",
    idea=(
        "A triplet says that a query image is nearer to a second image than to a third. How much nearer "
        "their codes are, less a margin, is read as the log-odds that the codes rank the triplet rightly, "
        "and the network makes all rankings as likely as possible. A second term pulls every output "
        "towards +1 or -1."
    ),
    good_for="Learning from 'rather this one than that one': the order counts, not an absolute distance.",
    objective=(
        r"\frac{1}{|\mathcal Q|}\sum_{q\in\mathcal Q}\frac{1}{|P_q||N_q|}\sum_{p\in P_q}\sum_{n\in N_q}"
        r"\log\big(1+e^{-(\theta_{qp}-\theta_{qn}-\alpha)}\big)"
        r"+\frac{\lambda}{NK}\sum_i\lVert b_i-u_i\rVert_2^2,\qquad \theta_{ij}=\tfrac12u_i^\top u_j"
    ),
    symbols=(
        (r"q,\ p,\ n", "query, positive and negative image of a triplet"),
        (r"P_q,\ N_q", "images of the batch that share a label with q, and those that share none"),
        (r"\mathcal Q", "images of the batch that have both"),
        (r"\theta_{ij}", "half the inner product of two relaxed codes; large when they agree"),
        (r"\alpha", "margin by which the positive shall win"),
        (r"u_i,\ b_i", "relaxed code of image i, and its binary code"),
        (r"\lambda", "weight of the quantization term"),
        (r"N,\ K", "images in the batch, bits"),
    ),
    multi_label_note="A positive shares at least one label with the query, a negative none.",
    recipe=Recipe(lr=0.01),
    differs=(
        "All triplets of the batch are used, and all three images learn. The authors' code draws 50 x 50 per "
        "other class from stored outputs, and only the query learns.",
        "Terms are means: per query over its triplets, then over queries. The authors' lambda of 100 on "
        "sums is 0.21 on the mean over images and bits at 48 bits.",
        "A small head on stored features is trained with AdamW; the paper trains CNN-F end to end with SGD.",
    ),
    published=(
        *quote({12: 0.710, 24: 0.750, 32: 0.765, 48: 0.774}, CIFAR_A, backbone="CNN-F", source=SURVEY_TABLE),
        *quote({12: 0.773, 24: 0.808, 32: 0.812, 48: 0.824}, NUS_21, backbone="CNN-F", source=SURVEY_TABLE),
        *quote(
            {16: 0.915, 24: 0.923, 32: 0.925, 48: 0.926},
            CIFAR_B,
            backbone="CNN-F",
            source="recalled from the paper's table",
            verified=False,
        ),
    ),
    references=("The authors' release: margin, lambda, sampling of triplets, learning rates",),
)


@dataclass(frozen=True)
class DTSHParams:
    """Hyper-parameters of DTSH."""

    margin_share: float = param(
        0.5,
        "Margin as a share of the code length; above 1 no code can meet it",
        source="authors' release: margin = n_bits / 2",
        low=0.0,
        high=1.0,
    )
    weight: float = param(
        0.2,
        "Weight of the distance between outputs and bits (lambda)",
        source="authors' release, 100 on sums, turned into means at 48 bits",
        low=0.0,
        high=10.0,
    )


def triplet_likelihood(theta: Tensor, positive: Tensor, negative: Tensor, margin: float) -> Tensor:
    """Mean of softplus(-(theta_qp - theta_qn - margin)) per query, then over queries.

    Args:
        theta: float (n, n), half inner products.
        positive: bool (n, n), row q marks the images that may be p.
        negative: bool (n, n), row q marks the images that may be n.
        margin: by how much p shall win.

    Returns:
        Scalar; 0, connected to the graph, for a batch without a triplet.
    """
    gaps, mask, q = triplet_gaps(theta, positive, negative)
    return query_mean(F.softplus(margin - gaps), mask, q, len(theta))


def dtsh_loss(u: Tensor, s: Tensor, margin: float, weight: float) -> dict[str, Tensor]:
    """Loss of one batch.

    Args:
        u: float (n, n_bits), relaxed codes.
        s: bool (n, n), similar pairs; the diagonal is not read.
        margin: alpha.
        weight: lambda, on the mean over images and bits.

    Returns:
        `triplets` and `quantization`, scalars, weighted.
    """
    others = other_pairs(len(u), u.device)
    triplets = triplet_likelihood(half_inner_products(u), s & others, ~s & others, margin)
    return {"triplets": triplets, "quantization": weight * squared_error(u)}


class DTSH(Method):
    """Deep Triplet-Supervised Hashing."""

    spec = SPEC
    Params = DTSHParams
    params: DTSHParams

    @classmethod
    def picture(cls) -> Picture:
        """One triplet's loss for several margins."""

        def loss(u: Tensor, margin_share: float) -> Tensor:
            # Row q of the masks: image 0 asks, image 1 is its positive, image 2 its negative.
            positive = torch.zeros(3, 3, dtype=torch.bool)
            negative = positive.clone()
            positive[0, 1] = negative[0, 2] = True
            return triplet_likelihood(half_inner_products(u), positive, negative, margin_share * u.shape[1])

        return triplet_picture(
            loss,
            values=(0.0, 0.25, 0.5, 0.75, 1.0),
            slider="margin, as a share of the code length",
            start=2,
            caption=(
                "The loss falls by about one per bit until the negative is farther away than the positive "
                "by the margin, then it levels off. A larger margin moves the bend to the right."
            ),
        )

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Likelihood of the batch's triplets, and quantization."""
        margin = self.params.margin_share * self.n_bits
        return dtsh_loss(batch.u, share_label(batch.labels), margin, self.params.weight)
