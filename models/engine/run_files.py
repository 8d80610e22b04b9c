"""The files of a stored run and what is inside them; readers and writers side by side. No torch.

A run's folder holds `result.json` (config, protocol, metrics, curves, health, versions: the same on every
rebuild), `cost.json` (seconds and memory, which are not), `codes.npz`, `map.npz`, `bits.npz` and
`checkpoint.safetensors`.
"""

from __future__ import annotations

import io
import json
import struct
import tokenize
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from models.errors import CheckpointError
from models.files import npz_bytes, write_atomically
from models.types import BinaryCodes, CodebookCodes, Codes, Float32, Float64, Int64, Queries

Arrays = dict[str, npt.NDArray[Any]]
# Positions are stored on a grid of 4096 steps a side: finer than any screen, half the bytes.
MAP_LEVELS = 4095
_REBUILD = "Rebuild it with `make zoo`."


@dataclass(frozen=True)
class CodeMap:
    """A two-dimensional map of codes; images with the same code share a place.

    Attributes:
        xy_database: float32 (n_database, 2), or (n_rows, 2) where only `rows` were laid out.
        xy_query: float32 (n_query, 2).
        neighbour_preservation: mean share, 0 to 1, of a code's `k` nearest codes that are also among the `k`
            nearest on the map, over distinct codes.
        k: number of neighbours of that share.
        rows: int64 (n_rows,), database rows that were laid out, ascending; None is all of them.
    """

    xy_database: Float32
    xy_query: Float32
    neighbour_preservation: float
    k: int
    rows: Int64 | None = None


@dataclass(frozen=True)
class BitSummary:
    """Relaxed values per bit over the database, and the images that sit at either end.

    Attributes:
        edges: float64 (n_bins + 1,), shared by all bits; outer bins also count what lies beyond them.
        counts: int64 (n_bits, n_bins).
        strongest_zero: int64 (n_bits, 12), database rows with the lowest values, lowest first.
        strongest_one: int64 (n_bits, 12), database rows with the highest values, highest first.
    """

    edges: Float64
    counts: Int64
    strongest_zero: Int64
    strongest_one: Int64


@dataclass(frozen=True)
class RunCodes:
    """What a run made of its data set.

    Attributes:
        database: codes of the database, rows in order.
        query: codes of the queries.
        embeddings: float32 (n_query, dim), what codebook codes are compared with; None for binary codes.
    """

    database: Codes
    query: Codes
    embeddings: Float32 | None = None

    @property
    def queries(self) -> Queries:
        """What the queries are ranked by: their codes, or their embeddings."""
        if self.embeddings is not None:
            return self.embeddings
        return cast("BinaryCodes", self.query)


# What NumPy and zipfile raise, depending on which byte is wrong.
_DAMAGE = (
    *(OSError, ValueError, EOFError, AttributeError, KeyError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError),
)


def read_arrays(path: Path) -> Arrays:
    """All arrays of an npz file, read-only.

    Raises:
        CheckpointError: truncated or not an npz file.
        FileNotFoundError: there is no such file.
    """
    try:
        # From memory: np.load leaves the file open when its end is missing.
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise
    except _DAMAGE as error:
        raise CheckpointError(f"{path} is truncated or foreign ({error}). {_REBUILD}") from None
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


def write_run_codes(path: Path, codes: RunCodes, per_query: dict[str, Float32]) -> None:
    """Write `codes.npz`: codes of both splits and figures per query (n_query,), by name."""
    arrays: Arrays = {f"per_query_{name}": np.asarray(v, np.float32) for name, v in per_query.items()}
    for split, part in (("database", codes.database), ("query", codes.query)):
        arrays[split] = part.packed if isinstance(part, BinaryCodes) else part.indices
    if isinstance(codes.database, BinaryCodes):
        arrays["n_bits"] = np.array(codes.database.n_bits)
    else:
        assert codes.embeddings is not None, "codebook codes are compared with embeddings"
        arrays["codebooks"] = codes.database.codebooks.astype(np.float16)
        arrays["embeddings"] = codes.embeddings.astype(np.float16)
        arrays["structure"] = np.array(codes.database.structure)
        arrays["metric"] = np.array(codes.database.metric)
    write_atomically(path, npz_bytes(arrays))


def read_run_codes(path: Path) -> tuple[RunCodes, dict[str, Float64]]:
    """Read `codes.npz`; codebooks and embeddings come back as float32."""
    arrays = read_arrays(path)
    per_query = {
        name.removeprefix("per_query_"): values.astype(np.float64)
        for name, values in arrays.items()
        if name.startswith("per_query_")
    }
    try:
        if "codebooks" not in arrays:
            n_bits = int(arrays["n_bits"])
            return RunCodes(
                BinaryCodes(arrays["database"], n_bits), BinaryCodes(arrays["query"], n_bits)
            ), per_query
        books = arrays["codebooks"].astype(np.float32)
        structure = cast('Literal["product", "additive"]', str(arrays["structure"]))
        metric = cast('Literal["l2", "ip"]', str(arrays["metric"]))
        return RunCodes(
            CodebookCodes(arrays["database"], books, structure, metric),
            CodebookCodes(arrays["query"], books, structure, metric),
            arrays["embeddings"].astype(np.float32),
        ), per_query
    except KeyError as error:
        raise CheckpointError(f"{path} has no array {error}. {_REBUILD}") from None


def write_map(path: Path, code_map: CodeMap) -> None:
    """Write `map.npz`; positions are rounded to a grid of 4096 steps over the map's longer side."""
    both = np.concatenate([code_map.xy_database, code_map.xy_query]).astype(np.float64)
    low = both.min(axis=0)
    step = max(float((both.max(axis=0) - low).max()), 1e-9) / MAP_LEVELS
    grid = np.round((both - low) / step).astype(np.uint16)
    n_database = len(code_map.xy_database)
    arrays: Arrays = {
        # x and y apart compress better than pairs
        "database": grid[:n_database].T,
        "query": grid[n_database:].T,
        "low": low,
        "step": np.array(step),
        "neighbour_preservation": np.array(code_map.neighbour_preservation),
        "k": np.array(code_map.k),
    }
    if code_map.rows is not None:  # steps between rows compress better than rows
        arrays["row_steps"] = np.diff(code_map.rows, prepend=0).astype(np.uint32)
    write_atomically(path, npz_bytes(arrays))


def read_map(path: Path) -> CodeMap:
    """Read `map.npz`."""
    arrays = read_arrays(path)
    try:
        low, step = arrays["low"], float(arrays["step"])
        database, query = ((arrays[s].T * step + low).astype(np.float32) for s in ("database", "query"))
        steps = arrays.get("row_steps")
        rows = None if steps is None else np.cumsum(steps, dtype=np.int64)
        preserved, k = float(arrays["neighbour_preservation"]), int(arrays["k"])
        return CodeMap(database, query, preserved, k, rows)
    except KeyError as error:
        raise CheckpointError(f"{path} has no array {error}. {_REBUILD}") from None


def write_bit_summary(path: Path, summary: BitSummary) -> None:
    """Write `bits.npz`."""
    arrays: Arrays = {
        "edges": summary.edges,
        "counts": summary.counts.astype(np.int32),
        "strongest_zero": summary.strongest_zero.astype(np.int32),
        "strongest_one": summary.strongest_one.astype(np.int32),
    }
    write_atomically(path, npz_bytes(arrays))


def read_bit_summary(path: Path) -> BitSummary:
    """Read `bits.npz`."""
    arrays = read_arrays(path)
    try:
        names = ("counts", "strongest_zero", "strongest_one")
        counts, zero, one = (arrays[name].astype(np.int64) for name in names)
        return BitSummary(arrays["edges"], counts, zero, one)
    except KeyError as error:
        raise CheckpointError(f"{path} has no array {error}. {_REBUILD}") from None


def write_json(path: Path, record: dict[str, Any]) -> None:
    """Write a record as JSON: sorted keys, a line per value so that a change shows, no NaN."""
    text = json.dumps(record, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False)
    write_atomically(path, (text + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises:
        CheckpointError: not a JSON object.
    """
    try:
        record = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path} is truncated or foreign ({error}). {_REBUILD}") from None
    if not isinstance(record, dict):
        raise CheckpointError(f"{path} holds no JSON object. {_REBUILD}")
    return record
