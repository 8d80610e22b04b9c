"""Rules of methods/1-pairwise-and-multiwise.md, section 0.2: stable likelihood, diagonal, empty sets."""

from __future__ import annotations

import math

import pytest
import torch

from models.losses.pairs import (
    masked_mean,
    other_pairs,
    pair_likelihood,
    pair_weights,
    share_label,
    squared_distances,
)


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


def test_both_kinds_of_pairs_weigh_the_same_in_sum() -> None:
    """Section 5, test 2, on classes of unequal size and without the diagonal."""
    classes = torch.tensor([0, 0, 0, 1, 2, 2])
    s = classes[:, None] == classes[None, :]
    mask = other_pairs(6, torch.device("cpu"))
    weights = pair_weights(s, mask)
    # 30 ordered pairs: 3 * 2 + 2 * 1 = 8 are similar, 22 are not.
    assert bool((weights[mask & s] == 30 / 8).all())
    torch.testing.assert_close(weights[mask & ~s], torch.full((22,), 30 / 22))
    assert float(weights[mask & s].sum()) == pytest.approx(float(weights[mask & ~s].sum())) == 30


def test_weights_of_a_batch_against_a_bank() -> None:
    """Only pairs that count are counted; the two sides need not be equally many."""
    s = torch.tensor([[True, False, False], [True, True, False]])
    mask = torch.tensor([[True, True, False], [True, False, True]])
    torch.testing.assert_close(
        pair_weights(s, mask)[mask], torch.tensor([2.0, 2.0, 2.0, 2.0]), msg="two of four are similar"
    )
    mask[0, 2] = True
    torch.testing.assert_close(pair_weights(s, mask)[0], torch.tensor([5 / 2, 5 / 3, 5 / 3]))


@pytest.mark.parametrize("similar", [True, False])
def test_one_kind_alone_weighs_one(similar: bool) -> None:
    """Section 5: where similar or dissimilar pairs are missing, all weigh 1; likewise without any pair."""
    s = torch.full((3, 3), similar) | torch.eye(3, dtype=torch.bool)
    assert bool((pair_weights(s, other_pairs(3, s.device)) == 1).all())
    assert bool((pair_weights(s, torch.zeros(3, 3, dtype=torch.bool)) == 1).all())


def test_squared_distances_equal_the_definition() -> None:
    """Within one set and between two; the constant of the expansion cancels."""
    generator = torch.Generator().manual_seed(0)
    u = torch.randn(7, 5, dtype=torch.float64, generator=generator)
    others = torch.randn(4, 5, dtype=torch.float64, generator=generator)
    torch.testing.assert_close(squared_distances(u), (u[:, None] - u[None, :]).square().sum(dim=2))
    torch.testing.assert_close(
        squared_distances(u, others), (u[:, None] - others[None, :]).square().sum(dim=2)
    )


def test_squared_distances_are_never_negative() -> None:
    """Rounding could make the distance of equal long rows negative; a margin would then be missed."""
    u = 1e3 * torch.randn(1, 64, generator=torch.Generator().manual_seed(1)).repeat(50, 1)
    u = u + 1e-3 * torch.randn(50, 64, generator=torch.Generator().manual_seed(2))
    squares = u.square().sum(dim=1)
    assert float((squares[:, None] + squares[None, :] - 2 * u @ u.T).min()) < 0, "the case is not tested"
    assert float(squared_distances(u).min()) >= 0


def test_gradient_of_squared_distances_reaches_both_sides() -> None:
    u = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    others = torch.randn(2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert torch.autograd.gradcheck(squared_distances, (u, others.requires_grad_()))
