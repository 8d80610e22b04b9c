r"""CNNH: Convolutional Neural Network Hashing (AAAI 2014), the first deep method of the survey.

Stage 1 looks at no image: it searches for codes of the train images whose inner products match the given
similarities, one number at a time. Stage 2 trains a network to produce these codes, bit by bit. The second
stage never talks back to the first, which is what the later methods changed.

    stage 1: min |S - H H^T / K|^2 over H in [-1, 1]    S_ij = 1 if similar, else -1    H -> `stage_one`
    stage 2: min mean of (tanh z_ik - sgn H_ik)^2    z -> `u`    sgn H -> `targets`

CNNH+ has the network name the classes too, one output each (`classes`).
Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.codes.binarize import binarize
from models.losses.classification import class_loss
from models.methods.base import Batch, Method, TrainSet, param
from models.methods.picture import Frame, Picture, grid
from models.methods.protocols import CIFAR_A, NUS_21
from models.networks.heads import HashHead
from models.spec import Citation, CodeKind, Family, MethodSpec, Supervision, quote

_NET = "the paper's network of three convolutions"
_TABLE = "Table 4 of the survey (arXiv 2003.03369, later edition), quoted from the paper of DNNH"

SPEC = MethodSpec(
    name="cnnh",
    label="CNNH",
    title="Convolutional Neural Network Hashing",
    family=Family.PAIRWISE,
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "R. Xia, Y. Pan, H. Lai, C. Liu, S. Yan",
        "Supervised Hashing for Image Retrieval via Image Representation Learning",
        "AAAI",
        2014,
    ),
    loss_kind="difference of similarity and inner product, in two stages",
    idea=(
        "The first stage looks at no image: it searches for codes whose inner products are high for similar "
        "train images and low for the others, as far as bits allow. The second stage trains a network to "
        "give each image the bits that were found for it. Nothing that the network finds hard can change "
        "those bits any more; nearly all later methods learn both at once."
    ),
    good_for="A goal that is fixed before training starts: what remains is plain, steady regression.",
    objective=(
        r"\text{1: }\min_{H\in[-1,1]^{n\times K}}\Big\lVert\bar S-\tfrac1KHH^\top\Big\rVert_F^2,\qquad"
        r"\text{2: }\frac{1}{NK}\sum_{i=1}^N\big\lVert\tanh z_i-\operatorname{sgn}H_{i\cdot}\big\rVert_2^2"
    ),
    symbols=(
        (r"\bar S_{ij}", "1 when train images i and j share a label, else -1"),
        (r"H_{i\cdot}", "code of train image i, K numbers between -1 and 1, rounded when the search is over"),
        (r"z_i", "output of the network for image i; its signs are the bits"),
        (r"n,\ N,\ K", "train images, images in the batch, bits"),
    ),
    multi_label_note="In CNNH+ images with several labels get one yes or no per class.",
    differs=(
        "The steps of stage 1 are those of a public re-implementation. Images come in random order and all "
        "bits of an image in one go, so that no matrix of all pairs has to be kept.",
        "A sweep that does not lower the objective of stage 1 is taken back; the steps alone do not promise "
        "that.",
        "Mean squared error after tanh is our reading of stage 2 (unverified).",
        "The number of sweeps is that of a re-implementation; the paper's is not known to us (unverified).",
        "The class outputs of CNNH+ share the last layer with the bits, with a weight of our choice "
        "(unverified).",
        "A small head on stored features is trained with AdamW; the paper trains a network of three "
        "convolutions end to end, where bits that suit no image cost more than they do here.",
    ),
    published=(
        *quote({12: 0.439, 24: 0.511, 32: 0.509, 48: 0.522}, CIFAR_A, backbone=_NET, source=_TABLE),
        *quote({12: 0.611, 24: 0.618, 32: 0.625, 48: 0.608}, NUS_21, backbone=_NET, source=_TABLE),
    ),
    references=("swuxyj/DeepHash-pytorch: steps and sweeps of stage 1; its targets belong to other images",),
)


@dataclass(frozen=True)
class CNNHParams:
    """Hyper-parameters of CNNH."""

    sweeps: int = param(
        10, "Visits of stage 1 to every bit of every train image", source="DeepHash-pytorch", low=0, high=50
    )
    classes: bool = param(
        False, "CNNH+: the network names the classes too", source="off: CNNH; on: the paper's CNNH+"
    )
    class_weight: float = param(
        0.1, "Weight of the classes in CNNH+", source="our choice (unverified)", low=0.0, high=10.0
    )


def stage_one(
    labels: Tensor, n_bits: int, sweeps: int, generator: torch.Generator
) -> tuple[Tensor, list[float]]:
    """Codes of the train images that match their similarities.

    Args:
        labels: bool (n, n_classes).
        n_bits: K.
        sweeps: visits to all numbers of H, each in a random order.
        generator: source of random numbers (CPU).

    Returns:
        H, float (n, n_bits), in [-1, 1]; the change of |H H^T - K S|^2 in each sweep.
    """
    from models.losses.coordinate_descent import similarity_codes  # compiled, so loaded late

    start = 2 * torch.rand(len(labels), n_bits, generator=generator, dtype=torch.float64) - 1
    orders = []
    for _ in range(sweeps):
        images, bits = (torch.randperm(n, generator=generator).numpy() for n in (len(labels), n_bits))
        orders.append((images, bits))
    found, changes = similarity_codes(start.numpy(), labels.cpu().numpy(), orders)
    return torch.from_numpy(found).float(), changes


def regression(z: Tensor, targets: Tensor) -> Tensor:
    """Mean of (tanh z - target)^2; z, float (n, n_bits), targets in {-1, +1} of the same shape."""
    return (torch.tanh(z) - targets).square().mean()


class CNNH(Method):
    """Convolutional Neural Network Hashing.

    `targets`, float (n_train, n_bits), are the bits of stage 1, needed in training only. With `classes`, u is
    (n, n_bits + n_classes), bits first.
    """

    spec = SPEC
    Params = CNNHParams
    params: CNNHParams
    targets: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes and build the head."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.register_buffer("targets", torch.empty(0), persistent=False)
        self.multi_label = False

    @classmethod
    def picture(cls) -> Picture:
        """Inner products of twelve images of three classes, while stage 1 visits them one after the other."""
        from models.losses.coordinate_descent import similarity_codes

        generator = torch.Generator().manual_seed(0)
        labels = (torch.arange(12) // 4)[:, None] == torch.arange(3)
        start = (2 * torch.rand(12, 16, generator=generator, dtype=torch.float64) - 1).numpy()
        images = torch.cat([torch.randperm(12, generator=generator) for _ in range(2)]).numpy()
        bits, frames = torch.arange(16).numpy(), []
        for n in (0, 3, 6, 9, 12, 24):
            h, _ = similarity_codes(start, labels.numpy(), [(images[:n], bits)])
            frames.append(Frame(str(n), grid=grid(torch.from_numpy(h @ h.T / 16))))
        caption = (
            "Each square compares two train images: 1 where their codes agree, -1 where they are opposite. "
            "Visit by visit the three classes appear, from labels alone; no image has been looked at."
        )
        axis = "train image, four of each class"
        return Picture("Stage 1 at work", caption, axis, axis, tuple(frames), "images visited", 0, "grid")

    def build_head(self) -> nn.Module:
        """A head with one output per bit, and in CNNH+ one per class."""
        return HashHead(self.n_features, self.n_bits + self.params.classes * self.n_classes)

    def binarize(self, u: Tensor) -> Tensor:
        """Signs of the outputs that stand for bits."""
        return binarize(u[:, : self.n_bits])

    def before_fit(self, train: TrainSet) -> None:
        """Stage 1: find the bits that the network will learn."""
        found, _ = stage_one(train.labels, self.n_bits, self.params.sweeps, train.generator)
        self.targets = binarize(found).to(train.features)
        self.multi_label = bool((train.labels.sum(dim=1) != 1).any())

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Stage 2: regression of the bits, and in CNNH+ the classes."""
        terms = {"regression": regression(batch.u[:, : self.n_bits], self.targets[batch.rows])}
        if self.params.classes:
            classes = class_loss(batch.u[:, self.n_bits :], batch.labels, multi_label=self.multi_label)
            terms["classes"] = self.params.class_weight * classes
        return terms
