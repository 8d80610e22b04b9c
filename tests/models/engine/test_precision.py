from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from models.engine.precision import from_eight_bits, is_large, rounded_to_stored, to_eight_bits


@given(st.integers(0, 10_000), st.floats(-20, 10))
def test_rounding_twice_is_rounding_once(seed: int, log_scale: float) -> None:
    matrix = torch.randn(3, 5, 40, generator=torch.Generator().manual_seed(seed)) * 2.0**log_scale
    once = from_eight_bits(*to_eight_bits(matrix))
    assert torch.equal(from_eight_bits(*to_eight_bits(once)), once)


def test_the_error_is_at_most_half_a_unit_of_the_row() -> None:
    matrix = torch.randn(6, 300, generator=torch.Generator().manual_seed(0))
    matrix[2] *= 1000
    matrix[3] = 0
    multiples, exponent = to_eight_bits(matrix)
    unit = torch.exp2(exponent.float())
    back = from_eight_bits(multiples, exponent)
    assert ((back - matrix).abs() <= unit[:, None] / 2).all()
    nonzero = matrix.abs().amax(dim=1) > 0
    assert (unit[nonzero] <= matrix[nonzero].abs().amax(dim=1) / 63.5).all()
    assert (back[3] == 0).all()


def test_small_and_other_tensors_go_to_half_precision_or_stay() -> None:
    small, many = torch.full((3, 3), 0.1), torch.full((3, 10_000), 0.1)
    assert not is_large("method.x", small)
    assert is_large("method.x", many)
    assert is_large("method.x", torch.stack([many, many]))
    assert not is_large("backbone.x", many)
    assert not is_large("method.x", torch.zeros(10**5))
    assert torch.equal(rounded_to_stored("method.x", small), small.half().float())
    whole = torch.arange(5)
    assert rounded_to_stored("method.x", whole) is whole
