"""Quantizers of methods/1-pairwise-and-multiwise.md, sections 3 and 4."""

from __future__ import annotations

import math

import pytest
import torch

from models.losses.quantization import (
    absolute_error,
    log_cosh_error,
    squared_error,
    straight_through_sign,
)

FIXTURE_T = torch.tensor(
    [[1.2, -0.8, 0.5, 1.0], [0.9, -1.1, 0.7, -0.2], [-1.0, 0.6, -0.4, 0.8], [-0.7, 1.3, -0.9, -1.2]],
    dtype=torch.float64,
)


def test_squared_error_of_fixture_t() -> None:
    """Section 0.4: the sum over images and bits is 1.87."""
    assert float(squared_error(FIXTURE_T)) == pytest.approx(1.87 / 16)


def test_zero_is_one_away_from_its_bit() -> None:
    """Section 0.1: sgn(0) = +1; a library sign would see no error here."""
    assert float(squared_error(torch.zeros(2, 3))) == 1


def test_log_cosh_of_fixture_t() -> None:
    """Section 4, test 1: 0.221607 per image is 4 bits times the element mean."""
    assert 4 * float(log_cosh_error(FIXTURE_T)) == pytest.approx(0.221607, abs=1e-6)


def test_log_cosh_laws() -> None:
    """Section 4, tests 2 and 3: zero at |u| = 1, even, slope at most 1, within log 2 of | |u| - 1 |."""
    assert float(log_cosh_error(torch.tensor([1.0, -1.0]))) == pytest.approx(0, abs=1e-6)
    for value in (0.0, 0.4, 3.0, 1e4):
        u = torch.tensor([value], dtype=torch.float64, requires_grad=True)
        error = log_cosh_error(u)
        error.backward()
        assert error.item() == pytest.approx(log_cosh_error(-u).item())
        assert abs(error.item() - abs(value - 1)) <= math.log(2) + 1e-6
        assert u.grad is not None and abs(u.grad.item()) <= 1


def test_absolute_error_of_fixture_t() -> None:
    """By hand: |u| is off 1 by .2 .2 .5 0, .1 .1 .3 .8, 0 .4 .6 .2, .3 .3 .1 .2: 4.3."""
    assert float(absolute_error(FIXTURE_T)) == pytest.approx(4.3 / 16)


def test_absolute_error_laws() -> None:
    """Zero exactly at |h| = 1, even, slope of size 1."""
    assert float(absolute_error(torch.tensor([1.0, -1.0]))) == 0
    for value, slope in ((0.4, -1.0), (-0.4, 1.0), (3.0, 1.0), (-3.0, -1.0)):
        h = torch.tensor([value], requires_grad=True)
        error = absolute_error(h)
        error.backward()
        assert error.item() == pytest.approx(abs(abs(value) - 1))
        assert h.grad is not None and h.grad.item() == slope


def test_straight_through_sign() -> None:
    """Section 11: forward the sign (0 gives +1), backward the identity, whatever the size of u."""
    u = torch.tensor([[0.0, -0.3, 1e4], [-0.0, 2.0, -1e-6]], requires_grad=True)
    b = straight_through_sign(u)
    assert b.tolist() == [[1, -1, 1], [1, 1, -1]]
    weights = torch.arange(6.0).reshape(2, 3)
    (b * weights).sum().backward()
    assert u.grad is not None and torch.equal(u.grad, weights)


def test_straight_through_sign_is_exact_far_out() -> None:
    """Section 11, test 2: the value depends on the sign only; u + (b - u) would be off by rounding."""
    u = 1e4 * torch.randn(1000, generator=torch.Generator().manual_seed(0))
    for clip in (False, True):
        assert set(straight_through_sign(u, clip=clip).tolist()) == {-1.0, 1.0}


def test_clipped_straight_through_sign_stops_beyond_one() -> None:
    """Section 11: the identity, masked to |z| <= 1."""
    u = torch.tensor([-7.0, -1.0, -0.2, 0.0, 1.0, 1.01], requires_grad=True)
    b = straight_through_sign(u, clip=True)
    assert b.tolist() == [-1, -1, -1, 1, 1, 1]
    b.sum().backward()
    assert u.grad is not None and u.grad.tolist() == [0, 1, 1, 1, 1, 0]
