"""Charts about single bits."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.figures.bits import bit_balance, bit_correlation, relaxed_values


@pytest.fixture
def share() -> NDArray[np.float64]:
    values = np.array([0.5, 0.7, 0.0, 0.99])
    values.flags.writeable = False
    return values


def test_balance_draws_departure_from_one_half(share: NDArray[np.float64]) -> None:
    bars = bit_balance(share).data[0]
    np.testing.assert_allclose(bars.y, [0, 0.2, -0.5, 0.49])
    assert bars.base == 0.5


def test_balance_hatches_stuck_bits_so_that_colour_is_not_alone(share: NDArray[np.float64]) -> None:
    assert list(bit_balance(share).data[0].marker.pattern.shape) == ["", "", "/", "/"]


def test_balance_marks_the_chosen_bit(share: NDArray[np.float64]) -> None:
    assert [note.text for note in bit_balance(share, 1).layout.annotations if note.text == "bit 1"]
    assert not [note for note in bit_balance(share).layout.annotations if note.text.startswith("bit")]


def test_correlation_blanks_the_diagonal_and_leaves_its_input_alone() -> None:
    given = np.array([[1.0, 0.25], [0.25, 1.0]])
    given.flags.writeable = False
    shown = np.array(bit_correlation(given).data[0].z)
    assert np.isnan(np.diag(shown)).all()
    assert shown[0, 1] == 0.25
    assert given[0, 0] == 1.0


def test_correlation_scale_is_clear_at_zero() -> None:
    scale = bit_correlation(np.eye(2)).data[0].colorscale
    assert {colour for at, colour in scale if at == 0.5} == {"rgba(213,94,0,0)", "rgba(0,114,178,0)"}
    assert [at for at, _ in scale] == sorted(at for at, _ in scale)


def test_relaxed_values_name_the_chosen_bit() -> None:
    figure = relaxed_values(np.linspace(-1, 1, 3), np.array([0.5, 0.5]), np.array([0.9, 0.1]), bit=7)
    assert [trace.name for trace in figure.data] == ["all bits", "bit 7"]
    assert len(relaxed_values(np.linspace(-1, 1, 3), np.array([0.5, 0.5])).data) == 1
