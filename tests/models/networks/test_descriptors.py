"""Pixels and HOG stand wherever a backbone can."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.data.transforms import image_batch
from models.engine.features import embed_images
from models.errors import WeightsError
from models.networks.backbones import backbone_from_state, load_backbone
from models.networks.names import DESCRIPTORS, backbone_names


def stripes(direction: str, side: int = 64) -> Image.Image:
    row = np.where(np.arange(side) // 4 % 2, 255, 0).astype(np.uint8)
    grey = np.tile(row, (side, 1))
    return Image.fromarray(grey if direction == "vertical" else grey.T).convert("RGB")


def test_pixels_are_the_reduced_image() -> None:
    backbone = load_backbone("pixels")
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    features = embed_images(backbone, [image, stripes("vertical", 96)])
    assert features.shape == (2, backbone.n_features) == (2, 3072)
    exact = np.asarray(image, dtype=np.float32).transpose(2, 0, 1).reshape(-1) / 255
    np.testing.assert_allclose(features[0], exact, atol=5e-4)
    assert features.min() >= 0 and features.max() <= 1


def test_hog_is_scikit_images() -> None:
    from skimage.feature import hog

    backbone, image = load_backbone("hog"), stripes("vertical")
    features = embed_images(backbone, [image])
    assert features.shape == (1, backbone.n_features) == (1, 1764)
    expected = hog(np.asarray(image) / 255.0, 9, (8, 8), (2, 2), block_norm="L2-Hys", channel_axis=-1)
    np.testing.assert_allclose(features[0], expected, atol=1e-3)


def test_hog_tells_directions_apart_and_not_brightness() -> None:
    backbone = load_backbone("hog")
    vertical, horizontal = stripes("vertical"), stripes("horizontal")
    darker = vertical.point(lambda value: value // 2)
    v, h, d = embed_images(backbone, [vertical, horizontal, darker])
    np.testing.assert_allclose(v, d, atol=0.02)
    assert np.abs(v - h).max() > 0.3


@pytest.mark.parametrize("name", DESCRIPTORS)
@pytest.mark.parametrize("size", [(8, 8), (1, 1), (96, 64), (500, 333)])
def test_images_of_any_size_and_flat_ones(name: str, size: tuple[int, int]) -> None:
    backbone = load_backbone(name, image_size=8)
    features = embed_images(backbone, [Image.new("RGB", size, (10, 200, 30))])
    assert features.shape == (1, backbone.n_features) and np.isfinite(features).all()
    assert embed_images(backbone, []).shape == (0, backbone.n_features)


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_features_do_not_depend_on_the_batch(name: str) -> None:
    backbone = load_backbone(name)
    images = torch.from_numpy(image_batch([stripes("vertical"), stripes("horizontal")], backbone.transform))
    assert torch.equal(backbone(images)[1], backbone(images[1:])[0])


def test_the_version_is_in_the_name_of_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import version

    assert version("scikit-image") in load_backbone("hog").weights_id
    assert load_backbone("pixels").weights_id != load_backbone("hog").weights_id
    monkeypatch.setattr("models.networks.descriptors.version", lambda package: "9.9")
    assert "9.9" in load_backbone("hog").weights_id


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_there_are_no_weights_to_give(name: str) -> None:
    assert name in backbone_names()
    with pytest.raises(WeightsError, match=r"without weights.*mine\.pth"):
        load_backbone(name, Path("mine.pth"))
    with pytest.raises(WeightsError, match="without weights"):
        backbone_from_state(name, {})
