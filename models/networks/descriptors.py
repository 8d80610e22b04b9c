"""Inputs made without a trained network: raw pixels, and histograms of oriented gradients.

Classic methods were measured on such inputs. They stand wherever a backbone can be named.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import torch
from torch import Tensor, nn

from models.networks.names import HOG, PIXELS
from models.types import ImageTransform

# The number changes with anything below that changes features.
_VERSION = 1
_MEAN, _STD = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)  # values stay as they are, 0 to 1


@dataclass(frozen=True)
class Descriptor:
    """What a `Backbone` is built from; the fields are those of that class."""

    network: nn.Module
    n_features: int
    transform: ImageTransform
    weights_id: str


class Pixels(nn.Module):
    """The image itself, as one row of numbers per image."""

    side = 32
    n_features = 3 * side**2

    def forward(self, images: Tensor) -> Tensor:
        """Values 0 to 1, float (n, 3072), of images (n, 3, 32, 32): all red ones, then green, then blue."""
        return images.flatten(1)


class Hog(nn.Module):
    """Histograms of oriented gradients (Dalal and Triggs 2005), by scikit-image.

    Nine directions in cells of 8 x 8 pixels, normalised in blocks of 2 x 2 cells (L2-Hys), 49 blocks; each
    pixel counts with the colour channel in which its gradient is largest.
    """

    side = 64
    n_features = 7 * 7 * 2 * 2 * 9

    def forward(self, images: Tensor) -> Tensor:
        """Histograms, float (n, 1764), not negative, of images (n, 3, 64, 64) of values 0 to 1."""
        from skimage.feature import hog

        rows = [
            hog(
                image,
                orientations=9,
                pixels_per_cell=(8, 8),
                cells_per_block=(2, 2),
                block_norm="L2-Hys",
                channel_axis=0,
            )
            for image in images.detach().cpu().double().numpy()
        ]
        features = np.asarray(rows, dtype=np.float32).reshape(len(images), self.n_features)
        return torch.from_numpy(features).to(images)


def load_descriptor(name: str) -> Descriptor:
    """The input called `pixels` or `hog`."""
    if name == PIXELS:
        transform = ImageTransform(Pixels.side, Pixels.side, _MEAN, _STD)
        return Descriptor(Pixels(), Pixels.n_features, transform, f"pixels {_VERSION}")
    assert name == HOG, name
    transform = ImageTransform(Hog.side, Hog.side, _MEAN, _STD)
    weights_id = f"hog {_VERSION}, scikit-image {version('scikit-image')}"
    return Descriptor(Hog(), Hog.n_features, transform, weights_id)
