"""Exact multi-index hashing of binary codes (Norouzi, Punjani and Fleet, 2012), in sorted arrays.

FAISS's IndexBinaryMultiHash looks up a fixed number of flips and misses the rest, and its hash maps take
about 275 bytes a code (measured on 1 million uniform codes of 64 bits), so that 100 million would not fit.
Here a table is a sorted array, and the radius grows until nothing nearer can be missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from models.codes.hamming import check_equal_length
from models.codes.packing import UInt64, as_words
from models.errors import ConfigError, DataError
from models.index import machine
from models.index.approximate import check_at_most
from models.index.base import SearchResult, check_database, check_search
from models.types import BinaryCodes, Int64, Queries, UInt8

MAX_SUBSTRING_BITS = 24  # a directory of 2^24 entries
MAX_DATABASE = 2**32 - 2  # places in a table are 32 bits
_BITS_A_PASS = 11  # of the radix sort: 2^11 places to write to stay in the cache
_QUERIES_WORTH_A_THREAD = 4

UInt32 = npt.NDArray[np.uint32]
Progress = Callable[[int, int], None]


class BinaryMultiIndex:
    """One table per substring of the code, searched by growing radius: the answer of exhaustive search.

    Step by step a query looks up its own substrings, then those one flip away, and so on. After step r
    nothing within radius r is missing, and the search ends when that holds k items. Where the look-ups would
    cost more than comparing every code, as for long codes without near neighbours, every code is compared.

    A table holds the distinct codes themselves in the order of its substring, so that a bucket is read in a
    row: 8 ceil(n_bits / 64) + 4 bytes a distinct code and table.

    Attributes:
        codes: the database.
        ranges: int64 (n_substrings, 2), first bit and length of each substring.
    """

    def __init__(
        self, codes: BinaryCodes, *, n_substrings: int | None = None, progress: Progress | None = None
    ) -> None:
        """Sort the codes once by all their bits and once by each substring.

        Args:
            codes: the database.
            n_substrings: tables; None: see `default_substrings`.
            progress: told passes done and passes in all, after each pass over the codes; what it raises ends
                the build.

        Raises:
            DataError: the database is empty.
            ConfigError: substrings longer than 24 bits, or more of them than bits; more than 2^32 items; or
                the tables would not fit into memory.
        """
        check_database(len(codes))
        n, n_bits = len(codes), codes.n_bits
        if n > MAX_DATABASE:
            raise ConfigError(f"{n:,} items, but at most {MAX_DATABASE:,} fit. Split the database.")
        if n_substrings is None:
            n_substrings = default_substrings(n, n_bits)
        check_at_most("n_substrings", n_substrings, n_bits, f"a code has {n_bits} bits")
        fewest = -(-n_bits // MAX_SUBSTRING_BITS)
        if n_substrings < fewest:
            raise ConfigError(
                f"n_substrings={n_substrings}, but a substring has at most {MAX_SUBSTRING_BITS} bits. "
                f"Choose {fewest} to {n_bits}."
            )
        need, free = n * bytes_an_item(n_bits, n_substrings), machine.available_bytes()
        if need > free:
            raise ConfigError(
                f"Building the tables takes up to {need / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are "
                "free. Choose fewer items or fewer n_substrings, or an exhaustive index, which has no tables."
            )
        self.codes = codes
        edges = [n_bits * t // n_substrings for t in range(n_substrings + 1)]
        self.ranges: Int64 = np.array([(a, b - a) for a, b in itertools.pairwise(edges)], dtype=np.int64)
        self._masks = _masks(self.ranges, n_bits)
        self._build(progress or (lambda done, total: None))

    @property
    def n_database(self) -> int:
        """Number of items."""
        return len(self.codes)

    def _build(self, progress: Progress) -> None:
        from models.index.multi_index_kernels import fill_directory

        sorts = [_passes(0, self.codes.n_bits), *(_passes(a, n) for a, n in self.ranges[1:].tolist())]
        passes_done, total = itertools.count(1), sum(map(len, sorts))

        def step() -> None:
            progress(next(passes_done), total)

        rows, self._items = _sorted(_first_bit_highest(self.codes.packed), sorts[0], step)
        is_new = np.ones(len(rows), dtype=np.bool_)
        is_new[1:] = rows[1:, 0] != rows[:-1, 0]
        for word in range(1, rows.shape[1]):
            is_new[1:] |= rows[1:, word] != rows[:-1, word]
        begins = np.flatnonzero(is_new)
        n_codes, n_tables = len(begins), len(self.ranges)
        self._begins: UInt32 = np.append(begins, len(rows)).astype(np.uint32)
        # The first substring is the beginning of the code: sorted by all bits is sorted by it.
        self._tables: UInt64 = np.empty((n_tables, n_codes, rows.shape[1]), dtype=np.uint64)
        self._tables[0] = rows if n_codes == len(rows) else rows[is_new]
        del rows, is_new, begins
        self._places: UInt32 = np.empty((n_tables - 1, n_codes), dtype=np.uint32)
        for table, passes in enumerate(sorts[1:], start=1):
            self._tables[table], self._places[table - 1] = _sorted(self._tables[0], passes, step)
        sizes = (1 << self.ranges[:, 1]) + 1
        self._directory_begins: Int64 = np.cumsum(sizes) - sizes
        self._directory: UInt32 = np.empty(sizes.sum(), dtype=np.uint32)
        for table, (begin, length) in enumerate(self.ranges.tolist()):
            part = self._directory[self._directory_begins[table] :][: sizes[table]]
            fill_directory(self._tables[table], begin, length, part)

    def search(self, queries: Queries, k: int) -> SearchResult:
        """The k nearest items of each query, by distance and then id; see `Index.search`.

        Many queries are spread over threads, one for each core.
        """
        return self.searched(queries, k)[0]

    def searched(self, queries: Queries, k: int) -> tuple[SearchResult, Int64]:
        """What `search` returns, and how many codes each query was compared with, int64 (n_query,).

        A code that stands in several buckets is compared several times; equal codes are compared once.

        Raises:
            DataError: as `Index.search`.
        """
        if not isinstance(queries, BinaryCodes):
            raise DataError(
                "This database holds binary codes; the queries are real vectors. Give binary codes."
            )
        check_equal_length(queries, self.codes)
        k = check_search(queries, k, self.n_database)
        from numba import config

        from models.index.multi_index_kernels import search_tables

        asked = _first_bit_highest(queries.packed)
        n_query = len(asked)
        distances = np.empty((n_query, k), dtype=np.int32)
        ids = np.empty((n_query, k), dtype=np.int64)
        beyond, compared = np.empty((2, n_query), dtype=np.int64)

        def work(part: slice) -> None:
            search_tables(
                asked[part], self._tables, self._places, self._begins, self._items,
                self._directory, self._directory_begins, self.ranges, self._masks,
                self.codes.n_bits, k, distances[part], ids[part], beyond[part], compared[part],
            )  # fmt: skip

        allowed = int(config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
        n_threads = min(allowed, -(-n_query // _QUERIES_WORTH_A_THREAD))
        if n_threads == 1:
            work(slice(0, n_query))
        else:
            # Queries differ in cost: small parts keep all threads busy to the end.
            begins = range(0, n_query, _QUERIES_WORTH_A_THREAD)
            parts = [slice(begin, begin + _QUERIES_WORTH_A_THREAD) for begin in begins]
            with ThreadPoolExecutor(n_threads) as pool:
                list(pool.map(work, parts))
        return SearchResult(distances, ids, lambda: beyond), compared


def default_substrings(n: int, n_bits: int) -> int:
    """Tables, such that a bucket would hold 8 items or more if all codes were equally likely.

    Longer substrings mean fewer codes to compare but more buckets to visit; a visit costs as much as some
    sixty comparisons.
    """
    length = min(max(n.bit_length() - 4, 8), MAX_SUBSTRING_BITS)
    return -(-n_bits // length)


def bytes_an_item(n_bits: int, n_substrings: int | None = None) -> int:
    """Memory an item takes at most while the index is built, its packed code not counted.

    Args:
        n_bits: code length.
        n_substrings: tables; None: as many as the default has for some million items or more.
    """
    tables = n_substrings or -(-n_bits // 16)
    row = 8 * -(-n_bits // 64)
    first_sort = 3 * row + 3 * 4
    tables_and_a_sort = tables * row + (tables - 1) * 4 + 2 * 4 + 2 * row + 3 * 4
    return max(first_sort, tables_and_a_sort)


def _sorted(rows: UInt64, passes: list[tuple[int, int]], step: Callable[[], None]) -> tuple[UInt64, UInt32]:
    """Rows sorted by a bit range, and where each of them stood; the input is left alone."""
    from models.index.multi_index_kernels import sort_by_bits

    places = np.arange(len(rows), dtype=np.uint32)
    spare_rows, spare_places = np.empty_like(rows), np.empty_like(places)
    for number, (begin, length) in enumerate(passes):
        sort_by_bits(rows, places, begin, length, spare_rows, spare_places)
        # What was read becomes what is written to next, but for the input.
        rows, places, spare_rows, spare_places = (
            spare_rows,
            spare_places,
            np.empty_like(rows) if number == 0 else rows,
            places,
        )
        step()
    return rows, places


def _passes(begin: int, length: int) -> list[tuple[int, int]]:
    """Bit ranges to sort by, one after the other, lowest bits first."""
    n = -(-length // _BITS_A_PASS)
    edges = [begin + length * i // n for i in range(n + 1)]
    return [(a, b - a) for a, b in itertools.pairwise(edges)][::-1]


def _masks(ranges: Int64, n_bits: int) -> UInt64:
    """The bits of each range as words, uint64 (n_ranges, n_words)."""
    places = np.arange(n_bits)
    inside = (places >= ranges[:, :1]) & (places < ranges.sum(axis=1, keepdims=True))
    return _first_bit_highest(np.packbits(inside, axis=1))


def _first_bit_highest(packed: UInt8) -> UInt64:
    """Rows of words, uint64 (n, n_words), in which the first bit of the code is the highest of the first."""
    return as_words(packed).view(">u8").astype(np.uint64)
