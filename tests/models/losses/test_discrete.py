"""Free codes: the step that improves them bit by bit, and the targets they are fitted to."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from models.losses.discrete import bitwise_descent, random_codes, similar_to, soft_negative, targets


def value(codes: Tensor, linear: Tensor, gram: Tensor) -> float:
    return float(((codes @ gram) * codes).sum() - 2 * (codes * linear).sum())


def problem(seed: int, n: int = 30, n_bits: int = 7) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(9, n_bits, generator=generator, dtype=torch.float64)
    linear = 4 * torch.randn(n, n_bits, generator=generator, dtype=torch.float64)
    return random_codes(n, n_bits, generator).double(), linear, root.T @ root


@pytest.mark.parametrize("seed", range(8))
def test_a_sweep_never_raises_the_objective(seed: int) -> None:
    """methods/1-pairwise-and-multiwise.md, section 18, check 7."""
    codes, linear, gram = problem(seed)
    values = [value(codes, linear, gram)]
    for _ in range(4):
        codes = bitwise_descent(codes, linear, gram)
        values.append(value(codes, linear, gram))
    assert bool((codes.abs() == 1).all())
    assert values[1] < values[0]
    assert all(after <= before + 1e-9 for before, after in pairwise(values))


def test_no_single_bit_can_improve_the_end() -> None:
    codes, linear, gram = problem(1)
    end = bitwise_descent(codes, linear, gram, n_sweeps=50)
    for i in range(len(end)):
        for k in range(end.shape[1]):
            other = end.clone()
            other[i, k] *= -1
            assert value(other, linear, gram) >= value(end, linear, gram) - 1e-9


def test_two_bits_by_hand() -> None:
    """p = (1, 0.5), G_12 = 2: bit 1 sees 1 - 2 b_2, bit 2 then sees 0.5 - 2 b_1; the diagonal is not read."""
    linear = torch.tensor([[1.0, 0.5]])
    gram = torch.tensor([[9.0, 2.0], [2.0, -9.0]])
    found = bitwise_descent(torch.tensor([[1.0, 1.0]]), linear, gram)
    assert found.tolist() == [[-1.0, 1.0]]
    assert bitwise_descent(torch.tensor([[1.0, -1.0]]), linear, gram).tolist() == [[1.0, -1.0]]


def test_an_argument_of_zero_keeps_the_bit_or_gives_minus_one() -> None:
    codes, zeros = torch.tensor([[1.0, -1.0]]), torch.zeros(1, 2)
    assert torch.equal(bitwise_descent(codes, zeros, torch.eye(2)), codes)
    assert bitwise_descent(codes, zeros, torch.eye(2), zero_gives_minus=True).tolist() == [[-1.0, -1.0]]


def test_the_given_codes_stay() -> None:
    codes, linear, gram = problem(2)
    kept = codes.clone()
    bitwise_descent(codes, linear, gram, n_sweeps=3)
    assert torch.equal(codes, kept)


def test_soft_negatives_balance_the_targets() -> None:
    """Section 10: ten equal classes give -0.1111, and all targets sum to 0."""
    classes = torch.arange(50) % 10
    similar = classes[:, None] == classes
    negative = soft_negative(similar)
    assert float(negative) == pytest.approx(-0.1111, abs=1e-4)
    assert float(targets(similar, negative, torch.float64).sum()) == pytest.approx(0, abs=1e-4)


def test_soft_negatives_end_at_minus_one() -> None:
    mostly = torch.tensor([[True, True, True, False]])
    for similar in (mostly, torch.ones(2, 2, dtype=torch.bool), torch.zeros(2, 2, dtype=torch.bool)):
        assert float(soft_negative(similar)) == -1


def test_sharing_one_label_is_enough() -> None:
    labels = torch.tensor([[1, 1, 0], [0, 1, 1], [0, 0, 0]]).bool()
    assert similar_to(labels, labels[:2]).tolist() == [[True, True], [True, True], [False, False]]


def test_random_codes_follow_the_seed() -> None:
    first, again = (random_codes(100, 8, torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(first, again)
    assert set(first.unique().tolist()) == {-1.0, 1.0}
    assert float(first.mean()) == pytest.approx(0, abs=0.15)
