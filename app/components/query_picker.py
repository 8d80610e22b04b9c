"""Ways to choose a query: samples, a class, the worst, best or most tied ones, an upload."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from app import state
from app.components.error_box import guard
from app.components.frontend import component
from app.services import cards, catalog, queries, upload

_strip = component("picker", scripts=("shared.js", "picker.js"))

SAMPLES, BY_CLASS, UPLOAD = "samples", "class", "upload"
_MODES = {
    SAMPLES: "Samples",
    BY_CLASS: "By class",
    "worst": "Worst AP",
    "best": "Best AP",
    "tied": "Most tied",
    UPLOAD: "Upload",
}
_WORDS = {
    "worst": "Queries with the lowest average precision under this method and length.",
    "best": "Queries with the highest average precision under this method and length.",
    "tied": "Queries whose AP depends most on how ties are ordered; the number is best minus worst.",
}


def query_picker(chosen: state.Selection) -> None:
    """Draw the ways to choose and the strip of images to choose from."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="picker_controls"):
        modes = list(_MODES) if catalog.has_labels(chosen.dataset) else [SAMPLES, UPLOAD]
        if catalog.is_given(chosen.dataset, chosen.method, chosen.n_bits):
            modes.remove(UPLOAD)
        state.keep_among("picker_mode", modes)
        mode = st.segmented_control(
            "Choose a query",
            modes,
            default=SAMPLES,
            format_func=_MODES.__getitem__,
            required=True,
            label_visibility="collapsed",
            key="picker_mode",
            persist_state="session",
        )
        name = None
        if mode == BY_CLASS:
            names = catalog.open_dataset(chosen.dataset).info.class_names
            name = st.selectbox("Class", names, label_visibility="collapsed", width=180, key="picker_class")
        if mode in _WORDS:
            st.caption(_WORDS[mode], width="stretch")
    if mode == UPLOAD:
        why_not = catalog.why_no_network(chosen.dataset, chosen.method, chosen.n_bits)
        if why_not:
            if chosen.query.split != "upload":  # else the page says so below
                st.info(why_not, icon=":material/info:")
            return
        with guard():
            _upload()
        return
    page = state.recall("picker_page") or 0
    if mode in get_args(queries.Order):
        strip = queries.by_score(chosen.dataset, chosen.method, chosen.n_bits, mode)
    elif name is not None:
        strip = queries.of_class(chosen.dataset, name, page)
    else:
        strip = queries.samples(chosen.dataset, page)
    data = cards.picker(chosen.dataset, strip.rows, strip.words, str(chosen.query))
    _strip(
        key="picker",
        data={**data, "more": not strip.words},
        on_pick_change=_picked,
        on_more_change=_turn_page,
    )


def _picked() -> None:
    ref = state.QueryRef.parse(state.triggered("picker", "pick") or "")
    if ref is not None:
        state.pick(ref)


def _turn_page() -> None:
    state.remember("picker_page", (state.recall("picker_page") or 0) + 1)


def _upload() -> None:
    file = st.file_uploader(
        "An image of your own (PNG, JPEG, WebP, GIF, BMP or TIFF, at most 10 MB)",
        type=["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"],
        max_upload_size=10,
        key="picker_file",
    )
    st.caption("It stays in memory, is seen by nobody else and is gone when you close the page.")
    if file is None or file.file_id == state.recall("upload_id"):
        return
    received = upload.receive(file.getvalue())
    state.remember("upload_id", file.file_id)
    state.remember("upload", received)
    state.pick(state.QueryRef("upload"))
    st.rerun()
