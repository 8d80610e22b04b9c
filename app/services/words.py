"""What codebook codes look like: how words are used, what they lose, which images a word stands for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from app.services import catalog
from models.codes.health import word_entropy
from models.types import CodebookCodes, Float64, Int64

N_BINS = 40
N_SHOWN = 12


def _codes(dataset: str, method: str, n_bits: int, query: bool = False) -> CodebookCodes:
    codes = catalog.open_run(dataset, method, n_bits).codes("query" if query else "database")
    assert isinstance(codes, CodebookCodes), "the page asks `codes.is_binary` first"
    return codes


@dataclass(frozen=True)
class WordUsage:
    """How the database uses the words.

    Attributes:
        share: float64 (n_codebooks, n_centroids), share of the images; rows sum to 1.
        entropy: float64 (n_codebooks,), information in the choice of a word, bits.
    """

    share: Float64
    entropy: Float64

    @property
    def n_words(self) -> int:
        """Words in a book."""
        return int(self.share.shape[1])

    @property
    def dead(self) -> int:
        """Words that no image uses, over all books."""
        return int((self.share == 0).sum())

    @property
    def effective(self) -> float:
        """Evenly used words that a book is worth, mean over books."""
        return float(np.exp2(self.entropy).mean())


@lru_cache(maxsize=32)
def usage(dataset: str, method: str, n_bits: int) -> WordUsage:
    """Use of every word by the database."""
    codes = _codes(dataset, method, n_bits)
    n_words = codes.codebooks.shape[1]
    counts = np.stack([np.bincount(book, minlength=n_words) for book in codes.indices.T])
    share = counts / max(1, len(codes))
    entropy = word_entropy(codes)
    for array in (share, entropy):
        array.setflags(write=False)
    return WordUsage(share, entropy)


@dataclass(frozen=True)
class Reconstruction:
    """What the words lose of the query vectors.

    Attributes:
        edges: float64 (n_bins + 1,), squared error as a share of the squared length.
        share: float64 (n_bins,), share of the queries; the last bin holds everything beyond.
        mean: mean over queries.
    """

    edges: Float64
    share: Float64
    mean: float


@lru_cache(maxsize=32)
def reconstruction(dataset: str, method: str, n_bits: int) -> Reconstruction:
    """Loss of each query's vector when its own words stand for it."""
    vectors = catalog.open_run(dataset, method, n_bits).queries("query")
    assert isinstance(vectors, np.ndarray), "codebook codes are compared with vectors"
    decoded = _codes(dataset, method, n_bits, query=True).decode()
    lengths = np.square(vectors, dtype=np.float64).sum(axis=1)
    lost = np.square(vectors - decoded, dtype=np.float64).sum(axis=1) / np.maximum(lengths, 1e-12)
    edges = np.linspace(0, max(1e-6, float(np.quantile(lost, 0.99))), N_BINS + 1)
    share = np.histogram(np.minimum(lost, edges[-1]), edges)[0] / max(1, len(lost))
    for array in (edges, share):
        array.setflags(write=False)
    return Reconstruction(edges, share, float(lost.mean()))


@dataclass(frozen=True)
class WordView:
    """One word of one book, and images that it stands for.

    Attributes:
        queries: int64 (n,), rows of the query split whose vectors lie nearest, nearest first.
        database: int64 (n,), the first database rows that use it.
        n_database: database images that use it.
        class_share: float64 (n_classes,), share of each class that uses it.
        overall: share of the database that uses it.
    """

    queries: Int64
    database: Int64
    n_database: int
    class_share: Float64
    overall: float


@lru_cache(maxsize=128)
def word_view(dataset: str, method: str, n_bits: int, book: int, word: int) -> WordView:
    """What a word stands for."""
    codes = _codes(dataset, method, n_bits)
    vectors = catalog.open_run(dataset, method, n_bits).queries("query")
    assert isinstance(vectors, np.ndarray), "codebook codes are compared with vectors"
    dim = codes.codebooks.shape[2]
    # A product code's word answers for its own slice of the vector, an additive one for all of it.
    part = vectors[:, book * dim : (book + 1) * dim] if codes.structure == "product" else vectors
    target = codes.codebooks[book, word]
    distances = np.square(part - target).sum(axis=1) if codes.metric == "l2" else -(part @ target)
    using = codes.indices[:, book] == word
    labels = catalog.open_dataset(dataset).labels("database")
    counts = labels.sum(axis=0)
    class_share = np.where(counts > 0, labels[using].sum(axis=0) / np.maximum(counts, 1), np.nan)
    rows = np.flatnonzero(using)
    return WordView(
        np.argsort(distances, kind="stable")[:N_SHOWN],
        rows[:N_SHOWN],
        len(rows),
        class_share,
        float(using.mean()),
    )
