"""Hand-computed input of the specifications, and small train splits to fit methods on."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.methods.base import TrainSet


@pytest.fixture
def fixture_t() -> Tensor:
    """Fixture T of methods/1-pairwise-and-multiwise.md, section 0.4: four relaxed codes of four bits."""
    rows = [[1.2, -0.8, 0.5, 1.0], [0.9, -1.1, 0.7, -0.2], [-1.0, 0.6, -0.4, 0.8], [-0.7, 1.3, -0.9, -1.2]]
    return torch.tensor(rows, dtype=torch.float64)


@pytest.fixture
def pairs_t() -> Tensor:
    """Similar pairs of fixture T: classes 0, 0, 1, 1."""
    classes = torch.tensor([0, 0, 1, 1])
    return classes[:, None] == classes[None, :]


@pytest.fixture
def blobs() -> TrainSet:
    """Three classes of 20 standardised features, overlapping, 120 images."""
    generator = torch.Generator().manual_seed(3)
    classes = torch.arange(120) % 3
    centres = 1.5 * torch.randn(3, 20, generator=generator)
    features = centres[classes] + torch.randn(120, 20, generator=generator)
    features = (features - features.mean(0)) / features.std(0)
    return TrainSet(features, classes[:, None] == torch.arange(3), generator)
