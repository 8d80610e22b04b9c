"""What the person has chosen: the only reader and writer of `st.session_state` and of the address bar.

One frozen record holds the choice; the controls of the bar mirror it. The address carries the same values,
`db`, `method`, `bits`, `q` and `n`, and `index` with its settings where search is not exhaustive, so that a
copied link opens the same view, and the browser's back button leads through earlier ones. A value in the
address that does not exist is replaced by the nearest thing that does, and a note says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.selection import (
    N_CHOICES,
    N_DEFAULT,
    QueryRef,
    QuerySplit,
    Selection,
    harmless,
    nearest,
    note_on_index,
    note_on_method,
    notes_on,
)
from app.services import catalog, indexes

__all__ = ["BY_RADIUS", "N_CHOICES", "N_DEFAULT", "QueryRef", "QuerySplit", "Selection", "harmless"]

BY_RADIUS, RADIUS_DEFAULT = "radius", 2  # the control's last option, and where its radius starts
TRAIL_LENGTH = 20

_INDEX_KEYS = ("index", *indexes.KEYS)
_KEYS = ("db", "method", "bits", "q", "n", *_INDEX_KEYS)
# Keys of the session. `observed` is the address as the browser last reported it; `written` is set while the
# address at hand is our own, put there by a callback before this run.
_SELECTION, _TRAIL, _NOTES, _OBSERVED, _WRITTEN = "selection", "trail", "notes", "observed", "written"
# The opened card's name in the address, and the bar's method when it was opened.
_CARD, _CARD_BESIDE = "card", "card_beside"


def current() -> Selection:
    """The choice of this session."""
    selection: Selection = st.session_state[_SELECTION]
    return selection


def begin() -> Selection:
    """Once per run, before any control is drawn: take over what the address says, fill the controls."""
    address = _address()
    chosen: Selection | None = st.session_state.get(_SELECTION)
    own = st.session_state.pop(_WRITTEN, False)
    if chosen is None or _is_history_navigation():
        chosen = _follow(address, {})
        earlier = trail()
        if chosen.query in earlier:  # the browser went back: so does the trail
            st.session_state[_TRAIL] = earlier[: earlier.index(chosen.query)]
    elif not own:
        # Only what changed since we last looked: an address that lags behind a fast click must not undo it.
        observed: dict[str, str] = st.session_state[_OBSERVED]
        changed = {key: value for key, value in address.items() if observed.get(key) != value}
        if changed.items() - chosen.params().items():
            chosen = _follow(changed, chosen.params())
    if not own:
        st.session_state[_OBSERVED] = address
    if chosen.n_bits not in catalog.lengths(chosen.dataset, chosen.method):  # somebody forgot it
        chosen = _instead_of(chosen)
    _write(chosen)
    _fill_controls(chosen)
    return chosen


def widget(key: Literal["db", "method", "bits", "n", "radius", "index"] | indexes.Key) -> dict[str, Any]:
    """Arguments `key` and `on_change` of the control that shows and changes one value of the choice."""
    return {"key": _widget(key), "on_change": _control_changed, "args": (key,)}


def pick(query: QueryRef) -> None:
    """Make an image the query (in a callback); the previous one joins the trail.

    Rows come from the browser, which may be wrong: one that the data set does not have is passed over.
    """
    before = current()
    exists = query.split == "upload" or query.row < catalog.n_rows(before.dataset, query.split)
    if query != before.query and exists:
        st.session_state[_TRAIL] = [*trail(), before.query][-TRAIL_LENGTH:]
        _change(dataclasses.replace(before, query=query))


def choose(**values: Any) -> None:
    """Change parts of the choice (in a callback): `dataset`, `method`, `n_bits`, `n` ("r2" for a radius),
    `index`, and settings of the index by their names in the address.
    """
    before = current()
    names = {"dataset": "db", "n_bits": "bits"}
    params = before.params() | {names.get(key, key): str(value) for key, value in values.items()}
    if params["db"] != before.dataset:
        # Rows of another data set are other images.
        st.session_state[_TRAIL] = []
        del params["q"]
    after = _nearest(params)
    if after.method != params["method"]:
        note(note_on_method(params["method"], after))
    if after.index.exhaustive and params.get("index", after.index.kind) != after.index.kind:
        note(note_on_index(params["index"], after))
    _change(after)


def card() -> str | None:
    """The method whose card is open on the Methods page; follows the bar. None: the list of all is shown."""
    name = st.query_params.get(_CARD)
    if not name:
        st.session_state.pop(_CARD_BESIDE, None)
        return None
    method = current().method
    if st.session_state.setdefault(_CARD_BESIDE, method) != method:
        opened = catalog.method_of(method)
        open_card(opened)
        return opened
    return str(name).strip().lower()


def open_card(name: str | None) -> None:
    """Open the card of a method, which becomes the chosen one where it has codes; None closes it."""
    if name is None:
        st.query_params.pop(_CARD, None)
        st.session_state.pop(_CARD_BESIDE, None)
        return
    there = catalog.names_of(current().dataset, name)
    if there and current().method not in there:
        choose(method=there[0])
    st.query_params[_CARD] = name
    st.session_state[_CARD_BESIDE] = current().method


def trail() -> list[QueryRef]:
    """Previous queries, oldest first."""
    return list(st.session_state.get(_TRAIL, []))


def back(steps: int = 1) -> None:
    """Return to an earlier query (in a callback)."""
    earlier = trail()
    if earlier:
        steps = min(steps, len(earlier))
        st.session_state[_TRAIL] = earlier[:-steps]
        _change(dataclasses.replace(current(), query=earlier[-steps]))


def note(text: str) -> None:
    """Tell the person something at the top of the page, once."""
    st.session_state.setdefault(_NOTES, []).append(text)


def take_notes() -> list[str]:
    """The notes that wait, which are then forgotten."""
    notes: list[str] = st.session_state.pop(_NOTES, [])
    return notes


def asked(key: str) -> str | None:
    """What the address says for a page's own control, before the control is drawn; None if nothing."""
    value: str | None = st.query_params.get(key)
    return value


def share_query() -> str:
    """The query string that opens this view elsewhere, with what a page adds to the address."""
    pages_own = {key: value for key, value in st.query_params.to_dict().items() if key not in _KEYS}
    return urlencode(pages_own | current().params())


def triggered(key: str, name: str) -> Any:
    """What the component `key` sent as its trigger `name` (in that trigger's callback)."""
    return st.session_state[key][name]


def put(**controls: Any) -> None:
    """Set controls of a page by their keys (in a callback)."""
    st.session_state.update(controls)


def keep_within(key: str, low: int, high: int) -> None:
    """Forget the value of a control (before it is drawn) that its range does not hold on this run."""
    value = st.session_state.get(key)
    if isinstance(value, int) and not low <= value <= high:
        del st.session_state[key]


def keep_among(key: str, options: Sequence[Any]) -> None:
    """Forget the value of a control (before it is drawn) that is no option of this run."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]


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
        choose(n=f"r{value if key == 'radius' else RADIUS_DEFAULT}")
    else:
        choose(**{{"db": "dataset", "bits": "n_bits"}.get(key, key): value})


def _fill_controls(chosen: Selection) -> None:
    values: dict[str, Any] = {
        "db": chosen.dataset,
        "method": chosen.method,
        "bits": chosen.n_bits,
        "n": chosen.n if chosen.radius is None else BY_RADIUS,
        "radius": RADIUS_DEFAULT if chosen.radius is None else chosen.radius,
        "index": chosen.index.kind,
        **dict(chosen.index.values),
    }
    for key, value in values.items():
        st.session_state[_widget(key)] = value


def _address() -> dict[str, str]:
    return {key: value for key, value in st.query_params.to_dict().items() if key in _KEYS}


def _is_history_navigation() -> bool:
    """True when the browser's back or forward button started this run."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def _nearest(params: dict[str, str]) -> Selection:
    return nearest(params, has_upload=recall("upload") is not None)


def _follow(asked: dict[str, str], rest: dict[str, str]) -> Selection:
    """The choice that the address asks for, with notes on what is not to be had."""
    chosen = _nearest(rest | asked)
    for text in notes_on(asked, chosen):
        note(text)
    return chosen


def _instead_of(gone: Selection) -> Selection:
    """The choice that is nearest to one whose codes are not here any more."""
    chosen = _nearest(gone.params())
    if chosen.dataset != gone.dataset:
        st.session_state[_TRAIL] = []
    note(f"These codes of {gone.dataset} are not here any more; this is {chosen.dataset}.")
    return chosen


def _change(selection: Selection) -> None:
    """Store a new choice in a callback."""
    if not st.session_state.get(_WRITTEN, False):
        st.session_state[_OBSERVED] = _address()
    st.session_state[_WRITTEN] = True
    _write(selection)


def _write(selection: Selection) -> None:
    st.session_state[_SELECTION] = selection
    address = _address()
    # A plain address stays plain for as long as the view is the one that it opens.
    if address or selection != _nearest({}):
        stale = {key: value for key, value in selection.params().items() if address.get(key) != value}
        if stale:
            st.query_params.update(stale)
        # Settings of an index that is not in use any more.
        for key in _INDEX_KEYS:
            if key in address and key not in selection.params():
                del st.query_params[key]
