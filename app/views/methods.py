"""The Methods page: every method of the survey as a small card, and the full card of one."""

import streamlit as st

from app import state
from app.components.method_card import method_card, method_sources
from app.components.method_filters import method_filters
from app.components.method_gallery import method_gallery
from app.components.method_runs import method_runs
from app.components.prose import section
from app.components.protocol_line import protocol_line
from app.components.reading import reading_style
from app.services import catalog, methods, metrics

chosen = state.current()
dataset = chosen.dataset
opened = state.card()
reading_style()

if opened in catalog.carded():
    st.button(
        "All methods",
        icon=":material/arrow_back:",
        on_click=state.open_card,
        args=(None,),
        type="tertiary",
        key="all_methods",
    )
    card = catalog.method_card(opened)
    method_card(card)
    method_runs(dataset, opened)
    method_sources(card)
else:
    st.header("Methods")
    st.markdown(section("methods", "intro"))
    listed = methods.listed(dataset, chosen.n_bits)
    shown = method_filters(listed)
    if not shown:
        st.info(section("methods", "nothing"))
    method_gallery(shown, chosen=catalog.method_of(chosen.method), n_bits=chosen.n_bits)
    st.caption(section("methods", "figure").format(n_bits=chosen.n_bits))
    if any(m.why_not for m in listed):
        st.caption(section("methods", "greyed"))
    protocol_line(metrics.common_protocol([m.entry for _, _, found in shown for m in found if m.entry]))
