"""Golden values of methods/1-pairwise-and-multiwise.md, section 11 (DBDH), and laws of section 18."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.losses.quantization import straight_through_sign
from models.methods.base import Batch, make_params
from models.methods.pairwise.dbdh import DBDH, DBDHParams, balance_term, dbdh_loss

TWO_CLASSES = torch.tensor([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=torch.bool)


def method_of(**params: object) -> DBDH:
    return DBDH(4, 7, 2, make_params(DBDHParams, params))


def terms_of(z: Tensor, **params: object) -> dict[str, Tensor]:
    params = {"equal_weight": False, "clip": False} | params
    return method_of(**params).loss(Batch(torch.zeros(4, 7), z, TWO_CLASSES, torch.arange(4)))


def test_likelihood_of_fixture_t(fixture_t: Tensor) -> None:
    """Section 11, test 1: the fixture is z, all terms are computed on its bits."""
    assert float(terms_of(fixture_t)["likelihood"]) == pytest.approx(0.251150, abs=1e-5)


@pytest.mark.parametrize(
    ("balance", "expected"), [("bits", 0.0), ("images_squared", 0.125), ("images_absolute", 0.25)]
)
def test_balance_of_fixture_t(fixture_t: Tensor, balance: str, expected: float) -> None:
    """Section 11, test 1."""
    assert float(balance_term(binarize(fixture_t), balance)) == pytest.approx(expected, abs=1e-12)
    assert float(terms_of(fixture_t, balance=balance, alpha=2.0)["balance"]) == pytest.approx(2 * expected)


def test_only_the_sign_counts_but_the_gradient_is_there(fixture_t: Tensor) -> None:
    """Section 11, test 2: sizes change neither value nor gradient; the gradient is that with respect to b."""
    z = fixture_t.clone().requires_grad_()
    longer = (fixture_t * torch.tensor([0.01, 3.0, 50.0, 1.0])).requires_grad_()
    b = binarize(fixture_t).requires_grad_()
    losses = [torch.stack(list(terms_of(x, balance="images_squared").values())).sum() for x in (z, longer, b)]
    assert losses[0].item() == losses[1].item() == losses[2].item()
    gradients = [torch.autograd.grad(loss, x)[0] for loss, x in zip(losses, (z, longer, b), strict=True)]
    assert bool((gradients[0] != 0).any())
    assert torch.equal(gradients[0], gradients[1]) and torch.equal(gradients[0], gradients[2])


@pytest.mark.parametrize("n_ones", range(7))
def test_balance_is_zero_exactly_for_half_of_the_batch(n_ones: int) -> None:
    """Section 11, test 3."""
    b = torch.where(torch.arange(6)[:, None] < n_ones, 1.0, -1.0).expand(6, 4)
    assert (float(balance_term(b, "bits")) == 0) == (n_ones == 3)


def test_equal_weight_lets_both_kinds_of_pairs_count_the_same(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 11 with the weights of section 5 (c = 1): 12 / 4 for similar, 12 / 8 for dissimilar pairs."""
    b = binarize(fixture_t)
    x = 0.5 * b @ b.T
    values = torch.log1p(torch.exp(x)) - pairs_t.double() * x
    weights = torch.where(pairs_t, 3.0, 1.5).double() * (1 - torch.eye(4, dtype=torch.float64))
    weighted = dbdh_loss(b, pairs_t, 0.1, equal_weight=True)["likelihood"]
    assert float(weighted) == pytest.approx(float((weights * values).sum() / 12))
    assert float(terms_of(fixture_t, equal_weight=True)["likelihood"]) == pytest.approx(float(weighted))
    assert float(weighted) != pytest.approx(float(dbdh_loss(b, pairs_t, 0.1)["likelihood"]), abs=1e-3)


@pytest.mark.parametrize("balance", ["bits", "images_squared"])
@pytest.mark.parametrize("equal_weight", [False, True])
def test_gradient_by_central_differences(
    fixture_t: Tensor, pairs_t: Tensor, balance: str, equal_weight: bool
) -> None:
    """Section 18, check 8, with respect to what stands for the bits."""

    def total(b: Tensor) -> Tensor:
        return torch.stack(
            list(dbdh_loss(b, pairs_t, 0.3, balance, equal_weight=equal_weight).values())
        ).sum()

    assert torch.autograd.gradcheck(total, (fixture_t.clone().requires_grad_(),))


def test_flip_and_permutation_of_bits(fixture_t: Tensor) -> None:
    """Section 18, check 3, with its one exception: balance within images changes under a flip."""
    signs, order = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64), [3, 1, 0, 2]
    z = fixture_t.clone()
    z[0] = z[0].abs()  # the fixture's own bits are even, and would be after any flip
    moved = (z * signs)[:, order]
    for name, value in terms_of(z).items():
        assert float(terms_of(moved)[name]) == pytest.approx(float(value))
    assert float(terms_of(z)["balance"]) > 0
    per_image = [float(terms_of(x, balance="images_squared")["balance"]) for x in (z, z[:, order], moved)]
    assert per_image[0] == pytest.approx(per_image[1]) and per_image[0] != pytest.approx(per_image[2])


def test_swapped_codes_cost_more(pairs_t: Tensor) -> None:
    """Section 18, check 2."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4])
    for equal_weight in (False, True):
        kept, swapped = (
            dbdh_loss(b, pairs_t, 0.1, equal_weight=equal_weight)["likelihood"]
            for b in (good, good[[0, 2, 1, 3]])
        )
        assert kept < swapped


def test_clip_stops_the_gradient_beyond_one(fixture_t: Tensor) -> None:
    """Section 11: the identity, masked to |z| <= 1; the value stays."""
    gradients = {}
    for clip in (False, True):
        z = fixture_t.clone().requires_grad_()
        terms_of(z, clip=clip)["likelihood"].backward()
        assert z.grad is not None
        gradients[clip] = z.grad
    assert torch.equal(gradients[True], torch.where(fixture_t.abs() <= 1, gradients[False], 0.0))
    assert not torch.equal(gradients[True], gradients[False])


def test_outputs_start_large_enough_to_keep_their_signs() -> None:
    """Section 11, pitfall: signs of tiny outputs flip at random."""
    torch.manual_seed(0)
    method = DBDH(32, 230, 4).eval()
    sizes = method(torch.randn(200, 230)).abs().mean()
    assert 0.4 < sizes.item() < 1.2


def test_one_step_along_the_gradient_turns_a_wrong_bit(pairs_t: Tensor) -> None:
    """Section 11: the push on a bit whose image disagrees with its class points across 0."""
    z = 0.1 * torch.tensor([[1.0] * 4, [1.0, 1, 1, -1], [-1.0] * 4, [-1.0] * 4])
    z.requires_grad_()
    dbdh_loss(straight_through_sign(z), pairs_t, 0.0)["likelihood"].backward()
    assert z.grad is not None and float(z.grad[1, 3]) < 0


def test_picture_shows_a_step_and_a_push_on_both_sides() -> None:
    for frame in DBDH.picture().frames:
        loss, push = frame.series
        assert len(set(loss.y)) == 2 and loss.y[0] > loss.y[-1] and min(push.y) > 0
