"""The query's look-up table, and how the distance of one database image adds up from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.services.search import Asked
from models.codes.symmetric import LookUpTable, look_up_table
from models.types import CodebookCodes, Float32, Int64


@dataclass(frozen=True)
class Step:
    """One term of a distance; `word` is None for terms that no word is looked up for."""

    name: str
    value: float
    word: int | None = None
    rank: int | None = None


@dataclass(frozen=True)
class Sum:
    """A distance as a sum.

    Attributes:
        steps: its terms; `rank` tells how many words of the book are nearer to the query, plus 1.
        total: the distance.
        least: the distance of the nearest code that these books can write without regard to its norm.
    """

    steps: tuple[Step, ...]
    total: float
    least: float


@dataclass(frozen=True)
class Table:
    """A query against all words.

    Attributes:
        words: float32 (n_codebooks, n_centroids), what each word adds to a distance.
        own: int64 (n_codebooks,), the words that the query's own code names.
        constant: what the query adds to every distance.
    """

    words: Float32
    own: Int64
    constant: float


def table(asked: Asked) -> Table:
    """The look-up table of the query."""
    made = _made(asked, 0)
    return Table(made.words, np.frombuffer(asked.code, dtype=np.uint8).astype(np.int64), made.constant)


def words_of(asked: Asked, row: int) -> Int64:
    """Words of a database image, int64 (n_codebooks,)."""
    assert isinstance(asked.codes, CodebookCodes)
    return asked.codes.indices[row].astype(np.int64)


def adds_up(asked: Asked, row: int) -> Sum:
    """How the distance of a database image adds up."""
    made, picked = _made(asked, row), words_of(asked, row)
    books = np.arange(len(picked))
    values = made.words[books, picked]
    ranks = (made.words < values[:, None]).sum(axis=1) + 1
    steps = [
        Step(f"book {book}", float(value), int(word), int(rank))
        for book, value, word, rank in zip(books, values, picked, ranks, strict=True)
    ]
    if made.norms is not None:
        steps = [
            Step("query's squared length", made.constant),
            *steps,
            Step("image's squared length", float(made.norms[0])),
        ]
    total = sum(step.value for step in steps)
    least = made.constant + float(made.words.min(axis=1).sum())
    return Sum(tuple(steps), total, least)


def _made(asked: Asked, row: int) -> LookUpTable:
    assert isinstance(asked.codes, CodebookCodes), "the page asks `codes.has_single_bits` first"
    assert isinstance(asked.queries, np.ndarray)
    return look_up_table(asked.queries[0], asked.codes[[row]])
