r"""DPSH: Feature Learning based Deep Supervised Hashing with Pairwise Labels (IJCAI 2016).

Half the inner product of two relaxed codes is the log-odds that the two images are similar. The network is
trained by maximum likelihood of the similarities that the labels give. A second term pulls each output
towards the bit it will be rounded to.

    J = mean over pairs of [log(1 + e^theta_ij) - s_ij theta_ij] + eta * mean of (b_ik - u_ik)^2
    theta_ij = u_i . u_j / 2 -> `theta`    s_ij -> `s`    b = sgn(u) -> `binarize(u)`    eta -> `params.eta`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from models.losses.pairs import half_inner_products, masked_mean, other_pairs, pair_likelihood, share_label
from models.losses.quantization import squared_error
from models.methods.base import Batch, Method, param
from models.methods.picture import Picture, pair_picture
from models.methods.protocols import CIFAR_A, CIFAR_B, NUS_21, SURVEY_TABLE
from models.spec import Citation, CodeKind, Family, MethodSpec, Supervision, quote

SPEC = MethodSpec(
    name="dpsh",
    label="DPSH",
    title="Deep Pairwise-Supervised Hashing",
    family=Family.PAIRWISE,
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "W.-J. Li, S. Wang, W.-C. Kang",
        "Feature Learning based Deep Supervised Hashing with Pairwise Labels",
        "IJCAI",
        2016,
        "1511.03855",
    ),
    loss_kind="likelihood of pairs",
    idea=(
        "Half the inner product of two relaxed codes is read as the log-odds that the two images are "
        "similar. The network is trained so that the similarities given by the labels become as likely as "
        "possible. A second term pulls every output towards +1 or -1, so that little is lost when it is "
        "rounded."
    ),
    good_for="The plain starting point: it needs only 'these two are alike' and has one number to set.",
    objective=(
        r"\frac{1}{|\mathcal P|}\sum_{(i,j)\in\mathcal P}\big[\log(1+e^{\theta_{ij}})-s_{ij}\theta_{ij}\big]"
        r"+\frac{\eta}{NK}\sum_{i=1}^{N}\lVert b_i-u_i\rVert_2^2,\qquad \theta_{ij}=\tfrac12 u_i^\top u_j"
    ),
    symbols=(
        (r"u_i", "relaxed code of image i: the output of the network, K real numbers"),
        (r"b_i", "its binary code, the sign of each number; a constant in the backward pass"),
        (r"s_{ij}", "1 when images i and j share a label, else 0"),
        (r"\theta_{ij}", "log-odds that images i and j are similar, given their codes"),
        (r"\mathcal P", "ordered pairs of two different images of the batch"),
        (r"\eta", "weight of the quantization term"),
        (r"N,\ K", "images in the batch, bits"),
    ),
    differs=(
        "Pairs are taken inside the batch. The paper compares the batch with stored outputs of all train "
        "images.",
        "Both terms are means, the paper's are sums over all train pairs; eta = 10 there is about 0.1 here.",
        "A small head on stored features is trained with AdamW; the paper trains CNN-F end to end with SGD.",
        "The paper's eta (10 on CIFAR-10, 100 on NUS-WIDE) and its search of the learning rate are "
        "recalled, not read (unverified).",
    ),
    published=(
        *quote(
            {12: 0.713, 24: 0.727, 32: 0.744, 48: 0.757},
            CIFAR_A,
            backbone="CNN-F",
            source="README of the authors' group's PyTorch version",
        ),
        *quote({12: 0.752, 24: 0.790, 32: 0.794, 48: 0.812}, NUS_21, backbone="CNN-F", source=SURVEY_TABLE),
        *quote(
            {16: 0.763, 24: 0.781, 32: 0.795, 48: 0.807},
            CIFAR_B,
            backbone="CNN-F",
            source="recalled from the paper's table",
            verified=False,
        ),
    ),
    references=(
        "PyTorch version co-maintained by the authors' group (DPSH-pytorch): optimiser, values of eta",
        "swuxyj/DeepHash-pytorch: weight 0.1 on the mean over images and bits",
    ),
)


@dataclass(frozen=True)
class DPSHParams:
    """Hyper-parameters of DPSH."""

    eta: float = param(
        0.1,
        "Weight of the distance between outputs and bits",
        source="DeepHash-pytorch; about the paper's 10 on sums (unverified)",
        low=0.0,
        high=10.0,
    )


def dpsh_loss(u: Tensor, s: Tensor, eta: float) -> dict[str, Tensor]:
    """Loss of one batch.

    Args:
        u: float (n, n_bits), relaxed codes.
        s: bool (n, n), similar pairs; the diagonal is not read.
        eta: weight of the quantization term.

    Returns:
        `likelihood` and `quantization`, scalars, weighted.
    """
    theta = half_inner_products(u)
    likelihood = masked_mean(pair_likelihood(theta, s), other_pairs(len(u), u.device))
    return {"likelihood": likelihood, "quantization": eta * squared_error(u)}


class DPSH(Method):
    """Deep Pairwise-Supervised Hashing."""

    spec = SPEC
    Params = DPSHParams
    params: DPSHParams

    @classmethod
    def picture(cls) -> Picture:
        """The two likelihoods of a pair, for outputs of several lengths."""
        return pair_picture(
            lambda u, s, length: dpsh_loss(length * u, s, eta=0.1)["likelihood"],
            values=(0.25, 0.5, 1.0, 1.5),
            slider="length of the outputs, |u|",
            start=2,
            caption=(
                "Half the codes apart, a pair is as likely similar as not. Longer outputs make the same "
                "distance a firmer statement, so the curves bend harder."
            ),
        )

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Likelihood of the batch's pairs, and quantization."""
        return dpsh_loss(batch.u, share_label(batch.labels), self.params.eta)
