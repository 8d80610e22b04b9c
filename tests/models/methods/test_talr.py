"""Golden values of methods/2-implicit-and-classification.md, section 3 (TALR), for average precision."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.losses.histogram import relaxed_hamming
from models.losses.ranking import relaxed_ap
from models.methods.base import Batch
from models.methods.implicit.talr import TALR, bins_of, talr_loss

PERFECT = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4], dtype=torch.float64)
SOFT = torch.tensor(
    [[0.8, 0.6, 0.4, 0.2], [0.6, 0.8, 0.2, 0.4], [-0.5, -0.5, 0.5, 0.5], [-0.8, -0.2, -0.6, 0.4]],
    dtype=torch.float64,
)
OTHERS = ~torch.eye(4, dtype=torch.bool)


def test_perfect_codes(pairs_t: Tensor) -> None:
    """Section 3, test b: AP is 1 for all images."""
    found = relaxed_ap(relaxed_hamming(PERFECT), pairs_t, OTHERS, 4, 4.0)
    torch.testing.assert_close(found, torch.ones(4, dtype=torch.float64))


def test_soft_codes(pairs_t: Tensor) -> None:
    """Section 3, test c: four bins."""
    found = relaxed_ap(relaxed_hamming(SOFT), pairs_t, OTHERS, 4, 4.0)
    expected = torch.tensor([0.848821, 0.837438, 0.663158, 0.711628], dtype=torch.float64)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    assert float(talr_loss(SOFT, pairs_t, 4)) == pytest.approx(-0.7652612, abs=1e-7)


def test_gradient_by_central_differences(pairs_t: Tensor) -> None:
    """Section 3, test d: away from bin centres."""
    h = SOFT.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: talr_loss(x, pairs_t, 4), h)


@pytest.mark.parametrize(("n_bits", "n_bins"), [(8, 8), (12, 12), (24, 24), (32, 16), (48, 24), (64, 32)])
def test_bins(n_bits: int, n_bins: int) -> None:
    """Section 3, settings: half the bits from 32 on, all of them below; pitfall 1: defined at 12 and 24."""
    assert bins_of(n_bits, 0.5) == n_bins


def test_squashing_has_the_half(pairs_t: Tensor) -> None:
    """Section 3, output layer and pitfall 6: h = tanh(u / 2)."""
    u = 2 * torch.atanh(SOFT)
    labels = torch.tensor([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=torch.bool)
    loss = TALR(4, 4, 2).loss(Batch(u, u, labels, torch.arange(4)))["average_precision"]
    assert float(loss) == pytest.approx(-0.7652612, abs=1e-7), "four bins at four bits"


def test_the_diagonal_is_not_read(pairs_t: Tensor) -> None:
    """An image is no part of its own ranking, labelled or not."""
    assert talr_loss(SOFT, pairs_t & OTHERS, 4) == talr_loss(SOFT, pairs_t, 4)


def test_bit_flips_and_permutations_change_nothing(pairs_t: Tensor) -> None:
    """Section 18 of methods/1, check 3."""
    expected = pytest.approx(float(talr_loss(SOFT, pairs_t, 4)), abs=1e-12)
    flip = torch.tensor([1.0, -1, -1, 1], dtype=torch.float64)
    assert float(talr_loss(SOFT * flip, pairs_t, 4)) == expected
    assert float(talr_loss(SOFT[:, [2, 0, 3, 1]], pairs_t, 4)) == expected


def test_swapped_codes_cost_more(pairs_t: Tensor) -> None:
    """Section 18 of methods/1, check 2."""
    assert talr_loss(PERFECT, pairs_t, 4) < talr_loss(PERFECT[[0, 2, 1, 3]], pairs_t, 4) - 0.3


def test_picture_is_flat_at_both_ends_and_rises_between() -> None:
    """The crowd in front of the similar images, and far behind them: no slope with fine bins."""
    curve = TALR.picture().frames[0].series[0].y
    assert curve[0] == curve[2] and curve[-1] == curve[-5] == 1
    assert list(curve) == sorted(curve) and curve[-1] - curve[0] > 0.5
