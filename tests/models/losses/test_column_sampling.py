"""Section F10 of methods/4-new-directions-and-classic.md (COSDISH)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from models.losses.column_sampling import flip_descent, improve_sampled, sample_columns, weighted


def one_label(n: int, n_classes: int) -> torch.Tensor:
    return (torch.arange(n) % n_classes)[:, None] == torch.arange(n_classes)


def signs(*shape: int, seed: int = 0) -> torch.Tensor:
    return 2.0 * torch.randint(0, 2, shape, generator=torch.Generator().manual_seed(seed)).double() - 1


@pytest.mark.parametrize(("n_columns", "n_classes", "expected"), [(16, 10, 16), (4, 10, 10), (200, 10, 60)])
def test_a_sample_covers_every_class(n_columns: int, n_classes: int, expected: int) -> None:
    """F10: every class at least once, and at least as many columns as bits and as classes."""
    labels = one_label(60, n_classes)
    for seed in range(20):
        rows = sample_columns(labels, n_columns, torch.Generator().manual_seed(seed))
        assert len(rows) == len(rows.unique()) == expected
        assert bool(labels[rows].any(dim=0).all())
    again = sample_columns(labels, n_columns, torch.Generator().manual_seed(19))
    assert torch.equal(rows, again)


def test_a_sample_of_images_without_labels() -> None:
    rows = sample_columns(torch.zeros(9, 3, dtype=torch.bool), 5, torch.Generator().manual_seed(0))
    assert len(rows.unique()) == 5


def test_both_kinds_of_pairs_weigh_the_same() -> None:
    """F10: every -1 becomes -r, r = number of positive over number of negative entries."""
    block = torch.where(torch.arange(40).reshape(10, 4) % 5 == 0, 1.0, -1.0).double()
    found = weighted(block)
    assert set(found.unique().tolist()) == {-0.25, 1.0}
    assert float(found.sum()) == pytest.approx(0)
    assert set(weighted(-block).unique().tolist()) == {-4.0, 1.0}
    assert torch.equal(weighted(block.abs()), block.abs()) and torch.equal(
        weighted(-block.abs()), -block.abs()
    )


def test_the_step_of_the_others_beats_every_code() -> None:
    """F10, test 1: exact for sum |s| |L sgn(s) - b'b_j|, against all 2^L rows, L <= 6."""
    for n_bits, seed in itertools.product((2, 5, 6), range(4)):
        sampled = signs(7, n_bits, seed=seed)
        s = weighted(signs(5, 7, seed=seed + 50))
        step = torch.where(s @ sampled >= 0, 1.0, -1.0).double()
        rows = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=n_bits)), dtype=torch.float64)

        def cost(rows: torch.Tensor, s: torch.Tensor = s, sampled: torch.Tensor = sampled) -> torch.Tensor:
            inner, n_bits = rows @ sampled.T, sampled.shape[1]
            return (s[:, None].abs() * (n_bits * s[:, None].sign() - inner[None]).abs()).sum(dim=2)

        best = cost(rows).min(dim=1).values
        torch.testing.assert_close(cost(step).diagonal(), best)


def test_flips_never_raise_and_end_where_no_flip_helps() -> None:
    """F10, test 3."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        q = rng.normal(size=(9, 9))
        q = (q + q.T) * (1 - np.eye(9))
        p, start = rng.normal(size=9), np.sign(rng.normal(size=9))
        kept = start.copy()
        found = flip_descent(start, q, p)
        assert (start == kept).all() and set(np.abs(found)) == {1.0}

        def value(b: np.ndarray, q: np.ndarray = q, p: np.ndarray = p) -> float:
            return float(b @ q @ b + b @ p)

        assert value(found) <= value(start) + 1e-9
        flipped = found * (1 - 2 * np.eye(9))
        assert min(map(value, flipped)) >= value(found) - 1e-6


def test_a_pass_over_the_sampled_bits_solves_the_stated_problem() -> None:
    """F10: for the last bit, Q and p are those of the columns' squared error, which no flip lowers then."""
    labels = one_label(24, 3)
    omega = torch.tensor([0, 1, 2, 9, 10])
    s = weighted(torch.where((labels[:, None] & labels[None, omega]).any(dim=2), 1.0, -1.0).double())
    codes = signs(24, 4)
    found = improve_sampled(codes, s, omega)
    assert found.shape == (5, 4) and bool((found.abs() == 1).all())

    def error(last: torch.Tensor) -> float:
        """Squared error of the columns; a pair of an image with itself is left out."""
        sampled = torch.cat([found[:, :-1], last[:, None]], dim=1)
        whole = codes.clone()
        whole[omega] = sampled
        squares = (4 * s - whole @ sampled.T).square()
        squares[omega, torch.arange(5)] = 0
        return float(squares.sum())

    best = error(found[:, -1])
    for i in range(5):
        flipped = found[:, -1].clone()
        flipped[i] *= -1
        assert error(flipped) >= best - 1e-9
    assert best <= error(codes[omega, -1]) + 1e-9
