"""Inverted lists over binary codes: FAISS's IndexBinaryIVF."""

from __future__ import annotations

import math
from pathlib import Path

from models.index.approximate import FaissBinary, check_at_most
from models.types import BinaryCodes


class BinaryIvf(FaissBinary):
    """Codes in lists by their nearest centre; a query looks into the lists of its nearest centres only.

    With n_probes = n_lists every code is compared, and nothing is missed but ties at the cut.
    """

    def __init__(
        self,
        codes: BinaryCodes,
        *,
        n_lists: int | None = None,
        n_probes: int | None = None,
        stored: Path | None = None,
    ) -> None:
        """Find the centres (k-means on the bits, then rounded to bits) and fill the lists.

        Args:
            codes: the database.
            n_lists: lists; None: the square root of the number of distinct codes.
            n_probes: lists a query looks into; None: one in eight.
            stored: the FAISS file of an index built earlier from the same codes.

        Raises:
            DataError: the database is empty; or `stored` is of other codes.
            ConfigError: more lists than distinct codes, or more probes than lists.
        """
        import faiss

        super().__init__(codes)
        n_codes = len(self.buckets)
        if n_lists is None:
            n_lists = math.isqrt(n_codes)
        check_at_most("n_lists", n_lists, n_codes, f"the database has {n_codes} distinct codes")
        if n_probes is None:
            n_probes = -(-n_lists // 8)
        check_at_most("n_probes", n_probes, n_lists, f"there are {n_lists} lists")
        if stored is None:
            n_bits = self._distinct.shape[1] * 8
            self.faiss_index = faiss.IndexBinaryIVF(faiss.IndexBinaryFlat(n_bits), n_bits, n_lists)
            self.faiss_index.cp.min_points_per_centroid = 1  # else it warns on stderr about small databases
            self.faiss_index.train(self._distinct)
            self.faiss_index.add(self._distinct)
        else:
            self._take_stored(stored, faiss.IndexBinaryIVF)
        self.faiss_index.nprobe = n_probes
