"""Names of the backbones, readable without loading torch (pickers, command line, configuration).

`NAME@PIXELS`, as `squeezenet1_0@64`, is the backbone NAME working on images of that side, whatever they
measure: a smaller side is faster, and shows less.
"""

from __future__ import annotations

import re

SMALL_CNN = "small_cnn"

# The torchvision models offered by name, in the order of the pickers.
TORCHVISION = (
    "resnet18",
    "resnet50",
    "alexnet",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "squeezenet1_0",
    "vit_b_16",
)

# Inputs made without a network, see `models.networks.descriptors`.
PIXELS, HOG = "pixels", "hog"
DESCRIPTORS = (PIXELS, HOG)

# What runs stand on unless something else is asked for; where there are such runs, the app opens with them.
DEFAULT_BACKBONE = SMALL_CNN

_AT = "@"


def backbone_names() -> tuple[str, ...]:
    """Every name that `load_backbone` takes; `small_cnn`, `pixels` and `hog` need no download."""
    return (SMALL_CNN, *DESCRIPTORS, *TORCHVISION)


def network_of(name: str) -> str:
    """The network that a name stands for, without the size at which it works."""
    return _parts(name)[0]


def input_size_of(name: str) -> int | None:
    """Side of the images on which a backbone works, in pixels, where its name says so."""
    return _parts(name)[1]


def is_backbone(name: str) -> bool:
    """True for a name that `load_backbone` may take; whether the network works at that size, it says."""
    return network_of(name) in backbone_names()


def _parts(name: str) -> tuple[str, int | None]:
    """A number that is not written as usual is no size: one backbone has one name."""
    network, separator, side = name.rpartition(_AT)
    plain = re.fullmatch("[1-9][0-9]{0,4}", side)
    return (network, int(side)) if separator and plain else (name, None)
