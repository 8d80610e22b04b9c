"""The compiled loops of multi-index hashing. Import this module late: it loads numba and compiles.

A code is a row of 64-bit words, its first bit the highest of the first word. A bit range of it is named by
where it begins and how long it is.
"""

from __future__ import annotations

import numpy as np
from numba import types

from models.compiled import compiled, popcount

_ROWS = types.Array(types.uint64, 2, "C", readonly=True)
_TABLES = types.Array(types.uint64, 3, "C", readonly=True)
_PLACES = types.Array(types.uint32, 1, "C", readonly=True)
_PLACES_OF_TABLES = types.Array(types.uint32, 2, "C", readonly=True)
_INTEGERS = types.Array(types.int64, 1, "C", readonly=True)
_RANGES = types.Array(types.int64, 2, "C", readonly=True)
_ROW = types.Array(types.uint64, 1, "C", readonly=True)
_NEW_ROWS = types.Array(types.uint64, 2, "C")
_NEW_PLACES = types.Array(types.uint32, 1, "C")

# A bucket lies somewhere in memory: to find it takes as long as to compare so many codes that lie in a row.
LOOK_UP_COST = 64
_FIRST_CAPACITY = 4096


@compiled(types.int64(_ROW, types.int64, types.int64))
def _bits(row, begin, length):  # type: ignore[no-untyped-def]
    """The bits of a range as a number."""
    word, skip = begin >> 6, begin & 63
    found = row[word] << np.uint64(skip)
    if skip + length > 64:
        found |= row[word + 1] >> np.uint64(64 - skip)
    return np.int64(found >> np.uint64(64 - length))


@compiled(types.void(_ROWS, _PLACES, types.int64, types.int64, _NEW_ROWS, _NEW_PLACES))
def sort_by_bits(rows, places, begin, length, rows_out, places_out):  # type: ignore[no-untyped-def]
    """Sort codes, and the places that go with them, by a bit range; equal ones keep their order."""
    n, n_words = rows.shape
    next_place = np.zeros((1 << length) + 1, np.int64)
    for j in range(n):
        next_place[_bits(rows[j], begin, length) + 1] += 1
    for key in range(1 << length):
        next_place[key + 1] += next_place[key]
    for j in range(n):
        key = _bits(rows[j], begin, length)
        to = next_place[key]
        next_place[key] = to + 1
        for w in range(n_words):
            rows_out[to, w] = rows[j, w]
        places_out[to] = places[j]


@compiled(types.void(_ROWS, types.int64, types.int64, _NEW_PLACES))
def fill_directory(rows, begin, length, directory):  # type: ignore[no-untyped-def]
    """For codes sorted by a bit range: where each of its values begins, and where the last one ends."""
    directory[:] = 0
    for j in range(rows.shape[0]):
        directory[_bits(rows[j], begin, length) + 1] += np.uint32(1)
    for key in range(1 << length):
        directory[key + 1] += directory[key]


@compiled(types.int64(types.int64, types.int64))
def _n_flips(length, n):  # type: ignore[no-untyped-def]
    """Ways to flip n of `length` bits."""
    found = 1
    for i in range(min(n, length - n)):
        found = found * (length - i) // (i + 1)
    return found if n <= length else 0


@compiled(types.int64(types.int64))
def _next_flips(flips):  # type: ignore[no-untyped-def]
    """The next larger number with as many set bits (Gosper)."""
    lowest = flips & -flips
    carried = flips + lowest
    n_zeros = np.int64(popcount(np.uint64(lowest - 1)))
    return carried | (((flips ^ carried) >> 2) >> n_zeros)


@compiled(
    types.void(
        *(_ROWS, _TABLES, _PLACES_OF_TABLES, _PLACES, _PLACES, _PLACES, _INTEGERS, _RANGES, _ROWS),
        *(types.int64, types.int64),
        *(types.Array(types.int32, 2, "C"), types.Array(types.int64, 2, "C")),
        *(types.Array(types.int64, 1, "C"), types.Array(types.int64, 1, "C")),
    )
)
def search_tables(  # type: ignore[no-untyped-def]
    queries,
    tables,
    places,
    begins,
    items,
    directory,
    directory_begins,
    ranges,
    masks,
    n_bits,
    k,
    distances,
    ids,
    beyond,
    compared,
):
    """The k nearest items of each query, by distance and then id.

    Step m q + a looks into table a at substrings that differ in exactly q bits. After step r nothing within
    radius r is missing: a code that near differs in at most q bits in one of the first a + 1 substrings, or
    in at most q - 1 in one of the others. Where the next step would cost more than to compare every code,
    every code is compared.

    Args:
        queries: (n_query, n_words).
        tables: (n_tables, n_codes, n_words), distinct codes in the order of each substring; table 0 in that
            of all bits.
        places: (n_tables - 1, n_codes), where the code of a later table stands in table 0.
        begins: (n_codes + 1,), where the items of each code of table 0 begin.
        items: (n,), items by code, then id.
        directory: where the codes of each substring begin, table after table.
        directory_begins: (n_tables,), where each table begins in the directory.
        ranges: (n_tables, 2), begin and length of each substring.
        masks: (n_tables, n_words), the bits of each substring.
        n_bits: code length.
        k: items to find; not more than there are.
        distances, ids: (n_query, k), written.
        beyond: (n_query,), written: items left out that are as near as the last.
        compared: (n_query,), written: codes compared.
    """
    n_tables, n_codes, n_words = tables.shape
    tally = np.empty(n_bits + 1, np.int64)  # items found, by distance
    capacity = _FIRST_CAPACITY
    found_place, found_distance = np.empty(capacity, np.int64), np.empty(capacity, np.int32)
    nearest = np.empty(4 * k + 16, np.int64)
    differing = np.empty(n_words, np.uint64)
    for i in range(queries.shape[0]):
        query = queries[i]
        tally[:] = 0
        n_found, farthest, step, n_looked_up, n_compared = 0, n_bits, 0, 0, np.int64(0)
        while True:
            n_substring_flips, table = step // n_tables, step % n_tables
            begin, length = ranges[table, 0], ranges[table, 1]
            n_buckets = _n_flips(length, n_substring_flips)
            n_looked_up += n_buckets
            scan = n_looked_up * LOOK_UP_COST + n_compared > n_codes
            if scan:
                tally[:] = 0
                n_found, n_buckets = 0, 1
            key = _bits(query, begin, length)
            flips = (np.int64(1) << n_substring_flips) - 1
            for _ in range(n_buckets):
                first, last = np.int64(0), np.int64(n_codes)
                if scan:
                    table = 0
                else:
                    slot = directory_begins[table] + (key ^ flips)
                    first, last = np.int64(directory[slot]), np.int64(directory[slot + 1])
                    if n_substring_flips > 0:
                        flips = _next_flips(flips)
                n_compared += last - first
                for j in range(first, last):
                    distance = np.int64(0)
                    for w in range(n_words):
                        distance += np.int64(popcount(query[w] ^ tables[table, j, w]))
                    if distance > farthest:
                        continue
                    if not scan:
                        # Did an earlier step meet this code in another table?
                        for w in range(n_words):
                            differing[w] = query[w] ^ tables[table, j, w]
                        met = False
                        for other in range(n_tables):
                            if other != table:
                                away = np.int64(0)
                                for w in range(n_words):
                                    away += np.int64(popcount(differing[w] & masks[other, w]))
                                met |= n_tables * away + other < step
                        if met:
                            continue
                    place = j if table == 0 else np.int64(places[table - 1, j])
                    if n_found == capacity:
                        # Drop what is farther than k others; if that is not enough, take more memory.
                        total, farthest = np.int64(0), -1
                        while total < k and farthest < n_bits:
                            farthest += 1
                            total += tally[farthest]
                        kept = 0
                        for c in range(n_found):
                            if found_distance[c] <= farthest:
                                found_place[kept], found_distance[kept] = found_place[c], found_distance[c]
                                kept += 1
                        n_found = kept
                        if 2 * kept > capacity:
                            more_places = np.empty(2 * capacity, np.int64)
                            more_distances = np.empty(2 * capacity, np.int32)
                            more_places[:kept], more_distances[:kept] = (
                                found_place[:kept],
                                found_distance[:kept],
                            )
                            found_place, found_distance = more_places, more_distances
                            capacity *= 2
                        if distance > farthest:
                            continue
                    found_place[n_found], found_distance[n_found] = place, distance
                    n_found += 1
                    tally[distance] += np.int64(begins[place + 1]) - np.int64(begins[place])
            total, farthest = np.int64(0), -1
            while total < k and farthest < n_bits:
                farthest += 1
                total += tally[farthest]
            if scan or (total >= k and farthest <= step):
                break
            step += 1
        beyond[i], compared[i] = total - k, n_compared

        written = 0
        for level in range(farthest + 1):
            if tally[level] == 0:
                continue
            wanted = k - written
            n_near = 0
            for c in range(n_found):
                if found_distance[c] != level:
                    continue
                place = found_place[c]
                first, last = np.int64(begins[place]), np.int64(begins[place + 1])
                # The items of one code ascend: no more than the first few can be among the lowest ids.
                for j in range(first, min(last, first + wanted)):
                    if n_near == nearest.shape[0]:
                        nearest.sort()
                        n_near = wanted
                    nearest[n_near] = items[j]
                    n_near += 1
            lowest = nearest[:n_near]
            lowest.sort()
            for j in range(min(wanted, n_near)):
                distances[i, written], ids[i, written] = level, lowest[j]
                written += 1
