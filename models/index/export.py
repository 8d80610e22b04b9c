"""An index for people without this library: codes, a FAISS file and a short script that needs no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from models.codes.exchange import CodeFile
from models.errors import DataError, NotAvailableError
from models.files import npz_bytes, write_atomically
from models.index.binary_multi_hash import BinaryMultiHash
from models.index.buckets import Buckets
from models.index.folder import StoredIndex, faiss_bytes, write_code_file
from models.types import BinaryCodes, Codes

_SCRIPT = '''\
"""Nearest items with FAISS and NumPy alone: python search.py queries.npz K"""

import sys
from pathlib import Path

import faiss
import numpy as np

here = Path(__file__).parent
index = faiss.{reader}(str(here / "index.faiss"))
with np.load(here / "buckets.npz") as stored:  # code c is that of items[starts[c] : starts[c + 1]]
    items, starts = stored["items"], stored["starts"]
queries = np.load(sys.argv[1])["{member}"]
k = int(sys.argv[2])
distances, codes = index.search({asked}, min(k, index.ntotal))
for query, (near, found) in enumerate(zip({distances}.tolist(), codes.tolist())):
    pairs = [(d, item) for d, c in zip(near, found) if c >= 0 for item in items[starts[c] : starts[c + 1]]]
    for distance, item in sorted(pairs)[:k]:
        print(query, item, distance)
'''


def export_index(stored: StoredIndex, out: Path) -> list[str]:
    """Write `codes.npz`, `index.faiss`, `buckets.npz` and `search.py` into a folder.

    Args:
        stored: any index that FAISS keeps, or exhaustive.
        out: new or empty.

    Returns:
        Names of the files.

    Raises:
        NotAvailableError: an index without a FAISS file (multi-table look-up, Milvus).
        DataError: the folder holds files.
        StorageError: it cannot be written.
    """
    file, codes = check_exportable(stored, out)
    index: Any = stored.index
    write_code_file(out / "codes.npz", file)
    write_atomically(out / "index.faiss", faiss_bytes(index, binary=isinstance(codes, BinaryCodes)))
    buckets: Buckets | None = getattr(index, "buckets", None)
    items = np.arange(len(codes)) if buckets is None else buckets.items
    sizes = np.ones(len(codes), dtype=np.int64) if buckets is None else buckets.n_items
    starts = np.concatenate([[0], np.cumsum(sizes)])
    write_atomically(out / "buckets.npz", npz_bytes({"items": items, "starts": starts}))
    write_atomically(out / "search.py", search_script(index, codes).encode())
    return ["codes.npz", "index.faiss", "buckets.npz", "search.py"]


def search_script(index: Any, codes: Codes) -> str:
    """The script for this index; 20 lines."""
    if isinstance(codes, BinaryCodes):
        # That index reads substrings from the lowest bit of a byte on.
        reversed_bits = 'np.packbits(np.unpackbits(queries, axis=1), axis=1, bitorder="little")'
        return _SCRIPT.format(
            reader="read_index_binary",
            member="packed",
            asked=reversed_bits if isinstance(index, BinaryMultiHash) else "queries",
            distances="distances",
        )
    return _SCRIPT.format(
        reader="read_index",
        member="embeddings",
        asked="queries",
        distances="(-distances)" if codes.metric == "ip" else "distances",
    )


def check_exportable(stored: StoredIndex, out: Path) -> tuple[CodeFile, Codes]:
    """What is exported.

    Raises:
        NotAvailableError, DataError: as in `export_index`.
    """
    if stored.file is None or stored.file.codes is None or not hasattr(stored.index, "faiss_index"):
        raise NotAvailableError(
            f"An index of kind {stored.card['kind']!r} is not kept by FAISS and cannot be exported. "
            "Build one of kind exhaustive, ivf, hnsw, multi-hash or ivf-adc over the same database."
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out} is not empty. Choose a new folder for the export.")
    return stored.file, stored.file.codes
