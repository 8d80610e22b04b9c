"""What the components of the Search page are given: ids, short texts and codes, never pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.services import catalog, codes, images, search

SMALL_IMAGE = 32  # images with fewer pixels a side are enlarged with hard edges


def pixelated(dataset: str) -> bool:
    """True when the images are so small that smoothing would blur them."""
    return catalog.has_images(dataset) and catalog.open_dataset(dataset).info.image_size < SMALL_IMAGE


def results(asked: search.Asked, answer: search.Answer) -> dict[str, Any]:
    """The gallery: shown rows with distance, verdict, tags and code, and the tie groups they come in."""
    data = catalog.open_dataset(asked.dataset)
    captions = catalog.captions(asked.dataset, "database")
    tags = data.labels("database")[answer.rows]
    return {
        **_code(asked),
        "thumb": images.thumb_url(asked.dataset, "database", "{row}"),
        "queryTags": [] if asked.tags is None else np.flatnonzero(asked.tags).tolist(),
        "names": list(data.info.class_names),
        "rows": answer.rows.tolist(),
        "d": [float(f"{d:.6g}") for d in answer.distances],
        "right": None if answer.relevant is None else answer.relevant.astype(int).tolist(),
        "tags": [np.flatnonzero(row).tolist() for row in tags],
        "alts": None if captions is None else [captions[row] for row in answer.rows],
        "codes": _code_bytes(asked, answer).hex(),
        "groups": [[float(f"{g.distance:.6g}"), g.n_total, g.n_relevant, g.n_shown] for g in answer.groups],
    }


def missed(asked: search.Asked, answer: search.Answer) -> dict[str, Any]:
    """Images that an index missed: rows with distance and verdict."""
    rows = answer.rows.tolist()
    return {
        "kind": kind(asked),
        "thumb": images.thumb_url(asked.dataset, "database", "{row}"),
        "pixelated": pixelated(asked.dataset),
        "rows": rows,
        "d": [float(f"{d:.6g}") for d in answer.distances],
        "right": None if answer.relevant is None else answer.relevant.astype(int).tolist(),
        "alts": [catalog.describe(asked.dataset, "database", row) for row in rows],
    }


def query(asked: search.Asked) -> dict[str, Any]:
    """The card of the query: picture, names, id and code."""
    if asked.split is None:
        return {
            **_code(asked),
            "src": asked.seen,
            "alt": "Uploaded image, as the network saw it",
            "title": "Uploaded image",
            "id": "as the network saw it",
            "caption": None,
        }
    captions = catalog.captions(asked.dataset, asked.split)
    names = catalog.label_names(asked.dataset, asked.split, asked.row)
    untagged = "no tag" if catalog.has_labels(asked.dataset) else f"Image {asked.row}"
    return {
        **_code(asked),
        "src": images.thumb_url(asked.dataset, asked.split, asked.row),
        "alt": catalog.describe(asked.dataset, asked.split, asked.row),
        "title": ", ".join(names) or untagged,
        "id": f"{asked.split} image {asked.row}",
        "caption": None if captions is None else captions[asked.row] or None,
    }


def picker(dataset: str, rows: Sequence[int], words: Sequence[str], chosen: str) -> dict[str, Any]:
    """The strip of queries to choose from, with a word below each, or no words at all."""
    return {
        "pixelated": pixelated(dataset),
        "thumb": images.thumb_url(dataset, "query", "{row}"),
        "chosen": chosen,
        "items": [
            {
                "ref": f"q{row}",
                "alt": catalog.describe(dataset, "query", row),
                "word": words[place] if words else None,
            }
            for place, row in enumerate(rows)
        ],
    }


def kind(asked: search.Asked) -> str:
    """How a code is drawn: "binary", "weighted" for bits with weights, or "codebook"."""
    if asked.has_bits:
        return "binary"
    return "codebook" if codes.bit_weights(asked.codes) is None else "weighted"


def _code(asked: search.Asked) -> dict[str, Any]:
    """The query's code; books of two words are sent as what they are, bits with weights."""
    weights = codes.bit_weights(asked.codes)
    weighted = weights is not None
    return {
        "kind": kind(asked),
        "nBits": asked.n_bits,
        "query": _bits(asked.code).hex() if weighted else asked.code.hex(),
        "weights": [] if weights is None else (weights / max(weights.max(), 1e-12)).round(3).tolist(),
        "pixelated": pixelated(asked.dataset),
    }


def _bits(words: bytes) -> bytes:
    """Words 0 and 1 of one code as packed bits."""
    return np.packbits(np.frombuffer(words, dtype=np.uint8)).tobytes()


def _code_bytes(asked: search.Asked, answer: search.Answer) -> bytes:
    stored = search.code_bytes(asked.codes, answer.rows)
    if codes.bit_weights(asked.codes) is not None:
        stored = np.packbits(stored, axis=1)
    return stored.tobytes()
