"""One query asked of an index, and judged by exhaustive search of the same codes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.services.indexes import Choice, Opened, n_distinct
from app.services.search import Asked, ranking_for
from app.services.ties import drawn
from models.index import Index
from models.index.binary_multi_index import BinaryMultiIndex
from models.index.recall import RELATIVE_ROUNDING
from models.types import BinaryCodes, Int64

# A time is the median of so many searches, fewer where they are slow.
N_REPEATS, LEAST_REPEATS, ENOUGH_S = 9, 3, 0.05


@dataclass(frozen=True)
class Looked:
    """How much of the database a search compared with the query; counted in `what`."""

    n: int
    total: int
    what: str

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.n / self.total


@dataclass(frozen=True)
class Trial:
    """What an index returned for one query, beside what there was to return.

    Attributes:
        choice: the index.
        places: int64, what it returned and is shown, as places in the exhaustive ranking, from 0, ascending.
        missed: int64, places among the exact n nearest that it should have returned and did not, ascending.
            Images tied at the cut are as good as each other.
        n_wanted: images that exhaustive search returns: n, or those within the radius.
        n: results asked for.
        looked: how much it compared.
        complete_radius: bits within which it can miss nothing; None where there is no such promise.
        query_ms, exhaustive_ms: medians of `n_repeats` searches, measured just now on this machine.
    """

    choice: Choice
    places: Int64
    missed: Int64
    n_wanted: int
    n: int
    looked: Looked
    complete_radius: int | None
    query_ms: float
    exhaustive_ms: float
    n_repeats: int

    @property
    def recall(self) -> float | None:
        """Share of the wanted images that were returned; None where there were none to return."""
        return 1 - len(self.missed) / self.n_wanted if self.n_wanted else None


def ask_index(asked: Asked, opened: Opened, n: int, radius: int | None = None) -> Trial:
    """Ask an index, and exhaustive search for comparison.

    Args:
        asked: the query; a database image is left out of its own results.
        opened: the index over the codes of the query's run.
        n: results wanted.
        radius: only those within this Hamming distance; codes without bits ignore it.
    """
    ranked = ranking_for(asked)
    n_ranked = len(ranked.order)
    n = min(n, n_ranked)
    k = n + int(ranked.excluded)
    with opened.tuned() as index:
        ids = drawn(index.n_database)[index.search(asked.queries, k).row(0)[1]]
        looked = _looked(opened.choice.kind, index, asked, k)
        query_ms, exhaustive_ms, n_repeats = _timed(index, opened.exact, asked, k)
    place_of = np.full(n_ranked + int(ranked.excluded), -1)
    place_of[ranked.order] = np.arange(n_ranked)
    # Distances are those of the exhaustive ranking: FAISS adds up words in another order.
    places = np.sort(place_of[ids])
    places = places[places >= 0][:n]  # without the query itself
    n_wanted = n
    if radius is not None and asked.has_bits:
        within = int(np.searchsorted(ranked.distances, radius, side="right"))
        places, n_wanted = places[places < within], min(n, within)
    return Trial(
        opened.choice,
        places,
        _missed(ranked.distances, places, n_wanted),
        n_wanted,
        n,
        looked,
        opened.complete_radius,
        query_ms,
        exhaustive_ms,
        n_repeats,
    )


def _missed(distances: npt.NDArray[Any], found: Int64, n_wanted: int) -> Int64:
    """Places that belong to the n nearest whatever the order of ties, or are short of a tie at the cut."""
    if not n_wanted:
        return np.empty(0, dtype=np.int64)
    last, slack = distances[n_wanted - 1], 0.0
    if distances.dtype.kind == "f":
        slack = RELATIVE_ROUNDING * max(1.0, float(np.abs(distances[:n_wanted]).max()))
    nearer = int(np.searchsorted(distances, last - slack, side="left"))
    tied = int(np.searchsorted(distances, last + slack, side="right"))
    absent = np.setdiff1d(np.arange(tied), found)
    n_nearer = int(np.searchsorted(absent, nearer))
    n_tied_found = int(((found >= nearer) & (found < tied)).sum())
    return absent[: n_nearer + max(0, n_wanted - nearer - n_tied_found)]


def _looked(kind: str, index: Index, asked: Asked, k: int) -> Looked:
    """Asked for everything, an index of lists or tables returns just what it compares."""
    n_database = index.n_database
    if kind == "milvus":
        return Looked(n_database, n_database, "images")
    if kind == "hnsw":
        # A graph is walked farther the more is asked for; FAISS counts the codes that it compares.
        import faiss

        stats: Any = faiss.cvar.hnsw_stats  # type: ignore[attr-defined]  # made when faiss is loaded
        stats.reset()
        index.search(asked.queries, k)
        n_codes = n_distinct(asked.dataset, asked.method, asked.n_bits)
        return Looked(int(stats.ndis), n_codes, "distinct codes")
    if isinstance(index, BinaryMultiIndex):
        assert isinstance(asked.queries, BinaryCodes), "an index of bits is asked with bits"
        n_codes = n_distinct(asked.dataset, asked.method, asked.n_bits)
        n_compared = int(index.searched(asked.queries, k)[1][0])
        # Where look-ups do not pay it ends by comparing them all, some for the second time.
        return Looked(min(n_compared, n_codes), n_codes, "distinct codes")
    return Looked(int(index.search(asked.queries, n_database).n_found[0]), n_database, "images")


def _timed(index: Index, exact: Index, asked: Asked, k: int) -> tuple[float, float, int]:
    """Milliseconds a search of both, turn and turn about, and how often each was measured."""
    times: tuple[list[float], list[float]] = ([], [])
    began = time.perf_counter()
    while len(times[0]) < LEAST_REPEATS or (
        len(times[0]) < N_REPEATS and time.perf_counter() - began < ENOUGH_S
    ):
        for searched, taken in zip((index, exact), times, strict=True):
            start = time.perf_counter()
            searched.search(asked.queries, k)
            taken.append((time.perf_counter() - start) * 1e3)
    return float(np.median(times[0])), float(np.median(times[1])), len(times[0])
