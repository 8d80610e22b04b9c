"""The order of real distances: as a stable sort gives it, for every value that a distance can have."""

from __future__ import annotations

import numpy as np

from models.metrics.histogram import _in_row_order


def test_it_is_that_of_a_stable_sort() -> None:
    distances = np.random.default_rng(0).integers(-5, 5, (30, 2_000)).astype(np.float32) / 3
    distances[0, :9] = -0.0
    distances[1], distances[2, ::2], distances[3, 1::2] = np.inf, -np.inf, np.float32(1e-45)
    assert (_in_row_order(distances) == np.argsort(distances, axis=1, kind="stable")).all()
