"""What the stored codes of a run look like, of whatever kind: distances and buckets. Arrays are read-only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from app.services import catalog, ties
from models.codes.asymmetric import asymmetric_distances
from models.codes.hamming import hamming_distances
from models.codes.packing import pack
from models.types import BinaryCodes, CodebookCodes, Codes, Float64, Int64

Number = TypeVar("Number", bound=np.generic)

N_BINS = 60  # of real distances; Hamming distances have a bin each


def is_binary(dataset: str, method: str, n_bits: int) -> bool:
    """True for codes whose single bits can be looked at."""
    return isinstance(catalog.open_run(dataset, method, n_bits).codes("database"), BinaryCodes)


def as_bits(codes: Codes) -> BinaryCodes | None:
    """Binary codes as they are, weighted bits as the word's number; None for codes that are no bits."""
    if isinstance(codes, BinaryCodes):
        return codes
    return pack(codes.indices > 0) if _are_weighted_bits(codes) else None


def bit_weights(codes: Codes) -> Float64 | None:
    """What each bit adds to a distance when it differs, (n_bits,); None for other codes."""
    if isinstance(codes, BinaryCodes) or not _are_weighted_bits(codes):
        return None
    words = codes.codebooks.astype(np.float64)
    return frozen(np.square(words[:, 1] - words[:, 0]).sum(axis=-1))


def unit(codes: Codes) -> str:
    """What a distance of these codes is, for an axis."""
    if isinstance(codes, BinaryCodes):
        return "Hamming distance, bits"
    if _are_weighted_bits(codes):
        return "weighted Hamming distance"
    return (
        "negative inner product with the words" if codes.metric == "ip" else "squared distance to the words"
    )


def run_unit(dataset: str, method: str, n_bits: int) -> str:
    """What a distance of a run is."""
    return unit(catalog.open_run(dataset, method, n_bits).codes("database"))


def _are_weighted_bits(codes: CodebookCodes) -> bool:
    """True for books of two words whose squared distances add up: each word is one bit with a weight."""
    return (codes.codebooks.shape[1], codes.structure, codes.metric) == (2, "product", "l2")


def has_single_bits(dataset: str, method: str, n_bits: int) -> bool:
    """True for codes made of single bits, weighted or not."""
    return as_bits(catalog.open_run(dataset, method, n_bits).codes("database")) is not None


@lru_cache(maxsize=32)
def run_weights(dataset: str, method: str, n_bits: int) -> Float64 | None:
    """Weights of a run's bits; None when all count the same."""
    return bit_weights(catalog.open_run(dataset, method, n_bits).codes("database"))


@lru_cache(maxsize=32)
def is_one_hot(dataset: str, method: str, n_bits: int) -> bool:
    """True when the words of every book are unit vectors, so that a word is a choice and not a place."""
    codes = catalog.open_run(dataset, method, n_bits).codes("database")
    if isinstance(codes, BinaryCodes):
        return False
    _, n_words, dim = codes.codebooks.shape
    return n_words == dim and bool(np.all(codes.codebooks == np.eye(n_words, dtype=np.float32)))


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
        frozen((edges[:-1] + edges[1:]) / 2),
        frozen(hits / max(1, hits.sum())),
        frozen(others / max(1, others.sum())),
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
        rows: int64 (size,), in the order drawn for ties.
        code: the code in hex digits, or the words' numbers.
        top_class: name of the most frequent class; empty where nothing is known of classes.
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
    bits = as_bits(codes)
    binary = bits is not None
    stored = codes.indices if bits is None else bits.packed
    distinct, inverse, sizes = np.unique(stored, axis=0, return_inverse=True, return_counts=True)
    inverse = inverse.reshape(-1)
    # Labels counted per bucket in one pass: (n_distinct, n_classes).
    per_bucket = np.zeros((len(distinct), labels.shape[1]), dtype=np.int64)
    np.add.at(per_bucket, inverse, labels)
    if not names:
        names, per_bucket = ("",), np.zeros((len(distinct), 1), dtype=np.int64)
    top = per_bucket.argmax(axis=1)
    order = np.argsort(-sizes, kind="stable")
    largest = tuple(
        Bucket(
            frozen(ties.those_of(inverse == bucket)),
            distinct[bucket].tobytes().hex() if binary else " ".join(map(str, distinct[bucket])),
            names[top[bucket]],
            int(per_bucket[bucket, top[bucket]]),
        )
        for bucket in order[:n_largest]
        if sizes[bucket] > 1
    )
    shared = sizes > 1
    return Occupancy(
        frozen(sizes[order].astype(np.int64)),
        largest,
        {name: int((per_bucket[:, c] > 0).sum()) for c, name in enumerate(opened.info.class_names)},
        float(per_bucket[shared].max(axis=1).sum() / sizes[shared].sum()) if shared.any() else 1.0,
    )


def label_summary(dataset: str, rows: Int64, n: int = 3) -> str:
    """The most frequent classes among database rows, in words: "9 mug, 2 lamp, 1 other"."""
    opened = catalog.open_dataset(dataset)
    counts = opened.labels("database")[rows].sum(axis=0)
    order = [c for c in np.argsort(-counts, kind="stable") if counts[c]]
    words = [f"{counts[c]} {opened.info.class_names[c]}" for c in order[:n]]
    rest = int(counts[order[n:]].sum())
    return ", ".join(words + ([f"{rest} other"] if rest else []))


def frozen(array: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """The same array, read-only: what a service returns is shared by every session."""
    array.setflags(write=False)
    return array
