"""The two compiled loops behind every Hamming metric. Import this module late: it loads numba and compiles.

Both walk over all (query, item) pairs of packed codes once and keep nothing per pair, so their memory does
not grow with the database. They release the interpreter's lock and are spread over Python threads: numba's
own thread pool may not be entered from two threads at once, which a web server does.
"""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

from models.codes.packing import UInt64
from models.types import Float64, Int32, Int64

# Read-only in the signature accepts both kinds of array, with one compilation.
_WORDS = types.Array(types.uint64, 2, "C", readonly=True)
_COUNTS = types.Array(types.int32, 3, "C")
_TABLE = types.Array(types.int32, 2, "C", readonly=True)
_REALS = types.Array(types.float64, 1, "C")
_INTEGERS = types.Array(types.int64, 1, "C")
_PAIRS_WORTH_A_THREAD = 2_000_000


def _compiled(*signature: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Compile ahead of the first call; kept on disk where a cache can be written, else in memory only."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        try:
            return numba.njit(types.void(*signature), nogil=True, cache=True)(function)  # type: ignore[no-any-return]
        except (RuntimeError, OSError, EOFError, pickle.UnpicklingError):
            return numba.njit(types.void(*signature), nogil=True)(function)  # type: ignore[no-any-return]

    return decorate


def _typed_popcount(typing_context: Any, word: Any) -> Any:
    """Number of set bits of a uint64, one machine instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


_popcount: Any = intrinsic(_typed_popcount)


@_compiled(_WORDS, _WORDS, _WORDS, _WORDS, _COUNTS)
def _count(query, database, query_labels, database_labels, counts):  # type: ignore[no-untyped-def]
    """counts[i, d, a] += 1 for each item at distance d sharing a labels with query i; a stops at the last."""
    n_words, n_label_words = query.shape[1], query_labels.shape[1]
    highest = np.uint64(counts.shape[2] - 1)
    for i in range(query.shape[0]):
        code, label, of_query = query[i, 0], query_labels[i, 0], counts[i]
        for j in range(database.shape[0]):
            distance = _popcount(code ^ database[j, 0])
            for w in range(1, n_words):
                distance += _popcount(query[i, w] ^ database[j, w])
            shared = _popcount(label & database_labels[j, 0])
            for w in range(1, n_label_words):
                shared += _popcount(query_labels[i, w] & database_labels[j, w])
            of_query[distance, min(shared, highest)] += 1


@_compiled(_WORDS, _WORDS, _WORDS, _WORDS, _TABLE, _TABLE, types.int64, _REALS, _INTEGERS)
def _walk(query, database, query_labels, database_labels, n_total, n_relevant, k, precision_sum, n_found):  # type: ignore[no-untyped-def]
    """Sum of precision at the relevant ranks up to k, ties in the order of database rows; no sorting.

    The counts say at which rank each distance begins; walking the rows in order then gives every item its
    rank. Rank and relevant items so far share one word, and relevant rows are noted without a branch: a
    branch that nobody can predict would cost more than all the rest.
    """
    n_words, n_label_words, n_levels = query.shape[1], query_labels.shape[1], n_total.shape[1]
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    next_rank = np.uint64(1) << shift
    so_far = np.zeros(n_levels, np.uint64)  # per distance: last rank given, and relevant items up to it
    at_relevant = np.empty(database.shape[0], np.uint64)
    for i in range(query.shape[0]):
        before, relevant_before = 0, 0
        for d in range(n_levels):
            so_far[d] = (np.uint64(before) << shift) | np.uint64(relevant_before)
            before += n_total[i, d]
            relevant_before += n_relevant[i, d]
        code, label, n_noted = query[i, 0], query_labels[i, 0], np.int64(0)
        for j in range(database.shape[0]):
            distance = _popcount(code ^ database[j, 0])
            for w in range(1, n_words):
                distance += _popcount(query[i, w] ^ database[j, w])
            shared = label & database_labels[j, 0]
            for w in range(1, n_label_words):
                shared |= query_labels[i, w] & database_labels[j, w]
            is_relevant = np.uint64(shared != 0)
            now = so_far[distance] + next_rank + is_relevant
            so_far[distance] = now
            at_relevant[n_noted] = now
            n_noted += np.int64(is_relevant)
        total, found = 0.0, 0
        for j in range(n_noted):
            rank = np.int64(at_relevant[j] >> shift)
            if rank <= k:
                total += np.float64(np.int64(at_relevant[j] & low)) / np.float64(rank)
                found += 1
        precision_sum[i], n_found[i] = total, found


def _in_parts(n_query: int, n_database: int, work: Callable[[slice], None]) -> None:
    """Run `work` on slices of the queries, one slice a thread; as many threads as numba is set to use."""
    allowed = int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
    n_threads = min(allowed, n_query, n_query * n_database // _PAIRS_WORTH_A_THREAD + 1)
    if n_threads <= 1:
        work(slice(0, n_query))
        return
    edges = np.linspace(0, n_query, n_threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(work, [slice(a, b) for a, b in itertools.pairwise(edges)]))


def count_pairs(
    query: UInt64,
    database: UInt64,
    query_labels: UInt64,
    database_labels: UInt64,
    n_levels: int,
    n_grades: int,
) -> np.ndarray[tuple[int, int, int], np.dtype[np.int32]]:
    """Items per query, distance and number of shared labels, int32 (n_query, n_levels, n_grades).

    Args:
        query: uint64 (n_query, n_words), see `as_words`.
        database: uint64 (n_database, n_words).
        query_labels: uint64 (n_query, n_label_words), packed multi-hot labels.
        database_labels: uint64 (n_database, n_label_words).
        n_levels: n_bits + 1.
        n_grades: 2 tells only relevant from not; more keeps the number of shared labels up to n_grades - 1.
    """
    counts = np.zeros((len(query), n_levels, n_grades), dtype=np.int32)
    _in_parts(
        len(query),
        len(database),
        lambda part: _count(query[part], database, query_labels[part], database_labels, counts[part]),
    )
    return counts


def walk_rows(
    query: UInt64,
    database: UInt64,
    query_labels: UInt64,
    database_labels: UInt64,
    n_total: Int32,
    n_relevant: Int32,
    k: int,
) -> tuple[Float64, Int64]:
    """Precision summed over the relevant ranks up to k in row order, and how many there are; both (n_query,).

    Args:
        query: as in `count_pairs`, like the next three.
        database: see there.
        query_labels: see there.
        database_labels: see there.
        n_total: int32 (n_query, n_levels), items per distance.
        n_relevant: int32 (n_query, n_levels), relevant items per distance.
        k: last rank that counts.
    """
    precision_sum, n_found = np.zeros(len(query)), np.zeros(len(query), dtype=np.int64)

    def work(part: slice) -> None:
        of_queries = (n_total[part], n_relevant[part], k, precision_sum[part], n_found[part])
        _walk(query[part], database, query_labels[part], database_labels, *of_queries)

    _in_parts(len(query), len(database), work)
    return precision_sum, n_found
