"""The compiled loop behind every Hamming metric. Import this module late: it loads numba and compiles.

It goes over all (query, item) pairs of packed codes and keeps nothing per pair beyond the query at hand. It
releases the interpreter's lock and is spread over Python threads: numba's own thread pool may not be entered
from two threads at once, which a web server does.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
from numba import types

from models.codes.packing import UInt64
from models.compiled import compiled, popcount
from models.types import Float64, Int64

# Read-only in the signature accepts both kinds of array, with one compilation.
_WORDS = types.Array(types.uint64, 2, "C", readonly=True)
_COUNTS = types.Array(types.int32, 3, "C")
_REALS = types.Array(types.float64, 1, "C")
_INTEGERS = types.Array(types.int64, 1, "C")
_PAIRS_WORTH_A_THREAD = 2_000_000


@compiled(types.void(_WORDS, _WORDS, _WORDS, _WORDS, _COUNTS, types.int64, _REALS, _INTEGERS))
def _rank(query, database, query_labels, database_labels, counts, k, precision_sum, n_found):  # type: ignore[no-untyped-def]
    """counts[i, d, a]: items at distance d that share a labels with query i; a stops at the last.

    With k > 0 also the sum of precision at the relevant ranks up to k, ties in the order of rows, without
    sorting: the counts say at which rank each distance begins, and walking the rows in order gives every item
        its rank.
    """
    n_database, (n_levels, n_grades) = database.shape[0], counts.shape[1:]
    n_words, n_label_words = query.shape[1], query_labels.shape[1]
    grade_bits = np.uint32(0)
    while (1 << grade_bits) < n_grades:
        grade_bits += np.uint32(1)
    highest, grade_mask = np.uint32(n_grades - 1), np.uint32((1 << grade_bits) - 1)
    shift, low = np.uint64(32), np.uint64(0xFFFFFFFF)
    next_rank = np.uint64(1) << shift
    key = np.empty(n_database, np.uint32)  # per item: distance, then grade in the lowest bits
    tally = np.empty(n_levels << grade_bits, np.int32)
    # Per distance: the last rank given, in the upper half, and the relevant items up to it.
    so_far = np.empty(n_levels, np.uint64)
    at_relevant = np.empty(n_database + 1 if k > 0 else 1, np.uint64)
    for i in range(query.shape[0]):
        # The two commonest widths are written out, so that they become vector instructions.
        first, last = query[i, 0], query[i, n_words - 1]
        if n_words == 1:
            for j in range(n_database):
                key[j] = np.uint32(popcount(first ^ database[j, 0]))
        elif n_words == 2:
            for j in range(n_database):
                key[j] = np.uint32(popcount(first ^ database[j, 0]) + popcount(last ^ database[j, 1]))
        else:
            for j in range(n_database):
                distance = popcount(first ^ database[j, 0])
                for w in range(1, n_words):
                    distance += popcount(query[i, w] ^ database[j, w])
                key[j] = np.uint32(distance)
        label = query_labels[i, 0]
        if n_label_words == 1:
            for j in range(n_database):
                grade = min(np.uint32(popcount(label & database_labels[j, 0])), highest)
                key[j] = (key[j] << grade_bits) | grade
        else:
            for j in range(n_database):
                shared = popcount(label & database_labels[j, 0])
                for w in range(1, n_label_words):
                    shared += popcount(query_labels[i, w] & database_labels[j, w])
                key[j] = (key[j] << grade_bits) | min(np.uint32(shared), highest)

        tally[:] = 0
        for j in range(n_database):
            tally[key[j]] += 1
        before, relevant_before = np.uint64(0), np.uint64(0)
        for d in range(n_levels):
            so_far[d] = (before << shift) | relevant_before
            for a in range(n_grades):
                n = tally[(d << grade_bits) | a]
                counts[i, d, a] = n
                before += np.uint64(n)
                if a > 0:
                    relevant_before += np.uint64(n)
        if k == 0:
            continue
        # No branch on relevance: one that nobody can predict would cost more than all the rest.
        n_noted = np.uint64(0)
        for j in range(n_database):
            is_relevant = np.uint64((key[j] & grade_mask) != 0)
            now = so_far[key[j] >> grade_bits] + next_rank + is_relevant
            so_far[key[j] >> grade_bits] = now
            at_relevant[n_noted] = now
            n_noted += is_relevant
        total, found = 0.0, 0
        for j in range(np.int64(n_noted)):
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


@dataclass(frozen=True)
class Ranked:
    """What the loop finds.

    Attributes:
        counts: int32 (n_query, n_levels, n_grades), items by distance and number of shared labels.
        precision_sum: float64 (n_query,), precision summed over the relevant ranks up to k, ties in row
            order.
        n_found: int64 (n_query,), number of those ranks.
    """

    counts: npt.NDArray[np.int32]
    precision_sum: Float64
    n_found: Int64


def rank_pairs(
    query: UInt64,
    database: UInt64,
    query_labels: UInt64,
    database_labels: UInt64,
    n_levels: int,
    n_grades: int,
    k: int = 0,
) -> Ranked:
    """Rank every item for every query.

    Args:
        query: uint64 (n_query, n_words), see `as_words`.
        database: uint64 (n_database, n_words).
        query_labels: uint64 (n_query, n_label_words), packed multi-hot labels.
        database_labels: uint64 (n_database, n_label_words).
        n_levels: n_bits + 1.
        n_grades: 2 tells only relevant from not; more keeps the number of shared labels up to n_grades - 1.
        k: last rank that counts in row order; 0 leaves row order out, which is faster.
    """
    counts = np.empty((len(query), n_levels, n_grades), dtype=np.int32)
    precision_sum, n_found = np.zeros(len(query)), np.zeros(len(query), dtype=np.int64)

    def work(part: slice) -> None:
        out = (counts[part], k, precision_sum[part], n_found[part])
        _rank(query[part], database, query_labels[part], database_labels, *out)

    _in_parts(len(query), len(database), work)
    return Ranked(counts, precision_sum, n_found)
