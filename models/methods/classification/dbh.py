r"""DBH: Deep Learning of Binary Hash Codes for Fast Image Retrieval (CVPR Workshops 2015).

A layer of K sigmoids is put between the features and an ordinary classifier. Training is classification and
nothing else. What the sigmoids then say of an image, rounded to 0 or 1, is its code.

    a = sigmoid(u) -> `a`    z = W a + g -> `logits`    W, g -> `weight`, `bias`
    L = mean over images of [log sum_c e^{z_c} - z_y]

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.losses.classification import class_loss
from models.methods.base import Batch, Method, param
from models.methods.picture import N_BITS, Frame, Picture, series
from models.spec import Citation, CodeKind, Family, MethodSpec, Protocol, Supervision, quote

_AT_1000 = Protocol(
    "CIFAR-10",
    "10,000 queries, 50,000 train images are the database; mAP over the first 1,000, divided by the similar "
    "images found there",
)

SPEC = MethodSpec(
    name="dbh",
    label="DBH",
    title="Deep Learning of Binary Hash Codes",
    family=Family.CLASSIFICATION,
    supervision=Supervision.LABELS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "K. Lin, H.-F. Yang, J.-H. Hsiao, C.-S. Chen",
        "Deep Learning of Binary Hash Codes for Fast Image Retrieval",
        "CVPR Workshops",
        2015,
    ),
    loss_kind="cross-entropy of a classifier on the code",
    idea=(
        "A layer of sigmoids stands between the features and an ordinary classifier, one sigmoid per bit. "
        "The network learns to name the class and nothing else: no pair is compared and no term speaks of "
        "bits. Images of one class light up the same sigmoids, so rounding them gives codes that agree."
    ),
    good_for="The simplest supervised code: any classifier gains one with a single extra layer.",
    objective=(
        r"\mathcal L=\frac1N\sum_{i=1}^{N}\Big[\log\sum_{c=1}^{C}e^{z_{ic}}-z_{iy_i}\Big],\qquad "
        r"z_i=W^\top a_i+g,\quad a_i=\sigma(u_i)"
    ),
    symbols=(
        (r"u_i", "output of the network for image i, K real numbers; bit k is 1 where it is not negative"),
        (r"a_i=\sigma(u_i)", "activations between 0 and 1; 0.5 is the threshold of a bit"),
        (r"z_i", "scores of the classes"),
        (r"y_i", "class of image i"),
        (r"W,\ g", "weights and bias of the classifier"),
        (r"N,\ C", "images in the batch, classes"),
    ),
    reads_multi_label=False,
    multi_label_note=(
        "Its classifier chooses one class per image (softmax); SSDH is the version for several labels."
    ),
    differs=(
        "Images are ranked by Hamming distance alone; the paper's second step, which sorts the nearest ones "
        "again by their features, is left out, as in its reported figures.",
        "An activation of exactly 0.5 gives the bit 1; the authors' code gives 0.",
        "The biases of the sigmoid layer start near 0; the authors start them at 1, which makes all bits 1.",
        "Classifier and sigmoid layer share one learning rate; the authors' classifier learns ten times "
        "faster.",
        "A small head on stored features is trained with AdamW; the paper trains AlexNet whole with SGD.",
    ),
    published=quote(
        {12: 0.8930, 32: 0.8972, 48: 0.8973}, _AT_1000, backbone="AlexNet", source="authors' README"
    ),
    references=("The authors' Caffe code, README and issue tracker: layer, start values, evaluation",),
)


@dataclass(frozen=True)
class DBHParams:
    """Hyper-parameters of DBH."""

    start_bias: float = param(
        0.0,
        "Added to every output before training; 1 starts all bits as 1",
        source="ours; the authors' code has 1",
        low=-2.0,
        high=2.0,
    )


def dbh_loss(u: Tensor, labels: Tensor, weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
    """Loss of one batch.

    Args:
        u: float (n, n_bits), outputs before the sigmoid.
        labels: bool (n, n_classes), one class per image.
        weight: float (n_classes, n_bits), of the classifier.
        bias: float (n_classes,), of the classifier.

    Returns:
        `class`, a scalar.
    """
    a = torch.sigmoid(u)
    logits = F.linear(a, weight, bias)
    return {"class": class_loss(logits, labels, multi_label=False)}


class DBH(Method):
    """Deep Learning of Binary Hash Codes; the outputs u stand before the sigmoid, so 0 is the threshold."""

    spec = SPEC
    Params = DBHParams
    params: DBHParams

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; build head and classifier."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.classifier = nn.Linear(n_bits, n_classes)
        last = [layer for layer in self.head.modules() if isinstance(layer, nn.Linear)][-1]
        with torch.no_grad():
            last.bias.add_(self.params.start_bias)

    @classmethod
    def picture(cls) -> Picture:
        """Loss against the activations, for classifier weights of several sizes."""
        activations = torch.linspace(0.02, 0.98, 49)
        u = torch.logit(activations)[:, None].expand(-1, N_BITS)
        frames = []
        for size in (0.125, 0.25, 0.5, 1.0):
            weight = size * torch.tensor([[1.0], [-1.0]]).expand(-1, N_BITS)
            bias = -weight.sum(dim=1) / 2  # the two classes are even where all activations are 0.5
            curves = []
            for c, name in enumerate(("class whose bits are 1", "class whose bits are 0")):
                labels = torch.eye(2, dtype=torch.bool)[c : c + 1]
                y = [float(dbh_loss(row[None], labels, weight, bias)["class"]) for row in u]
                curves.append(series(name, activations, y))
            frames.append(Frame(str(size), tuple(curves)))
        return Picture(
            title="Loss of one image against its activations",
            caption=(
                "The loss falls as the activations move to the side of the image's class, and past 0.5 its "
                "bits are right. With large weights little loss is left just past 0.5: nothing pushes "
                "activations on to 0 or 1."
            ),
            x=f"activation of all {N_BITS} sigmoids",
            y="loss",
            frames=tuple(frames),
            slider="size of the classifier's weights",
            start=1,
        )

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy of the classes."""
        return dbh_loss(batch.u, batch.labels, self.classifier.weight, self.classifier.bias)
