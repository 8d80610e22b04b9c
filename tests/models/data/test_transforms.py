"""Image to array: one path for data sets, uploads and pre-training."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from models.data.transforms import image_array, image_batch
from models.errors import DataError
from models.types import ImageTransform

TRANSFORM = ImageTransform(resize=64, size=64, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_image_of_the_right_size_is_only_scaled_and_normalised() -> None:
    image = picture(64, 64)
    expected = (np.asarray(image).transpose(2, 0, 1) / 255 - 0.5) / 0.25
    np.testing.assert_allclose(image_array(image, TRANSFORM), expected, atol=1e-6)


@pytest.mark.parametrize("size", [(8, 8), (64, 64), (200, 100), (33, 97), (1, 1), (1, 5000)])
def test_any_size_gives_a_square(size: tuple[int, int]) -> None:
    array = image_array(picture(*size), TRANSFORM)
    assert array.shape == (3, 64, 64)
    assert array.dtype == np.float32
    assert np.isfinite(array).all()


def test_the_middle_is_kept() -> None:
    image = Image.new("RGB", (192, 64), "black")
    image.paste("white", (64, 0, 128, 64))
    assert image_array(image, TRANSFORM).min() == pytest.approx(2.0)


def test_an_upload_gives_what_the_data_set_gives() -> None:
    """The same file, read as a data set's member and as uploaded bytes, ends in the same array."""
    buffer = io.BytesIO()
    picture(64, 64).save(buffer, "WEBP", quality=88)
    member = Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")
    upload = Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")
    np.testing.assert_array_equal(image_batch([member], TRANSFORM)[0], image_array(upload, TRANSFORM))


def test_pretraining_normalises_as_the_transform_does() -> None:
    from models.engine.pretrain import normalised
    from models.networks.small_cnn import small_cnn_transform

    image = picture(64, 64)
    batch = normalised(torch.tensor(np.asarray(image))[None])
    np.testing.assert_allclose(batch[0].numpy(), image_array(image, small_cnn_transform(64)), atol=1e-6)


def test_batch_is_the_images_one_by_one() -> None:
    images = [picture(64, 64, seed) for seed in range(3)]
    batch = image_batch(images, TRANSFORM)
    assert batch.shape == (3, 3, 64, 64)
    for row, image in zip(batch, images, strict=True):
        np.testing.assert_array_equal(row, image_array(image, TRANSFORM))
    assert image_batch([], TRANSFORM).shape == (0, 3, 64, 64)


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "P", "I;16"])
def test_other_modes_are_refused_not_guessed(mode: str) -> None:
    with pytest.raises(DataError, match=f"mode '{mode}'"):
        image_array(Image.new(mode, (8, 8)), TRANSFORM)


def test_image_without_pixels_is_refused() -> None:
    with pytest.raises(DataError, match="0x5"):
        image_array(Image.new("RGB", (0, 5)), TRANSFORM)
