"""Items of a database as records of a Milvus collection, and back."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from models.codes.exchange import CodeFile
from models.errors import DataError
from models.types import BinaryCodes

MAX_TEXT_BYTES, MAX_LABELS = 4096, 4096
FORMAT = "hashlens codes 1"


class Items:
    """Items as records of a collection.

    Attributes:
        card: sizes and a fingerprint of all of it, for the description of the collection.
    """

    def __init__(self, codes: BinaryCodes, file: CodeFile | None) -> None:
        """Take the codes, and what else the file knows of them.

        Raises:
            DataError: a name or a list of labels that is too long for Milvus.
        """
        self.codes = codes
        self.labels = None if file is None else file.labels
        self.ids = None if file is None else file.ids
        self.filenames = None if file is None else file.filenames
        digest = hashlib.sha256(codes.packed.tobytes())
        for part in (self.labels, self.ids, self.filenames):
            digest.update(b"none" if part is None else f"{part.dtype}{part.shape}".encode() + part.tobytes())
        self.card: dict[str, Any] = {
            "format": FORMAT,
            "n_database": len(codes),
            "n_bits": codes.n_bits,
            "labels": None if self.labels is None else "single" if self.labels.ndim == 1 else "multi",
            "ids": None if self.ids is None else "text" if self.ids.dtype.kind == "U" else "number",
            "filenames": self.filenames is not None,
            "sha256": digest.hexdigest(),
        }
        for texts in (self.ids, self.filenames):
            if texts is not None and texts.dtype.kind == "U":
                longest = max((len(str(text).encode()) for text in texts), default=0)
                if longest > MAX_TEXT_BYTES:
                    raise DataError(f"A name has {longest} bytes; Milvus is given at most {MAX_TEXT_BYTES}.")
        if self.labels is not None and self.labels.ndim == 2 and self.labels.sum(axis=1).max() > MAX_LABELS:
            raise DataError(f"An item has more than {MAX_LABELS} labels, which is the most that is kept.")

    def record(self, row: int) -> dict[str, Any]:
        """One item."""
        labels: list[int] = []
        if self.labels is not None:
            mine = self.labels[row]
            labels = np.flatnonzero(mine).tolist() if self.labels.ndim == 2 else [int(mine)]
        return {
            "id": row,
            "code": self.codes.packed[row].tobytes(),
            "labels": labels,
            "name": "" if self.ids is None else str(self.ids[row]),
            "filename": "" if self.filenames is None else str(self.filenames[row]),
        }


def plain_record(record: Any) -> dict[str, Any]:
    """A record as it was sent: pymilvus wraps the code in a list."""
    code = record["code"]
    return {
        "id": record["id"],
        "code": code[0] if isinstance(code, list) else code,
        "labels": list(record["labels"]),
        "name": record["name"],
        "filename": record["filename"],
    }


def known_names(record: Any, ids: str | None, filenames: bool) -> dict[str, Any]:
    """What is known of the item of a record: `row`, and `id` and `filename` where there are any."""
    known: dict[str, Any] = {"row": record["id"]}
    if ids is not None:
        known["id"] = record["name"] if ids == "text" else int(record["name"])
    if filenames:
        known["filename"] = record["filename"]
    return known
