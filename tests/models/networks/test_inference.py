"""The rearranged network gives the features of the plain one."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.networks.backbones import backbone_from_state, load_backbone
from models.networks.inference import InferenceNetwork
from models.torchvision_ops import declare_missing_ops


@pytest.mark.parametrize(
    "name", ["resnet18", "resnet50", "mobilenet_v2", "mobilenet_v3_small", "squeezenet1_0"]
)
def test_folding_changes_no_feature(name: str) -> None:
    """Weights and batch statistics are random, so that a norm in the wrong convolution would show."""
    declare_missing_ops()
    from torchvision.models import get_model

    torch.manual_seed(0)
    state = get_model(name).state_dict()
    for key, tensor in state.items():
        if "running_var" in key:
            tensor.uniform_(0.5, 2)
        elif "running_mean" in key:
            tensor.normal_(std=0.1)
    backbone = backbone_from_state(name, state)
    before = {key: tensor.clone() for key, tensor in backbone.state_dict().items()}
    rearranged = InferenceNetwork(backbone)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in rearranged.modules())
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = backbone(images)
        torch.testing.assert_close(rearranged(images), expected, rtol=1e-3, atol=1e-5 * float(expected.max()))
    assert all(torch.equal(tensor, before[key]) for key, tensor in backbone.state_dict().items())


@pytest.mark.parametrize("name", ["small_cnn", "pixels", "hog"])
def test_it_takes_every_backbone(name: str) -> None:
    backbone = load_backbone(name)
    size = backbone.transform.size
    images = torch.rand(2, 3, size, size)
    with torch.no_grad():
        torch.testing.assert_close(InferenceNetwork(backbone)(images), backbone(images), rtol=1e-4, atol=1e-4)
