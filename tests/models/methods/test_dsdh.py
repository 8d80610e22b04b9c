"""Golden values of methods/1-pairwise-and-multiwise.md, section 6 (DSDH), and laws of section 18."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.losses.pairs import half_inner_products, other_pairs
from models.methods.base import Batch, TrainSet, make_params
from models.methods.pairwise.dsdh import DSDH, DSDHParams, dsdh_loss, improve_codes, solve_classifier

RIDGE, TIE = 0.1, 0.5  # nu / mu and eta / mu of the tests in section 6
ONE_HOT = torch.tensor([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=torch.float64)


def objective(b: Tensor, w: Tensor, y: Tensor, u: Tensor, tie: float = TIE) -> float:
    """The terms in B and W, for mu = 1: |Y - B W|^2 + nu |W|^2 + eta |B - U|^2, rows are images."""
    return float((y - b @ w).square().sum() + RIDGE * w.square().sum() + tie * (b - u).square().sum())


def network_terms(u: Tensor, codes: Tensor, s: Tensor, eta: float) -> dict[str, Tensor]:
    return dsdh_loss(u, codes, half_inner_products(u), s, other_pairs(len(u), u.device), eta)


def test_classifier_of_fixture_t(fixture_t: Tensor) -> None:
    """Section 6, test 1: W, one row per bit, and the objective."""
    b = binarize(fixture_t)
    w = solve_classifier(b, ONE_HOT, RIDGE)
    entry = 0.165289
    expected = torch.tensor([[entry, -entry], [-entry, entry], [entry, -entry], [0, 0]], dtype=torch.float64)
    torch.testing.assert_close(w, expected, atol=1e-6, rtol=0)
    assert objective(b, w, ONE_HOT, fixture_t) == pytest.approx(2.951529, abs=1e-5)


def test_codes_of_fixture_t_are_the_best_already(fixture_t: Tensor) -> None:
    """Section 6, test 1: a sweep leaves B unchanged."""
    b = binarize(fixture_t)
    w = solve_classifier(b, ONE_HOT, RIDGE)
    assert torch.equal(improve_codes(b, w, ONE_HOT, fixture_t, TIE), b)


def test_two_flipped_bits_come_back(fixture_t: Tensor) -> None:
    """Section 6, test 2: the objective before the sweep, and after each bit of it."""
    best = binarize(fixture_t)
    b = best.clone()
    b[0, 0], b[3, 2] = -b[0, 0], -b[3, 2]
    w = solve_classifier(b, ONE_HOT, RIDGE)
    swept = improve_codes(b, w, ONE_HOT, fixture_t, TIE)
    assert torch.equal(swept, best)
    # Bits are visited in order, so after bit k the first k columns are the new ones.
    path = [torch.cat([swept[:, :k], b[:, k:]], dim=1) for k in range(5)]
    values = [objective(codes, w, ONE_HOT, fixture_t) for codes in path]
    assert values == pytest.approx([6.196126, 4.405717, 4.405717, 3.215307, 3.215307], abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_no_step_raises_the_objective(seed: int) -> None:
    """Section 6, test 3, and section 18, check 7: W-step and sweeps, on random multi-label input."""
    g = torch.Generator().manual_seed(seed)
    u = torch.randn(40, 12, generator=g, dtype=torch.float64)
    y = (torch.rand(40, 5, generator=g) < 0.3).double()
    b = binarize(torch.randn(40, 12, generator=g, dtype=torch.float64))
    w = torch.randn(12, 5, generator=g, dtype=torch.float64)
    values = [objective(b, w, y, u)]
    for _ in range(3):
        w = solve_classifier(b, y, RIDGE)
        values.append(objective(b, w, y, u))
        b = improve_codes(b, w, y, u, TIE)
        values.append(objective(b, w, y, u))
        assert bool((b.abs() == 1).all())
    assert all(later <= before + 1e-9 for before, later in pairwise(values))
    assert values[-1] < values[1] - 1e-3


def test_the_classifier_is_a_minimum() -> None:
    """Section 6, W-step and pitfall (d): the objective's gradient is 0, with repeated bits in float32 too."""
    g = torch.Generator().manual_seed(0)
    b = binarize(torch.randn(2000, 6, generator=g)).repeat(1, 4)
    y = (torch.rand(2000, 3, generator=g) < 0.4).float()
    w = solve_classifier(b, y, RIDGE)
    assert w.dtype == torch.float32
    w, b, y = w.double(), b.double(), y.double()
    gradient = 2 * b.T @ (b @ w - y) + 2 * RIDGE * w
    assert float(gradient.abs().max()) < 1e-2  # rounding of w alone gives 24 * 2000 * 1e-8


def test_network_likelihood_is_that_of_dpsh(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 1."""
    terms = network_terms(fixture_t, binarize(fixture_t), pairs_t, 1.0)
    assert float(terms["likelihood"]) == pytest.approx(0.330652, abs=1e-5)
    assert float(terms["discrete"]) == pytest.approx(1.87 / 16, abs=1e-9)


def test_network_is_pulled_to_the_discrete_codes_not_to_its_own_sign(
    fixture_t: Tensor, pairs_t: Tensor
) -> None:
    """Section 6, network step and pitfall (a): the gradient of the term is 2 eta (u - b) / elements."""
    codes = -binarize(fixture_t)
    u = fixture_t.clone().requires_grad_()
    network_terms(u, codes, pairs_t, 0.7)["discrete"].backward()
    torch.testing.assert_close(u.grad, 0.7 * 2 * (fixture_t - codes) / 16)


def test_gradient_by_central_differences(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 8."""

    def total(u: Tensor) -> Tensor:
        return torch.stack(list(network_terms(u, -binarize(fixture_t), pairs_t, 0.3).values())).sum()

    assert torch.autograd.gradcheck(total, (fixture_t.clone().requires_grad_(),))


def test_flip_and_permutation_of_bits(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 3: nothing changes when U, B and W are flipped and permuted alike."""
    signs = torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=torch.float64)
    order = torch.tensor([2, 0, 3, 1])
    b = -binarize(fixture_t)
    moved_u, moved_b = (fixture_t * signs)[:, order], (b * signs)[:, order]
    for name, value in network_terms(fixture_t, b, pairs_t, 0.3).items():
        assert float(value) == pytest.approx(float(network_terms(moved_u, moved_b, pairs_t, 0.3)[name]))
    w = solve_classifier(b, ONE_HOT, RIDGE)
    moved_w = solve_classifier(moved_b, ONE_HOT, RIDGE)
    torch.testing.assert_close(moved_w, (w * signs[:, None])[order])


def test_swapped_codes_cost_more(pairs_t: Tensor) -> None:
    """Section 18, check 2, with the discrete codes of the labels."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4])
    for name in ("likelihood", "discrete"):
        swapped = network_terms(good[[0, 2, 1, 3]], good, pairs_t, 0.1)[name]
        assert network_terms(good, good, pairs_t, 0.1)[name] < swapped


def fitted(train: TrainSet, **params: object) -> DSDH:
    torch.manual_seed(0)
    method = DSDH(16, train.features.shape[1], 3, make_params(DSDHParams, params))
    method.before_fit(train)
    return method


def test_codes_start_random(blobs: TrainSet) -> None:
    """Section 6, pitfall (b): zeros would give W = 0."""
    codes = fitted(blobs).codes
    assert set(codes.unique().tolist()) == {-1.0, 1.0}
    assert abs(float(codes.mean())) < 0.1 and len(torch.unique(codes, dim=0)) > 100


def test_codes_move_once_per_epoch_and_pull_by_row(blobs: TrainSet) -> None:
    """Section 6, schedule and pitfall (c): batches leave B alone, an epoch moves it; rows pick the codes."""
    method = fitted(blobs)
    start = method.codes.clone()
    rows = torch.tensor([7, 3, 50])
    u = method.eval()(blobs.features[rows])
    batch = Batch(blobs.features[rows], u, blobs.labels[rows], rows)
    pull = method.loss(batch)["discrete"].item()
    method.after_step(batch)
    assert torch.equal(method.codes, start)
    assert pull == pytest.approx(0.1 * (u - start[rows]).square().mean().item())
    outputs = method(blobs.features).detach()
    method.after_epoch(lambda: outputs)
    y = blobs.labels.float()
    w = solve_classifier(start, y, method.params.ridge)
    assert torch.equal(method.codes, improve_codes(start, w, y, outputs, 1.0, sweeps=3))
    assert not torch.equal(method.codes, start)


def test_discrete_codes_find_the_classes(blobs: TrainSet) -> None:
    """Section 6: after a few epochs a linear classifier names the class from the discrete codes."""
    method = fitted(blobs, tie=0.1)
    for _ in range(10):
        method.after_epoch(lambda: torch.zeros(120, 16))
    w = solve_classifier(method.codes, method.targets, 0.1)
    assert torch.equal((method.codes @ w).argmax(dim=1), blobs.labels.int().argmax(dim=1))


def test_the_database_is_coded_by_the_network(blobs: TrainSet) -> None:
    """Section 0.2, rule 5: B is thrown away after training."""
    method = fitted(blobs)
    assert method.learned_codes() is None
    assert not {"codes", "targets"} & set(method.state_dict())


def test_bank_is_an_option(blobs: TrainSet) -> None:
    """Section 6, schedule: pairs of the batch with the stored outputs of all images."""
    method = fitted(blobs, memory="bank")
    rows = torch.arange(40)
    batch = Batch(blobs.features[rows], method(blobs.features[rows]), blobs.labels[rows], rows)
    assert method.loss(batch)["likelihood"].item() == 0
    method.after_step(batch)
    assert method.bank.visited.sum() == 40
    without = fitted(blobs).loss(batch)["likelihood"]
    assert method.loss(batch)["likelihood"].item() == pytest.approx(without.item(), abs=1e-6)
