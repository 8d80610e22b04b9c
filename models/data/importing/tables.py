"""Label files that people write: `labels.csv`, and `captions.csv` beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from models.data.importing.records import Skipped
from models.data.library import DATABASE, QUERY, TRAIN
from models.errors import DataError

ROLES = {"query": QUERY, "test": QUERY, "database": DATABASE, "train": TRAIN}
SEPARATOR = ";"
# The csv module refuses longer fields; a caption is never so long.
_MAX_FIELD = 2**17


@dataclass(frozen=True)
class Line:
    """One image of a label file: classes by name, `roles` as the bits of `models.data.library`."""

    number: int
    image: str
    labels: tuple[str, ...]
    caption: str
    roles: int


@dataclass
class LabelTable:
    """A label file that was read: its lines, those left out, and which columns it has."""

    lines: list[Line] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    has_roles: bool = False


def read_labels(content: bytes, title: str) -> LabelTable:
    """Read `image,labels[,caption][,role]`; labels and roles are separated by `;`.

    Raises:
        DataError: no text, or no header with `image` and `labels`.
    """
    rows = _rows(content, title)
    header = [name.strip().lower() for name in next(rows, (0, []))[1]]
    if not {"image", "labels"} <= set(header):
        raise DataError(
            f"{title} needs a first line with the columns image and labels (and caption and role, if there "
            f"are any), separated by commas. Its first line is: {','.join(header)[:120]}"
        )
    table = LabelTable(has_roles="role" in header)
    for number, row in rows:
        if not any(value.strip() for value in row):
            continue
        where = f"{title}, line {number}"
        if len(row) != len(header):
            way_out = (
                "Put quotation marks around text that holds a comma."
                if len(row) > len(header)
                else "Give every line all columns; they may be empty."
            )
            given = f"{len(row)} columns where the first line has {len(header)}; the image is left out. "
            table.skipped.append(Skipped(where, given + way_out))
            continue
        values = dict(zip(header, (value.strip() for value in row), strict=True))
        roles, unknown = _roles(values.get("role", ""))
        if unknown:
            known = ", ".join(ROLES)
            table.skipped.append(Skipped(where, f"Role {unknown!r} is none of {known}; it is left out."))
            continue
        labels = dict.fromkeys(filter(None, (name.strip() for name in values["labels"].split(SEPARATOR))))
        table.lines.append(Line(number, values["image"], tuple(labels), values.get("caption", ""), roles))
    return table


def read_captions(content: bytes, title: str) -> dict[str, list[str]]:
    """Read `image,index,caption`: the sentences of each image in the order of the index.

    Raises:
        DataError: no text, or other columns.
    """
    rows = _rows(content, title)
    header = [name.strip().lower() for name in next(rows, (0, []))[1]]
    if not {"image", "caption"} <= set(header):
        raise DataError(f"{title} needs the columns image and caption. Its first line is: {','.join(header)}")
    numbered: dict[str, list[tuple[int, str]]] = {}
    for number, row in rows:
        values = dict(zip(header, row, strict=False))
        if values.get("caption", "").strip():
            index = values.get("index", "").strip()
            place = int(index) if index.isdecimal() else number
            numbered.setdefault(values["image"].strip(), []).append((place, values["caption"].strip()))
    return {image: [sentence for _, sentence in sorted(found)] for image, found in numbered.items()}


def _roles(given: str) -> tuple[int, str]:
    """The sum of the roles' bits, the database where none is named; and the first unknown word."""
    total = 0
    for word in filter(None, (part.strip().lower() for part in given.split(SEPARATOR))):
        if word not in ROLES:
            return 0, word
        total |= ROLES[word]
    return total or DATABASE, ""


def _rows(content: bytes, title: str) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{title} is no UTF-8 text ({error.reason} at byte {error.start}). Save it as UTF-8."
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{title}, line {reader.line_num}: {error}. Text in quotation marks must end with one, and "
                f"be shorter than {_MAX_FIELD} letters."
            ) from None
        yield reader.line_num, row
