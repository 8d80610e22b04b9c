"""A backbone's name may carry the size of the images on which it works."""

from __future__ import annotations

import pytest

from models.networks.names import backbone_names, input_size_of, is_backbone, network_of


@pytest.mark.parametrize("name", backbone_names())
def test_a_plain_name_leaves_the_size_to_the_network(name: str) -> None:
    assert (network_of(name), input_size_of(name)) == (name, None)
    assert is_backbone(name) and is_backbone(f"{name}@96")
    assert (network_of(f"{name}@96"), input_size_of(f"{name}@96")) == (name, 96)


@pytest.mark.parametrize(
    "name", ["resnet18@", "resnet18@096", "resnet18@x", "resnet18@9@6", "x@64", "@64", ""]
)
def test_one_backbone_has_one_name(name: str) -> None:
    assert not is_backbone(name)
