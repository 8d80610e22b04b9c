"""What the stored codes of a run look like: distances, buckets, single bits. Arrays are read-only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from app.services import catalog
from models.codes.asymmetric import asymmetric_distances
from models.codes.hamming import hamming_distances
from models.codes.packing import unpack
from models.types import BinaryCodes, CodebookCodes, Float64, Int64

Number = TypeVar("Number", bound=np.generic)

N_BINS = 60  # of real distances; Hamming distances have a bin each
N_SHUFFLES = 200
BAND = 0.95  # quantile of the shuffled labels' largest departure


def is_binary(dataset: str, method: str, n_bits: int) -> bool:
    """True for codes whose single bits can be looked at."""
    return isinstance(catalog.open_run(dataset, method, n_bits).codes("database"), BinaryCodes)


def _binary(dataset: str, method: str, n_bits: int) -> BinaryCodes:
    codes = catalog.open_run(dataset, method, n_bits).codes("database")
    assert isinstance(codes, BinaryCodes), "the page asks `is_binary` first"
    return codes


@dataclass(frozen=True)
class PairDistances:
    """How far relevant and other database images lie from the queries.

    Attributes:
        positions: float64 (n_bins,), the distance, or the middle of a bin.
        intra: float64 (n_bins,), share of the pairs that share a label.
        inter: float64 (n_bins,), share of the other pairs.
        intra_mean: mean distance of the first.
        inter_mean: mean distance of the second.
    """

    positions: Float64
    intra: Float64
    inter: Float64
    intra_mean: float
    inter_mean: float

    @property
    def overlap(self) -> float:
        """Area that both histograms cover, 0 to 1."""
        return float(np.minimum(self.intra, self.inter).sum())


@lru_cache(maxsize=16)
def pair_distances(dataset: str, method: str, n_bits: int) -> PairDistances:
    """Distances of every query to every database image, by whether they share a label."""
    run, opened = catalog.open_run(dataset, method, n_bits), catalog.open_dataset(dataset)
    codes, queries = run.codes("database"), run.queries("query")
    database_labels = opened.labels("database").T.astype(np.float32)
    query_labels = opened.labels("query").astype(np.float32)
    distances: npt.NDArray[np.int32] | npt.NDArray[np.float32]
    if isinstance(codes, BinaryCodes):
        assert isinstance(queries, BinaryCodes), "binary codes are compared with binary codes"
        distances = hamming_distances(queries, codes)
        edges = np.arange(codes.n_bits + 2) - 0.5
    else:
        assert not isinstance(queries, BinaryCodes), "codebook codes are compared with vectors"
        distances = asymmetric_distances(queries, codes)
        # A few far images would squeeze the rest into a corner: they are counted in the last bin.
        low, high = float(distances.min()), float(np.quantile(distances, 0.995))
        edges = np.linspace(low, max(high, low + 1e-6), N_BINS + 1)
    relevant = query_labels @ database_labels > 0
    hits, others = (
        np.histogram(np.minimum(distances[mask], edges[-1]), edges)[0] for mask in (relevant, ~relevant)
    )
    return PairDistances(
        _frozen((edges[:-1] + edges[1:]) / 2),
        _frozen(hits / max(1, hits.sum())),
        _frozen(others / max(1, others.sum())),
        float(distances[relevant].mean()) if relevant.any() else float("nan"),
        float(distances[~relevant].mean()) if not relevant.all() else float("nan"),
    )


def query_mean_distance(dataset: str, method: str, n_bits: int, row: int) -> float | None:
    """Mean distance of one query of the query split to its relevant images; None when it has none."""
    run, opened = catalog.open_run(dataset, method, n_bits), catalog.open_dataset(dataset)
    relevant = opened.labels("database") @ opened.labels("query")[row]
    if not relevant.any():
        return None
    codes, queries = run.codes("database"), run.queries("query")
    if isinstance(codes, BinaryCodes) and isinstance(queries, BinaryCodes):
        return float(hamming_distances(queries[[row]], codes)[0][relevant].mean())
    assert isinstance(codes, CodebookCodes) and not isinstance(queries, BinaryCodes)
    return float(asymmetric_distances(queries[[row]], codes)[0][relevant].mean())


@dataclass(frozen=True)
class Bucket:
    """Database images with one code.

    Attributes:
        rows: int64 (size,), ascending.
        code: the code in hex digits, or the words' numbers.
        top_class: name of the most frequent class.
        n_top: images that have it.
    """

    rows: Int64
    code: str
    top_class: str
    n_top: int

    @property
    def size(self) -> int:
        """Number of images."""
        return len(self.rows)


@dataclass(frozen=True)
class Occupancy:
    """How the database's images spread over distinct codes.

    Attributes:
        sizes: int64 (n_distinct,), images per code, largest first.
        largest: the fullest buckets, those with one image left out.
        codes_per_class: distinct codes among the images of each class, by name.
        shared_pure: share of the images in shared buckets that have their bucket's most frequent class.
    """

    sizes: Int64
    largest: tuple[Bucket, ...]
    codes_per_class: dict[str, int]
    shared_pure: float

    @property
    def n_items(self) -> int:
        """Database images."""
        return int(self.sizes.sum())

    @property
    def shared(self) -> float:
        """Share of the images whose code another image has too."""
        return float(self.sizes[self.sizes > 1].sum() / max(1, self.n_items))


@lru_cache(maxsize=32)
def occupancy(dataset: str, method: str, n_bits: int, n_largest: int = 8) -> Occupancy:
    """Buckets of the database."""
    codes = catalog.open_run(dataset, method, n_bits).codes("database")
    opened = catalog.open_dataset(dataset)
    labels, names = opened.labels("database"), opened.info.class_names
    binary = isinstance(codes, BinaryCodes)
    stored = codes.packed if isinstance(codes, BinaryCodes) else codes.indices
    distinct, inverse, sizes = np.unique(stored, axis=0, return_inverse=True, return_counts=True)
    inverse = inverse.reshape(-1)
    # Labels counted per bucket in one pass: (n_distinct, n_classes).
    per_bucket = np.zeros((len(distinct), labels.shape[1]), dtype=np.int64)
    np.add.at(per_bucket, inverse, labels)
    top = per_bucket.argmax(axis=1)
    order = np.argsort(-sizes, kind="stable")
    largest = tuple(
        Bucket(
            _frozen(np.flatnonzero(inverse == bucket)),
            distinct[bucket].tobytes().hex() if binary else " ".join(map(str, distinct[bucket])),
            names[top[bucket]],
            int(per_bucket[bucket, top[bucket]]),
        )
        for bucket in order[:n_largest]
        if sizes[bucket] > 1
    )
    shared = sizes > 1
    return Occupancy(
        _frozen(sizes[order].astype(np.int64)),
        largest,
        {name: int((per_bucket[:, c] > 0).sum()) for c, name in enumerate(names)},
        float(per_bucket[shared].max(axis=1).sum() / sizes[shared].sum()) if shared.any() else 1.0,
    )


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
        _frozen(np.array(summary.edges)),
        _frozen(counts.sum(axis=0) / counts.sum()),
        _frozen(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)),
    )


@dataclass(frozen=True)
class BitView:
    """One bit and the images at its two ends.

    Attributes:
        zeros: int64 (n,), database rows with the lowest values, lowest first.
        ones: int64 (n,), database rows with the highest values, highest first.
        class_rates: float64 (n_classes,), share of each class whose bit is 1.
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
        return float(np.nanmax(np.abs(self.class_rates - self.overall)))


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
    largest = np.nanmax(np.abs(shuffles @ labels / counts - overall), axis=1)
    return BitView(
        summary.strongest_zero[bit],
        summary.strongest_one[bit],
        _frozen(rates),
        overall,
        float(np.quantile(largest, BAND)),
    )


@lru_cache(maxsize=4)
def _bits(dataset: str, method: str, n_bits: int) -> npt.NDArray[np.int8]:
    """Database codes as int8 (n_database, n_bits) in {-1, +1}."""
    return unpack(_binary(dataset, method, n_bits))


def label_summary(dataset: str, rows: Int64, n: int = 3) -> str:
    """The most frequent classes among database rows, in words: "9 mug, 2 lamp, 1 other"."""
    opened = catalog.open_dataset(dataset)
    counts = opened.labels("database")[rows].sum(axis=0)
    order = [c for c in np.argsort(-counts, kind="stable") if counts[c]]
    words = [f"{counts[c]} {opened.info.class_names[c]}" for c in order[:n]]
    rest = int(counts[order[n:]].sum())
    return ", ".join(words + ([f"{rest} other"] if rest else []))


def _frozen(array: npt.NDArray[Number]) -> npt.NDArray[Number]:
    array.setflags(write=False)
    return array


@dataclass(frozen=True)
class Health:
    """How well the bits of a code are used.

    Attributes:
        effective_bits: independent bits that would carry as much variance.
        entropy: float64 (n_bits,), bits.
        share_one: float64 (n_bits,), share of the database whose bit is 1.
        correlation: float64 (n_bits, n_bits), NaN for bits that never change.
    """

    effective_bits: float
    entropy: Float64
    share_one: Float64
    correlation: Float64

    @property
    def mean_entropy(self) -> float:
        """Mean information of a bit."""
        return float(self.entropy.mean())

    @property
    def mean_correlation(self) -> float:
        """Mean absolute correlation of two different bits, over pairs that have one."""
        off = self.correlation[np.triu_indices(len(self.correlation), 1)]
        return float(np.nanmean(np.abs(off)))


@lru_cache(maxsize=32)
def health(dataset: str, method: str, n_bits: int) -> Health:
    """Balance, entropy and correlation of the database's bits."""
    b = _bits(dataset, method, n_bits).astype(float)
    p = (b > 0).mean(0)
    h = -(p * np.log2(np.clip(p, 1e-12, 1)) + (1 - p) * np.log2(np.clip(1 - p, 1e-12, 1)))
    with np.errstate(all="ignore"):
        c = np.corrcoef(b.T)
    e = np.linalg.eigvalsh(np.nan_to_num(np.cov(b.T)))
    return Health(float(e.sum() ** 2 / (e**2).sum()), _frozen(h), _frozen(p), _frozen(c))
