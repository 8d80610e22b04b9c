"""Codes in any number for measuring indexes: modelled on the codes of a run, or uniform noise. NumPy only.

Real codes lie in clusters, and an index meets clusters where uniform noise has none. The model keeps them: a
new code is a copy of a real one, drawn at random, in which bits flip. They flip so often that two copies of
one original differ, bit by bit, as often as a real code and the real code nearest to it. New neighbours are
then as far apart as real ones. (To flip at the rate within a class would count the spread of a class twice:
once in the originals, once in the flips.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.codes.hamming import hamming_distances
from models.codes.packing import unpack
from models.errors import ConfigError, DataError
from models.types import BinaryCodes, Float32, Float64, UInt8

CodeModelName = Literal["clustered", "uniform"]

# Codes are drawn in chunks with a generator each: memory stays small, and fewer codes are the first of more.
CHUNK = 1 << 17
PROBES = 2000  # real codes whose neighbours are looked for
_STEPS = 1 << 16  # a flip is decided by 16 random bits


@dataclass(frozen=True)
class CodeModel:
    """Where synthetic codes come from.

    Attributes:
        n_bits: code length.
        originals: real codes to copy; None for uniform noise.
        flip_rate: float64 (n_bits,), how often each bit of a copy flips; 0.5 for uniform noise.
    """

    n_bits: int
    originals: BinaryCodes | None
    flip_rate: Float64

    @property
    def name(self) -> CodeModelName:
        """`clustered` or `uniform`."""
        return "uniform" if self.originals is None else "clustered"

    def sample(self, n: int, *, seed: int = 0) -> BinaryCodes:
        """Draw n codes. The same seed gives the same codes, and the first of them for a smaller n.

        Raises:
            DataError: n below 1.
        """
        if n < 1:
            raise DataError(f"At least one code is drawn; n={n} was given.")
        packed = np.empty((n, -(-self.n_bits // 8)), dtype=np.uint8)
        for _ in self.fill(packed, seed=seed):
            pass
        return BinaryCodes(packed, self.n_bits)

    def fill(self, packed: UInt8, *, seed: int = 0) -> Iterator[int]:
        """Draw codes into an array chunk by chunk, and say after each how many are drawn; see `sample`.

        Args:
            packed: uint8 (n, ceil(n_bits / 8)), written.
            seed: as of `sample`.
        """
        n = len(packed)
        for number, begin in enumerate(range(0, n, CHUNK)):
            rng = np.random.default_rng([seed, number])
            # A whole chunk is drawn even where only its first codes are needed.
            drawn = self._uniform(rng) if self.originals is None else self._copies(rng, self.originals)
            packed[begin : begin + CHUNK] = drawn[: n - begin]
            yield min(n, begin + CHUNK)

    def _uniform(self, rng: np.random.Generator) -> UInt8:
        width = -(-self.n_bits // 8)
        drawn = rng.integers(256, size=(CHUNK, width), dtype=np.uint8)
        drawn[:, -1] &= np.uint8((0xFF << (8 * width - self.n_bits)) & 0xFF)
        return drawn

    def _copies(self, rng: np.random.Generator, originals: BinaryCodes) -> UInt8:
        copied = originals.packed[rng.integers(len(originals), size=CHUNK)]
        # Whole words of random bits, cut into lots, come several times as fast as small numbers.
        words = rng.integers(2**64, size=-(-CHUNK * self.n_bits // 4), dtype=np.uint64)
        lots = words.view(np.uint16)[: CHUNK * self.n_bits].reshape(CHUNK, self.n_bits)
        return copied ^ np.packbits(lots < np.round(self.flip_rate * _STEPS).astype(np.uint16), axis=1)


def uniform_model(n_bits: int) -> CodeModel:
    """Every bit a fair coin.

    Raises:
        ConfigError: no bits.
    """
    if n_bits < 1:
        raise ConfigError(f"A code has at least 1 bit; n_bits={n_bits} was given.")
    return CodeModel(n_bits, None, np.full(n_bits, 0.5))


def fit(codes: BinaryCodes, *, seed: int = 0) -> CodeModel:
    """The model of real codes.

    Args:
        codes: at least two.
        seed: of the probes, where there are more codes than are looked at.

    Raises:
        DataError: fewer than two codes.
    """
    if len(codes) < 2:
        raise DataError(f"A model of codes needs at least two of them; got {len(codes)}.")
    probes = np.random.default_rng(seed).permutation(len(codes))[:PROBES]
    bits = unpack(codes)
    differing = np.zeros(codes.n_bits, dtype=np.int64)
    for begin in range(0, len(probes), 200):
        rows = probes[begin : begin + 200]
        away = hamming_distances(codes[rows], codes)
        away[np.arange(len(rows)), rows] = codes.n_bits + 1  # nobody is their own neighbour
        differing += (bits[rows] != bits[away.argmin(axis=1)]).sum(axis=0)
    # Bits that flip with probability f differ between two copies with probability 2 f (1 - f).
    apart = np.minimum(differing / len(probes), 0.5)
    return CodeModel(codes.n_bits, codes, (1 - np.sqrt(1 - 2 * apart)) / 2)


def relaxed(codes: BinaryCodes, *, seed: int = 0) -> Float32:
    """Real vectors whose signs are these codes, float32 (n, n_bits): what the codes were rounded from.

    Their sizes lie between 0.5 and 1.5. Exhaustive search takes as long whatever they are.
    """
    u = np.empty((len(codes), codes.n_bits), dtype=np.float32)
    for number, begin in enumerate(range(0, len(codes), CHUNK)):
        part = u[begin : begin + CHUNK]
        np.random.default_rng([seed, number, 1]).random(out=part, dtype=np.float32)
        part += 0.5
        part *= unpack(codes[begin : begin + CHUNK])
    return u


def distance_histogram(first: BinaryCodes, second: BinaryCodes) -> Float64:
    """Share of the pairs at each Hamming distance, float64 (n_bits + 1,)."""
    away = hamming_distances(first, second)
    return np.asarray(np.bincount(away.reshape(-1), minlength=first.n_bits + 1) / away.size)
