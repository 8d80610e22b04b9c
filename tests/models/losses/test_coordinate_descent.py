"""Golden values and laws of stage 1 of CNNH: methods/1-pairwise-and-multiwise.md, section 1."""

from __future__ import annotations

import itertools
import time

import numpy as np
import numpy.typing as npt
import pytest

from models.losses.coordinate_descent import (
    best_step,
    change_of_objective,
    residual,
    residual_row,
    similarity_codes,
    sweep,
    visit_image,
)
from models.types import Float64

# Fixture T of section 0.4.
U = np.array([[1.2, -0.8, 0.5, 1.0], [0.9, -1.1, 0.7, -0.2], [-1.0, 0.6, -0.4, 0.8], [-0.7, 1.3, -0.9, -1.2]])
LABELS_T = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=bool)


def objective(h: Float64, labels: npt.NDArray[np.bool_]) -> float:
    return float((residual(h, labels) ** 2).sum())


def random_case(seed: int, n: int = 30, n_bits: int = 8) -> tuple[Float64, npt.NDArray[np.bool_]]:
    """Start and labels; several labels here and there, some images without any."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (n, n_bits)), rng.random((n, 4)) < 0.3


def random_orders(
    seed: int, sizes: tuple[int, int], n_sweeps: int
) -> list[tuple[npt.NDArray[np.int64], ...]]:
    rng = np.random.default_rng(seed)
    return [tuple(rng.permutation(size) for size in sizes) for _ in range(n_sweeps)]


def test_objective_of_bits() -> None:
    """Section 1, test 1: 32 at the signs, 2.0 when divided by K squared."""
    assert objective(np.where(U >= 0, 1.0, -1.0), LABELS_T) == 32
    assert 32 / 4**2 == 2.0


def test_one_step_of_the_fixture() -> None:
    """Section 1, test 2: image 1, bit 2, from H = clip(U)."""
    h = np.clip(U, -1, 1)
    residuals = residual(h, LABELS_T)
    assert (residuals**2).sum() == pytest.approx(74.5157, abs=1e-9)
    g1 = 4 * residuals[0] @ h[:, 1]
    g2 = 4 * (h[:, 1] @ h[:, 1] + h[0, 1] ** 2 + residuals[0, 0])
    assert (g1, g2) == pytest.approx((23.84, 10.12), abs=1e-9)
    d = best_step(g1, g2, h[0, 1])
    assert d == pytest.approx(-0.2, abs=1e-12), "-23.84 / 10.12 would leave the interval"
    change = change_of_objective(d, g1, g2, h[0, 1])
    columns, norms, row = np.array(h.T, order="C"), (h**2).sum(axis=0), residuals[0].copy()
    assert visit_image(columns, norms, row, 0, np.array([1])) == pytest.approx(change, abs=1e-12)
    h[0, 1] += d
    assert objective(h, LABELS_T) == pytest.approx(69.9773, abs=1e-4)
    assert 74.5157 + change == pytest.approx(69.9773, abs=1e-4)
    np.testing.assert_allclose(columns, h.T, atol=1e-15)
    np.testing.assert_allclose(row, residual(h, LABELS_T)[0], atol=1e-12, rtol=0)


@pytest.mark.parametrize("seed", range(5))
def test_updated_values_equal_recomputed_ones(seed: int) -> None:
    """Section 1, test 2: row of L and column norms after a visit to all bits of an image, to 1e-12."""
    h, labels = random_case(seed)
    columns, norms, row = np.array(h.T, order="C"), (h**2).sum(axis=0), np.empty(len(h))
    for i in (0, 7, 7, 29):
        before = objective(columns.T, labels)
        residual_row(columns, labels, i, row)
        np.testing.assert_allclose(row, residual(columns.T, labels)[i], atol=1e-12, rtol=0)
        change = visit_image(columns, norms, row, i, np.random.default_rng(seed).permutation(8))
        np.testing.assert_allclose(row, residual(columns.T, labels)[i], atol=1e-12, rtol=0)
        np.testing.assert_allclose(norms, (columns**2).sum(axis=1), atol=1e-12, rtol=0)
        assert objective(columns.T, labels) - before == pytest.approx(change, abs=1e-9)


def test_a_sweep_equals_the_textbook_loop() -> None:
    """Section 1: the same steps with L kept in full and updated as the specification writes it."""
    h, labels = random_case(3)
    images, bits = random_orders(3, h.shape, 1)[0]
    columns = np.array(h.T, order="C")
    change = sweep(columns, labels, images, bits)

    start, full = objective(h, labels), residual(h, labels)
    for i in images:
        for j in bits:
            g1 = 4 * full[i] @ h[:, j]
            g2 = 4 * (h[:, j] @ h[:, j] + h[i, j] ** 2 + full[i, i])
            assert g2 > 0, "the guard has a test of its own"
            d = np.clip(-g1 / g2, -1 - h[i, j], 1 - h[i, j])
            column = h[:, j].copy()
            full[i] += d * column
            full[:, i] += d * column
            full[i, i] += d**2
            h[i, j] += d
    np.testing.assert_allclose(full, residual(h, labels), atol=1e-10)
    np.testing.assert_allclose(columns, h.T, atol=1e-10)
    assert objective(h, labels) - start == pytest.approx(change, abs=1e-7)


def test_change_of_objective_is_exact() -> None:
    """The polynomial of degree 4, against the definition."""
    h, labels = random_case(1)
    full = residual(h, labels)
    for i, j, d in ((0, 0, 0.3), (4, 7, -0.8), (29, 3, 1.1)):
        g1, g2 = 4 * full[i] @ h[:, j], 4 * (h[:, j] @ h[:, j] + h[i, j] ** 2 + full[i, i])
        moved = h.copy()
        moved[i, j] += d
        expected = objective(moved, labels) - objective(h, labels)
        assert change_of_objective(d, g1, g2, h[i, j]) == pytest.approx(expected, abs=1e-9)


def test_steps_stay_inside_and_take_the_better_end_without_curvature() -> None:
    """Section 1: the clip, and the guard for g2 <= 0."""
    assert best_step(1.0, 4.0, 0.2) == pytest.approx(-0.25)
    assert best_step(10.0, 4.0, 0.2) == pytest.approx(-1.2)
    assert best_step(-10.0, 4.0, 0.2) == pytest.approx(0.8)
    for g1, g2, h in ((1.0, -8.0, 0.1), (-1.0, -8.0, 0.1), (0.5, 0.0, -0.4), (-0.5, 0.0, 0.9)):
        low, high = -1 - h, 1 - h
        worse, better = sorted((low, high), key=lambda d: -change_of_objective(d, g1, g2, h))
        assert best_step(g1, g2, h) == pytest.approx(better)
        assert change_of_objective(worse, g1, g2, h) > change_of_objective(better, g1, g2, h)


@pytest.mark.parametrize("seed", range(8))
def test_sweeps_never_raise_the_objective(seed: int) -> None:
    """Section 18, check 7: per sweep, after taking back; also for few images and many bits."""
    n, n_bits = ((30, 8), (3, 24), (6, 2), (2, 1))[seed % 4]
    h, labels = random_case(seed, n, n_bits)
    values = [objective(h, labels)]
    for order in random_orders(seed, h.shape, 6):
        h, changes = similarity_codes(h, labels, [order])
        values.append(objective(h, labels))
        assert changes[0] <= 0 and values[-1] - values[-2] == pytest.approx(changes[0], abs=1e-8)
        assert np.abs(h).max() <= 1 + 1e-12
    assert values[-1] < values[0] and all(a >= b - 1e-9 for a, b in itertools.pairwise(values))


def test_a_sweep_that_raises_the_objective_is_taken_back() -> None:
    """Section 1, tricks: two similar images of one bit, where Newton's step overshoots."""
    labels = np.ones((2, 1), dtype=bool)
    order = (np.array([0]), np.array([0]))
    rose = 0
    for a, b in np.random.default_rng(0).uniform(-1, 1, (400, 2)):
        start = np.array([[a], [b]])
        columns = np.array(start.T, order="C")
        if sweep(columns, labels, *order) > 1e-9:
            rose += 1
            kept, changes = similarity_codes(start, labels, [order])
            np.testing.assert_array_equal(kept, start)
            assert changes == [0.0]
    assert rose > 0, "the case is not tested"


def test_flip_and_permutation_of_bits_leave_the_objective() -> None:
    """Section 1, test 3."""
    h, labels = random_case(5)
    expected = pytest.approx(objective(h, labels), abs=1e-9)
    assert objective(h * np.array([1, -1, 1, 1, -1, 1, -1, 1]), labels) == expected
    assert objective(h[:, np.random.default_rng(0).permutation(8)], labels) == expected


def test_two_classes_are_solved_exactly() -> None:
    """Section 1, test 4: h for one class and -h for the other gives 0, and the descent finds such codes."""
    code = np.array([1.0, -1.0, -1.0, 1.0])
    assert objective(np.stack([code, code, -code, -code]), LABELS_T) == 0
    labels = np.arange(40)[:, None] % 2 == np.arange(2)
    start = np.random.default_rng(2).uniform(-1, 1, (40, 16))
    found, _ = similarity_codes(start, labels, random_orders(2, start.shape, 10))
    assert objective(found, labels) / (40 * 16) ** 2 < 1e-6
    bits = np.where(found >= 0, 1.0, -1.0)
    assert objective(bits, labels) == 0


def test_images_without_labels_are_similar_to_themselves_only() -> None:
    """Section 0.2, rule 2."""
    found = residual(np.zeros((2, 3)), np.zeros((2, 4), dtype=bool))
    np.testing.assert_array_equal(found, [[-3, 3], [3, -3]])
    row = np.empty(2)
    residual_row(np.zeros((3, 2)), np.zeros((2, 4), dtype=bool), 0, row)
    assert row.tolist() == [-3, 3]


@pytest.mark.parametrize("n_bits", [1, 8])  # one column lies in memory as its transpose does
def test_the_start_is_left_alone_and_no_sweep_changes_nothing(n_bits: int) -> None:
    h, labels = random_case(7, n_bits=n_bits)
    kept = h.copy()
    found, changes = similarity_codes(h, labels, [])
    np.testing.assert_array_equal(found, kept)
    assert changes == []
    similarity_codes(h, labels, random_orders(7, h.shape, 1))
    np.testing.assert_array_equal(h, kept)


@pytest.mark.slow
def test_two_thousand_images_take_seconds() -> None:
    """2,000 images, 64 bits and 10 sweeps on one core; processor time, so that other work does not count."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 2000)[:, None] == np.arange(10)
    start = rng.uniform(-1, 1, (2000, 64))
    orders = random_orders(0, start.shape, 10)
    began = time.process_time()
    similarity_codes(start, labels, orders)
    assert time.process_time() - began < 10
