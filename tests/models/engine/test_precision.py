from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from models.engine.precision import (
    from_eight_bits,
    from_four_bits,
    kept_as,
    rounded_to_stored,
    to_eight_bits,
    to_four_bits,
)


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


@given(st.integers(0, 10_000), st.floats(-60, 30), st.integers(1, 41))
def test_four_bits_twice_is_once(seed: int, log_scale: float, width: int) -> None:
    matrix = torch.randn(5, width, generator=torch.Generator().manual_seed(seed)) * 2.0**log_scale
    matrix[1] = 0
    matrix[2] *= 1e-6
    pairs, unit = to_four_bits(matrix)
    assert pairs.dtype == torch.uint8 and pairs.shape == (5, (width + 1) // 2)
    once = from_four_bits(pairs, unit)
    assert once.shape == matrix.shape
    assert torch.equal(from_four_bits(*to_four_bits(once)), once)
    # Half a unit, and a little more at the end of the row, where the unit itself was rounded.
    assert ((once - matrix).abs() <= 0.53 * unit.float()[:, None]).all()
    assert (unit.float() <= matrix.abs().amax(dim=1) / 6.9 + 1e-25).all()


def test_what_is_kept_how() -> None:
    many = torch.full((256, 230), 0.1)
    assert kept_as("method.x", torch.full((3, 3), 0.1)) == "half"
    assert kept_as("method.x", torch.zeros(32, 256)) == "eight bits"
    assert kept_as("method.head.layers.0.weight", many) == "four bits"
    assert kept_as("method.anchors", many) == "eight bits"
    # What a code is read from has as many rows as bits, however wide: in four bits SDH falls from .90 to .50.
    assert kept_as("method.head.1.weight", torch.zeros(64, 300)) == "eight bits"
    assert kept_as("method.head.weight", torch.zeros(64, 3072)) == "eight bits"
    assert kept_as("method.x", torch.stack([many, many])) == "eight bits"
    assert kept_as("backbone.x", many) == "half"
    assert kept_as("method.x", torch.zeros(10**5)) == "half"
    small = torch.full((3, 3), 0.1)
    assert torch.equal(rounded_to_stored("method.x", small), small.half().float())
    whole = torch.arange(5)
    assert rounded_to_stored("method.x", whole) is whole
