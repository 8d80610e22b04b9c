"""The Map page: all codes of one run in the plane, the query and its true neighbours among them."""

from pathlib import Path

import streamlit as st

from app import state
from app.components.asking import ask
from app.components.gallery import gallery
from app.components.map_canvas import map_canvas
from app.components.map_controls import colour_control
from app.components.map_notes import about_colour, about_map, label
from app.components.prose import section
from app.components.reading import reading_style
from app.components.result_controls import headline
from app.services import cards, maps, search

SEARCH = st.Page(Path(__file__).with_name("search.py"), title="Search", default=True)
N_BESIDE = 12  # neighbours shown as images; the map marks as many as the page is set to

chosen = state.current()
run = (chosen.dataset, chosen.method, chosen.n_bits)
facts = maps.facts(*run)
asked = ask(chosen)
answer = search.answer(asked, chosen.n, chosen.radius)
nearest = search.answer(asked, min(chosen.n, N_BESIDE), chosen.radius)

reading_style()
with st.container(key="map_body", gap="small"):
    drawing = st.container(key="map_drawing", gap="small")
    side = st.container(key="map_side", gap="small")
    notes = st.container(key="map_notes", gap="small")
with drawing:
    colour = colour_control(*run)
    data = maps.message(asked, answer, str(chosen.query), colour)
    map_canvas(data, label(asked, answer, facts, str(chosen.query)))
    about_colour(colour, chosen)
    if asked.split is None:
        st.info(
            section("map", "upload_nowhere") if data["place"] is None else section("map", "upload_placed")
        )
with side:
    st.subheader(section("map", "neighbours"))
    st.markdown(headline(nearest))
    if len(nearest.rows):
        gallery(cards.results(asked, nearest))
    else:
        st.info(section("search", "empty"))
    st.page_link(SEARCH, label="All results, code and scores", icon=":material/arrow_forward:")
with notes:
    about_map(facts)
    st.caption(section("map", "keys"))
