"""The Search page: a query, its code, the ranked images in tie groups, and how good the ranking is."""

import streamlit as st

from app import state
from app.components.asking import ask
from app.components.gallery import gallery
from app.components.index_panel import index_panel, try_index
from app.components.no_labels import no_labels
from app.components.prose import section
from app.components.query_card import query_card
from app.components.query_picker import query_picker
from app.components.ranking_chart import ranking_chart
from app.components.result_controls import result_controls
from app.services import cards, catalog, search

chosen = state.current()
info = catalog.open_dataset(chosen.dataset).info

with st.container(key="search_picker", gap="small"):
    query_picker(chosen)

asked = ask(chosen)
tried = try_index(asked, chosen)
answer = search.answer(asked, chosen.n, chosen.radius, None if tried is None else tried.places)
notes: list[str] = []
if chosen.query.split == "upload":
    notes = [*state.recall("upload").notes, section("search", "outside").format(title=info.title)]
elif answer.excluded:
    notes = [section("search", "left_out")]
if tried is not None and answer.scores is not None:
    notes.append(section("search", "scores_exhaustive"))

with st.container(key="search_body", gap="small"):
    side = st.container(key="search_side", gap="small")
    results = st.container(key="search_results", gap="small")
with side:
    query_card(cards.query(asked), answer, notes)
with results:
    result_controls(asked, answer, chosen, tried)
    index_panel(asked, answer, chosen, tried)
    if len(answer.rows):
        gallery(cards.results(asked, answer))
    elif tried is None:
        st.info(section("search", "empty"))
    no_labels(chosen.dataset, "search")
    relevance = "relevant_multi" if info.label_kind == "multi" else "relevant_single"
    strip = {"binary": "strip_bits", "weighted": "strip_weighted"}.get(cards.kind(asked), "strip_words")
    told = (relevance, "ties", strip) if info.n_classes else ("ties_only", strip)
    told = (*told, *(() if tried is None else ("recall",)))
    st.caption(" ".join(section("search", name) for name in told))
with side:  # after the results, which somebody waits for
    ranking_chart(asked, answer)
