"""Golden values of methods/1-pairwise-and-multiwise.md, section 3 (DPSH), and laws of section 18."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.losses.pairs import half_inner_products, other_pairs, pair_likelihood, share_label
from models.methods.base import Batch, TrainSet, make_params
from models.methods.pairwise.dpsh import DPSH, DPSHParams, dpsh_loss


def terms_of(u: Tensor, s: Tensor, eta: float) -> dict[str, Tensor]:
    return dpsh_loss(u, half_inner_products(u), s, other_pairs(len(u), u.device), eta)


def likelihood(u: Tensor, s: Tensor) -> float:
    return float(terms_of(u, s, 0.0)["likelihood"])


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
    terms = terms_of(fixture_t, pairs_t, eta=1.0)
    per_image = 4 * float(terms["quantization"])
    assert per_image == pytest.approx(0.4675, abs=1e-9)
    assert float(terms["likelihood"]) + 0.1 * per_image == pytest.approx(0.377402, abs=1e-5)


def test_gradient_of_the_first_image(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 3, test 2."""
    u = fixture_t.clone().requires_grad_()
    terms_of(u, pairs_t, 0.0)["likelihood"].backward()
    assert u.grad is not None
    expected = torch.tensor([-0.058579, 0.057918, -0.038301, 0.014234], dtype=torch.float64)
    torch.testing.assert_close(u.grad[0], expected, atol=1e-6, rtol=0)


def test_the_bit_is_a_constant_in_the_backward_pass(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 3: the gradient of the quantization term is 2 eta (u - b), here over 16 elements."""
    u = fixture_t.clone().requires_grad_()
    terms_of(u, pairs_t, eta=0.7)["quantization"].backward()
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


def with_bank(train: TrainSet, n_bits: int = 8) -> DPSH:
    torch.manual_seed(0)
    method = DPSH(n_bits, train.features.shape[1], 3, make_params(DPSHParams, {"memory": "bank"}))
    method.before_fit(train)
    return method


def batch_of(method: DPSH, train: TrainSet, rows: Tensor) -> Batch:
    u = method(train.features[rows]).detach().requires_grad_()
    return Batch(train.features[rows], u, train.labels[rows], rows)


def test_an_empty_bank_leaves_the_quantization_term(blobs: TrainSet) -> None:
    """Section 0.2, rule 4: rows that were not seen do not count; the mean of no pair is 0 with a graph."""
    method = with_bank(blobs)
    batch = batch_of(method, blobs, torch.arange(6))
    terms = method.loss(batch)
    assert terms["likelihood"].item() == 0 and terms["likelihood"].requires_grad
    assert terms["quantization"].item() > 0


def test_the_bank_holds_what_the_network_said_last(blobs: TrainSet) -> None:
    method = with_bank(blobs)
    for rows in (torch.tensor([5, 2, 9]), torch.tensor([2, 7])):
        batch = batch_of(method.train(), blobs, rows)
        method.after_step(batch)
    assert method.bank.visited.nonzero()[:, 0].tolist() == [2, 5, 7, 9]
    assert torch.equal(method.bank.u[[2, 7]], batch.u)


def test_a_full_bank_gives_the_likelihood_of_all_other_images(blobs: TrainSet) -> None:
    """Section 0.2, rule 4: with current outputs in the bank the value is that of one large batch, and the
    gradient, which takes the batch's side only, is half of it."""
    method = with_bank(blobs).eval()
    batch = batch_of(method, blobs, torch.arange(len(blobs.labels)))
    method.after_step(batch)
    loss = method.loss(batch)["likelihood"]
    (one_side,) = torch.autograd.grad(loss, batch.u)
    expected = terms_of(batch.u, share_label(batch.labels), 0.0)["likelihood"]
    (both_sides,) = torch.autograd.grad(expected, batch.u)
    assert loss.item() == pytest.approx(expected.item(), abs=1e-6)
    torch.testing.assert_close(one_side, both_sides / 2)


def test_no_bank_unless_it_is_asked_for(blobs: TrainSet) -> None:
    method = DPSH(8, 20, 3)
    method.before_fit(blobs)
    batch = batch_of(method, blobs, torch.arange(4))
    method.after_step(batch)
    assert len(method.bank.u) == 0
    expected = terms_of(batch.u, share_label(batch.labels), 0.1)
    assert {k: v.item() for k, v in method.loss(batch).items()} == {k: v.item() for k, v in expected.items()}
