"""Let the chosen query ask: under the run of the bar, or under any other."""

from __future__ import annotations

import streamlit as st

from app import state
from app.services import search, upload


def ask(chosen: state.Selection, method: str | None = None, n_bits: int | None = None) -> search.Asked:
    """The chosen query under a run of the chosen data set; the bar's run unless another is named."""
    run = (chosen.dataset, method or chosen.method, n_bits or chosen.n_bits)
    if chosen.query.split != "upload":
        return search.ask(*run, chosen.query.split, chosen.query.row)
    with st.spinner("Loading the network that encodes your image"):
        return search.ask_with_upload(*run, upload.encode(state.recall("upload"), *run))
