"""The memory bank of methods/1-pairwise-and-multiwise.md, section 0.2, rule 4."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.losses.bank import MemoryBank
from models.losses.pairs import masked_mean, pair_likelihood

LABELS = torch.tensor([[1, 0], [1, 0], [0, 1], [1, 1], [0, 0]], dtype=torch.bool)


@pytest.fixture
def bank() -> MemoryBank:
    bank = MemoryBank()
    bank.reset(LABELS, 3)
    return bank


def outputs(n: int, seed: int = 0) -> Tensor:
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))


def test_rows_are_those_of_the_train_split(bank: MemoryBank) -> None:
    """Rule 4: the bank is in the order of the data set, whatever the order of the batch."""
    u = outputs(3)
    bank.store(torch.tensor([4, 0, 2]), u)
    assert torch.equal(bank.u[[4, 0, 2]], u)
    assert bank.visited.tolist() == [True, False, True, False, True]
    assert bool((bank.u[[1, 3]] == 0).all())


def test_the_last_output_stays(bank: MemoryBank) -> None:
    bank.store(torch.tensor([0, 1]), outputs(2))
    bank.store(torch.tensor([1]), outputs(1, seed=1))
    assert torch.equal(bank.u[1:2], outputs(1, seed=1)) and torch.equal(bank.u[:1], outputs(2)[:1])


def test_reset_forgets(bank: MemoryBank) -> None:
    bank.store(torch.tensor([0, 1]), outputs(2))
    bank.reset(LABELS[:4], 7)
    assert bank.u.shape == (4, 7) and not bank.visited.any() and not bank.u.any()


def test_stored_outputs_carry_no_graph_and_follow_no_later_change(bank: MemoryBank) -> None:
    u = outputs(2).requires_grad_()
    bank.store(torch.tensor([0, 1]), u)
    with torch.no_grad():
        u.add_(1)
    assert not bank.u.requires_grad and torch.equal(bank.u[:2], outputs(2))


def test_pairs_leave_out_what_was_not_seen_and_the_image_itself(bank: MemoryBank) -> None:
    """Rule 4, and rule 2: the pair of an image with itself tells nothing."""
    bank.store(torch.tensor([0, 2, 3]), outputs(3))
    similar, readable = bank.pairs(torch.tensor([3, 1]), LABELS[[3, 1]])
    assert readable.tolist() == [[True, False, True, False, False], [True, False, True, True, False]]
    assert similar.tolist() == [[True, True, True, True, False], [True, True, False, True, False]]


def test_half_inner_products_reach_the_batch_only(bank: MemoryBank) -> None:
    """Rule 4: gradient flows through the batch's side."""
    stored, u = outputs(5), outputs(2, seed=1).requires_grad_()
    bank.store(torch.arange(5), stored)
    theta = bank.half_inner_products(u)
    expected = [
        [sum(a * b for a, b in zip(x, y, strict=True)) / 2 for y in stored.tolist()] for x in u.tolist()
    ]
    torch.testing.assert_close(theta, torch.tensor(expected))
    theta.sum().backward()
    torch.testing.assert_close(u.grad, stored.sum(dim=0).div(2).expand(2, 3))


def test_unseen_rows_would_add_log_2_and_are_masked(bank: MemoryBank) -> None:
    """Rule 4: a zero row has theta = 0, a likelihood of log 2 and no gradient; the mask leaves it out."""
    bank.store(torch.tensor([0, 2]), outputs(2))
    u = outputs(1, seed=1)
    theta, s, mask = bank.compare(u, LABELS[1:2], torch.tensor([1]))
    values = pair_likelihood(theta, s)
    torch.testing.assert_close(values[0, [1, 3, 4]], torch.full((3,), 2.0).log())
    assert masked_mean(values, mask) == values[0, [0, 2]].mean()


def test_compare_without_a_bank_takes_pairs_of_the_batch() -> None:
    u = outputs(4)
    theta, s, mask = MemoryBank().compare(u, LABELS[:4], torch.arange(4))
    torch.testing.assert_close(theta, 0.5 * u @ u.T)
    assert torch.equal(mask, ~torch.eye(4, dtype=torch.bool))
    assert s.tolist() == [
        [True, True, False, True],
        [True, True, False, True],
        [False, False, True, True],
        [True] * 4,
    ]


def test_double_precision_outputs_meet_a_single_precision_bank(bank: MemoryBank) -> None:
    bank.store(torch.arange(2), outputs(2).double())
    assert bank.u.dtype == torch.float32
    assert bank.half_inner_products(outputs(1).double()).dtype == torch.float64


def test_no_checkpoint_holds_the_bank(bank: MemoryBank) -> None:
    assert not bank.state_dict() and {name for name, _ in bank.named_buffers()} == {"u", "labels", "visited"}
