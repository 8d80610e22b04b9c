"""Golden values of methods/1-pairwise-and-multiwise.md, section 8 (DFH), and laws of section 18."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.losses.pairs import half_inner_products, masked_mean, other_pairs
from models.methods.base import Batch, TrainSet, make_params
from models.methods.pairwise.dfh import (
    DFH,
    DFHParams,
    bits_near_centres,
    centre_step,
    margin_likelihood,
)

ONE_HOT = torch.tensor([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=torch.float64)


def likelihood(u: Tensor, s: Tensor, margin: float) -> Tensor:
    return masked_mean(margin_likelihood(half_inner_products(u), s, margin), other_pairs(len(u), u.device))


def inter(centres: Tensor) -> float:
    """The paper's term between centres (rows): mean of (V'V - K (2 I - 11'))^2."""
    n, n_bits = centres.shape
    target = n_bits * (2 * torch.eye(n, dtype=centres.dtype) - 1)
    return float((centres @ centres.T - target).square().mean())


def intra(centres: Tensor, bits: Tensor, shares: Tensor) -> float:
    """The paper's term within classes: mean of (V Y - B)^2."""
    return float((shares @ centres - bits).square().mean())


@pytest.mark.parametrize(("margin", "expected"), [(0.0, 0.330652), (3.0, 2.133978)])
def test_likelihood_of_fixture_t(fixture_t: Tensor, pairs_t: Tensor, margin: float, expected: float) -> None:
    """Section 8, test 1; without a margin it is DPSH's (section 18, check 1)."""
    assert float(likelihood(fixture_t, pairs_t, margin)) == pytest.approx(expected, abs=1e-5)


def test_likelihood_is_the_formula(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 8: (1 - s) sp(m + theta) + s sp(m - theta), entry by entry."""
    theta, s = half_inner_products(fixture_t), pairs_t.double()
    expected = (1 - s) * torch.log1p(torch.exp(2 + theta)) + s * torch.log1p(torch.exp(2 - theta))
    torch.testing.assert_close(margin_likelihood(theta, pairs_t, 2.0), expected)


def test_discrete_pass_of_fixture_t(fixture_t: Tensor) -> None:
    """Section 8, test 2: from centres of 0, with nu = 1. The numbers for (b_1, b_3) check the terms used."""
    bits = binarize(fixture_t)
    two = bits[[0, 2]]
    assert inter(two) == 2.0 and intra(two, bits, ONE_HOT) == 0.5
    centres = centre_step(torch.zeros(2, 4, dtype=torch.float64), bits, ONE_HOT, 1.0)
    assert centres.tolist() == [[1, -1, 1, 1], [-1, 1, -1, -1]]
    assert inter(centres) == 0 and intra(centres, bits, ONE_HOT) == 0.5


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("nu", [0.0, 1.0, 20.0])
def test_no_pass_raises_its_objective(seed: int, nu: float) -> None:
    """Section 18, check 7. The pass lowers |Y C - B|^2 + nu |sum of centres|^2: its inter term is linear in
    each centre, c_i . sum of the others, and |c_i|^2 is constant."""
    g = torch.Generator().manual_seed(seed)
    labels = (torch.rand(30, 6, generator=g) < 0.4).double()
    labels[:, 0] = 1
    shares = labels / labels.sum(dim=1, keepdim=True)
    bits = binarize(torch.randn(30, 10, generator=g, dtype=torch.float64))
    centres = binarize(torch.randn(6, 10, generator=g, dtype=torch.float64))

    def objective(c: Tensor) -> float:
        return float((shares @ c - bits).square().sum() + nu * c.sum(dim=0).square().sum())

    values = [objective(centres)]
    for _ in range(4):
        centres = centre_step(centres, bits, shares, nu)
        assert bool((centres.abs() == 1).all())
        values.append(objective(centres))
    assert all(later <= before + 1e-9 for before, later in pairwise(values)) and values[-1] < values[0]


def test_each_class_is_solved_with_the_newest_others() -> None:
    """Section 8: c_i <- sgn(B y_i' - C_rest Y_rest y_i' - nu C_rest 1), columns are images."""
    g = torch.Generator().manual_seed(0)
    y = torch.rand(4, 9, generator=g, dtype=torch.float64)
    b = binarize(torch.randn(5, 9, generator=g, dtype=torch.float64))
    c = binarize(torch.randn(5, 4, generator=g, dtype=torch.float64))
    found = centre_step(c.T, b.T, y.T, 0.7)
    for i in range(4):
        rest = [j for j in range(4) if j != i]
        c[:, i] = binarize(b @ y[i] - c[:, rest] @ y[rest] @ y[i] - 0.7 * c[:, rest].sum(dim=1))
    assert torch.equal(found, c.T)


def test_classes_that_are_absent_keep_their_centre() -> None:
    """Section 8: our own choice; pitfall (d): an absent class keeps its zeros."""
    centres = torch.tensor([[1.0, -1.0], [0.0, 0.0], [1.0, 1.0]])
    shares = torch.tensor([[0.0, 0.0, 1.0]])
    found = centre_step(centres, torch.tensor([[-1.0, 1.0]]), shares, 0.0)
    assert found.tolist() == [[1, -1], [0, 0], [-1, 1]]


def test_bits_without_and_with_centres(fixture_t: Tensor) -> None:
    """Section 8, test 3: sgn(u) for mu = 0; a strong pull gives the centre."""
    centres = -binarize(fixture_t)[[0, 2]]
    assert torch.equal(bits_near_centres(fixture_t, ONE_HOT, centres, 0.0), binarize(fixture_t))
    assert torch.equal(bits_near_centres(fixture_t, ONE_HOT, centres, 5.0), ONE_HOT @ centres)
    # u_2 = (.9, -1.1, .7, -.2) and centre (-1, 1, -1, -1): only the second entry outweighs mu = 1.
    expected = torch.tensor([-1.0, -1.0, -1.0, -1.0], dtype=torch.float64)
    assert torch.equal(bits_near_centres(fixture_t, ONE_HOT, centres, 1.0)[1], expected)


def test_margin_likelihood_falls_for_similar_and_rises_for_dissimilar() -> None:
    """Section 8, test 4."""
    theta = torch.linspace(-6, 6, 25)
    for margin in (0.0, 3.0):
        similar = margin_likelihood(theta, torch.ones(25, dtype=torch.bool), margin)
        dissimilar = margin_likelihood(theta, torch.zeros(25, dtype=torch.bool), margin)
        assert bool((similar.diff() < 0).all()) and bool((dissimilar.diff() > 0).all())


def test_gradient_by_central_differences(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 8."""
    u = fixture_t.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda v: likelihood(v, pairs_t, 1.5), (u,))


def test_flip_and_permutation_of_bits(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 3: centres and bits move alike. Entries of 0 would be rounded up on both sides."""
    signs, order = torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=torch.float64), torch.tensor([2, 0, 3, 1])
    centres = binarize(torch.randn(2, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64))
    shares = torch.cat([ONE_HOT, torch.tensor([[0.9, 0.1]], dtype=torch.float64)])
    u = torch.cat([fixture_t, torch.tensor([[0.3, -0.2, 0.1, 0.4]], dtype=torch.float64)])
    bits = bits_near_centres(u, shares, centres, 0.5)
    moved_centres, moved_u = (centres * signs)[:, order], (u * signs)[:, order]
    moved_bits = bits_near_centres(moved_u, shares, moved_centres, 0.5)
    assert torch.equal(moved_bits, (bits * signs)[:, order])
    found = centre_step(centres, bits, shares, 0.3)
    assert torch.equal(centre_step(moved_centres, moved_bits, shares, 0.3), (found * signs)[:, order])
    moved = likelihood(moved_u[:4], pairs_t, 2.0)
    assert float(moved) == pytest.approx(float(likelihood(fixture_t, pairs_t, 2.0)))


def test_swapped_codes_cost_more(pairs_t: Tensor) -> None:
    """Section 18, check 2."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4])
    for margin in (0.0, 3.0):
        assert likelihood(good, pairs_t, margin) < likelihood(good[[0, 2, 1, 3]], pairs_t, margin)


def fitted(train: TrainSet, **params: object) -> DFH:
    torch.manual_seed(0)
    method = DFH(16, train.features.shape[1], train.labels.shape[1], make_params(DFHParams, params))
    method.before_fit(train)
    return method.eval()


def batch_of(method: DFH, train: TrainSet, rows: Tensor) -> Batch:
    return Batch(train.features[rows], method(train.features[rows]), train.labels[rows], rows)


def test_the_first_bits_are_the_signs(blobs: TrainSet) -> None:
    """Section 8, pitfall (d): centres start at 0, not at sgn(0) = +1."""
    method = fitted(blobs)
    assert not bool(method.centres.any())
    batch = batch_of(method, blobs, torch.arange(30))
    expected = 0.5 * (batch.u - binarize(batch.u)).square().mean()
    assert method.loss(batch)["bits"].item() == pytest.approx(expected.item())


def test_order_of_the_steps(blobs: TrainSet) -> None:
    """Section 8: b-step with the old centres, centre step with these bits, and the network step uses the
    same bits; the loss itself leaves the centres alone."""
    method = fitted(blobs, eta=1.0)
    first, second = (batch_of(method, blobs, torch.arange(i, 120, 2)) for i in (0, 1))
    with torch.no_grad():
        method.loss(first)
        assert not bool(method.centres.any())
        method.after_step(first)
        centres = centre_step(torch.zeros(3, 16), binarize(first.u), first.labels.float(), 1.0)
        assert torch.equal(method.centres, centres)
        bits = bits_near_centres(second.u, second.labels.float(), centres, 1.0)
        assert not torch.equal(bits, binarize(second.u))
        pull = method.loss(second)["bits"].item()
        assert pull == pytest.approx((second.u - bits).square().mean().item())
        method.after_step(second)
        assert torch.equal(method.centres, centre_step(centres, bits, second.labels.float(), 1.0))


def test_labels_are_divided_by_their_number(blobs: TrainSet) -> None:
    """Section 8 and pitfall (b): without the division, two centres that agree would pull twice as hard."""
    method = fitted(blobs, mu=1.0)
    method.centres = torch.tensor([[1.0] * 16, [1.0] * 16, [-1.0] * 16])
    labels = torch.tensor([[True, True, False], [True, False, True], [False, False, False]])
    u = torch.full((3, 16), -1.5, requires_grad=True)
    pull = method.loss(Batch(torch.zeros(3, 20), u, labels, torch.arange(3)))["bits"].item()
    # 1 - 1.5 (centres agree), 0 - 1.5 (they cancel) and 0 - 1.5 (no label) all give the bit -1, half a unit
    # away; undivided, 2 - 1.5 would give the first image +1.
    assert pull == pytest.approx(0.5 * 0.5**2)


def test_centres_serve_training_only(blobs: TrainSet) -> None:
    """Section 8: a new image gets sgn(u)."""
    method = fitted(blobs)
    assert "centres" not in method.state_dict() and method.learned_codes() is None


def test_bank_is_an_option(blobs: TrainSet) -> None:
    """Section 0.2, rule 4."""
    method = fitted(blobs, memory="bank", margin=1.0)
    batch = batch_of(method, blobs, torch.arange(40))
    assert method.loss(batch)["likelihood"].item() == 0
    method.after_step(batch)
    s = batch.labels.float() @ batch.labels.float().T > 0
    expected = likelihood(batch.u, s, 1.0).item()
    assert method.loss(batch)["likelihood"].item() == pytest.approx(expected, abs=1e-6)
