"""The choice that decides a page, its written form, and the nearest valid choice to any text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from app.services import catalog, indexes

QuerySplit = Literal["query", "database", "upload"]

N_DEFAULT, N_CHOICES = 60, (20, 60, 120, 240)
_PREFIX: dict[str, QuerySplit] = {"q": "query", "d": "database"}


@dataclass(frozen=True)
class QueryRef:
    """The image that asks: a row of the query split or of the database, or the upload of this session.

    Written `q12`, `d345` and `upload`.
    """

    split: QuerySplit
    row: int = 0

    def __str__(self) -> str:
        return "upload" if self.split == "upload" else f"{self.split[0]}{self.row}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read the written form; None when it is not one."""
        if text == "upload":
            return cls("upload")
        match = re.fullmatch(r"([qd])(\d{1,9})", text.strip().lower(), re.ASCII)
        return cls(_PREFIX[match[1]], int(match[2])) if match else None


@dataclass(frozen=True)
class Selection:
    """What decides a page; with a `radius`, results end there and `n` is the most shown.

    `index` answers on the Search page.
    """

    dataset: str
    method: str
    n_bits: int
    query: QueryRef
    n: int = N_DEFAULT
    radius: int | None = None
    index: indexes.Choice = field(default_factory=indexes.Choice)

    def params(self) -> dict[str, str]:
        """The five values of the address, and those of the index unless search is exhaustive."""
        return {
            "db": self.dataset,
            "method": self.method,
            "bits": str(self.n_bits),
            "q": str(self.query),
            "n": str(self.n) if self.radius is None else f"r{self.radius}",
            **self.index.params(),
        }


def nearest(params: Mapping[str, str], *, has_upload: bool = False) -> Selection:
    """The choice that exists and is nearest to what the address says; defaults for missing values."""
    values: dict[str, Any] = {"upload": has_upload}
    for key, read in _READERS.items():
        values[key] = read(params.get(key, ""), values)
    run = (values["db"], values["method"], values["bits"])
    n, radius = values["n"]
    return Selection(*run, values["q"], n, radius, indexes.nearest(*run, params))


def notes_on(asked: Mapping[str, str], given: Selection) -> list[str]:
    """A sentence for each value that was asked for and had to give way."""
    notes = []
    for key, written in given.params().items():
        text = asked.get(key, written).strip().lower()
        if text == written.lower():
            continue
        if key == "method" and catalog.is_known(text):
            notes.append(note_on_method(text, given))
        elif key in _NOT_HERE:
            used = written.replace("~", r"\~")  # two of them would strike out what is between
            notes.append(_NOT_HERE[key].format(asked=harmless(asked[key]), used=used))
        elif key in indexes.KEYS:
            notes.append(f"“{harmless(asked[key])}” is not on offer as {key} of this index; it is {written}.")
    wanted = asked.get("index", "").strip().lower()
    if wanted not in ("", given.index.kind):
        notes.append(note_on_index(wanted, given))
    return notes


def note_on_index(kind: str, given: Selection) -> str:
    """Why an index gave way to another."""
    name = indexes.NAMES.get(kind)
    if name is None:
        why = f"There is no index “{harmless(kind)}” here"
    else:
        why = indexes.why_not(given.dataset, given.method, given.n_bits, kind)
    return f"{why}; this is {indexes.NAMES[given.index.kind]} search."


def note_on_method(method: str, given: Selection) -> str:
    """Why a known method gave way to another on this data set."""
    why = catalog.why_no_runs(given.dataset, method)
    return (
        f"{catalog.method_label(method)} has no codes on {given.dataset}: {why}. "
        f"This is {catalog.method_label(given.method)}."
    )


_NOT_HERE = {
    "db": "There is no data set “{asked}” here; this is {used}.",
    "method": "Method “{asked}” has no codes for this data set; this is {used}.",
    "bits": "“{asked}” is no stored code length of this method; this is {used} bits.",
    "q": "There is no query “{asked}” here (uploads stay with whoever made them); this is {used}.",
    "n": "“{asked}” is no number of results on offer here; this is {used}.",
}


def harmless(text: str) -> str:
    """What somebody wrote into the address, fit to stand in Markdown: no links, pictures or code."""
    return re.sub(r"[^\w .+·-]", "?", text[:40]).replace("_", "?")


def _dataset(given: str, _: dict[str, Any]) -> str:
    names = [info.name for info in catalog.datasets()]
    wanted = {name.lower(): name for name in names}  # protocols are written in capital letters
    return wanted.get(given.strip().lower(), names[0])


def _method(given: str, values: dict[str, Any]) -> str:
    wanted = given.strip().lower()
    return catalog.nearest_method(values["db"], wanted)


def _bits(given: str, values: dict[str, Any]) -> int:
    lengths = catalog.lengths(values["db"], values["method"])
    if not re.fullmatch(r"\d{1,4}", given, re.ASCII):
        return catalog.default_length(values["db"], values["method"])
    return min(lengths, key=lambda length: (abs(length - int(given)), length))


def _query(given: str, values: dict[str, Any]) -> QueryRef:
    query = QueryRef.parse(given)
    opening = QueryRef("query", catalog.default_query(values["db"]))
    if query is None:
        return opening
    if query.split == "upload":
        return query if values["upload"] else opening
    return query if query.row < catalog.n_rows(values["db"], query.split) else opening


def _n(given: str, values: dict[str, Any]) -> tuple[int, int | None]:
    """Number of results, and the radius where there is one (codes without bits have none)."""
    match = re.fullmatch(r"r(\d{1,4})", given, re.ASCII)
    if match and catalog.has_bits(values["db"], values["method"], values["bits"]):
        return N_CHOICES[-1], min(int(match[1]), values["bits"])
    return (int(given) if given in {str(n) for n in N_CHOICES} else N_DEFAULT), None


# In the order in which they depend on each other.
_READERS = {"db": _dataset, "method": _method, "bits": _bits, "q": _query, "n": _n}
