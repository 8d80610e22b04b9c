"""Class losses, with values of methods/2-implicit-and-classification.md, section 6."""

from __future__ import annotations

import math

import pytest
import torch

from models.losses.classification import class_loss

LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.0]])


def test_cross_entropy() -> None:
    """Section 6 (DBH), tests: classes (0, 2) give 0.8139331."""
    labels = torch.eye(3, dtype=torch.bool)[[0, 2]]
    assert float(class_loss(LOGITS, labels, multi_label=False)) == pytest.approx(0.8139331, abs=1e-6)


def test_images_without_a_label_do_not_count() -> None:
    labels = torch.eye(3, dtype=torch.bool)[[0, 2]]
    more = torch.cat([labels, torch.zeros(1, 3, dtype=torch.bool)])
    logits = torch.cat([LOGITS, torch.tensor([[9.0, 0.0, 0.0]])])
    assert float(class_loss(logits, more, multi_label=False)) == pytest.approx(0.8139331, abs=1e-6)


def test_binary_cross_entropies_are_summed_over_classes() -> None:
    loss = class_loss(torch.zeros(4, 25), torch.ones(4, 25, dtype=torch.bool), multi_label=True)
    assert float(loss) == pytest.approx(25 * math.log(2))


@pytest.mark.parametrize("multi_label", [False, True])
def test_no_label_at_all_stays_connected(multi_label: bool) -> None:
    logits = LOGITS.clone().requires_grad_()
    loss = class_loss(logits, torch.zeros(2, 3, dtype=torch.bool), multi_label=multi_label)
    loss.backward()
    assert math.isfinite(loss.item()) and logits.grad is not None
