"""Names of the backbones, readable without loading torch (pickers, command line, configuration)."""

from __future__ import annotations

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


def backbone_names() -> tuple[str, ...]:
    """Every name that `load_backbone` takes; `small_cnn`, `pixels` and `hog` need no download."""
    return (SMALL_CNN, *DESCRIPTORS, *TORCHVISION)
