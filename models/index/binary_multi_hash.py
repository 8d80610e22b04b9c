"""Multi-index hashing of binary codes: FAISS's IndexBinaryMultiHash (Norouzi, Punjani and Fleet, 2012)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.errors import ConfigError
from models.index.approximate import FaissBinary, check_at_most
from models.types import BinaryCodes, Int32, Int64, UInt8

# FAISS reads a substring into 64 bits and does not check that it fits.
MAX_SUBSTRING_BITS = 62


class BinaryMultiHash(FaissBinary):
    """One table per substring of the code; a query looks up its own substrings and those a few flips away.

    Two codes that differ in at most n_hashes * (n_flips + 1) - 1 bits share a substring up to n_flips bits:
    nothing within that Hamming radius is missed. Farther items may be, and fewer than k found.

    Attributes:
        complete_radius: bits within which nothing is missed.
    """

    def __init__(
        self,
        codes: BinaryCodes,
        *,
        n_hashes: int | None = None,
        n_flips: int = 1,
        stored: Path | None = None,
    ) -> None:
        """Fill the tables.

        Args:
            codes: the database.
            n_hashes: substrings, n_bits // n_hashes bits each; None: substrings of about log2(n) bits, as the
                paper advises.
            n_flips: bits flipped in each substring of a query.
            stored: the FAISS file of an index built earlier from the same codes.

        Raises:
            DataError: the database is empty; or `stored` is of other codes.
            ConfigError: more substrings than bits, or substrings longer than 62 bits.
        """
        import faiss

        super().__init__(codes)
        n_bits = codes.n_bits
        if n_hashes is None:
            length = min(max(len(codes).bit_length() - 1, 1), n_bits)
            n_hashes = n_bits // length
        check_at_most("n_hashes", n_hashes, n_bits, f"a code has {n_bits} bits")
        length = n_bits // n_hashes
        if length > MAX_SUBSTRING_BITS:
            fewest = n_bits // (MAX_SUBSTRING_BITS + 1) + 1
            raise ConfigError(
                f"{n_hashes} substrings of a {n_bits}-bit code are {length} bits long, and at most "
                f"{MAX_SUBSTRING_BITS} fit. Choose n_hashes of at least {fewest}."
            )
        if n_flips > length:
            raise ConfigError(f"n_flips={n_flips}, but a substring has {length} bits. Choose 0 to {length}.")
        self.complete_radius = n_hashes * (n_flips + 1) - 1
        if stored is None:
            self.faiss_index = faiss.IndexBinaryMultiHash(self._distinct.shape[1] * 8, n_hashes, length)
            self.faiss_index.add(low_bit_first(self._distinct))
        else:
            self._take_stored(stored, faiss.IndexBinaryMultiHash)
        self.faiss_index.nflip = n_flips

    def _near_codes(self, packed: UInt8, n_codes: int) -> tuple[Int32, Int64]:
        return super()._near_codes(low_bit_first(packed), n_codes)


def low_bit_first(packed: UInt8) -> UInt8:
    """Bytes with their bits reversed, uint8, same shape.

    FAISS cuts substrings from the lowest bit of a byte on. Without this the zero padding of the last byte
    would count as code, and real bits would be left out.
    """
    return np.packbits(np.unpackbits(packed, axis=1), axis=1, bitorder="little")
