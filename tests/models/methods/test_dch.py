"""Golden values of methods/1-pairwise-and-multiwise.md, section 7 (DCH), and laws of section 18."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.methods.base import Batch
from models.methods.pairwise.dch import DCH, DCHParams, cauchy_likelihood, cosine_distances, dch_loss


def terms(u: Tensor, s: Tensor, gamma: float = 20.0) -> dict[str, float]:
    """Unweighted terms (lambda = 1)."""
    return {name: value.item() for name, value in dch_loss(u, s, gamma, 1.0).items()}


def test_loss_of_the_fixture(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 7, test 1: no tanh, weights 3 and 1.5, for gamma 20 and 2."""
    expected = {"likelihood": 1.971275, "quantization": 0.005144}
    assert terms(fixture_t, pairs_t, 20.0) == pytest.approx(expected, abs=1e-5)
    expected = {"likelihood": 0.853125, "quantization": 0.050047}
    assert terms(fixture_t, pairs_t, 2.0) == pytest.approx(expected, abs=1e-5)


def test_distances_of_the_fixture(fixture_t: Tensor) -> None:
    """Section 7, test 1."""
    d = cosine_distances(fixture_t, fixture_t)
    assert d[0, 1].item() == pytest.approx(0.551828, abs=1e-5)
    assert d[0, 2].item() == pytest.approx(2.805387, abs=1e-5)


def test_distance_of_bits_is_hamming(fixture_t: Tensor) -> None:
    """Section 7: the continuous distance at codes of +-1."""
    b = binarize(fixture_t)
    hamming = (b[:, None] != b[None, :]).sum(dim=2).to(b.dtype)
    torch.testing.assert_close(cosine_distances(b, b), hamming)


def test_lengths_of_outputs_do_not_matter(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 7, test 2 and section 18, check 4: every row scaled by its own factor."""
    factors = torch.tensor([[0.01], [3.0], [1.0], [700.0]], dtype=torch.float64)
    scaled = factors * fixture_t
    torch.testing.assert_close(
        cosine_distances(scaled, scaled), cosine_distances(fixture_t, fixture_t), atol=1e-12, rtol=0
    )
    assert terms(scaled, pairs_t) == pytest.approx(terms(fixture_t, pairs_t), abs=1e-12)


def test_both_branches_cross_at_gamma() -> None:
    """Section 7, test 3: log 2 at d = gamma."""
    d = torch.tensor([6.4, 6.4], dtype=torch.float64)
    found = cauchy_likelihood(d, torch.tensor([True, False]), 6.4)
    assert found.tolist() == pytest.approx([math.log(2)] * 2, abs=1e-12)


def test_the_two_branches_are_probabilities() -> None:
    """Section 7: p(similar) = gamma / (gamma + d), and the two sum to 1."""
    d = torch.tensor([0.1, 1.0, 5.0, 30.0], dtype=torch.float64)
    similar = torch.exp(-cauchy_likelihood(d, torch.ones(4, dtype=torch.bool), 3.0))
    dissimilar = torch.exp(-cauchy_likelihood(d, torch.zeros(4, dtype=torch.bool), 3.0))
    torch.testing.assert_close(similar, 3.0 / (3.0 + d))
    torch.testing.assert_close(similar + dissimilar, torch.ones_like(d))


def test_gradients_in_the_distance() -> None:
    """Section 7, gradients: 1 / (d + gamma), largest at 0, and -gamma / (d (d + gamma))."""
    gamma = 4.0
    d = torch.tensor([0.0, 0.5, 2.0, 9.0], dtype=torch.float64, requires_grad=True)
    (similar,) = torch.autograd.grad(cauchy_likelihood(d, torch.ones(4, dtype=torch.bool), gamma).sum(), d)
    torch.testing.assert_close(similar, 1 / (d.detach() + gamma))
    assert similar.argmax() == 0
    (dissimilar,) = torch.autograd.grad(
        cauchy_likelihood(d, torch.zeros(4, dtype=torch.bool), gamma).sum(), d
    )
    away = d.detach()[1:]
    torch.testing.assert_close(dissimilar[1:], -gamma / (away * (away + gamma)))


def test_small_distances_keep_their_digits() -> None:
    """Section 7, stable form: 5e-11 at d = 1e-9, gamma = 20 in float32; the textbook form gives 0."""
    found = cauchy_likelihood(torch.tensor([1e-9]), torch.tensor([True]), 20.0)
    assert found.item() == pytest.approx(5e-11, rel=1e-5)


def test_identical_and_zero_rows(pairs_t: Tensor) -> None:
    """Section 7, test 4: finite value and gradient, in float32."""
    zero, same = torch.zeros(4, 16), torch.full((4, 16), 0.3)
    mixed = torch.cat([torch.zeros(2, 16), same[:2]])
    for rows in (zero, same, mixed):
        u = rows.clone().requires_grad_()
        found = torch.stack(list(dch_loss(u, pairs_t, 6.4, 0.1).values())).sum()
        found.backward()
        assert math.isfinite(found.item()) and u.grad is not None and bool(torch.isfinite(u.grad).all())


def test_near_pairs_still_have_a_gradient() -> None:
    """Section 7, pitfall (d): a pair nearer than 0.005 K bits is drawn closer all the same."""
    u = torch.ones(2, 16, dtype=torch.float64)
    u[1, 0] = 0.9
    assert float(cosine_distances(u, u)[0, 1]) < 0.005 * 16
    u.requires_grad_()
    dch_loss(u, torch.ones(2, 2, dtype=torch.bool), 6.4, 0.0)["likelihood"].backward()
    assert u.grad is not None and float(u.grad[1, 0]) < -1e-4


def test_quantization_is_zero_in_the_corner_direction(pairs_t: Tensor) -> None:
    """Section 7, regulariser: |u| along (1, ..., 1) costs nothing at any length."""
    corners = 0.2 * torch.tensor([[1, 1, -1, 1], [1, -1, 1, 1], [-1] * 4, [1] * 4], dtype=torch.float64)
    assert terms(corners, pairs_t)["quantization"] == pytest.approx(0, abs=1e-12)


def test_gamma_grows_with_the_code(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 7, defaults: gamma = 0.4 K; outputs are squashed first."""
    labels = torch.tensor([[True, False], [True, False], [False, True], [False, True]])
    for share, gamma in ((0.4, 1.6), (1.0, 4.0)):
        method = DCH(4, 5, 2, DCHParams(gamma_share=share, weight=0.7))
        found = method.loss(Batch(torch.zeros(4, 5), fixture_t, labels, torch.arange(4)))
        expected = dch_loss(torch.tanh(fixture_t), pairs_t, gamma, 0.7)
        assert {k: v.item() for k, v in found.items()} == pytest.approx(
            {k: v.item() for k, v in expected.items()}
        )


def test_gradient_by_central_differences(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 8."""

    def loss(u: Tensor) -> Tensor:
        return torch.stack(list(dch_loss(torch.tanh(u), pairs_t, 1.6, 0.3).values())).sum()

    assert torch.autograd.gradcheck(loss, fixture_t.clone().requires_grad_())


def test_swapped_codes_cost_more(pairs_t: Tensor) -> None:
    """Section 18, check 2."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4])
    assert terms(good, pairs_t)["likelihood"] < terms(good[[0, 2, 1, 3]], pairs_t)["likelihood"]


def test_flip_and_permutation_of_bits_change_nothing(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 3."""
    flip = torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float64)
    for other in (fixture_t * flip, fixture_t[:, [2, 0, 3, 1]]):
        assert terms(other, pairs_t) == pytest.approx(terms(fixture_t, pairs_t), abs=1e-12)


def test_the_picture_sets_cauchy_beside_logistic() -> None:
    """Near 0 only the Cauchy curve of a similar pair is steep; its two curves cross at gamma."""
    picture = DCH.picture()
    frame = picture.frames[picture.start]
    curves = {curve.name: curve for curve in frame.series}
    cauchy, logistic = curves["Cauchy, similar pair"], curves["logistic, similar pair"]
    assert cauchy.y[1] - cauchy.y[0] > 20 * (logistic.y[1] - logistic.y[0])
    assert frame.label == "6.4 bits"
    dissimilar = curves["Cauchy, dissimilar pair"].y
    below = [x for x, y, z in zip(cauchy.x, cauchy.y, dissimilar, strict=True) if y < z]
    assert max(below) == 6.25
