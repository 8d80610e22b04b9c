"""Additive codebooks: methods/3-quantization.md, sections 0.4 and 0.7."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from models.losses.additive import (
    block_books,
    decode,
    encode,
    fit_books,
    greedy_codes,
    improve_codes,
)

BOOKS = torch.tensor([[[1, 0], [0, 1]], [[0, 1], [-1, -1]]], dtype=torch.float64)
X = torch.tensor([[0.4, 0.6]], dtype=torch.float64)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def cloud(n: int = 200, dim: int = 6, seed: int = 0) -> Tensor:
    """Correlated points in double precision."""
    points = torch.randn(n, dim, generator=generator(seed), dtype=torch.float64)
    return points @ torch.randn(dim, dim, generator=generator(9), dtype=torch.float64)


def errors(z: Tensor, books: Tensor, codes: Tensor) -> Tensor:
    return (z - decode(books, codes)).square().sum(dim=1)


def test_errors_of_all_codes() -> None:
    """Section 0.7, greedy against ICM: 0.52, 2.72, 2.12, 2.32."""
    found = [float(errors(X, BOOKS, torch.tensor([code]))) for code in product((0, 1), repeat=2)]
    assert found == pytest.approx([0.52, 2.72, 2.12, 2.32])


def test_greedy_misses_what_sweeps_find() -> None:
    """Section 0.7: greedy in order 1, 2 gives (1, 0); a second sweep reaches (0, 0)."""
    greedy = greedy_codes(X, BOOKS)
    assert greedy.tolist() == [[1, 0]]
    assert improve_codes(X, BOOKS, greedy, [[0, 1]]).tolist() == [[0, 0]]
    assert encode(X, BOOKS).tolist() == [[0, 0]]


def test_ties_take_the_lowest_index() -> None:
    """Section 0.4, item 4."""
    books = torch.tensor([[[1.0], [-1.0], [1.0]]])
    assert greedy_codes(torch.zeros(1, 1), books).tolist() == [[0]]
    assert improve_codes(torch.zeros(1, 1), books, torch.tensor([[2]]), [[0]]).tolist() == [[0]]


def test_sweeps_never_raise_the_error() -> None:
    """Section 0.7, properties, from random codes and in any order of the books."""
    z, books = cloud(), block_books(cloud(), 3, 8, generator())
    codes = torch.randint(8, (200, 3), generator=generator(1))
    before = errors(z, books, codes)
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        for book in order:
            codes = improve_codes(z, books, codes, [[book]])
            after = errors(z, books, codes)
            assert bool((after <= before + 1e-12).all())
            before = after


def test_one_book_is_nearest_word_by_brute_force() -> None:
    z = cloud()
    books = torch.randn(1, 16, 6, generator=generator(), dtype=torch.float64)
    assert torch.equal(encode(z, books)[:, 0], torch.cdist(z, books[0]).argmin(dim=1))


def test_two_books_reach_a_code_that_no_single_change_improves() -> None:
    z, books = cloud(50), torch.randn(2, 4, 6, generator=generator(), dtype=torch.float64)
    codes = improve_codes(z, books, encode(z, books), 20 * [[0, 1]])
    for book, word in product(range(2), range(4)):
        changed = codes.clone()
        changed[:, book] = word
        assert bool((errors(z, books, changed) >= errors(z, books, codes) - 1e-12).all())


def test_ridge_update_by_hand() -> None:
    """Section 0.7: z = (1, 3, 10), codes (0, 0, 1), ridge 0.001: words 1.9990005 and 9.9900100."""
    z, codes = torch.tensor([[1.0], [3.0], [10.0]], dtype=torch.float64), torch.tensor([[0], [0], [1]])
    words = fit_books(z, codes, torch.zeros(1, 2, 1, dtype=torch.float64), 1e-3)
    assert words.flatten().tolist() == pytest.approx([1.9990005, 9.9900100], abs=1e-7)


@pytest.mark.parametrize("n", [12, 200])
def test_least_squares_by_definition(n: int) -> None:
    """Section 0.4, item 3, both for fewer and for more items than words."""
    z, codes = cloud(n), torch.randint(16, (n, 3), generator=generator(1))
    marks = torch.nn.functional.one_hot(codes, 16).flatten(1).double()
    expected = torch.linalg.solve(marks.T @ marks + 1e-3 * torch.eye(48), marks.T @ z)
    found = fit_books(z, codes, torch.full((3, 16, 6), 7.0, dtype=torch.float64), 1e-3).flatten(0, 1)
    used = marks.any(dim=0)
    torch.testing.assert_close(found[used], expected[used], rtol=1e-6, atol=1e-6)
    assert bool((found[~used] == 7).all()), "words that no item uses stay"


def test_least_squares_is_a_minimum() -> None:
    z, codes = cloud(), torch.randint(8, (200, 3), generator=generator(1))
    books = fit_books(z, codes, torch.zeros(3, 8, 6, dtype=torch.float64), 1e-6)
    best = errors(z, books, codes).sum()
    for seed in range(5):
        moved = books + 0.01 * torch.randn(books.shape, generator=generator(seed), dtype=torch.float64)
        assert errors(z, moved, codes).sum() > best


@pytest.mark.parametrize("n_codebooks", [2, 3, 4])
def test_books_start_as_a_product_quantizer(n_codebooks: int) -> None:
    """Section 0.4, item 2: zero outside the own slice; 6 = 1 + 1 + 1 + 3 for four books."""
    z = cloud()
    books = block_books(z, n_codebooks, 8, generator())
    width = 6 // n_codebooks
    for m, words in enumerate(books):
        stop = 6 if m == n_codebooks - 1 else (m + 1) * width
        assert bool((words[:, : m * width] == 0).all()) and bool((words[:, stop:] == 0).all())
        own = torch.cdist(z[:, m * width : stop], words[:, m * width : stop]).argmin(dim=1)
        assert torch.equal(encode(z, books)[:, m], own), "greedy, sweeps and slices agree"


@pytest.mark.parametrize("n", [1, 5, 30])
def test_few_points_and_equal_points(n: int) -> None:
    for z in (cloud(n).float(), torch.ones(n, 6), torch.zeros(n, 6)):
        books = block_books(z, 2, 16, generator())
        codes = encode(z, books)
        books = fit_books(z, codes, books)
        assert bool(torch.isfinite(books).all()) and codes.shape == (n, 2)


def test_ridge_serves_new_items_where_words_have_few_items() -> None:
    """Why the ridge is 1 and not 0.001: 256 clustered items on a sphere, 256 words."""
    centres = 2 * torch.randn(10, 24, generator=generator(9))

    def points(n: int, seed: int) -> Tensor:
        noise = torch.randn(n, 24, generator=generator(seed)) * torch.linspace(1.5, 0.1, 24)
        return torch.nn.functional.normalize(centres[torch.arange(n) % 10] + noise)

    seen, new = points(256, 0), points(300, 1)
    start = block_books(seen, 4, 64, generator(2))
    codes = encode(seen, start)
    weak, strong = (fit_books(seen, codes, start, ridge) for ridge in (1e-3, 1.0))
    assert errors(seen, weak, codes).mean() < errors(seen, strong, codes).mean()
    assert errors(new, weak, encode(new, weak)).mean() > 2 * errors(new, strong, encode(new, strong)).mean()
