"""Rules of methods/1-pairwise-and-multiwise.md, section 0.2: stable likelihood, diagonal, empty sets."""

from __future__ import annotations

import math

import pytest
import torch

from models.losses.pairs import masked_mean, other_pairs, pair_likelihood, share_label


def test_likelihood_equals_the_textbook_form() -> None:
    """Section 0.2, rule 1; soft similarities too, which IDHN has."""
    theta = torch.linspace(-20, 20, 41, dtype=torch.float64)
    for s in (0.0, 0.3, 1.0):
        expected = torch.log1p(torch.exp(theta)) - s * theta
        torch.testing.assert_close(pair_likelihood(theta, torch.full_like(theta, s)), expected)


@pytest.mark.parametrize("theta", [-1e10, -1e4, 89.0, 1e4, 1e10])
def test_finite_with_the_right_gradient_far_out(theta: float) -> None:
    """Section 0.2, rule 1 and section 3, test 4: sigma(theta) - s, in float32."""
    for s in (0.0, 1.0):
        x = torch.tensor(theta, requires_grad=True)
        value = pair_likelihood(x, torch.tensor(s))
        value.backward()
        assert math.isfinite(value.item()) and x.grad is not None
        assert x.grad.item() == pytest.approx((1.0 if theta > 0 else 0.0) - s)


def test_gradient_falls_exactly_for_similar_pairs() -> None:
    """Section 3, test 3."""
    for s, sign in ((1.0, -1), (0.0, 1)):
        theta = torch.linspace(-5, 5, 11, requires_grad=True)
        pair_likelihood(theta, torch.full((11,), s)).sum().backward()
        assert theta.grad is not None and bool((theta.grad.sign() == sign).all())


def test_sharing_one_label_is_enough() -> None:
    labels = torch.tensor([[1, 1, 0], [0, 1, 1], [1, 0, 0], [0, 0, 0]], dtype=torch.bool)
    expected = [
        [True, True, True, False],
        [True, True, False, False],
        [True, False, True, False],
        [False] * 4,
    ]
    assert share_label(labels).tolist() == expected


def test_pairs_are_ordered_and_of_two_images() -> None:
    assert other_pairs(4, torch.device("cpu")).sum() == 12


def test_mean_of_nothing_is_zero_and_connected() -> None:
    """Section 0.1: a mean over an empty set is 0, still connected to the graph."""
    values = torch.tensor([[1.0, math.inf]], requires_grad=True)
    mean = masked_mean(values, torch.zeros(1, 2, dtype=torch.bool))
    mean.backward()
    assert mean.item() == 0 and values.grad is not None and values.grad.tolist() == [[0.0, 0.0]]
