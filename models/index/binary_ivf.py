"""Inverted lists over binary codes: FAISS's IndexBinaryIVF."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from models.index.approximate import FaissBinary, check_at_most
from models.types import BinaryCodes

# More codes than that do not move a centre much, and k-means turns each into floats.
CODES_A_CENTRE = 64


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
        """Find the centres and fill the lists.

        The centres come from k-means on the bits, rounded to bits. It sees 64 codes a centre, spread evenly
        over the sorted codes.

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
            seen = np.linspace(0, n_codes, min(n_codes, CODES_A_CENTRE * n_lists), False).astype(np.int64)
            self.faiss_index.train(self._distinct[seen])
            self.faiss_index.add(self._distinct)
        else:
            self._take_stored(stored, faiss.IndexBinaryIVF)
        self.faiss_index.nprobe = n_probes
