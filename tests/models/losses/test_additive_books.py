"""Sums of words as part of a model (methods/3-quantization.md, sections 0.4, 0.7, 3 and 4)."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from models.losses.additive import decode
from models.losses.additive_books import AdditiveBooks, orthogonality, spread_words


def points(n: int = 300, width: int = 8, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    centres = 2 * torch.randn(10, width, generator=generator)
    return centres[torch.arange(n) % 10] + torch.randn(n, width, generator=generator)


def started(z: Tensor, root: Tensor | None = None, n_words: int = 8) -> AdditiveBooks:
    books = AdditiveBooks(3, n_words, z.shape[1])
    books.start(z, torch.Generator().manual_seed(1), root)
    return books


def test_turns_lower_the_error() -> None:
    """Section 0.4, 3 and 4: codes and words answer each other."""
    z = points()
    books = started(z)
    errors = []
    for _ in range(6):
        books.improve(z)
        errors.append(float((z - books.decoded(torch.arange(300))).square().sum()))
    assert errors[-1] < errors[0]
    assert all(after <= 1.02 * before for before, after in pairwise(errors)), "up to the ridge"


def test_errors_are_measured_through_the_root() -> None:
    """Section 4, tests: V = {(1, 0)}, z = (2, 0): L2 takes the word (1, 0), V takes (2, 1.1)."""
    books = AdditiveBooks(1, 2, 2)
    books.words = torch.tensor([[[1.0, 0.0], [2.0, 1.1]]])
    z = torch.tensor([[2.0, 0.0]])
    assert books.assign(z).tolist() == [[0]]
    assert books.assign(z, torch.tensor([[1.0, 0.0], [0.0, 0.0]])).tolist() == [[1]]


def test_an_identity_root_changes_nothing() -> None:
    z = points()
    plain, rooted = started(z), started(z, torch.eye(8))
    assert torch.equal(plain.codes, rooted.codes)


def test_state_is_the_words() -> None:
    assert set(started(points()).state_dict()) == {"words"}


def test_orthogonality_by_hand() -> None:
    """Section 3, tests: C_1 = I, C_2 with rows exchanged: the stacked form is 4."""
    words = torch.stack([torch.eye(2), torch.eye(2).flip(0)])
    assert float(orthogonality(words)) == pytest.approx(4.0)
    stacked = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    gram = stacked.flatten(0, 1) @ stacked.flatten(0, 1).T
    expected = (gram - torch.eye(15, dtype=torch.float64)).square().sum()
    torch.testing.assert_close(orthogonality(stacked), expected)
    assert float(orthogonality(stacked)) >= 15 - 4, "the rank bound of section 3"


def test_words_are_spread_at_a_price() -> None:
    """Section 3, books with gamma > 0: the sum of both terms falls, the second one by itself too."""
    z = points()
    books = started(z)
    scale = z.square().sum(dim=1).mean().sqrt()

    def terms(words: Tensor) -> tuple[float, float]:
        lost = (z - decode(words, books.codes)).square().sum(dim=1).mean()
        return float(lost), float(orthogonality(words / scale))

    before = terms(books.words)
    after = terms(spread_words(z, books.codes, books.words, 0.5))
    assert after[0] + 0.5 * after[1] < before[0] + 0.5 * before[1] and after[1] < before[1]
