"""The bar on every page: data set, method, code length, query, share."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components.frontend import component
from app.components.method_link import method_link
from app.services import catalog, images

_query_and_share = component("bar_query")


def bar(search_page: str) -> None:
    """Draw the bar; `search_page` is where a click on the query leads."""
    chosen = state.current()
    with st.container(key="bar", horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.selectbox(
            "Database",
            [info.name for info in catalog.datasets()],
            label_visibility="collapsed",
            width=160,
            **state.widget("db"),
        )
        st.selectbox(
            "Method",
            catalog.methods(chosen.dataset),
            format_func=catalog.method_entry,
            label_visibility="collapsed",
            width=225,
            **state.widget("method"),
        )
        method_link(chosen.method, short=True)
        st.segmented_control(
            "Code length in bits",
            catalog.lengths(chosen.dataset, chosen.method),
            format_func=str,
            required=True,
            label_visibility="collapsed",
            wrap=False,
            **state.widget("bits"),
        )
        _query(chosen, search_page)


def _query(chosen: state.Selection, search_page: str) -> None:
    data = {"label": str(chosen.query), "share": state.share_query(), "src": None, "alt": "Uploaded image"}
    if chosen.query.split == "upload":
        data["label"] = "upload"
    else:
        data["src"] = images.thumb_url(chosen.dataset, chosen.query.split, chosen.query.row)
        data["alt"] = catalog.describe(chosen.dataset, chosen.query.split, chosen.query.row)
    result = _query_and_share(key="bar_query", data=data, width="content", on_open_change=lambda: None)
    if result.open:
        st.switch_page(search_page)
