"""Golden values of methods/2-implicit-and-classification.md, section 14 (DPN)."""

from __future__ import annotations

import pytest
import torch

from models.codes.binarize import binarize
from models.methods.base import Batch, TrainSet
from models.methods.classification.dpn import DPN, DPNParams, polarization, ternary, updated_targets

U = torch.tensor([[1.5, -0.2, 0.3, -2], [0.4, 0.9, -1.1, 0]], dtype=torch.float64)
TARGETS = torch.tensor([[1, -1, -1, -1], [1, 1, -1, 1]], dtype=torch.float64)
LABELS = torch.eye(2, dtype=torch.bool)


def test_hinge() -> None:
    """Section 14, tests: rows (0, .8, 1.3, 0) and (.6, .1, 0, 1); loss 1.9, mean over bits 0.475."""
    hinge = polarization(U, TARGETS, LABELS, 1.0)
    expected = torch.tensor([[0, 0.8, 1.3, 0], [0.6, 0.1, 0, 1]], dtype=torch.float64)
    torch.testing.assert_close(hinge, expected)
    assert float(hinge.sum(dim=1).mean()) == pytest.approx(1.9)
    assert float(hinge.mean()) == pytest.approx(0.475)


def test_the_loss_sums_over_bits(blobs: TrainSet) -> None:
    """Section 14, pitfall 2: a sum over bits, a mean over images; the size term is a mean of both."""
    method = DPN(4, 20, 2, DPNParams(weight_size=0.5))
    method.targets = TARGETS
    terms = method.loss(Batch(blobs.features[:2], U, LABELS, torch.arange(2)))
    assert float(terms["polarization"]) == pytest.approx(1.9)
    assert float(terms["size"]) == pytest.approx(0.5 * float(U.square().mean()))


def test_ternary_values() -> None:
    """Section 14, tests: [(1, 0, 0, -1), (0, 0, -1, 0)]."""
    assert ternary(U, 1.0).tolist() == [[1, 0, 0, -1], [0, 0, -1, 0]]


@pytest.mark.parametrize("margin", [0.3, 1.0, 2.5])
def test_the_loss_bounds_the_wrong_bits(margin: float) -> None:
    """Section 14, tests: m Ham(sgn u, t) <= sum of hinges, for every image."""
    generator = torch.Generator().manual_seed(1)
    u = 2 * torch.randn(200, 12, generator=generator)
    targets = binarize(torch.randn(200, 12, generator=generator))
    hinge = polarization(u, targets, torch.eye(200, dtype=torch.bool), margin).sum(dim=1)
    wrong = (binarize(u) != targets).sum(dim=1)
    assert bool((margin * wrong <= hinge + 1e-4).all())


def test_zero_loss_beyond_the_margin_and_only_there() -> None:
    """Section 14, tests: loss 0 iff all u_k t_k >= m."""
    assert float(polarization(1.0 * TARGETS, TARGETS, LABELS, 1.0).sum()) == 0
    assert float(polarization(0.999 * TARGETS, TARGETS, LABELS, 1.0).min()) > 0


def test_several_labels_add_up() -> None:
    """Section 14, loss: the sum of the hinges of all labels of the image."""
    both = torch.ones(1, 2, dtype=torch.bool)
    each = [polarization(U[:1], TARGETS, LABELS[[c]], 1.0) for c in (0, 1)]
    torch.testing.assert_close(polarization(U[:1], TARGETS, both, 1.0), each[0] + each[1])


def test_targets_move_to_the_mean_code_and_keep_even_bits() -> None:
    """Section 14, adaptive variant, and pitfall 4: even splits and empty classes keep the old bits."""
    codes = torch.tensor([[1.0, 1, -1], [1, -1, -1], [-1, -1, 1]])
    labels = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=torch.bool)
    old = torch.tensor([[-1.0, -1, 1], [1, 1, 1], [1, -1, 1]])
    # Class 0: images 0 and 1. Class 1: images 1 and 2. Class 2: none.
    expected = [[1, -1, -1], [1, -1, 1], [1, -1, 1]]
    assert updated_targets(old, codes, labels).tolist() == expected


@pytest.mark.parametrize(("update_every", "moved"), [(0, []), (1, [0, 1, 2]), (2, [1])])
def test_when_targets_move(blobs: TrainSet, update_every: int, moved: list[int]) -> None:
    """Section 14, adaptive variant: every few epochs, never after the last of four."""
    method = DPN(8, 20, 3, DPNParams(update_every=update_every))
    method.before_fit(blobs)
    found = []
    for epoch in range(4):
        before = method.targets.clone()
        method.before_epoch(epoch, 4)
        # Outputs whose signs are the opposite of the targets, so that every bit of a target turns.
        outputs = -(blobs.labels.float() @ before)
        method.after_epoch(lambda outputs=outputs: outputs)  # type: ignore[misc]
        if not torch.equal(method.targets, before):
            assert torch.equal(method.targets, -before)
            found.append(epoch)
    assert found == moved


def test_head_has_no_bias(blobs: TrainSet) -> None:
    """Section 14, output layer: no bias, no activation."""
    method = DPN(8, 20, 3).eval()
    names = [name for name, _ in method.head.named_parameters()]
    assert names == ["layers.0.weight", "layers.0.bias", "layers.3.weight"]


def test_targets_of_both_kinds(blobs: TrainSet) -> None:
    """Section 14, targets: far apart by default, drawn bit by bit as a choice; no part of the checkpoint."""
    for kind in ("spread", "bernoulli"):
        method = DPN(64, 20, 3, DPNParams(targets=kind))
        method.before_fit(blobs)
        products = method.targets @ method.targets.T - 64 * torch.eye(3)
        assert bool((products == 0).all()) == (kind == "spread")
        assert not {"targets", "train_labels"} & set(method.state_dict())


def test_picture_shows_hinge_and_ternary_value() -> None:
    """Section 14: max(m - u t, 0), and 0 inside the margin."""
    for frame in DPN.picture().frames:
        plus, minus, value = (torch.tensor(curve.y) for curve in frame.series)
        x, margin = torch.tensor(frame.series[0].x), float(frame.label)
        torch.testing.assert_close(plus, (margin - x).clamp(min=0), atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(minus, (margin + x).clamp(min=0), atol=1e-3, rtol=1e-3)
        assert bool((value[x.abs() < margin - 0.01] == 0).all()) and set(value.tolist()) == {-1.0, 0.0, 1.0}


def test_gradient_by_central_differences_and_bit_flips() -> None:
    """Section 18 of file 1: gradient check off the kinks; flips of a bit in outputs and targets."""
    both = torch.tensor([[True, True], [False, True]])
    u = (U + 0.05).requires_grad_()
    assert torch.autograd.gradcheck(lambda v: polarization(v, TARGETS, both, 1.0).sum(), u)
    flip = torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=torch.float64)
    flipped = polarization(U * flip, TARGETS * flip, both, 1.0)
    torch.testing.assert_close(flipped, polarization(U, TARGETS, both, 1.0))


def test_swapped_codes_cost_more() -> None:
    """Section 18 of file 1, order test."""
    swapped = polarization(TARGETS[[1, 0]], TARGETS, LABELS, 1.0).sum()
    assert float(swapped) > float(polarization(TARGETS, TARGETS, LABELS, 1.0).sum())
