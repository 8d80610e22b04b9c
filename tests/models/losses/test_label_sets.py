"""Products with the similarities of all pairs equal those with the matrix itself."""

from __future__ import annotations

import pytest
import torch

from models.losses.label_sets import PairSimilarity, Residue


def labels(kind: str) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    if kind == "single":
        return torch.randint(0, 4, (30,), generator=generator)[:, None] == torch.arange(4)
    return torch.rand(30, 4, generator=generator) < 0.3  # some images have no label


def matrix(y: torch.Tensor) -> torch.Tensor:
    return torch.where((y[:, None] & y[None]).any(dim=2), 1.0, -1.0).double()


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_products_are_those_of_the_matrix(kind: str) -> None:
    y = labels(kind)
    s, similarity = matrix(y), PairSimilarity(y)
    values = torch.randn(30, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(similarity.times(values), s @ values)
    torch.testing.assert_close(similarity.form(values), (values.T @ s @ values).trace())
    rows = torch.tensor([3, 17, 4])
    assert torch.equal(similarity.columns(rows), s[:, rows])


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_residue_is_what_bits_leave(kind: str) -> None:
    """Section F8, step 3: R_k = R_(k-1) - b b'."""
    y = labels(kind)
    residue, explicit = Residue(y, 8), 8 * matrix(y)
    for seed in range(3):
        bit = torch.randint(0, 2, (30,), generator=torch.Generator().manual_seed(seed)).double() * 2 - 1
        assert residue.explained(bit) == pytest.approx(float(bit @ explicit @ bit))
        residue.take(bit)
        explicit = explicit - torch.outer(bit, bit)
        torch.testing.assert_close(residue.times(torch.eye(30, dtype=torch.float64)), explicit)
