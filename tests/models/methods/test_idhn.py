"""Golden values of methods/1-pairwise-and-multiwise.md, section 9 (IDHN), and laws of section 18."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.losses.quantization import absolute_error
from models.methods.base import Batch
from models.methods.pairwise.idhn import IDHN, idhn_loss, label_similarity, pair_losses

LABELS = torch.tensor([[1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1]], dtype=torch.bool)
ONE_HOT = torch.tensor([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=torch.bool)


def total(z: Tensor, labels: Tensor) -> Tensor:
    similarity = label_similarity(labels, z.dtype)
    return torch.stack(list(idhn_loss(F.softsign(z), similarity, 0.1, 0.1).values())).sum()


def test_similarity_of_the_labels() -> None:
    """Section 9, test 1."""
    expected = torch.eye(4, dtype=torch.float64)
    expected[0, 1] = expected[1, 0] = expected[2, 3] = expected[3, 2] = 0.707107
    expected[0, 2] = expected[2, 0] = 0.5
    torch.testing.assert_close(label_similarity(LABELS, torch.float64), expected, atol=1e-6, rtol=0)


def test_values_of_fixture_t(fixture_t: Tensor) -> None:
    """Section 9, test 1: the fixture is the output before softsign."""
    u = F.softsign(fixture_t)
    losses = pair_losses(u, label_similarity(LABELS, torch.float64), 0.1)
    terms = idhn_loss(u, label_similarity(LABELS, torch.float64), 0.1, 0.1)
    assert float(losses.mean()) == pytest.approx(0.211408, abs=1e-6)
    assert float(terms["pairs"]) == pytest.approx(0.177430, abs=1e-6)
    assert float(absolute_error(u)) == pytest.approx(0.562473, abs=1e-6)
    assert float(terms["quantization"]) == pytest.approx(0.0562473, abs=1e-6)
    assert float(losses.mean() + terms["quantization"]) == pytest.approx(0.267655, abs=1e-6)


@pytest.mark.parametrize("s", [0.3, 0.5, 0.75, 0.9])
def test_soft_target(s: float) -> None:
    """Section 9, test 2, and pitfall (a): zero exactly at p = K (2 s - 1)."""
    n_bits = 8
    for p in (-7.5, -2.0, 0.0, 3.0, 7.0, n_bits * (2 * s - 1)):
        u = torch.ones(2, n_bits, dtype=torch.float64)
        u[1] = p / n_bits
        loss = float(pair_losses(u, torch.full((2, 2), s, dtype=torch.float64), 0.1)[0, 1])
        assert loss == pytest.approx(0.1 * n_bits * ((p / n_bits + 1) / 2 - s) ** 2, abs=1e-12)
        assert (loss < 1e-12) == math.isclose(p, n_bits * (2 * s - 1))


def test_one_label_each_leaves_no_soft_pair(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 9, test 3: gamma changes nothing, and what remains is the likelihood with scale 5 / K."""
    u = F.softsign(fixture_t)
    similarity = label_similarity(ONE_HOT, torch.float64)
    assert torch.equal(similarity, pairs_t.double())
    losses = pair_losses(u, similarity, 0.1)
    assert torch.equal(losses, pair_losses(u, similarity, 7.0))
    x = 5 / 4 * u @ u.T
    torch.testing.assert_close(losses, torch.log1p(torch.exp(x)) - pairs_t.double() * x)


@pytest.mark.parametrize(
    ("s", "hard"), [(0.0, True), (0.009, True), (0.011, False), (0.989, False), (1.0, True)]
)
def test_border_of_hard_and_soft(s: float, hard: bool) -> None:
    """Section 9: hard below 0.01 and above 0.99. Soft pairs, and only they, follow gamma."""
    u, similarity = torch.full((2, 4), 0.5), torch.full((2, 2), s)
    same = torch.equal(pair_losses(u, similarity, 0.1), pair_losses(u, similarity, 0.2))
    assert same == hard


@pytest.mark.parametrize("n_labels", range(1, 26))
def test_equal_label_sets_are_hard_whatever_their_number(n_labels: int) -> None:
    """Rounding of the norms must not leave a pair just below 1."""
    labels = (torch.arange(25) < n_labels).expand(3, 25)
    similarity = label_similarity(labels, torch.float32)
    assert bool((similarity > 0.99).all()) and bool((similarity <= 1).all())


def test_images_without_a_label_are_like_no_other() -> None:
    """Section 9, pitfall (b): 0 / 0 in the formula."""
    labels = torch.cat([LABELS, torch.zeros(2, 3, dtype=torch.bool)])
    similarity = label_similarity(labels, torch.float32)
    assert bool(torch.isfinite(similarity).all()) and not bool(similarity[4:].any())


def test_gradient_by_central_differences(fixture_t: Tensor) -> None:
    """Section 18, check 8."""
    assert torch.autograd.gradcheck(lambda z: total(z, LABELS), (fixture_t.clone().requires_grad_(),))


def test_flip_and_permutation_of_bits(fixture_t: Tensor) -> None:
    """Section 18, check 3."""
    moved = (fixture_t * torch.tensor([1.0, -1.0, 1.0, -1.0]))[:, [3, 1, 0, 2]]
    assert float(total(moved, LABELS)) == pytest.approx(float(total(fixture_t, LABELS)), abs=1e-12)


def test_swapped_codes_cost_more() -> None:
    """Section 18, check 2."""
    good = 9 * torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4])
    assert total(good, ONE_HOT) < total(good[[0, 2, 1, 3]], ONE_HOT)


def test_the_method_squashes_its_outputs(fixture_t: Tensor) -> None:
    """Section 9: softsign; the code is the sign of the output before it."""
    method = IDHN(4, 7, 3)
    terms = method.loss(Batch(torch.zeros(4, 7), fixture_t, LABELS, torch.arange(4)))
    assert float(torch.stack(list(terms.values())).sum()) == pytest.approx(0.177430 + 0.0562473, abs=2e-6)
    assert torch.equal(method.binarize(fixture_t), method.binarize(F.softsign(fixture_t)))


def test_picture_has_its_lowest_points_where_the_target_is() -> None:
    """A pair with s = 0.5 belongs at half of the bits; the ends belong to no label and to all."""
    for frame in IDHN.picture().frames:
        lowest = {curve.name: min(range(17), key=lambda i: curve.y[i]) for curve in frame.series}
        assert lowest["s = 0.5"] == 8 and lowest["s = 0.7"] == 5 and lowest["s = 0.8"] == 3
        assert lowest["no label shared"] == 16 and lowest["same labels"] == 0
