"""What the person has chosen: the only reader and writer of `st.session_state` and of the address bar.

One frozen record holds the choice; the controls of the bar mirror it. The address carries the same five
values, `db`, `method`, `bits`, `q` and `n`, so that a copied link opens the same view. A value in the address
that does not exist is replaced by the nearest thing that does, and a note says so.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any, Literal, Self
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.services import catalog

QuerySplit = Literal["query", "database", "upload"]

N_DEFAULT, N_CHOICES = 60, (20, 60, 120, 240)
RADIUS_DEFAULT = 2
TRAIL_LENGTH = 20
BITS_DEFAULT = 32
BY_RADIUS = "radius"  # beside the numbers of N_CHOICES in the control

_SELECTION, _TRAIL, _NOTES, _OBSERVED = "selection", "trail", "notes", "address_observed"
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
    """What decides a page; with a `radius`, results end there and `n` is the most shown."""

    dataset: str
    method: str
    n_bits: int
    query: QueryRef
    n: int = N_DEFAULT
    radius: int | None = None

    def params(self) -> dict[str, str]:
        """The five values of the address."""
        return {
            "db": self.dataset,
            "method": self.method,
            "bits": str(self.n_bits),
            "q": str(self.query),
            "n": str(self.n) if self.radius is None else f"r{self.radius}",
        }


def current() -> Selection:
    """The choice of this session."""
    selection: Selection = st.session_state[_SELECTION]
    return selection


def begin() -> Selection:
    """Once per run, before any control is drawn: take over what the address says, fill the controls."""
    address = _address()
    chosen: Selection | None = st.session_state.get(_SELECTION)
    if chosen is None or _is_history_navigation():
        chosen = _valid(address, asked=address)
    else:
        # Only what changed since we last looked: an address that lags behind a fast click must not undo it.
        observed: dict[str, str] = st.session_state[_OBSERVED]
        changed = {key: value for key, value in address.items() if observed.get(key) != value}
        if changed.items() - chosen.params().items():
            chosen = _valid(chosen.params() | changed, asked=changed)
    _store(chosen)
    for key, value in (
        ("db", chosen.dataset),
        ("method", chosen.method),
        ("bits", chosen.n_bits),
        ("n", chosen.n),
    ):
        st.session_state[_widget(key)] = value
    return chosen


def widget(key: Literal["db", "method", "bits", "n", "radius"]) -> dict[str, Any]:
    """Arguments `key` and `on_change` of the control that shows and changes one value of the choice."""
    return {"key": _widget(key), "on_change": _control_changed, "args": (key,)}


def pick(query: QueryRef) -> None:
    """Make an image the query (in a callback); the previous one joins the trail."""
    before = current()
    if query != before.query:
        st.session_state[_TRAIL] = [*trail(), before.query][-TRAIL_LENGTH:]
        _store(dataclasses.replace(before, query=query))


def choose(**values: Any) -> None:
    """Change parts of the choice (in a callback): `dataset`, `method`, `n_bits`, `n` ("r2" for a radius)."""
    before = current()
    names = {"dataset": "db", "n_bits": "bits"}
    params = before.params() | {names.get(key, key): str(value) for key, value in values.items()}
    if params["db"] != before.dataset:
        # Rows of another data set are other images.
        st.session_state[_TRAIL] = []
        del params["q"]
    _store(_valid(params))


def trail() -> list[QueryRef]:
    """Previous queries, oldest first."""
    return list(st.session_state.get(_TRAIL, []))


def back(steps: int = 1) -> None:
    """Return to an earlier query (in a callback)."""
    earlier = trail()
    if earlier:
        steps = min(steps, len(earlier))
        st.session_state[_TRAIL] = earlier[:-steps]
        _store(dataclasses.replace(current(), query=earlier[-steps]))


def note(text: str) -> None:
    """Tell the person something at the top of the page, once."""
    st.session_state.setdefault(_NOTES, []).append(text)


def take_notes() -> list[str]:
    """The notes that wait, which are then forgotten."""
    notes: list[str] = st.session_state.pop(_NOTES, [])
    return notes


def share_query() -> str:
    """The query string that opens this view elsewhere, every value written out."""
    return urlencode(current().params())


def triggered(key: str, name: str) -> Any:
    """What the component `key` sent as its trigger `name` (in that trigger's callback)."""
    return st.session_state[key][name]


def remember(key: str, value: Any) -> None:
    """Keep something for this session alone, such as an upload."""
    st.session_state[f"kept_{key}"] = value


def recall(key: str) -> Any:
    """What `remember` kept, or None."""
    return st.session_state.get(f"kept_{key}")


def _widget(key: str) -> str:
    return f"bar_{key}"


def _control_changed(key: str) -> None:
    value = st.session_state[_widget(key)]
    if key == "radius" or value == BY_RADIUS:
        radius = value if key == "radius" else RADIUS_DEFAULT
        choose(n=f"r{radius}")
    else:
        choose(**{{"db": "dataset", "bits": "n_bits"}.get(key, key): value})


def _fill_controls(chosen: Selection) -> None:
    values = {
        "db": chosen.dataset,
        "method": chosen.method,
        "bits": chosen.n_bits,
        "n": chosen.n if chosen.radius is None else BY_RADIUS,
        "radius": RADIUS_DEFAULT if chosen.radius is None else chosen.radius,
    }
    for key, value in values.items():
        st.session_state[_widget(key)] = value


def _address() -> dict[str, str]:
    return {key: value for key, value in st.query_params.to_dict().items() if key in _READERS}


def _is_history_navigation() -> bool:
    """True when the browser's back or forward button started this run."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def _store(selection: Selection) -> None:
    st.session_state[_SELECTION] = selection
    st.session_state[_OBSERVED] = address = _address()
    # A plain address stays plain for as long as the view is the one that it opens.
    if address or selection != _valid({}):
        stale = {key: value for key, value in selection.params().items() if address.get(key) != value}
        if stale:
            st.query_params.update(stale)


def _valid(params: dict[str, str], asked: dict[str, str] | None = None) -> Selection:
    """The nearest choice that exists; a note for every value of `asked` that had to give way."""
    values: dict[str, Any] = {}
    for key, read in _READERS.items():
        given = params.get(key)
        values[key] = read(given, values)
    chosen = Selection(values["db"], values["method"], values["bits"], values["q"], *values["n"])
    for key, written in chosen.params().items():
        if asked and key in asked and written != asked[key].strip().lower():
            note(_NOT_HERE[key].format(given=asked[key][:40], used=written))
    return chosen


_NOT_HERE = {
    "db": "There is no data set “{given}” here; this is {used}.",
    "method": "Method “{given}” has no codes for this data set; this is {used}.",
    "bits": "“{given}” is no stored code length of this method; this is {used} bits.",
    "q": "There is no query “{given}” here; this is {used}.",
    "n": "“{given}” is no number of results on offer here; this is {used}.",
}


def _read_dataset(given: str | None, _: dict[str, Any]) -> str:
    names = [info.name for info in catalog.datasets()]
    wanted = (given or "").strip().lower()
    return wanted if wanted in names else names[0]


def _read_method(given: str | None, values: dict[str, Any]) -> str:
    names = catalog.methods(values["db"])
    wanted = (given or "").strip().lower()
    return wanted if wanted in names else catalog.default_method(values["db"])


def _read_bits(given: str | None, values: dict[str, Any]) -> int:
    lengths = catalog.lengths(values["db"], values["method"])
    wanted = int(given) if given and re.fullmatch(r"\d{1,4}", given, re.ASCII) else BITS_DEFAULT
    return min(lengths, key=lambda length: (abs(length - wanted), length))


def _read_query(given: str | None, values: dict[str, Any]) -> QueryRef:
    query = QueryRef.parse(given or "")
    if query is not None and query.split == "upload":
        return query if recall("upload") is not None else QueryRef("query", 0)
    if query is None or query.row >= catalog.n_rows(values["db"], query.split):
        return QueryRef("query", 0)
    return query


def _read_n(given: str | None, values: dict[str, Any]) -> tuple[int, int | None]:
    """Number of results, and the radius where there is one (codes without bits have none)."""
    match = re.fullmatch(r"r(\d{1,4})", given or "", re.ASCII)
    if match and catalog.has_bits(values["db"], values["method"], values["bits"]):
        return N_CHOICES[-1], min(int(match[1]), values["bits"])
    return (int(given) if given in {str(n) for n in N_CHOICES} else N_DEFAULT), None


# In the order in which they depend on each other.
_READERS = {"db": _read_dataset, "method": _read_method, "bits": _read_bits, "q": _read_query, "n": _read_n}
