"""Binarize, pack, unpack and Hamming distances, against loops and against each other."""

import numpy as np
import pytest
import torch

from models.codes.binarize import binarize
from models.codes.hamming import hamming_distances
from models.codes.packing import as_words, binarize_array, pack, unpack
from models.errors import DataError
from models.types import BinaryCodes

LENGTHS = [1, 3, 8, 12, 16, 32, 48, 63, 64, 65, 100, 128, 1024, 1100]


def random_codes(n: int, n_bits: int, seed: int = 0) -> np.ndarray:
    b = np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (n, n_bits))
    b.setflags(write=False)
    return b


def test_zero_becomes_plus_one_in_both_libraries() -> None:
    u = np.array([[-1.5, -0.0, 0.0, 2.0, -1e-45]], np.float32)
    expected = [[-1, 1, 1, 1, -1]]
    assert binarize_array(u).tolist() == expected
    assert binarize(torch.from_numpy(u)).tolist() == expected


def test_binarize_keeps_dtype_and_cuts_the_gradient() -> None:
    u = torch.randn(4, 8, dtype=torch.float64, requires_grad=True)
    b = binarize(u)
    assert b.dtype == torch.float64
    assert not b.requires_grad


def test_nan_has_no_side() -> None:
    with pytest.raises(DataError, match="1 of 2 relaxed values are NaN"):
        binarize_array(np.array([[0.5, np.nan]]))


def test_text_is_not_a_code() -> None:
    with pytest.raises(DataError, match="real numbers"):
        binarize_array(np.array([["a"]]))


@pytest.mark.parametrize("n_bits", LENGTHS)
def test_unpack_inverts_pack(n_bits: int) -> None:
    b = random_codes(7, n_bits)
    codes = pack(b)
    assert codes.n_bits == n_bits
    assert codes.packed.shape == (7, -(-n_bits // 8))
    assert np.array_equal(unpack(codes), b)


def test_first_bit_is_the_highest_of_the_first_byte() -> None:
    codes = pack(np.array([[1, -1, -1, -1, -1, -1, -1, -1, 1, 1]]))
    assert codes.packed.tolist() == [[0b10000000, 0b11000000]]


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float32, np.float64])
def test_the_three_alphabets_pack_alike(dtype: type) -> None:
    b = random_codes(5, 20)
    from_signs, from_bits, from_bool = pack(b.astype(dtype)), pack(((b + 1) // 2).astype(dtype)), pack(b > 0)
    assert np.array_equal(from_signs.packed, from_bits.packed)
    assert np.array_equal(from_signs.packed, from_bool.packed)


@pytest.mark.parametrize(
    "b",
    [
        np.array([[-1, 0, 1]]),
        np.array([[0.5, 1.0]]),
        np.array([[np.nan, 1.0]]),
        np.array([[2, 1]]),
        np.array([1, 0, 1]),
        np.zeros((3, 0)),
        np.array([["0", "1"]]),
    ],
)
def test_other_values_and_shapes_are_refused(b: np.ndarray) -> None:
    with pytest.raises(DataError):
        pack(b)


def test_no_codes_at_all_still_have_a_length() -> None:
    codes = pack(np.zeros((0, 12), np.int8))
    assert len(codes) == 0
    assert unpack(codes).shape == (0, 12)


@pytest.mark.parametrize("n_bits", LENGTHS)
def test_hamming_counts_differing_bits(n_bits: int) -> None:
    query, database = random_codes(5, n_bits), random_codes(9, n_bits, seed=1)
    expected = [[sum(x != y for x, y in zip(q, d, strict=True)) for d in database] for q in query]
    assert hamming_distances(pack(query), pack(database)).tolist() == expected


def test_hamming_refuses_unequal_lengths_even_of_equal_width() -> None:
    with pytest.raises(DataError, match=r"12 bits.*16"):
        hamming_distances(pack(random_codes(2, 12)), pack(random_codes(2, 16)))


def test_words_of_eight_byte_codes_share_memory() -> None:
    packed = pack(random_codes(4, 64)).packed
    assert np.shares_memory(as_words(packed), packed)


def test_words_of_unaligned_or_strided_rows_are_right() -> None:
    packed = pack(random_codes(6, 64)).packed
    shifted = np.zeros(6 * 8 + 1, np.uint8)[1:].reshape(6, 8)
    shifted[:] = packed
    assert np.array_equal(as_words(shifted), as_words(packed))
    assert as_words(shifted).flags.aligned
    assert np.array_equal(as_words(packed[::2]), as_words(packed)[::2])
    assert len(hamming_distances(BinaryCodes(packed[::2], 64), BinaryCodes(shifted, 64))) == 3
