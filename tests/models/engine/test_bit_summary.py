from __future__ import annotations

import numpy as np

from models.engine.bit_summary import N_BINS, summarise_bits


def test_counts_ends_and_symmetry() -> None:
    u = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)
    u[7, 1], u[9, 1] = 100.0, -100.0
    before = u.copy()
    summary = summarise_bits(u)
    assert (summary.counts.sum(axis=1) == 500).all(), "values beyond the ends are counted in the outer bins"
    assert summary.counts.shape == (3, N_BINS)
    np.testing.assert_allclose(summary.edges, -summary.edges[::-1])
    assert summary.edges[-1] < 100
    assert summary.edges[N_BINS // 2] == 0
    assert summary.strongest_one[1, 0] == 7
    assert summary.strongest_zero[1, 0] == 9
    assert summary.strongest_one.shape == (3, 12)
    negative = summary.counts[:, : N_BINS // 2].sum(axis=1)
    assert (negative == (u < 0).sum(axis=0)).all()
    assert (u == before).all()


def test_few_images_and_constant_bits() -> None:
    summary = summarise_bits(np.zeros((3, 2), dtype=np.float32))
    assert summary.strongest_zero.shape == (2, 3)
    assert (summary.counts.sum(axis=1) == 3).all()
