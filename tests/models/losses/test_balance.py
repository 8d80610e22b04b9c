"""Balance of methods/1-pairwise-and-multiwise.md, section 11 (per bit), and independence of bits."""

from __future__ import annotations

import pytest
import torch

from models.losses.balance import bit_balance, independence
from models.losses.hadamard import hadamard


def test_balance_of_fixture_t() -> None:
    """Section 11, test 1: each bit of fixture T is +1 for two of its four images."""
    b = torch.tensor([[1, -1, 1, 1], [1, -1, 1, -1], [-1, 1, -1, 1], [-1, 1, -1, -1]], dtype=torch.float64)
    assert float(bit_balance(b)) == 0


def test_balance_by_hand() -> None:
    """Means of the bits are 1, 0 and -1/2: (1 + 0 + 1/4) / 3."""
    h = torch.tensor([[1.0, 1, -1], [1, -1, -1], [1, 1, -1], [1, -1, 1]])
    assert float(bit_balance(h)) == pytest.approx(1.25 / 3)


@pytest.mark.parametrize("n_ones", range(9))
def test_balance_is_zero_exactly_for_half(n_ones: int) -> None:
    """Section 11, test 3."""
    h = torch.where(torch.arange(8)[:, None] < n_ones, 1.0, -1.0).expand(8, 5)
    assert (float(bit_balance(h)) == 0) == (n_ones == 4)


def test_balance_of_one_image_is_the_square_of_its_outputs() -> None:
    assert float(bit_balance(torch.tensor([[2.0, -1.0]]))) == pytest.approx(2.5)


def test_columns_of_a_hadamard_matrix_are_independent() -> None:
    matrix = hadamard(8)
    assert matrix is not None
    assert float(independence(matrix.float())) == 0
    assert float(independence(matrix.float()[:, :5])) == 0


def test_repeated_and_negated_bits_are_not_independent() -> None:
    """Two equal bits have h^T h / n = 1 off the diagonal, on both sides of it: 2; so have opposite ones."""
    h = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
    assert float(independence(h)) == pytest.approx(2)
    assert float(independence(h * torch.tensor([1.0, -1.0]))) == pytest.approx(2)


def test_fewer_images_than_bits_cannot_be_independent() -> None:
    """h^T h / n has rank at most n, so n_bits - n eigenvalues miss 1: for +-1 codes at least their number."""
    h = torch.where(torch.rand(3, 8, generator=torch.Generator().manual_seed(0)) < 0.5, 1.0, -1.0)
    assert float(independence(h)) >= 5


def test_gradients() -> None:
    """Section 18, check 8."""
    h = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert torch.autograd.gradcheck(bit_balance, (h,))
    assert torch.autograd.gradcheck(independence, (h,))


def test_no_image() -> None:
    assert float(independence(torch.zeros(0, 3))) == 3
