"""Golden values of methods/2-implicit-and-classification.md, section 13 (GreedyHash)."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.losses.quantization import straight_through_sign
from models.methods.base import Batch, TrainSet
from models.methods.classification.greedyhash import GreedyHash, greedyhash_loss

U = torch.tensor([[0.5, -2, 0.1], [-0.3, 1.2, -0.9]], dtype=torch.float64)
WEIGHT = torch.tensor([[1, 0, 1], [0, 1, -1]], dtype=torch.float64)
LABELS = torch.eye(2, dtype=torch.bool)


def class_gradient(u: Tensor, labels: Tensor = LABELS) -> Tensor:
    u = u.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(greedyhash_loss(u, WEIGHT, labels, 0.0)["class"], u)
    return gradient


def test_penalty() -> None:
    """Section 13, tests: mean 0.3676667; it is 0 for codes."""
    assert float(greedyhash_loss(U, WEIGHT, LABELS, 1.0)["penalty"]) == pytest.approx(0.3676667, abs=1e-7)
    assert float(greedyhash_loss(U, WEIGHT, LABELS, 0.5)["penalty"]) == pytest.approx(0.18383333, abs=1e-7)
    codes = straight_through_sign(U)
    assert float(greedyhash_loss(codes, WEIGHT, LABELS, 1.0)["penalty"]) == 0


def test_code_and_class_loss() -> None:
    """Section 13, tests: b = [(1, -1, 1), (-1, 1, -1)], CE 0.0181499."""
    torch.testing.assert_close(
        straight_through_sign(U), torch.tensor([[1, -1, 1], [-1, 1, -1]], dtype=torch.float64)
    )
    assert float(greedyhash_loss(U, WEIGHT, LABELS, 0.0)["class"]) == pytest.approx(0.0181499, abs=1e-7)


def test_gradient_of_the_class_loss() -> None:
    """Section 13, tests: the gradient at u, whatever the size of u."""
    row = torch.tensor([-0.008993, 0.008993, -0.017986], dtype=torch.float64)
    expected = torch.stack([row, -row])
    torch.testing.assert_close(class_gradient(U), expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(class_gradient(1000 * U), class_gradient(U))


def test_zero_is_a_bit() -> None:
    """Section 0: sgn(0) = +1, and the gradient passes there too."""
    assert straight_through_sign(torch.zeros(1, 3)).tolist() == [[1, 1, 1]]
    assert bool((class_gradient(torch.zeros(2, 3, dtype=torch.float64)) != 0).all())


def test_several_labels_share_the_target() -> None:
    """Section 13, pitfall 2: not the first label alone, targets y / sum(y)."""
    both = torch.tensor([[True, True]])
    found = float(greedyhash_loss(U[:1], WEIGHT, both, 0.0)["class"])
    each = [float(greedyhash_loss(U[:1], WEIGHT, LABELS[[c]], 0.0)["class"]) for c in (0, 1)]
    assert found == pytest.approx(sum(each) / 2) and each[0] != pytest.approx(each[1])


def test_images_without_a_label_have_no_class_loss() -> None:
    more = torch.cat([LABELS, torch.zeros(1, 2, dtype=torch.bool)])
    found = greedyhash_loss(torch.cat([U, U[:1]]), WEIGHT, more, 0.0)["class"]
    assert float(found) == pytest.approx(0.0181499, abs=1e-7)


def test_the_classifier_is_optimised(blobs: TrainSet) -> None:
    """Section 13, pitfall 1: a classifier inside the loss is forgotten easily."""
    method = GreedyHash(16, 20, 3)
    optimised = {id(p) for group in method.parameter_groups(1e-3) for p in group["params"]}
    assert id(method.classifier.weight) in optimised and method.classifier.bias is None
    u = method(blobs.features)
    method.loss(Batch(blobs.features, u, blobs.labels, torch.arange(120)))["class"].backward()
    gradient = method.classifier.weight.grad
    assert gradient is not None and bool((gradient != 0).any())


def test_picture_shows_the_push() -> None:
    """Section 13: the class gradient does not depend on |u|; the penalty's is 3 alpha (|u| - 1)^2 at most."""
    for frame in GreedyHash.picture().frames:
        straight, smooth = frame.series
        x, y = torch.tensor(straight.x), torch.tensor(straight.y)
        bit = torch.where(x >= 0, 1.0, -1.0)
        penalty = float(frame.label) * 3 * (x.abs() - 1) * (x.abs() - 1).abs() * bit
        torch.testing.assert_close(y, 2 * torch.sigmoid(-2 * bit) - penalty, atol=2e-3, rtol=2e-3)
        assert max(smooth.y) < max(straight.y) and smooth.y[0] < 0.1 * straight.y[0]


def test_penalty_gradient_by_central_differences() -> None:
    """Section 18 of file 1, gradient check, away from the kinks at 0; the sign has none to compare with."""
    u = U.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda v: greedyhash_loss(v, WEIGHT, LABELS, 0.7)["penalty"], u)


def test_swapped_codes_cost_more() -> None:
    """Section 18 of file 1, order test."""
    good = greedyhash_loss(U, WEIGHT, LABELS, 0.1)["class"]
    assert float(good) < float(greedyhash_loss(U[[1, 0]], WEIGHT, LABELS, 0.1)["class"])
