"""Figures of code health against numpy's own, and on codes whose figures are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.codes import health
from models.codes.health import (
    bit_balance,
    bit_correlation,
    bit_entropy,
    bucket_sizes,
    code_health,
    effective_bits,
    quantization_error,
    word_entropy,
)
from models.codes.packing import pack
from models.errors import DataError
from models.types import BinaryCodes, CodebookCodes


def skewed(n: int = 500, n_bits: int = 20) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.where(rng.random((n, n_bits)) < np.linspace(0.1, 0.9, n_bits), 1, -1).astype(np.int8)


def test_against_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    b = skewed()
    monkeypatch.setattr(health, "_ROWS_AT_ONCE", 64)
    assert bit_balance(pack(b)) == pytest.approx(b.mean(axis=0))
    assert bit_correlation(pack(b)) == pytest.approx(np.corrcoef(b.T))
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(b.T))
    assert effective_bits(bit_correlation(pack(b))) == pytest.approx(
        eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
    )


def test_entropy_of_known_shares() -> None:
    b = np.array([[1, 1, -1], [1, -1, -1], [1, -1, -1], [1, 1, 1]])
    assert bit_entropy(pack(b)) == pytest.approx([0, 1, 0.8112781])


def test_all_words_of_four_bits_are_perfect() -> None:
    b = (np.arange(16)[:, None] >> np.arange(4)) & 1
    figures = code_health(pack(b)).to_json()
    assert figures == pytest.approx(
        {
            "n_items": 16,
            "distinct_codes": 16,
            "largest_bucket": 1,
            "mean_entropy": 1,
            "worst_balance": 0,
            "mean_correlation": 0,
            "effective_bits": 4,
        }
    )


def test_collapsed_codes() -> None:
    figures = code_health(pack(np.ones((9, 12)))).to_json()
    assert figures == {
        "n_items": 9,
        "distinct_codes": 1,
        "largest_bucket": 9,
        "mean_entropy": 0.0,
        "worst_balance": 1.0,
        "mean_correlation": 0.0,
        "effective_bits": 0.0,
    }
    json.dumps(figures, allow_nan=False)


def test_copies_of_one_bit_are_one_bit() -> None:
    column = np.array([1, -1, 1, 1, -1])[:, None]
    bits = code_health(pack(np.hstack([column, -column, column]))).bits
    assert bits is not None
    assert bits.effective_bits == pytest.approx(1)
    assert bits.mean_correlation == pytest.approx(1)
    assert bits.correlation[0, 1] == pytest.approx(-1)


def test_bits_that_never_change_have_no_correlation() -> None:
    bits = code_health(pack(np.array([[1, 1], [1, 0]]))).bits
    assert bits is not None
    assert np.isnan(bits.correlation).tolist() == [[True, True], [True, False]]
    assert bits.effective_bits == pytest.approx(1)


def test_buckets_largest_first() -> None:
    b = np.array([[0, 1]] * 3 + [[1, 1]] * 5 + [[0, 0]])
    assert bucket_sizes(pack(b)).tolist() == [5, 3, 1]


def test_codebook_codes_have_words_instead_of_bits() -> None:
    indices = np.array([[0, 1], [1, 1], [2, 1], [3, 1]], np.uint8)
    figures = code_health(CodebookCodes(indices, np.zeros((2, 4, 1), np.float32)))
    assert figures.bits is None
    assert word_entropy(CodebookCodes(indices, np.zeros((2, 4, 1), np.float32))) == pytest.approx([2, 0])
    assert figures.to_json() == {
        "n_items": 4,
        "distinct_codes": 4,
        "largest_bucket": 1,
        "mean_word_entropy": pytest.approx(1.0),
    }


def test_quantization_error_is_the_mean_square() -> None:
    assert quantization_error(np.array([[0.5, -3.0]]), np.array([[1, -1]])) == pytest.approx((0.25 + 4) / 2)
    with pytest.raises(DataError, match=r"\(1, 2\) and \(2, 2\)"):
        quantization_error(np.zeros((1, 2)), np.zeros((2, 2)))


def test_no_codes_at_all() -> None:
    with pytest.raises(DataError, match="no codes"):
        code_health(BinaryCodes(np.zeros((0, 2), np.uint8), 12))
