"""The map of codes: its static part as one binary file per run, and the message that marks a query on it."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from app.services import cards, catalog, images, search
from models.errors import HashingError
from models.types import BinaryCodes, Codes, Int64

ColourMode = Literal["class", "tag", "bit", "ap", "plain"]

MAGIC = b"HLM1"
ALIGNMENT = 8
NOWHERE = 2**32 - 1  # point of an image whose code was not laid out
MOST_MARKED = 60  # neighbours joined to the query; more lines hide the map


@dataclass(frozen=True)
class Colour:
    """What the dots' colours say; `index` is the bit or tag, counted from 0."""

    mode: ColourMode
    index: int = 0


@dataclass(frozen=True)
class MapFacts:
    """What to know before believing a map.

    Attributes:
        n_codes: distinct codes among the database images laid out, the dots that are drawn.
        n_images: database images that have one of these codes.
        n_elsewhere: database images that have none; 0 unless the database is too large to be laid out whole.
        largest: images that share the most frequent code.
        alone: codes of exactly one image.
        preserved: mean share, 0 to 1, of a code's k nearest codes that are among its k nearest on the map.
        preserved_by_chance: what codes scattered at random would keep.
        k: number of neighbours of that share.
    """

    n_codes: int
    n_images: int
    n_elsewhere: int
    largest: int
    alone: int
    preserved: float
    preserved_by_chance: float
    k: int


@lru_cache(maxsize=32)
def facts(dataset: str, method: str, n_bits: int) -> MapFacts:
    """Counts and reliability of a run's map.

    Raises:
        NotAvailableError: no map is stored with the run.
    """
    run = catalog.open_run(dataset, method, n_bits)
    stored = run.map()
    laid_out = _laid_out(run.codes("database"), stored.rows)
    point_of_row = _points(run.codes("database"), stored.rows)[1]
    placed = point_of_row[point_of_row != NOWHERE]
    sizes = np.bincount(placed)
    # Neighbours are counted over the codes of both splits, which were laid out together.
    both = np.concatenate([_bytes(laid_out), _bytes(run.codes("query"))])
    n_laid_out = len(np.unique(both, axis=0))
    return MapFacts(
        n_codes=len(sizes),
        n_images=len(placed),
        n_elsewhere=len(point_of_row) - len(placed),
        largest=int(sizes.max()),
        alone=int((sizes == 1).sum()),
        preserved=stored.neighbour_preservation,
        preserved_by_chance=min(1.0, stored.k / max(1, n_laid_out - 1)),
        k=stored.k,
    )


def address(dataset: str, method: str, n_bits: int) -> str:
    """Where the browser finds the static part, below the server's base path; it changes with the content."""
    return f"codemap/{dataset}/{method}/{n_bits}/{_geometry(dataset, method, n_bits)[0]}"


def find(dataset: str, method: str, n_bits: int, key: str) -> bytes | None:
    """The static part of a map; None for anything that is not a map on this machine."""
    try:
        if n_bits not in catalog.lengths(dataset, method):
            return None
        current, body = _geometry(dataset, method, n_bits)
    except HashingError:
        return None
    return body if key == current else None


def colours(dataset: str, method: str, n_bits: int) -> tuple[ColourMode, ...]:
    """What this run's dots can be coloured by: bits only where codes have bits, nothing without labels."""
    bits: tuple[ColourMode, ...] = ("bit",) if catalog.has_bits(dataset, method, n_bits) else ()
    if not catalog.has_labels(dataset):
        return ("plain", *bits)
    several = catalog.open_dataset(dataset).info.label_kind == "multi"
    label: ColourMode = "tag" if several else "class"
    return (label, *bits, "ap")


def message(asked: search.Asked, answer: search.Answer, query: str, colour: Colour) -> dict[str, Any]:
    """What changes with the query: ids only.

    Args:
        asked: the query, under the run whose map is shown.
        answer: its ranking; the first MOST_MARKED rows are marked.
        query: its written form, such as `q12`.
        colour: of the dots.
    """
    shown = slice(0, MOST_MARKED)
    return {
        "geometry": address(asked.dataset, asked.method, asked.n_bits),
        "thumb": {split: images.thumb_url(asked.dataset, split, "{row}") for split in images.SPLITS},
        "pixelated": cards.pixelated(asked.dataset),
        "query": query,
        "place": _place_of_code(asked),
        "hits": answer.rows[shown].tolist(),
        "distances": [round(float(d), 4) for d in answer.distances[shown]],
        "right": None if answer.relevant is None else answer.relevant[shown].astype(int).tolist(),
        "colour": {"mode": colour.mode, "index": colour.index},
    }


def _place_of_code(asked: search.Asked) -> int | None:
    """A database row whose code an upload shares, its place on the map; None without one, or for others."""
    if asked.split is not None:
        return None
    same = (_bytes(asked.codes) == np.frombuffer(asked.code, dtype=np.uint8)).all(axis=1)
    rows = np.flatnonzero(same)
    return int(rows[0]) if len(rows) else None


def _bytes(codes: Codes) -> npt.NDArray[np.uint8]:
    return codes.packed if isinstance(codes, BinaryCodes) else codes.indices


def _laid_out(codes: Codes, rows: Int64 | None) -> Codes:
    return codes if rows is None else codes[rows]


def _points(codes: Codes, rows: Int64 | None) -> tuple[Int64, Int64, npt.NDArray[np.uint8]]:
    """First place of each distinct code among the rows laid out, the code of every row, and the codes.

    A row whose code is not on the map has NOWHERE for its code.
    """
    there = _bytes(_laid_out(codes, rows))
    distinct, first, point_of_row = np.unique(there, axis=0, return_index=True, return_inverse=True)
    if rows is not None:
        point_of_code = {code.tobytes(): point for point, code in enumerate(distinct)}
        point_of_row = np.array([point_of_code.get(code.tobytes(), NOWHERE) for code in _bytes(codes)])
    return first, point_of_row.ravel(), distinct


@lru_cache(maxsize=32)
def _geometry(dataset: str, method: str, n_bits: int) -> tuple[str, bytes]:
    """Content key and bytes of the static part.

    Layout: `HLM1`, length of the header (uint32), header (JSON, UTF-8), then its arrays, each aligned to
    8 bytes, everything little endian. Labels are multi-hot, eight classes a byte, highest bit first.
    """
    run, data = catalog.open_run(dataset, method, n_bits), catalog.open_dataset(dataset)
    stored, codes = run.map(), run.codes("database")
    first, point_of_row, distinct = _points(codes, stored.rows)
    binary = isinstance(codes, BinaryCodes)
    per_query = run.per_query.get("ap_expected", np.full(data.info.n_query, np.nan))
    arrays: dict[str, npt.NDArray[Any]] = {
        "xy": stored.xy_database[first].astype("<f4"),
        "pointOfRow": point_of_row.astype("<u4"),
        "rowLabels": np.packbits(data.labels("database"), axis=1),
        "queryXy": stored.xy_query.astype("<f4"),
        "queryLabels": np.packbits(data.labels("query"), axis=1),
        "queryAp": per_query.astype("<f4"),
    }
    if binary:
        arrays |= {"codes": distinct, "queryCodes": _bytes(run.codes("query"))}
    body = _pack({"classes": list(data.info.class_names), "nBits": n_bits if binary else 0}, arrays)
    return hashlib.sha256(body).hexdigest()[:16], body


def _pack(header: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> bytes:
    names = {"f": "float32", "u": "uint32"}
    listed, parts, offset = [], [], 0
    for name, array in arrays.items():
        dtype = "uint8" if array.dtype == np.uint8 else names[array.dtype.kind]
        part = array.tobytes()
        listed.append({"name": name, "dtype": dtype, "offset": offset, "length": array.size})
        parts.append(part.ljust(-(-len(part) // ALIGNMENT) * ALIGNMENT, b"\0"))
        offset += len(parts[-1])
    head = json.dumps({**header, "arrays": listed}, ensure_ascii=False).encode()
    start = MAGIC + struct.pack("<I", len(head)) + head
    return start.ljust(-(-len(start) // ALIGNMENT) * ALIGNMENT, b"\0") + b"".join(parts)
