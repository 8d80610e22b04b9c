"""Bits to bytes and back. NumPy only."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import DataError
from models.types import BinaryCodes, UInt8

Int8 = npt.NDArray[np.int8]
UInt64 = npt.NDArray[np.uint64]


def binarize_array(u: npt.NDArray[Any]) -> Int8:
    """Binary code of a relaxed code: +1 where u >= 0, -1 elsewhere, so that 0 (and -0.0) gives +1.

    Args:
        u: real numbers, any shape, normally (n, n_bits).

    Returns:
        int8 in {-1, +1}, of u's shape.

    Raises:
        DataError: u holds NaN (which is on neither side of 0) or is not numeric.
    """
    if u.dtype.kind not in "fiu":
        raise DataError(f"Relaxed codes are real numbers; got an array of {u.dtype}.")
    if u.dtype.kind == "f" and np.isnan(u).any():
        raise DataError(f"{int(np.isnan(u).sum())} of {u.size} relaxed values are NaN, which is neither bit.")
    return np.where(u >= 0, np.int8(1), np.int8(-1))


def pack(b: npt.NDArray[Any]) -> BinaryCodes:
    """Pack binary codes eight bits a byte.

    Args:
        b: (n, n_bits), bool or numbers that are all in {-1, +1} or all in {0, 1}.

    Returns:
        Packed codes; True, 1 and +1 become a set bit.

    Raises:
        DataError: not two-dimensional, no bits, or values outside the two alphabets.
    """
    if b.ndim != 2 or b.shape[1] == 0:
        raise DataError(f"Binary codes have shape (n, n_bits) with n_bits >= 1; got shape {b.shape}.")
    if b.dtype.kind not in "biuf":
        raise DataError(f"Binary codes are bool or numbers; got an array of {b.dtype}.")
    bits = b if b.dtype == np.bool_ else b == 1
    if b.dtype != np.bool_ and not ((b == -1) | bits).all() and not ((b == 0) | bits).all():
        found = np.unique(b)
        shown = ", ".join(str(value) for value in found[:5]) + (", ..." if len(found) > 5 else "")
        raise DataError(f"Binary codes hold only {{-1, +1}} or only {{0, 1}}; found the values {shown}.")
    return BinaryCodes(np.packbits(bits, axis=1), b.shape[1])


def unpack(codes: BinaryCodes) -> Int8:
    """Binary codes as int8 (n, n_bits) in {-1, +1}; the inverse of `pack`."""
    bits = np.unpackbits(codes.packed, axis=1, count=codes.n_bits).astype(np.int8)
    return bits * np.int8(2) - np.int8(1)


def as_words(packed: UInt8) -> UInt64:
    """Rows of bytes as rows of 64-bit words, zero padded: uint64 (n, ceil(width / 8)).

    Which bit of a word holds which bit of the code depends on the machine's byte order; counts of set or
    differing bits do not. No copy when the width is a multiple of 8 bytes.
    """
    n, width = packed.shape
    n_words = -(-width // 8)
    if width == n_words * 8 and packed.flags.c_contiguous:
        words = packed.view(np.uint64)
        return words if words.flags.aligned else words.copy()
    padded = np.zeros((n, n_words * 8), dtype=np.uint8)
    padded[:, :width] = packed
    return padded.view(np.uint64)
