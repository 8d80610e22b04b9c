"""Golden values of methods/1-pairwise-and-multiwise.md, section 12 (LCDSH), and laws of section 18."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.methods.pairwise.lcdsh import LCDSH, lcdsh_loss, locality_gaps


def total(u: Tensor, s: Tensor, weight: float = 3.0) -> Tensor:
    return torch.stack(list(lcdsh_loss(u, s, weight).values())).sum()


def test_terms_of_fixture_t(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 12, tests: both terms over pairs of two images, and their sum for lambda = 3."""
    terms = lcdsh_loss(fixture_t, pairs_t, 1.0)
    assert float(terms["likelihood"]) == pytest.approx(0.330652, abs=1e-5)
    assert float(terms["locality"]) == pytest.approx(0.008324, abs=1e-6)
    assert float(total(fixture_t, pairs_t)) == pytest.approx(0.355625, abs=1e-5)


def test_likelihood_is_the_signed_softplus(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 12: mean of softplus(-s' theta) with s' = +1 or -1, written out pair by pair."""
    theta = 0.5 * fixture_t @ fixture_t.T
    signed = torch.where(pairs_t, 1.0, -1.0)
    values = torch.log1p(torch.exp(-signed * theta))
    expected = (values.sum() - values.diagonal().sum()) / 12
    assert float(lcdsh_loss(fixture_t, pairs_t, 1.0)["likelihood"]) == pytest.approx(float(expected))


def test_bits_are_not_changed_by_rounding(fixture_t: Tensor) -> None:
    """Section 12, tests: the second term is 0 when u = b."""
    assert float(locality_gaps(binarize(fixture_t)).abs().max()) == 0
    assert float(locality_gaps(fixture_t)[0, 1]) > 0


def test_symmetric(fixture_t: Tensor) -> None:
    """Section 12, tests."""
    gaps = locality_gaps(fixture_t)
    torch.testing.assert_close(gaps, gaps.T)


def test_bits_are_constants_in_the_backward_pass(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 12, and section 18, check 8: central differences, which do not move a sign, agree."""
    u = fixture_t.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda v: total(v, pairs_t), (u,))


def test_large_products_keep_their_gradient() -> None:
    """Section 12, pitfall: a clamp at 50 would stop it; dissimilar outputs with theta = 200 part."""
    u = torch.full((2, 16), 5.0, requires_grad=True)
    lcdsh_loss(u, torch.eye(2, dtype=torch.bool), 3.0)["likelihood"].backward()
    assert u.grad is not None and float(u.grad.min()) == pytest.approx(2.5)


def test_flip_and_permutation_of_bits(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 3."""
    moved = (fixture_t * torch.tensor([1.0, -1.0, 1.0, -1.0]))[:, [3, 1, 0, 2]]
    assert float(total(moved, pairs_t)) == pytest.approx(float(total(fixture_t, pairs_t)), abs=1e-12)


def test_swapped_codes_cost_more(pairs_t: Tensor) -> None:
    """Section 18, check 2."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4])
    assert total(good, pairs_t) < total(good[[0, 2, 1, 3]], pairs_t)


def test_zero_is_rounded_up() -> None:
    """Section 0.1: sgn(0) = +1, so outputs of 0 stand for equal codes, whose probability is sigma(4 / 2)."""
    expected = (0.5 - torch.sigmoid(torch.tensor(2.0))) ** 2
    assert float(locality_gaps(torch.zeros(2, 4))[0, 1]) == pytest.approx(float(expected))


def test_picture_is_zero_where_outputs_are_bits() -> None:
    for frame in LCDSH.picture().frames:
        for curve in frame.series:
            at_one = min(range(len(curve.x)), key=lambda i: abs(curve.x[i] - 1))
            assert curve.y[at_one] == pytest.approx(0, abs=1e-4) and max(curve.y) > 1e-3
