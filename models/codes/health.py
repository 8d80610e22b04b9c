"""How well codes use their bits: balance, entropy, correlation, and how many images share a code.

A good code has bits that are +1 for half of the images (each then carries 1 bit of information), that do not
repeat one another, and few images per code. Codes that collapse show here first: entropy 0, one bucket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.codes.packing import as_words, unpack
from models.errors import DataError
from models.types import BinaryCodes, CodebookCodes, Codes, Float64, Int64

_ROWS_AT_ONCE = 65_536


@dataclass(frozen=True)
class BitHealth:
    """State of the single bits of binary codes.

    Attributes:
        share_one: float64 (n_bits,), share of the items whose bit is +1.
        entropy: float64 (n_bits,), information of each bit in bits, 0 to 1.
        correlation: float64 (n_bits, n_bits), Pearson's; NaN in the rows and columns of bits that never
            change.
        effective_bits: number of uncorrelated bits that would spread as widely, 0 to n_bits.
    """

    share_one: Float64
    entropy: Float64
    correlation: Float64
    effective_bits: float

    @property
    def mean_entropy(self) -> float:
        """Mean information of a bit, 0 to 1."""
        return float(self.entropy.mean())

    @property
    def worst_balance(self) -> float:
        """Largest absolute mean of a bit in {-1, +1}: 0 is perfect balance, 1 a bit that never changes."""
        return float(np.abs(2.0 * self.share_one - 1.0).max())

    @property
    def mean_correlation(self) -> float:
        """Mean absolute correlation of two different bits that change, 0 to 1; 0 when there are no two."""
        pairs = np.abs(self.correlation[np.triu_indices(len(self.correlation), 1)])
        pairs = pairs[np.isfinite(pairs)]
        return float(pairs.mean()) if len(pairs) else 0.0


@dataclass(frozen=True)
class CodeHealth:
    """State of the codes of a set of items.

    Attributes:
        n_items: number of items.
        bucket_sizes: int64 (n_distinct,), items per distinct code, largest first.
        bits: the single bits; None for codebook codes, whose bits have no meaning of their own.
        word_entropy: float64 (n_codebooks,), information of the choice of word in each book, in bits, at most
            log2(n_centroids); None for binary codes.
    """

    n_items: int
    bucket_sizes: Int64
    bits: BitHealth | None = None
    word_entropy: Float64 | None = None

    @property
    def n_distinct(self) -> int:
        """Number of distinct codes."""
        return len(self.bucket_sizes)

    def to_json(self) -> dict[str, Any]:
        """The figures as plain numbers, without the arrays."""
        out: dict[str, Any] = {
            "n_items": self.n_items,
            "distinct_codes": self.n_distinct,
            "largest_bucket": int(self.bucket_sizes[0]),
        }
        if self.bits is not None:
            out["mean_entropy"] = self.bits.mean_entropy
            out["worst_balance"] = self.bits.worst_balance
            out["mean_correlation"] = self.bits.mean_correlation
            out["effective_bits"] = self.bits.effective_bits
        if self.word_entropy is not None:
            out["mean_word_entropy"] = float(self.word_entropy.mean())
        return out


def code_health(codes: Codes) -> CodeHealth:
    """All figures of some codes.

    Raises:
        DataError: there are no codes.
    """
    sizes = bucket_sizes(codes)
    if isinstance(codes, CodebookCodes):
        return CodeHealth(len(codes), sizes, word_entropy=word_entropy(codes))
    ones, together = _joint_counts(codes)
    share_one = ones / len(codes)
    correlation = _correlation(share_one, together / len(codes))
    bits = BitHealth(share_one, _entropy(share_one), correlation, effective_bits(correlation))
    return CodeHealth(len(codes), sizes, bits)


def bucket_sizes(codes: Codes) -> Int64:
    """Items per distinct code, int64 (n_distinct,), largest first.

    Raises:
        DataError: there are no codes.
    """
    if len(codes) == 0:
        raise DataError("There are no codes to look at. Give at least one.")
    rows = as_words(codes.packed if isinstance(codes, BinaryCodes) else codes.indices)
    _, sizes = np.unique(rows, axis=0, return_counts=True)
    return np.sort(sizes.astype(np.int64))[::-1]


def bit_balance(codes: BinaryCodes) -> Float64:
    """Mean of each bit in {-1, +1}, float64 (n_bits,): 0 is perfect balance."""
    return np.asarray(2.0 * _joint_counts(codes)[0] / len(codes) - 1.0)


def bit_entropy(codes: BinaryCodes) -> Float64:
    """Information of each bit in bits, float64 (n_bits,): 1 when balanced, 0 when it never changes."""
    return _entropy(_joint_counts(codes)[0] / len(codes))


def bit_correlation(codes: BinaryCodes) -> Float64:
    """Pearson correlation of bits, float64 (n_bits, n_bits); NaN for bits that never change."""
    ones, together = _joint_counts(codes)
    return _correlation(ones / len(codes), together / len(codes))


def effective_bits(correlation: Float64) -> float:
    """(sum v)^2 / sum v^2 over the eigenvalues v of the correlation matrix of the bits that change.

    n uncorrelated bits give n, n copies of one bit give 1, codes that never change give 0.
    """
    changes = np.isfinite(np.diag(correlation))
    matrix = correlation[np.ix_(changes, changes)]
    # Sum of eigenvalues = trace, sum of their squares = squared Frobenius norm.
    return float(np.trace(matrix) ** 2 / np.square(matrix).sum()) if changes.any() else 0.0


def word_entropy(codes: CodebookCodes) -> Float64:
    """Information of the choice of word in each book in bits, float64 (n_codebooks,)."""
    n_centroids = codes.codebooks.shape[1]
    shares = np.stack([np.bincount(column, minlength=n_centroids) for column in codes.indices.T]) / len(codes)
    return np.asarray(_plogp(shares).sum(axis=1))


def quantization_error(u: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """Mean squared difference between relaxed values and what stands for them: codes, or decoded vectors.

    Args:
        u: real (n, size).
        b: (n, size), binary codes in {-1, +1} or decoded vectors.

    Raises:
        DataError: shapes that differ, or no values.
    """
    if u.shape != b.shape or u.size == 0:
        raise DataError(f"Relaxed values and codes have one shape, not empty; got {u.shape} and {b.shape}.")
    return float(np.square(u.astype(np.float64) - b).mean())


def _joint_counts(codes: BinaryCodes) -> tuple[Float64, Float64]:
    """Items whose bit is set, (n_bits,), and items with both bits set, (n_bits, n_bits); whole numbers."""
    together = np.zeros((codes.n_bits, codes.n_bits))
    for start in range(0, len(codes), _ROWS_AT_ONCE):
        bits = (unpack(codes[start : start + _ROWS_AT_ONCE]) > 0).astype(np.float32)
        together += bits.T @ bits  # exact: far below 2^24
    return np.diag(together).copy(), together


def _correlation(share_one: Float64, share_both: Float64) -> Float64:
    deviation = np.sqrt(share_one * (1.0 - share_one))
    scale = np.outer(deviation, deviation)
    covariance = share_both - np.outer(share_one, share_one)
    correlation = np.divide(covariance, scale, out=np.full(scale.shape, np.nan), where=scale > 0)
    return np.asarray(np.clip(correlation, -1.0, 1.0))


def _entropy(share: Float64) -> Float64:
    return np.asarray(_plogp(share) + _plogp(1.0 - share))


def _plogp(p: Float64) -> Float64:
    """-p log2 p, 0 at 0."""
    return np.asarray(-p * np.log2(p, out=np.zeros(p.shape), where=p > 0))
