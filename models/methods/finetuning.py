"""How a method trains its backbone along: the optimiser of its paper or release where a source names it.

Rates belong to the batch size, the backbone and the reduction of the loss that they were found with. Where a
source sums over pairs or triplets and our loss is their mean, the rate is converted, and `source` says so.
Methods that are not listed take `FineTune()`, which is this product's choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class FineTune:
    """Settings for training the backbone along with the hash layer.

    Times are shares of a run, so that a shorter run keeps the shape of its schedule.

    Attributes:
        lr: learning rate of the hash layer.
        backbone_lr: that of the backbone, as a share of `lr`.
        momentum: of `sgd`.
        decay: what both rates are multiplied by, again and again; 1 keeps them, None lets them fall along a
            cosine to 0.
        decay_every: share of the run after which that happens, above 0 to 1.
        warm_start: begin with a head that was trained on the untouched backbone's features, by the recipe for
            heads.
        source: where the settings come from.
    """

    optimizer: Literal["adam", "sgd", "rmsprop"] = "adam"
    lr: float = 1e-4
    backbone_lr: float = 0.1
    momentum: float = 0.0
    weight_decay: float = 1e-5
    batch_size: int = 128
    epochs: int = 50
    decay: float | None = 0.1
    decay_every: float = 2 / 3
    warm_start: bool = False
    source: str = "own choice: the sources name no settings for this method"


# A hash layer that starts at random learns next to nothing in six epochs, at the sources' rates, which are
# meant for 32 to 200, or at others; and what comes back from it spoils the backbone meanwhile.
SHORT = FineTune(
    "adam", lr=1e-3, backbone_lr=0.1, epochs=6, decay=None, decay_every=1.0, warm_start=True,
    source="own choice, the same for every method: for machines without a GPU",
)  # fmt: skip


def finetune_settings(method: str, *, short: bool = False) -> FineTune:
    """What a method is fine-tuned with unless the caller says otherwise.

    Args:
        method: name.
        short: one short schedule for all methods instead of the sources' settings.
    """
    return SHORT if short else _SETTINGS.get(method, FineTune())


def _sgd(
    lr: float, backbone_lr: float, batch_size: int, epochs: int, decay: float, decay_every: float, source: str
) -> FineTune:
    """Momentum 0.9 and weight decay 5e-4, as in Caffe's examples and most releases."""
    return FineTune("sgd", lr, backbone_lr, 0.9, 5e-4, batch_size, epochs, decay, decay_every, source=source)


_CAFFE = (
    "authors' solver: 1e-3, step at half of 50,000 iterations of 32 images, here 32 epochs of 50,000 images"
)
_COLLECTION = "public re-implementation (DeepHash-pytorch), not the paper: one rate for all layers"

_SETTINGS: Mapping[str, FineTune] = {
    "dpsh": FineTune(
        "sgd", 0.05, 1.0, 0.0, 1e-5, 128, 150, 0.1, 1 / 3,
        source="PyTorch version of the first group: plain SGD, one rate for all layers",
    ),
    "hashnet": _sgd(
        2e-3, 0.1, 256, 100, 0.5, 0.2,
        "authors' release for ImageNet: 2e-4, hash layer 10 times that; it counts 10,000 iterations, epochs "
        "are our choice",
    ),
    "dsdh": FineTune(
        "rmsprop", 1e-5, 1.0, 0.0, 1e-5, 128, 150, None, 1.0,
        source="public PyTorch version: cosine decay, there to 1e-7",
    ),
    "dtsh": FineTune(
        "sgd", 2.25e-3, 1.0, 0.0, 5e-4, 128, 100, 2 / 3, 0.2,
        source="authors' release: plain SGD, 5e-4 on a sum over 22,500 triplets divided by 5,000 train "
        "images, which is 4.5 times that on their mean",
    ),
    "dch": _sgd(
        5e-2, 0.1, 128, 50, 1.0, 1.0,
        "authors' repository: the paper's 5e-3, hash layer 10 times that, no step in its 2,000 iterations",
    ),
    "dfh": _sgd(1e-2, 1.0, 128, 150, 0.1, 1 / 3, "authors' release"),
    "idhn": FineTune(
        "adam", 1e-3, 0.01, 0.0, 1e-5, 128, 100, 0.5, 0.128,
        source="authors' release; halved each 500 steps, here of 3,900",
    ),
    "dbdh": FineTune("rmsprop", 1e-5, 1.0, 0.0, 1e-5, 128, 150, 0.1, 1 / 3, source=_COLLECTION),
    "lcdsh": FineTune("rmsprop", 1e-5, 1.0, 0.0, 1e-5, 128, 150, 1.0, 1.0, source=_COLLECTION),
    "adsh": FineTune(
        "sgd", 1e-3, 1.0, 0.0, 5e-4, 64, 150, 0.1, 0.2,
        source="PyTorch port: 50 rounds of 3 epochs, momentum not named",
    ),
    "mihash": _sgd(1e-3, 0.01, 250, 100, 0.5, 0.5, "authors' settings for CIFAR-10, 5,000 train images"),
    "talr": _sgd(1e-2, 0.1, 250, 50, 1.0, 1.0, "authors' scripts for CIFAR-10: constant rate"),
    "andsh": FineTune(
        "adam", 1e-4, 1.0, 0.0, 5e-4, 64, 100, 0.1, 0.8,
        source="public implementation; the paper's values are unknown to us",
    ),
    "qsmih": FineTune("rmsprop", 1e-5, 1.0, 0.0, 0.0, 64, 50, 1.0, 1.0, source=_COLLECTION),
    "dbh": _sgd(1e-3, 1.0, 32, 32, 0.1, 0.5, _CAFFE),
    "ssdh": _sgd(1e-3, 1.0, 32, 32, 0.1, 0.5, _CAFFE),
    "csq": FineTune(
        "adam", 1e-3, 0.05, 0.0, 1e-5, 64, 90, 0.7, 1 / 9,
        source="authors' code for ResNet-50; weight decay of its ports",
    ),
    "greedyhash": _sgd(1e-3, 1.0, 32, 50, 0.1, 0.6, "authors' code for CIFAR-10, protocol I"),
    "dpn": _sgd(1e-4, 1.0, 256, 200, 0.1, 0.5, "authors' settings"),
    "orthohash": FineTune(
        "adam", 1e-4, 0.1, 0.0, 5e-4, 256, 100, 0.1, 0.8, source="authors' code"
    ),
    "dqn": _sgd(
        2e-2, 0.1, 256, 100, 0.5, 0.1,
        "released re-implementation: 2e-3, last layer 10 times that, halved each 500 of 5,000 steps; weight "
        "decay of the paper (unverified), epochs are our choice",
    ),
}  # fmt: skip
