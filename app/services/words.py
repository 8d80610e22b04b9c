"""What codebook codes look like: form of the books, use of the words, images that a word stands for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from app.services import catalog, embeddings, ties
from app.services.codes import frozen
from models.codes.health import word_entropy
from models.types import CodebookCodes, Float32, Float64, Int64

N_SHOWN = 12


def stored_codes(dataset: str, method: str, n_bits: int, query: bool = False) -> CodebookCodes:
    """Codes of the database or the queries."""
    codes = catalog.open_run(dataset, method, n_bits).codes("query" if query else "database")
    assert isinstance(codes, CodebookCodes), "the page asks `codes.has_single_bits` first"
    return codes


@dataclass(frozen=True)
class Form:
    """How a code is put together, and what it costs.

    Attributes:
        structure: "product": words lie one after the other; "additive": they are added.
        metric: "l2" squared Euclidean distance, "ip" negative inner product.
        n_books, n_words, dim: books, words in each, numbers in a word.
        size: length of a query's vector.
        word_bits: bits that name an image's words.
        norm_bits: further bits of an image's squared length, by how it is kept; empty where none is needed.
        book_bytes: of all books, once for the whole database.
        n_database: images that share the books.
    """

    structure: Literal["product", "additive"]
    metric: Literal["l2", "ip"]
    n_books: int
    n_words: int
    dim: int
    word_bits: int
    norm_bits: dict[str, int]
    book_bytes: int
    n_database: int

    @property
    def size(self) -> int:
        """Length of a query's vector."""
        return self.n_books * self.dim if self.structure == "product" else self.dim


@lru_cache(maxsize=64)
def form(dataset: str, method: str, n_bits: int) -> Form:
    """How the codes of a run are put together."""
    codes = stored_codes(dataset, method, n_bits)
    norm: tuple[Literal["computed", "byte", "float"], ...] = ("computed", "byte", "float")
    return Form(
        codes.structure,
        codes.metric,
        *(int(n) for n in codes.codebooks.shape),
        codes.n_bits,
        {kept: codes.item_bits(kept) - codes.n_bits for kept in norm} if codes.needs_norm else {},
        codes.codebooks.nbytes,
        len(codes),
    )


@dataclass(frozen=True)
class WordUsage:
    """How the database uses the words.

    Attributes:
        counts: int64 (n_codebooks, n_centroids), images.
        share: float64 (n_codebooks, n_centroids), share of the images; rows sum to 1.
        order: int64 (n_codebooks, n_centroids), words of each book, most used first.
        entropy: float64 (n_codebooks,), information in the choice of a word, bits.
    """

    counts: Int64
    share: Float64
    order: Int64
    entropy: Float64

    @property
    def n_words(self) -> int:
        """Words in a book."""
        return int(self.share.shape[1])

    @property
    def dead(self) -> int:
        """Words that no image uses, over all books."""
        return int((self.counts == 0).sum())

    @property
    def effective(self) -> float:
        """Evenly used words that a book is worth, mean over books."""
        return float(np.exp2(self.entropy).mean())


@lru_cache(maxsize=32)
def usage(dataset: str, method: str, n_bits: int) -> WordUsage:
    """Use of every word by the database."""
    codes = stored_codes(dataset, method, n_bits)
    n_words = codes.codebooks.shape[1]
    counts = np.stack([np.bincount(book, minlength=n_words) for book in codes.indices.T])
    share = counts / max(1, len(codes))
    order = np.argsort(-counts, axis=1, kind="stable")
    return WordUsage(frozen(counts), frozen(share), frozen(order), frozen(word_entropy(codes)))


@dataclass(frozen=True)
class WordView:
    """One word of one book, and images that it stands for.

    Attributes:
        queries: int64 (n,), rows of the query split for whom the word is nearest, nearest first.
        database: int64 (n,), database rows that chose it.
        nearest_first: `database` is in order of distance; False: in no order, because the vectors before
            coding are not at hand.
        n_queries: queries that chose it.
        n_database: database images that chose it.
        class_share: float64 (n_classes,), share of each class that chose it.
        overall: share of the database that chose it.
    """

    queries: Int64
    database: Int64
    nearest_first: bool
    n_queries: int
    n_database: int
    class_share: Float64
    overall: float


def word_view(dataset: str, method: str, n_bits: int, book: int, word: int) -> WordView:
    """What a word stands for; better ordered once `embeddings.compute` was called."""
    ready = embeddings.computed(dataset, method, n_bits) is not None
    return _word_view(dataset, method, n_bits, book, word, ready)


@lru_cache(maxsize=128)
def _word_view(dataset: str, method: str, n_bits: int, book: int, word: int, ready: bool) -> WordView:
    codes = stored_codes(dataset, method, n_bits)
    asking = stored_codes(dataset, method, n_bits, query=True)
    vectors = catalog.open_run(dataset, method, n_bits).queries("query")
    assert isinstance(vectors, np.ndarray), "codebook codes are compared with vectors"
    using = codes.indices[:, book] == word
    labels = catalog.open_dataset(dataset).labels("database")
    counts = labels.sum(axis=0)
    class_share = np.where(counts > 0, labels[using].sum(axis=0) / np.maximum(counts, 1), np.nan)
    rows = ties.those_of(using)
    found = embeddings.computed(dataset, method, n_bits)
    if ready and found is not None:
        rows = rows[np.argsort(word_distances(found[rows], codes[rows], book, word), kind="stable")]
    distances = word_distances(vectors, asking, book, word)
    return WordView(
        frozen(np.argsort(distances, kind="stable")[:N_SHOWN]),
        frozen(rows[:N_SHOWN].copy()),
        ready,
        int((asking.indices[:, book] == word).sum()),
        int(using.sum()),
        frozen(class_share),
        float(using.mean()),
    )


def word_distances(vectors: Float32, codes: CodebookCodes, book: int, word: int) -> Float32:
    """How far each vector lies from one word, float32 (n,).

    A product code's word answers for its own slice of the vector. An additive one answers for what the other
    words of the code leave of the whole.

    Args:
        vectors: float32 (n, size).
        codes: of the same items.
        book, word: which.
    """
    words, target = codes.codebooks[book], codes.codebooks[book, word]
    if codes.structure == "additive":
        part = vectors - codes.decode() + words[codes.indices[:, book]]
        return np.asarray(np.square(part - target).sum(axis=1), dtype=np.float32)
    dim = codes.codebooks.shape[2]
    part = vectors[:, book * dim : (book + 1) * dim]
    away = -(part @ target) if codes.metric == "ip" else np.square(part - target).sum(axis=1)
    return np.asarray(away, dtype=np.float32)
