"""Golden values of methods/1-pairwise-and-multiwise.md, section 13 (DDSH), and laws of section 18."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.methods.base import Batch, TrainSet
from models.methods.pairwise.ddsh import DDSH, DDSHParams, anchor_sweep, ddsh_loss


def objective(anchors: Tensor, codes: Tensor, s: Tensor, within: Tensor) -> float:
    """Both sums of the paper: Omega x Gamma, and Omega x Omega with ordered pairs."""
    pairs = (anchors.shape[1] * s - anchors @ codes.T).square().sum()
    return float(pairs + (anchors.shape[1] * within - anchors @ anchors.T).square().sum())


@pytest.fixture
def problem(fixture_t: Tensor, pairs_t: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Codes of Omega = {1, 2} and Gamma = {3, 4}, and the hard similarities of both."""
    codes, s = binarize(fixture_t), 2.0 * pairs_t.double() - 1
    return codes[:2], codes[2:], s[:2, 2:], s[:2, :2]


def test_both_sums(problem: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
    """Section 13: both are 8 at the signs of the fixture."""
    anchors, codes, s, within = problem
    assert 4 * float(ddsh_loss(codes, anchors, s.T)) == pytest.approx(8)
    assert 4 * float(ddsh_loss(anchors, anchors, within)) == pytest.approx(8)


def test_descent_bit_by_bit(problem: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
    """Section 13: from the negated rows, bits of image 1, then of image 2.

    The objective after a step is that of the bits visited so far, and the old ones of the rest.
    """
    anchors, codes, s, within = problem
    old, new = -anchors, anchor_sweep(-anchors, codes, s, within)
    values = []
    for step in range(9):
        visited = (torch.arange(8) < step).reshape(2, 4)
        values.append(objective(torch.where(visited, new, old), codes, s, within))
    assert values == pytest.approx([208, 184, 184, 184, 160, 104, 80, 80, 80], abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_a_sweep_never_raises_the_objective(seed: int) -> None:
    """Section 18, check 7."""
    generator = torch.Generator().manual_seed(seed)
    classes = torch.randint(0, 4, (40,), generator=generator)
    s = torch.where(classes[:12][:, None] == classes, 1.0, -0.3).double()
    codes = binarize(torch.randn(40, 10, generator=generator, dtype=torch.float64))
    anchors, gamma = codes[:12], codes[12:]
    kept = anchors.clone()
    values = [objective(anchors, gamma, s[:, 12:], s[:, :12])]
    for _ in range(3):
        anchors = anchor_sweep(anchors, gamma, s[:, 12:], s[:, :12])
        values.append(objective(anchors, gamma, s[:, 12:], s[:, :12]))
        assert values[-1] <= values[-2] + 1e-9
        assert bool((anchors.abs() == 1).all())
    assert values[1] < values[0]
    assert torch.equal(kept, codes[:12]), "the given codes stay"


def test_old_bit_kept_at_zero(problem: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
    """Section 13: without any similarity to fit and with orthogonal codes no bit has a preference."""
    anchors = torch.tensor([[1.0, -1.0]], dtype=torch.float64)
    codes = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64)
    zeros = torch.zeros(1, 2, dtype=torch.float64)
    assert torch.equal(anchor_sweep(anchors, codes, zeros, zeros[:, :1]), anchors)


def test_gradient_is_that_of_the_mean(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 13, network step: -2 / pairs * sum_i (K s_ij - b_i . h_j) b_i (1 - h_j^2)."""
    anchors, s = binarize(fixture_t[:2]), 2.0 * pairs_t[2:, :2].double() - 1
    u = fixture_t[2:].clone().requires_grad_()
    ddsh_loss(torch.tanh(u), anchors, s).backward()
    h = torch.tanh(fixture_t[2:])
    expected = -2 / 4 * (4 * s - h @ anchors.T) @ anchors * (1 - h.square())
    torch.testing.assert_close(u.grad, expected)


def test_bit_flip_and_permutation(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 3: outputs and free codes flipped or permuted alike."""
    h, anchors, s = torch.tanh(fixture_t[2:]), binarize(fixture_t[:2]), pairs_t[2:, :2].double()
    flip = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)
    expected = pytest.approx(float(ddsh_loss(h, anchors, s)), abs=1e-12)
    assert float(ddsh_loss(h * flip, anchors * flip, s)) == expected
    assert float(ddsh_loss(h[:, [2, 0, 3, 1]], anchors[:, [2, 0, 3, 1]], s)) == expected


def test_swapped_codes_cost_more(pairs_t: Tensor) -> None:
    """Section 18, check 2."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4])
    swapped, s = good[[0, 2, 1, 3]], 2.0 * pairs_t - 1
    assert float(ddsh_loss(good, good, s)) < float(ddsh_loss(swapped, swapped, s))


def fitted(blobs: TrainSet, **params: int) -> DDSH:
    torch.manual_seed(0)
    method = DDSH(8, 20, 3, DDSHParams(**params))
    method.before_fit(TrainSet(blobs.features, blobs.labels, torch.Generator().manual_seed(0)))
    return method


def test_images_of_omega_leave_the_network_step(blobs: TrainSet) -> None:
    method = fitted(blobs, n_anchors=30)
    assert len(method.omega.unique()) == 30
    u = torch.randn(120, 8, requires_grad=True)
    method.loss(Batch(blobs.features, u, blobs.labels, torch.arange(120)))["similarity"].backward()
    assert u.grad is not None
    free = torch.isin(torch.arange(120), method.omega)
    assert torch.equal((u.grad == 0).all(dim=1), free)
    rows = method.omega[:5]
    term = method.loss(Batch(blobs.features[rows], u[rows], blobs.labels[rows], rows))["similarity"]
    assert term.item() == 0 and term.requires_grad


def test_each_epoch_draws_omega_anew_and_improves_its_codes(blobs: TrainSet) -> None:
    method = fitted(blobs, n_anchors=30)
    before = method.omega
    outputs = torch.randn(120, 8, generator=torch.Generator().manual_seed(4))
    method.after_epoch(lambda: outputs)
    assert not torch.equal(before, method.omega)
    codes, gamma = binarize(outputs), ~torch.isin(torch.arange(120), method.omega)
    assert float(method.negative) == pytest.approx(-0.5)
    s = torch.where(blobs.labels.float() @ blobs.labels.float().T > 0, 1.0, -0.5)[method.omega]
    start, end = (
        objective(anchors, codes[gamma], s[:, gamma], s[:, method.omega])
        for anchors in (codes[method.omega], method.anchors)
    )
    assert end < start


def test_small_train_sets_keep_half_for_the_network(blobs: TrainSet) -> None:
    assert len(fitted(blobs).omega) == 60
