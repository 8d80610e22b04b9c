"""A navigable small-world graph over binary codes: FAISS's IndexBinaryHNSW (Malkov and Yashunin, 2018)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.index.approximate import FaissBinary
from models.types import BinaryCodes


class BinaryHnsw(FaissBinary):
    """Codes linked to near codes; a query walks from link to link, in layers that grow denser."""

    def __init__(
        self,
        codes: BinaryCodes,
        *,
        n_links: int = 16,
        ef_construction: int = 40,
        ef_search: int = 64,
        stored: Path | None = None,
    ) -> None:
        """Build the graph, on one thread: with more, links depend on which thread comes first.

        Args:
            codes: the database.
            n_links: links of a code (M; twice as many in the lowest layer).
            ef_construction: candidates kept while a code is inserted.
            ef_search: candidates kept during a search; never fewer than k.
            stored: the FAISS file of an index built earlier from the same codes.

        Raises:
            DataError: the database is empty; or `stored` is of other codes.
        """
        import faiss

        super().__init__(codes)
        if stored is None:
            self.faiss_index = faiss.IndexBinaryHNSW(self._distinct.shape[1] * 8, n_links)
            self.faiss_index.hnsw.efConstruction = ef_construction
            with _one_thread():
                self.faiss_index.add(self._distinct)
        else:
            self._take_stored(stored, faiss.IndexBinaryHNSW)
        self.faiss_index.hnsw.efSearch = ef_search


@contextmanager
def _one_thread() -> Iterator[None]:
    import faiss

    n_threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(n_threads)
