"""Multi-table look-up of binary codes: bit-sampling locality-sensitive hashing (Indyk and Motwani, 1998)."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from models.errors import ConfigError
from models.index.approximate import ApproximateBinary, check_at_most
from models.types import BinaryCodes, Bool, Int32, Int64, UInt8

MAX_KEY_BITS = 62


class BinaryMultiTable(ApproximateBinary):
    """Several tables, each keyed by some bits of the code drawn at random; a query looks into its own slots.

    What lies in the slots is compared by its whole code. An item at distance d shares a key of b of the B
    bits with probability about (1 - d / B)^b, and is found if it does in any table. Fewer than k may be
    found.

    Attributes:
        bits_of_key: int64 (n_tables, n_key_bits), the bits each table looks at.
    """

    def __init__(
        self,
        codes: BinaryCodes,
        *,
        n_tables: int = 8,
        n_key_bits: int | None = None,
        n_flips: int = 0,
        seed: int = 0,
    ) -> None:
        """Draw the bits and fill the tables.

        Args:
            codes: the database.
            n_tables: tables.
            n_key_bits: bits of a key; None: about log2(n), so that a slot holds few items.
            n_flips: slots that differ from the query's key in up to so many bits are looked into as well.
            seed: of the bits drawn.

        Raises:
            DataError: the database is empty.
            ConfigError: more key bits than bits, or more than 62; more flips than key bits.
        """
        super().__init__(codes)
        if n_key_bits is None:
            n_key_bits = min(max(len(codes).bit_length() - 1, 1), codes.n_bits, MAX_KEY_BITS)
        highest = min(codes.n_bits, MAX_KEY_BITS)
        check_at_most(
            "n_key_bits", n_key_bits, highest, f"a code has {codes.n_bits} bits, a key up to {MAX_KEY_BITS}"
        )
        if n_flips > n_key_bits:
            raise ConfigError(
                f"n_flips={n_flips}, but a key has {n_key_bits} bits. Choose 0 to {n_key_bits}."
            )
        rng = np.random.default_rng(seed)
        self.bits_of_key: Int64 = np.stack(
            [np.sort(rng.permutation(codes.n_bits)[:n_key_bits]) for _ in range(n_tables)]
        )
        self._flips = np.array(
            [sum(1 << bit for bit in chosen)
             for n in range(n_flips + 1) for chosen in combinations(range(n_key_bits), n)],
            dtype=np.int64,
        )  # fmt: skip
        keys = self._keys(self._distinct)
        self._codes_by_key = np.argsort(keys, axis=1, kind="stable")
        self._sorted_keys = np.take_along_axis(keys, self._codes_by_key, axis=1)

    def _keys(self, packed: UInt8) -> Int64:
        """The key of each code in each table, int64 (n_tables, n)."""
        bits = np.unpackbits(packed, axis=1, count=self.codes.n_bits)
        keys = np.zeros((len(self.bits_of_key), len(packed)), dtype=np.int64)
        for place, drawn in enumerate(self.bits_of_key.T):
            keys |= bits[:, drawn].T.astype(np.int64) << place
        return keys

    def _near_codes(self, packed: UInt8, n_codes: int) -> tuple[Int32, Int64]:
        query_keys = self._keys(packed)
        distances = np.full((len(packed), n_codes), np.iinfo(np.int32).max, dtype=np.int32)
        codes = np.full((len(packed), n_codes), -1, dtype=np.int64)
        seen: Bool = np.zeros(len(self.buckets), dtype=np.bool_)
        for row in range(len(packed)):
            candidates = self._candidates(query_keys[:, row], seen)
            differing = self._distinct[candidates] ^ packed[row]
            near: npt.NDArray[np.int32] = np.bitwise_count(differing).sum(axis=1, dtype=np.int32)
            order = np.lexsort((candidates, near))[:n_codes]
            distances[row, : len(order)], codes[row, : len(order)] = near[order], candidates[order]
        return distances, codes

    def _candidates(self, keys: Int64, seen: Bool) -> Int64:
        """Codes in the slots of one query, ascending; `seen` is scratch space, all False before and after."""
        found = []
        for key, slots, codes in zip(keys, self._sorted_keys, self._codes_by_key, strict=True):
            looked_up = key ^ self._flips
            begins, ends = (np.searchsorted(slots, looked_up, side=side) for side in ("left", "right"))
            for begin, end in zip(begins[ends > begins], ends[ends > begins], strict=True):
                found.append(codes[begin:end])
        if not found:
            return np.empty(0, dtype=np.int64)
        every = np.concatenate(found)
        seen[every] = True
        candidates = np.flatnonzero(seen)
        seen[every] = False
        return candidates
