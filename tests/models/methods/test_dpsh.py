"""Golden values of methods/1-pairwise-and-multiwise.md, section 3 (DPSH), and laws of section 18."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.losses.pairs import half_inner_products, pair_likelihood
from models.methods.pairwise.dpsh import dpsh_loss


def likelihood(u: Tensor, s: Tensor) -> float:
    return float(dpsh_loss(u, s, 0.0)["likelihood"])


def test_likelihood_of_other_pairs(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 3, test 1: pairs of two different images, relaxed codes and bits."""
    assert likelihood(fixture_t, pairs_t) == pytest.approx(0.330652, abs=1e-5)
    assert likelihood(binarize(fixture_t), pairs_t) == pytest.approx(0.251150, abs=1e-5)


def test_the_diagonal_would_show(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 3, test 1: the mean over all 16 pairs is another number."""
    all_pairs = pair_likelihood(half_inner_products(fixture_t), pairs_t).mean()
    assert float(all_pairs) == pytest.approx(0.298967, abs=1e-5)


def test_quantization_is_an_element_mean(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 3, test 1: 0.4675 per image is 4 bits times the element mean; 0.377402 weighs it per image."""
    terms = dpsh_loss(fixture_t, pairs_t, eta=1.0)
    per_image = 4 * float(terms["quantization"])
    assert per_image == pytest.approx(0.4675, abs=1e-9)
    assert float(terms["likelihood"]) + 0.1 * per_image == pytest.approx(0.377402, abs=1e-5)


def test_gradient_of_the_first_image(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 3, test 2."""
    u = fixture_t.clone().requires_grad_()
    dpsh_loss(u, pairs_t, 0.0)["likelihood"].backward()
    assert u.grad is not None
    expected = torch.tensor([-0.058579, 0.057918, -0.038301, 0.014234], dtype=torch.float64)
    torch.testing.assert_close(u.grad[0], expected, atol=1e-6, rtol=0)


def test_the_bit_is_a_constant_in_the_backward_pass(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 3: the gradient of the quantization term is 2 eta (u - b), here over 16 elements."""
    u = fixture_t.clone().requires_grad_()
    dpsh_loss(u, pairs_t, eta=0.7)["quantization"].backward()
    torch.testing.assert_close(u.grad, 0.7 * 2 * (fixture_t - binarize(fixture_t)) / 16)


def test_invariant_to_rotation_and_bit_flip(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 3, test 3."""
    rotation = torch.linalg.qr(
        torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    ).Q
    flip = torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float64)
    expected = pytest.approx(likelihood(fixture_t, pairs_t), abs=1e-12)
    assert likelihood(fixture_t @ rotation, pairs_t) == expected
    assert likelihood(fixture_t * flip, pairs_t) == expected


def test_swapped_codes_cost_more(pairs_t: Tensor) -> None:
    """Section 18, check 2: antipodal codes per class beat the same codes after a swap of images."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4])
    assert likelihood(good, pairs_t) < likelihood(good[[0, 2, 1, 3]], pairs_t)
