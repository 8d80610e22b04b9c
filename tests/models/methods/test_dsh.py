"""Golden values of methods/1-pairwise-and-multiwise.md, section 2 (DSH), and laws of sections 0.2 and 18."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.losses.pairs import other_pairs, squared_distances
from models.methods.base import Batch, TrainSet
from models.methods.pairwise.dsh import DSH, DSHParams, dsh_loss


def terms(u: Tensor, s: Tensor, alpha: float = 0.01, margin: float = 8.0) -> dict[str, float]:
    """Margin 8 is 2K at four bits."""
    found = dsh_loss(u, u, s, other_pairs(len(u), u.device), margin, alpha)
    return {name: float(value) for name, value in found.items()}


def test_pair_term_and_total(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 2, test 1: pair term, regulariser 1.075 per image, total in the paper's form."""
    found = terms(fixture_t, pairs_t)
    assert found["contrastive"] == pytest.approx(0.57, abs=1e-5)
    assert found["quantization"] == pytest.approx(0.01 * 2 * 1.075, abs=1e-9)
    assert sum(found.values()) == pytest.approx(0.5915, abs=1e-5)


def test_the_caffe_form_has_half_the_regulariser(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 2, test 1: 0.58075 with alpha / N instead of 2 alpha / N."""
    found = terms(fixture_t, pairs_t)
    assert found["contrastive"] + found["quantization"] / 2 == pytest.approx(0.58075, abs=1e-5)


def test_bits_have_no_regulariser(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 2, test 1: at U = B."""
    found = terms(binarize(fixture_t), pairs_t)
    assert found["contrastive"] == pytest.approx(0.666667, abs=1e-5)
    assert found["quantization"] == 0


def test_pairs_beyond_the_margin_have_no_gradient() -> None:
    """Section 2, test 2: a dissimilar pair with D >= m, at the margin and beyond."""
    s = torch.eye(2, dtype=torch.bool)
    for half in (2.0, 3.0):
        u = torch.tensor([[half, 0.0], [-half, 0.0]], dtype=torch.float64, requires_grad=True)
        dsh_loss(u, u, s, ~s, 16.0, 0.0)["contrastive"].backward()
        assert u.grad is not None and torch.equal(u.grad, torch.zeros(2, 2, dtype=torch.float64))
    u = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64, requires_grad=True)
    dsh_loss(u, u, s, ~s, 16.0, 0.0)["contrastive"].backward()
    # The mean over two ordered pairs of (m - D) / 2: half of d(-D)/du for each, D = |u1 - u2|^2.
    torch.testing.assert_close(u.grad, torch.tensor([[-2.0, 0.0], [2.0, 0.0]], dtype=torch.float64))


def test_shift_and_rotation_change_the_regulariser_only(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 2, test 3."""
    generator = torch.Generator().manual_seed(0)
    rotation = torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64, generator=generator)).Q
    shift = torch.tensor([0.3, -0.2, 0.1, 0.5], dtype=torch.float64)
    expected = terms(fixture_t, pairs_t)
    for moved in (fixture_t + shift, fixture_t @ rotation):
        found = terms(moved, pairs_t)
        assert found["contrastive"] == pytest.approx(expected["contrastive"], abs=1e-12)
        assert abs(found["quantization"] - expected["quantization"]) > 1e-4


def test_gradient_of_the_regulariser(pairs_t: Tensor) -> None:
    """Section 2: +1 for -1 < x < 0 and x > 1, else -1, times 2 alpha / N."""
    u = torch.tensor([[-1.5, -0.5, 0.5, 1.5]], dtype=torch.float64).repeat(4, 1).requires_grad_()
    found = dsh_loss(u, u, pairs_t, other_pairs(4, u.device), 8.0, 0.01)
    found["quantization"].backward()
    expected = 2 * 0.01 / 4 * torch.tensor([-1.0, 1.0, -1.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(u.grad, expected.repeat(4, 1))


def test_gradient_by_central_differences(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 8; margin 8 is none of the distances of the fixture."""
    mask = other_pairs(4, fixture_t.device)

    def loss(u: Tensor) -> Tensor:
        return torch.stack(list(dsh_loss(u, u, pairs_t, mask, 8.0, 0.3).values())).sum()

    # Outputs of exactly +-1 are kinks of the regulariser.
    assert torch.autograd.gradcheck(loss, (1.01 * fixture_t).requires_grad_())


def test_swapped_codes_cost_more(pairs_t: Tensor) -> None:
    """Section 18, check 2."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4])
    assert terms(good, pairs_t)["contrastive"] < terms(good[[0, 2, 1, 3]], pairs_t)["contrastive"]


def test_flip_and_permutation_of_bits_change_nothing(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 3."""
    flip = torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float64)
    for other in (fixture_t * flip, fixture_t[:, [2, 0, 3, 1]]):
        assert terms(other, pairs_t) == pytest.approx(terms(fixture_t, pairs_t), abs=1e-12)


def test_the_margin_grows_with_the_code() -> None:
    """Section 2, pitfall (d): squared distance 4K costs nothing, equal outputs cost m / 2."""
    for n_bits in (8, 48):
        method = DSH(n_bits, 5, 2)
        labels, rows = torch.eye(2, dtype=torch.bool), torch.arange(2)
        same, apart = torch.ones(2, n_bits), torch.tensor([[1.0], [-1.0]]).repeat(1, n_bits)
        found = [method.loss(Batch(torch.zeros(2, 5), u, labels, rows))["contrastive"] for u in (same, apart)]
        assert [value.item() for value in found] == [n_bits, 0.0]


# Memory bank


def with_bank(train: TrainSet) -> DSH:
    torch.manual_seed(0)
    method = DSH(8, 20, 3, DSHParams(memory="bank"))
    method.before_fit(train)
    return method


def batch(method: DSH, train: TrainSet, rows: list[int]) -> Batch:
    index = torch.tensor(rows)
    return Batch(train.features[index], method(train.features[index]), train.labels[index], index)


def test_a_batch_meets_every_image_that_was_seen(blobs: TrainSet) -> None:
    """Section 0.2, rule 4: the mean over the pairs with visited rows, the image itself left out."""
    method = with_bank(blobs).eval()
    seen, now = batch(method, blobs, [3, 7, 50, 51]), batch(method, blobs, [7, 90])
    method.after_step(seen)
    expected = []
    for i, row in enumerate([7, 90]):
        for j, other in enumerate([3, 7, 50, 51]):
            if row != other:
                distance = (now.u[i] - seen.u[j]).square().sum()
                similar = bool((blobs.labels[row] & blobs.labels[other]).any())
                expected.append(distance / 2 if similar else (16 - distance).clamp(min=0) / 2)
    assert len(expected) == 7
    torch.testing.assert_close(method.loss(now)["contrastive"], torch.stack(expected).mean())


def test_rows_not_yet_seen_change_nothing(blobs: TrainSet) -> None:
    """Section 2, pitfall (b): neither their outputs nor their labels are read, in value and gradient."""
    gradients = []
    for filler in (0.0, 1e3, -7.0):
        method = with_bank(blobs).eval()
        method.after_step(batch(method, blobs, [3, 7, 50, 51]))
        method.bank.u[~method.bank.visited] = filler
        if filler:
            method.bank.labels = torch.where(method.bank.visited[:, None], blobs.labels, ~blobs.labels)
        terms = method.loss(batch(method, blobs, [7, 90]))
        (gradient,) = torch.autograd.grad(terms["contrastive"], [method.head.layers[-1].weight])
        gradients.append((terms["contrastive"].item(), gradient))
    for value, gradient in gradients[1:]:
        assert value == gradients[0][0] and torch.equal(gradient, gradients[0][1])
    assert bool((gradients[0][1] != 0).any())


def test_the_first_step_with_an_empty_bank_is_zero_and_connected(blobs: TrainSet) -> None:
    """Section 0.1: a mean over no pair."""
    method = with_bank(blobs)
    contrastive = method.loss(batch(method, blobs, [0, 1, 2]))["contrastive"]
    assert contrastive.item() == 0 and contrastive.requires_grad


def test_without_the_option_nothing_is_kept(blobs: TrainSet) -> None:
    method = DSH(8, 20, 3)
    method.before_fit(blobs)
    method.after_step(batch(method, blobs, [0, 1, 2]))
    assert method.bank.u.numel() == 0


def test_the_bank_is_no_part_of_a_checkpoint(blobs: TrainSet) -> None:
    assert not any("bank" in name for name in with_bank(blobs).state_dict())


def test_the_picture_shows_where_the_push_ends() -> None:
    """D is four times the Hamming distance, so margin 2K = 32 is reached at 8 of 16 bits."""
    picture = DSH.picture()
    similar, dissimilar = picture.frames[picture.start].series
    assert picture.frames[picture.start].label == "2.0"
    assert similar.y[8] == pytest.approx(16.0) and dissimilar.y[0] == pytest.approx(16.0)
    assert dissimilar.y[7] > 0 and dissimilar.y[8:] == (0.0,) * 9


def test_distances_of_the_fixture(fixture_t: Tensor) -> None:
    """Section 0.4."""
    found = squared_distances(fixture_t)
    expected = {(0, 1): 1.66, (0, 2): 7.65, (0, 3): 14.82, (1, 2): 8.71, (1, 3): 11.88, (2, 3): 4.83}
    for pair, value in expected.items():
        assert float(found[pair]) == pytest.approx(value, abs=1e-9)
