"""Let the chosen query ask: under the run of the bar, or under any other ranking."""

from __future__ import annotations

import streamlit as st

from app import state
from app.services import NotAvailableError, catalog, compare, float_ranking, search, upload


def ask(chosen: state.Selection, method: str | None = None, n_bits: int | None = None) -> search.Asked:
    """The chosen query under a run of the chosen data set; the bar's run unless another is named.

    Raises:
        NotAvailableError: an upload asks, and the run's network is not here.
    """
    run = (chosen.dataset, method or chosen.method, n_bits or chosen.n_bits)
    if chosen.query.split != "upload":
        return search.ask(*run, chosen.query.split, chosen.query.row)
    why_not = catalog.why_no_network(*run)
    if why_not:
        raise NotAvailableError(why_not)
    with st.spinner("Loading the network that encodes your image"):
        return search.ask_with_upload(*run, upload.encode(state.recall("upload"), *run))


def rank(chosen: state.Selection, side: compare.Side) -> compare.Ranked:
    """The whole database as `side` ranks it for the chosen query."""
    data = catalog.open_dataset(chosen.dataset)
    query = chosen.query
    if side.method is not None:
        full = search.answer(ask(chosen, side.method, side.n_bits), data.info.n_database)
        return compare.place(side, full.rows, full.distances, data.info.n_database, full.relevant)
    if query.split == "upload":
        with st.spinner("Loading the network that describes your image"):
            away = float_ranking.distances_of_upload(chosen.dataset, state.recall("upload"))
        return compare.rank_by(side, away, left_out=None, relevant=None)
    relevant = None
    if catalog.has_labels(chosen.dataset):
        relevant = (data.labels("database") & data.labels(query.split)[query.row]).any(axis=1)
    return compare.rank_by(
        side,
        float_ranking.distances(chosen.dataset, query.split, query.row),
        left_out=query.row if query.split == "database" else None,
        relevant=relevant,
    )
