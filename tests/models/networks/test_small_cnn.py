"""The shipped backbone: its size, its shapes, its weights file."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors import safe_open

from models.networks.backbones import SMALL_CNN_WEIGHTS, load_backbone
from models.networks.small_cnn import MIN_SIZE, N_FEATURES, SmallCNN, small_cnn_transform


def test_has_at_most_a_million_parameters() -> None:
    assert sum(p.numel() for p in SmallCNN().parameters()) == 582_880


@pytest.mark.parametrize("size", [MIN_SIZE, 64, 70, 96])
def test_maps_any_size_to_256_features(size: int) -> None:
    features = SmallCNN().eval()(torch.randn(2, 3, size, size))
    assert features.shape == (2, N_FEATURES)
    assert features.dtype == torch.float32
    assert bool((features >= 0).all())


def test_features_of_an_image_do_not_depend_on_its_batch() -> None:
    network = SmallCNN().eval()
    images = torch.randn(3, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(network(images)[1:2], network(images[1:2]))


def test_gradient_reaches_the_first_layer() -> None:
    network = SmallCNN()
    network(torch.randn(4, 3, 64, 64)).sum().backward()
    first = next(network.parameters())
    assert first.grad is not None
    assert bool(first.grad.abs().sum() > 0)


@pytest.mark.parametrize(
    ("given", "used"), [(4, 32), (8, 32), (16, 64), (32, 64), (64, 64), (96, 96), (128, 96)]
)
def test_works_at_the_data_sets_own_size_within_bounds(given: int, used: int) -> None:
    transform = small_cnn_transform(given)
    assert (transform.resize, transform.size) == (used, used)


def test_shipped_weights_load_and_are_small() -> None:
    backbone = load_backbone("small_cnn")
    assert (backbone.name, backbone.n_features) == ("small_cnn", 256)
    assert len(backbone.weights_id) == 12
    assert not backbone.training
    assert all(p.dtype == torch.float32 and p.requires_grad for p in backbone.parameters())
    assert SMALL_CNN_WEIGHTS.stat().st_size <= 2_400_000


def test_shipped_weights_say_how_they_were_made() -> None:
    with safe_open(SMALL_CNN_WEIGHTS, "pt") as file:
        record = json.loads(file.metadata()["hashlens"])
    assert len(record["categories"]) == 46
    assert record["n_images"] == 46 * record["config"]["n_per_category"]
    assert record["config"]["epochs"] >= 8
    assert record["held_out_accuracy"] > 0.7
    assert "torch" in record["versions"]


def test_loading_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    load_backbone("small_cnn")
    assert torch.equal(torch.rand(1), expected)
