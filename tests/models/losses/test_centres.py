"""Hadamard matrices and hash centres of methods/2-implicit-and-classification.md, section 11 and further."""

from __future__ import annotations

import pytest
import torch

from models.errors import ConfigError
from models.losses.centres import hash_centres, multi_label_centres, projected_centres, random_centres
from models.losses.hadamard import hadamard


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("order", [1, 2, 4, 8, 12, 16, 20, 24, 32, 40, 44, 48, 64, 96, 128])
def test_hadamard(order: int) -> None:
    """Tests: H H' = K I; row 0 is all ones. 12, 24 and 48 are Paley products (design choice 3)."""
    matrix = hadamard(order)
    assert matrix is not None and matrix.shape == (order, order)
    product = matrix.int() @ matrix.int().T
    assert torch.equal(product, order * torch.eye(order, dtype=torch.int32))
    assert bool((matrix[0] == 1).all())


@pytest.mark.parametrize("order", [0, 3, 6, 10, 18, 28, 36, 52, 92])
def test_no_hadamard(order: int) -> None:
    """Orders that do not exist, and those (28, 36, ...) that these two constructions miss."""
    assert hadamard(order) is None


@pytest.mark.parametrize("n_bits", [12, 16, 24, 32, 48, 64, 128])
def test_ten_classes_get_rows_of_a_hadamard_matrix(n_bits: int) -> None:
    """Pitfall 1: random rows without row 0; every two differ in half of the bits."""
    centres = hash_centres(10, n_bits, generator())
    assert centres.kind == "hadamard" and centres.min_distance == n_bits // 2
    assert not bool((centres.codes == centres.codes[:, :1]).all(dim=1).any()), "no constant row"


def test_random_rows_have_more_distinct_columns_than_the_first() -> None:
    """Pitfall 1: rows 0 to 9 of order 64 have 16 distinct columns."""
    first = hadamard(64)
    assert first is not None and len(torch.unique(first[:10], dim=1).T) == 16
    for seed in range(5):
        assert hash_centres(10, 64, generator(seed)).n_distinct_columns >= 60


@pytest.mark.parametrize(("n_classes", "n_bits"), [(16, 16), (20, 16), (25, 16), (32, 16), (17, 12)])
def test_more_classes_than_bits(n_classes: int, n_bits: int) -> None:
    """Section 11, (1): rows and their negatives up to twice the bits; distance K/2, or K for opposites."""
    centres = hash_centres(n_classes, n_bits, generator())
    assert centres.codes.shape == (n_classes, n_bits) and centres.min_distance == n_bits // 2
    assert len(torch.unique(centres.codes, dim=0)) == n_classes


@pytest.mark.parametrize(("n_bits", "at_least"), [(16, 4), (32, 10), (48, 18)])
def test_greedy_centres(n_bits: int, at_least: int) -> None:
    """Section 11, (4): min distance 4 / 10 / 18 for 100 classes; balanced codes."""
    centres = hash_centres(100, n_bits, generator())
    assert centres.kind == "greedy" and centres.min_distance >= at_least
    assert bool((centres.codes.sum(dim=1) == 0).all())


@pytest.mark.parametrize(("n_classes", "n_bits"), [(100, 8), (4, 2), (2, 1), (3, 10), (10, 7), (256, 8)])
def test_odd_lengths_and_crowded_codes_still_differ(n_classes: int, n_bits: int) -> None:
    """8 bits have 70 balanced words; the 71st class takes another word rather than a double."""
    centres = hash_centres(n_classes, n_bits, generator())
    assert centres.min_distance >= 1
    assert len(torch.unique(centres.codes, dim=0)) == n_classes
    assert set(centres.codes.unique().tolist()) == {-1.0, 1.0}


def test_more_classes_than_codes() -> None:
    with pytest.raises(ConfigError, match="longer code"):
        hash_centres(17, 4, generator())


def test_seed_decides() -> None:
    for n_bits in (32, 18):
        assert torch.equal(
            hash_centres(10, n_bits, generator(1)).codes, hash_centres(10, n_bits, generator(1)).codes
        )
        assert not torch.equal(
            hash_centres(10, n_bits, generator(1)).codes, hash_centres(10, n_bits, generator(2)).codes
        )


def test_multi_label_centres() -> None:
    """Tests: rows 1, 2 of H_4 sum to (1, 0, 0, -1), two ties to fill; rows 1, 2, 3 give (1, -1, -1, -1)."""
    matrix = hadamard(4)
    assert matrix is not None
    labels = torch.tensor([[0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 0, 0]], dtype=torch.bool)
    filler = torch.tensor([-1.0, 1.0, -1.0, 1.0])
    centres = multi_label_centres(matrix.float(), labels, filler)
    assert centres.tolist() == [[1, 1, -1, -1], [1, -1, -1, -1], [-1, 1, -1, 1]]


@pytest.mark.parametrize(("n_classes", "n_bits"), [(10, 16), (31, 32), (10, 64), (63, 64)])
def test_projection_is_left_out_where_the_matrix_fits(n_classes: int, n_bits: int) -> None:
    """Section 12: the order is the smallest 2^n that has n_classes rows besides row 0, and n_bits columns."""
    centres = projected_centres(n_classes, n_bits, generator())
    assert centres.kind == "hadamard" and centres.min_distance == n_bits // 2
    assert not bool((centres.codes == centres.codes[:, :1]).all(dim=1).any()), "no constant row"


@pytest.mark.parametrize(
    ("n_classes", "n_bits"), [(10, 8), (10, 12), (16, 16), (27, 12), (10, 48), (100, 32)]
)
def test_projected_rows_differ(n_classes: int, n_bits: int) -> None:
    """Section 12, pitfalls: after a random projection the least distance is reported, and is not 0."""
    centres = projected_centres(n_classes, n_bits, generator())
    assert centres.kind == "projected hadamard" and centres.codes.shape == (n_classes, n_bits)
    distances = (centres.codes[:, None] != centres.codes[None]).sum(dim=2) + n_bits * torch.eye(n_classes)
    assert centres.min_distance == int(distances.min()) > 0
    again = projected_centres(n_classes, n_bits, generator())
    assert torch.equal(centres.codes, again.codes)
    assert not torch.equal(centres.codes, projected_centres(n_classes, n_bits, generator(1)).codes)


def test_projection_that_cannot_keep_classes_apart() -> None:
    with pytest.raises(ConfigError, match="longer code"):
        projected_centres(200, 8, generator())
    with pytest.raises(ConfigError, match="longer code"):
        projected_centres(17, 4, generator())


def test_random_centres() -> None:
    """Sections 14 and 15: bits by the toss of a coin, about half of them +1; they may meet when short."""
    centres = random_centres(50, 64, generator())
    assert centres.kind == "random" and set(centres.codes.unique().tolist()) == {-1.0, 1.0}
    assert abs(float(centres.codes.mean())) < 4 / (50 * 64) ** 0.5
    assert random_centres(40, 4, generator()).min_distance == 0
