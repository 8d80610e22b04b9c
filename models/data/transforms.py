"""Image to array: the one path for data-set images, uploads and pre-training alike (Pillow and NumPy only).

It gives exactly what torchvision's `ImageClassification` preset gives for a Pillow image, so that weights
published with that preset see what they were trained on, without torch having to be loaded.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from models.errors import DataError
from models.types import Float32, ImageTransform

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def image_array(image: Image.Image, transform: ImageTransform) -> Float32:
    """Resize the shorter side, cut the middle square, scale to 0 to 1 and normalise.

    Args:
        image: an RGB image of any size.
        transform: sizes, filter, mean and standard deviation; a backbone names its own.

    Returns:
        float32 (3, size, size).

    Raises:
        DataError: the image is not RGB, or has no pixels.
    """
    if image.mode != "RGB":
        raise DataError(f"A backbone takes RGB images; this one has mode {image.mode!r}. Convert it first.")
    if 0 in image.size:
        raise DataError(f"An image needs at least one pixel; this one measures {image.width}x{image.height}.")
    square = _centre_square(_resized(image, transform), transform.size)
    scaled = np.asarray(square, dtype=np.float32).transpose(2, 0, 1) / np.float32(255)
    mean = np.asarray(transform.mean, dtype=np.float32)[:, None, None]
    std = np.asarray(transform.std, dtype=np.float32)[:, None, None]
    return np.ascontiguousarray((scaled - mean) / std)


def image_batch(images: Sequence[Image.Image], transform: ImageTransform) -> Float32:
    """`image_array` of each image, stacked: float32 (n, 3, size, size).

    Raises:
        DataError: an image is not RGB, or has no pixels.
    """
    batch = np.empty((len(images), 3, transform.size, transform.size), dtype=np.float32)
    for row, image in enumerate(images):
        batch[row] = image_array(image, transform)
    return batch


def _resized(image: Image.Image, transform: ImageTransform) -> Image.Image:
    """Bring the shorter side to `transform.resize`; the longer one keeps the proportion, rounded down."""
    short, long = sorted(image.size)
    if short == transform.resize:
        return image
    # A sliver is stretched no further than to 1:64, or a 1x60000 upload would become gigabytes.
    longer = min(int(transform.resize * long / short), 64 * transform.resize)
    size = (transform.resize, longer) if image.width <= image.height else (longer, transform.resize)
    return image.resize(size, _FILTERS[transform.interpolation])


def _centre_square(image: Image.Image, size: int) -> Image.Image:
    """Cut the middle; where the image is smaller than `size`, the border is black."""
    left, top = round((image.width - size) / 2), round((image.height - size) / 2)
    return image.crop((left, top, left + size, top + size))
