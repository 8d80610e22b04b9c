"""Golden values of methods/1-pairwise-and-multiwise.md, section 4 (DHN), and laws of section 18."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from models.losses.quantization import log_cosh_error
from models.methods.base import Batch
from models.methods.pairwise.dhn import DHN, DHNParams, dhn_loss


def likelihood(u: Tensor, s: Tensor, scale: float) -> float:
    return dhn_loss(u, s, scale, 0.0)["likelihood"].item()


def test_likelihood(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 4, test 1; with a = 1/2 it is DPSH's (section 18, check 1)."""
    assert likelihood(fixture_t, pairs_t, 1.0) == pytest.approx(0.165393, abs=1e-5)
    assert likelihood(fixture_t, pairs_t, 0.5) == pytest.approx(0.330652, abs=1e-5)


def test_quantization_and_total(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 4, test 1: 0.221607 per image is 4 times the mean over bits; 0.187554 weighs that."""
    terms = dhn_loss(fixture_t, pairs_t, 1.0, 1.0)
    per_image = 4 * terms["quantization"].item()
    assert per_image == pytest.approx(0.221607, abs=1e-5)
    assert terms["likelihood"].item() + 0.1 * per_image == pytest.approx(0.187554, abs=1e-5)


def test_quantizer_is_zero_at_bits_and_even() -> None:
    """Section 4, test 2."""
    for bit in (-1.0, 1.0):
        assert log_cosh_error(torch.tensor([bit], dtype=torch.float64)).item() == pytest.approx(0, abs=1e-15)
    for x in (0.0, 0.3, 0.999, 1.001, 4.0):
        value = log_cosh_error(torch.tensor([x], dtype=torch.float64)).item()
        assert value > 1e-8
        assert log_cosh_error(torch.tensor([-x], dtype=torch.float64)).item() == value


def test_slope_of_the_quantizer_is_bounded() -> None:
    """Section 4, test 2: it is tanh(|u| - 1), up to sign, so never above 1."""
    u = torch.linspace(-50, 50, 1001, dtype=torch.float64, requires_grad=True)
    (log_cosh_error(u) * 1001).backward()
    assert u.grad is not None and float(u.grad.abs().max()) <= 1
    away = u.detach().abs() > 1e-9  # the kink at 0
    expected = torch.tanh(u.detach().abs() - 1) * u.detach().sign()
    torch.testing.assert_close(u.grad[away], expected[away], atol=1e-12, rtol=0)


def test_log_cosh_is_near_the_absolute_value() -> None:
    """Section 4, test 3: |log cosh x - |x|| <= log 2, also where cosh overflows."""
    for x in (0.0, 1e-3, 0.5, 2.0, 30.0, 1e4):
        value = log_cosh_error(torch.tensor([1 + x])).item()
        assert abs(value - x) <= math.log(2) + 1e-6 * max(1, x)
    textbook = math.log(math.cosh(0.7))
    assert log_cosh_error(torch.tensor([1.7], dtype=torch.float64)).item() == pytest.approx(textbook)


def test_outputs_are_squashed_first(fixture_t: Tensor) -> None:
    """Section 4, output: u = tanh(z), with the method's own weights."""
    labels = torch.tensor([[True, False], [True, False], [False, True], [False, True]])
    method = DHN(4, 5, 2, DHNParams(scale=1.0, weight=0.7))
    found = method.loss(Batch(torch.zeros(4, 5), fixture_t, labels, torch.arange(4)))
    s = torch.tensor([0, 0, 1, 1])[:, None] == torch.tensor([0, 0, 1, 1])[None, :]
    expected = dhn_loss(torch.tanh(fixture_t), s, 1.0, 0.7)
    assert {k: v.item() for k, v in found.items()} == {k: v.item() for k, v in expected.items()}


def test_gradient_by_central_differences(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 8."""

    def loss(u: Tensor) -> Tensor:
        return torch.stack(list(dhn_loss(torch.tanh(u), pairs_t, 0.5, 0.3).values())).sum()

    assert torch.autograd.gradcheck(loss, fixture_t.clone().requires_grad_())


def test_swapped_codes_cost_more(pairs_t: Tensor) -> None:
    """Section 18, check 2."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4])
    assert likelihood(good, pairs_t, 0.5) < likelihood(good[[0, 2, 1, 3]], pairs_t, 0.5)


def test_flip_and_permutation_of_bits_change_nothing(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 3."""
    expected = {k: v.item() for k, v in dhn_loss(fixture_t, pairs_t, 0.5, 0.1).items()}
    flip = torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float64)
    for other in (fixture_t * flip, fixture_t[:, [2, 0, 3, 1]]):
        found = {k: v.item() for k, v in dhn_loss(other, pairs_t, 0.5, 0.1).items()}
        assert found == pytest.approx(expected, abs=1e-12)


def test_the_picture_peaks_at_the_bits() -> None:
    picture = DHN.picture()
    for frame in picture.frames:
        for curve in frame.series:
            peaks = [x for x, y in zip(curve.x, curve.y, strict=True) if y == max(curve.y)]
            assert peaks == [-1.0, 1.0]
