"""Codes of the train images whose inner products match the similarities, found before any network (CNNH).

Import this module late: it loads numba and compiles.

The objective is |L|^2 with L = H H^T - K S, where H, (n, K), holds the codes, relaxed to [-1, 1], and S,
(n, n), is 1 for similar pairs and -1 for others. One number of H is changed at a time; what that does to the
objective is a polynomial of degree 4 in the change d,

    g1 d + g2 d^2 / 2 + 4 h d^3 + d^4,    g1 = 4 L_i . H_j,    g2 = 4 (H_j . H_j + h^2 + L_ii),    h = H_ij,

of which the step takes the first two terms: d = -g1 / g2, kept where H_ij stays in [-1, 1]. (H_j is column j
of H, L_i row i of L.)

Source: methods/1-pairwise-and-multiwise.md, section 1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import types

from models.compiled import compiled
from models.types import Float64, Int64

_MATRIX, _VECTOR = types.Array(types.float64, 2, "C"), types.Array(types.float64, 1, "C")
_ORDER = types.Array(types.int64, 1, "C", readonly=True)
_LABELS = types.Array(types.boolean, 2, "C", readonly=True)
# Sums may be reordered, which lets them run on several numbers at once.
_FAST = {"reassoc", "contract"}


def residual(codes: Float64, labels: npt.NDArray[np.bool_]) -> Float64:
    """L = H H^T - K S in full, float64 (n, n); the definition, too large to keep for many images.

    An image is similar to itself, also without a label.

    Args:
        codes: float64 (n, K), H.
        labels: bool (n, n_classes).
    """
    similar = labels.astype(np.float64) @ labels.T.astype(np.float64) > 0
    np.fill_diagonal(similar, True)
    found: Float64 = codes @ codes.T - codes.shape[1] * np.where(similar, 1.0, -1.0)
    return found


@compiled(types.float64(types.float64, types.float64, types.float64, types.float64), fastmath=_FAST)
def change_of_objective(d, g1, g2, h):  # type: ignore[no-untyped-def]
    """What adding d to a number h of H does to |L|^2, exactly."""
    return d * (g1 + d * (0.5 * g2 + d * (4.0 * h + d)))


@compiled(types.float64(types.float64, types.float64, types.float64), fastmath=_FAST)
def best_step(g1, g2, h):  # type: ignore[no-untyped-def]
    """Newton's step -g1 / g2, kept where h + d stays in [-1, 1]; without a curve upwards, the better end."""
    low, high = -1.0 - h, 1.0 - h
    if g2 > 0.0:
        return min(max(-g1 / g2, low), high)
    if change_of_objective(low, g1, g2, h) <= change_of_objective(high, g1, g2, h):
        return low
    return high


@compiled(types.void(_MATRIX, _LABELS, types.int64, _VECTOR), fastmath=_FAST)
def residual_row(columns, labels, i, row):  # type: ignore[no-untyped-def]
    """Write row i of L to `row`, (n,); `columns` is H transposed, (K, n)."""
    n_bits, n = columns.shape
    for m in range(n):
        similar = m == i
        for c in range(labels.shape[1]):
            similar |= labels[i, c] & labels[m, c]
        row[m] = -n_bits if similar else n_bits
    for j in range(n_bits):
        h = columns[j, i]
        for m in range(n):
            row[m] += h * columns[j, m]


@compiled(types.float64(_MATRIX, _VECTOR, _VECTOR, types.int64, _ORDER), fastmath=_FAST)
def visit_image(columns, norms, row, i, bits):  # type: ignore[no-untyped-def]
    """Change the numbers of image i, one after the other in the order `bits`, in place.

    Args:
        columns: (K, n), H transposed, so that a column of H lies in one piece.
        norms: (K,), H_j . H_j; kept up to date.
        row: (n,), row i of L; kept up to date. The column, its mirror, is not stored.
        i: the image.
        bits: the columns to visit.

    Returns:
        The change of |L|^2.
    """
    n = columns.shape[1]
    total = 0.0
    for j in bits:
        product = 0.0
        for m in range(n):
            product += row[m] * columns[j, m]
        h = columns[j, i]
        g1, g2 = 4.0 * product, 4.0 * (norms[j] + h * h + row[i])
        d = best_step(g1, g2, h)
        total += change_of_objective(d, g1, g2, h)
        for m in range(n):
            row[m] += d * columns[j, m]
        row[i] += d * (h + d)  # L_ii holds h twice: it changes by 2 d h + d^2
        norms[j] += d * (2.0 * h + d)
        columns[j, i] = h + d
    return total


@compiled(types.float64(_MATRIX, _LABELS, _ORDER, _ORDER), fastmath=_FAST)
def sweep(columns, labels, images, bits):  # type: ignore[no-untyped-def]
    """Visit every number of H once, in place; gives the change of |L|^2.

    Args:
        columns: (K, n), H transposed.
        labels: (n, n_classes).
        images, bits: order of the visit; all bits of an image come in one go.
    """
    n_bits, n = columns.shape
    row, norms = np.empty(n), np.empty(n_bits)
    for j in range(n_bits):
        norms[j] = 0.0
        for m in range(n):
            norms[j] += columns[j, m] * columns[j, m]
    total = 0.0
    for i in images:
        residual_row(columns, labels, i, row)
        total += visit_image(columns, norms, row, i, bits)
    return total


def similarity_codes(
    start: Float64, labels: npt.NDArray[np.bool_], orders: list[tuple[Int64, Int64]]
) -> tuple[Float64, list[float]]:
    """Lower |H H^T - K S|^2 by sweeps of coordinate descent; one that does not lower it is taken back.

    A step looks at a parabola where the objective is of degree 4, so it may overshoot; hence the taking back.
    Memory is that of H: rows of L are made when they are needed.

    Args:
        start: float64 (n, K), where H starts, in [-1, 1].
        labels: bool (n, n_classes).
        orders: per sweep, the order of images, int64 (n,), and of bits, int64 (K,).

    Returns:
        H, float64 (n, K), in [-1, 1]; the change of the objective in each sweep, 0 for one taken back.
    """
    columns, flags = np.array(start.T, order="C"), np.ascontiguousarray(labels)
    changes = []
    for images, bits in orders:
        before = columns.copy()
        change = sweep(columns, flags, images, bits)
        if change >= 0:
            columns, change = before, 0.0
        changes.append(float(change))
    return np.ascontiguousarray(columns.T), changes
