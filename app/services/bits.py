"""What single bits of a run look like: balance, relaxed values, strongest images. Arrays are read-only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from app.services import catalog
from app.services.codes import as_bits, frozen
from models.codes.health import BitHealth, code_health
from models.codes.packing import unpack
from models.types import BinaryCodes, Float64, Int64

N_SHUFFLES = 200
BAND = 0.95  # quantile of the shuffled labels' largest departure


def _binary(dataset: str, method: str, n_bits: int) -> BinaryCodes:
    bits = as_bits(catalog.open_run(dataset, method, n_bits).codes("database"))
    assert bits is not None, "the page asks `has_single_bits` first"
    return bits


@lru_cache(maxsize=32)
def health(dataset: str, method: str, n_bits: int) -> BitHealth:
    """Balance, entropy and correlation of the database's bits."""
    bits = code_health(_binary(dataset, method, n_bits)).bits
    assert bits is not None, "binary codes have bits"
    for array in (bits.share_one, bits.entropy, bits.correlation):
        array.setflags(write=False)
    return bits


@dataclass(frozen=True)
class Relaxed:
    """Histograms of the network's output over the database, as shares.

    Attributes:
        edges: float64 (n_bins + 1,).
        all_bits: float64 (n_bins,).
        per_bit: float64 (n_bits, n_bins).
    """

    edges: Float64
    all_bits: Float64
    per_bit: Float64

    @property
    def error(self) -> float:
        """Mean squared distance of the values from the nearer of -1 and +1, read off the histogram."""
        middles = (self.edges[:-1] + self.edges[1:]) / 2
        return float((self.all_bits * (np.abs(middles) - 1) ** 2).sum())


@lru_cache(maxsize=32)
def relaxed(dataset: str, method: str, n_bits: int) -> Relaxed | None:
    """Relaxed values of a run; None when it stores none."""
    summary = catalog.open_run(dataset, method, n_bits).bit_summary()
    if summary is None:
        return None
    counts = summary.counts.astype(np.float64)
    return Relaxed(
        frozen(np.array(summary.edges)),
        frozen(counts.sum(axis=0) / counts.sum()),
        frozen(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)),
    )


@dataclass(frozen=True)
class BitView:
    """One bit and the images at its two ends.

    Attributes:
        zeros: int64 (n,), database rows with the lowest values, lowest first.
        ones: int64 (n,), database rows with the highest values, highest first.
        class_rates: float64 (n_classes,), share of each class whose bit is 1; empty without labels.
        overall: share of the database whose bit is 1.
        band: largest departure of a class from `overall` that shuffled labels reach in 95 of 100 cases.
    """

    zeros: Int64
    ones: Int64
    class_rates: Float64
    overall: float
    band: float

    @property
    def departure(self) -> float:
        """Largest departure of a class from the overall share."""
        return float(np.nanmax(np.abs(self.class_rates - self.overall), initial=0.0))


@lru_cache(maxsize=256)
def bit_view(dataset: str, method: str, n_bits: int, bit: int) -> BitView | None:
    """What one bit separates, and how much of that chance would show too; None when no values are stored."""
    summary = catalog.open_run(dataset, method, n_bits).bit_summary()
    if summary is None:
        return None
    labels = catalog.open_dataset(dataset).labels("database").astype(np.float64)
    values = (_bits(dataset, method, n_bits)[:, bit] > 0).astype(np.float64)
    counts = np.where(labels.any(axis=0), labels.sum(axis=0), np.nan)
    rates, overall = (labels.T @ values) / counts, float(values.mean())
    # A permutation test on the largest departure (Good, 2005): shuffling parts the bit from the labels.
    shuffles = np.random.default_rng(0).permuted(np.tile(values, (N_SHUFFLES, 1)), axis=1)
    away = np.abs(shuffles @ labels / counts - overall)
    largest = np.nanmax(away, axis=1) if labels.size else np.zeros(1)
    return BitView(
        summary.strongest_zero[bit],
        summary.strongest_one[bit],
        frozen(rates),
        overall,
        float(np.quantile(largest, BAND)),
    )


@lru_cache(maxsize=4)
def _bits(dataset: str, method: str, n_bits: int) -> npt.NDArray[np.int8]:
    """Database codes as int8 (n_database, n_bits) in {-1, +1}."""
    return unpack(_binary(dataset, method, n_bits))
