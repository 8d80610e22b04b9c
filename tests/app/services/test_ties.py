"""Ties are shown in an order that knows nothing of how a data set is stored."""

from __future__ import annotations

import numpy as np
import pytest

from app.services import ties


@pytest.mark.parametrize("n", [0, 1, 7, 1000])
def test_the_lot_is_drawn_once(n: int) -> None:
    rows = ties.drawn(n)
    assert sorted(rows.tolist()) == list(range(n))
    ties.drawn.cache_clear()
    np.testing.assert_array_equal(ties.drawn(n), rows)


def test_nearest_first_and_ties_by_lot() -> None:
    distances = np.random.default_rng(1).integers(0, 5, 1000)
    order = ties.nearest_first(distances)
    assert sorted(order.tolist()) == list(range(1000))
    assert (np.diff(distances[order]) >= 0).all()
    place = np.argsort(ties.drawn(1000))
    for distance in range(5):
        group = order[distances[order] == distance]
        assert (np.diff(place[group]) > 0).all()
        np.testing.assert_array_equal(group, ties.those_of(distances == distance))


def test_a_data_set_stored_by_class_does_not_open_with_one_class() -> None:
    """A tenth of a large tie shows each of ten classes about as often as the whole tie does."""
    classes = np.arange(5000) // 500
    shown = classes[ties.nearest_first(np.zeros(5000))[:500]]
    assert (np.abs(np.bincount(shown, minlength=10) - 50) < 25).all()
