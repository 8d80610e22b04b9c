"""What to know beside the map: how many codes it shows, how far it can be trusted, how it is misread."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components.headline import Headline, headlines
from app.components.no_labels import no_labels
from app.components.prose import section
from app.services import catalog, codes, maps, search


def about_map(facts: maps.MapFacts) -> None:
    """The two numbers of the map, and how to misread it."""
    kept = f"{facts.preserved:.0%}"
    headlines(
        [
            Headline(
                "distinct codes",
                f"{facts.n_codes:,}",
                f"for {facts.n_images:,} images",
                _shared(facts),
            ),
            Headline(
                "neighbours kept",
                kept,
                f"of {facts.k}",
                section("map", "preserved").format(k=facts.k, chance=f"{facts.preserved_by_chance:.1%}"),
            ),
        ]
    )
    if facts.n_elsewhere:
        st.caption(section("map", "sample").format(elsewhere=f"{facts.n_elsewhere:,}"))
    st.markdown(section("map", "misread"))


def about_colour(colour: maps.Colour, chosen: state.Selection) -> None:
    """How to read the chosen colours, where they need a word."""
    run = (chosen.dataset, chosen.method, chosen.n_bits)
    no_labels(chosen.dataset, "map")
    if colour.mode == "ap":
        st.caption(section("map", "ap").format(n_query=f"{catalog.n_rows(chosen.dataset, 'query'):,}"))
    elif colour.mode == "bit":
        st.caption(section("map", "bit"))
    if not codes.has_single_bits(*run):
        st.caption(section("map", "no_bits"))


def label(asked: search.Asked, answer: search.Answer, facts: maps.MapFacts, query: str) -> str:
    """The map in words, for those who do not see it."""
    marked = len(answer.rows[: maps.MOST_MARKED])
    right = "" if answer.relevant is None else f", {int(answer.relevant[:marked].sum())} of them right"
    who = catalog.describe(asked.dataset, asked.split, asked.row) if asked.split else "uploaded image"
    return (
        f"Map of {facts.n_codes:,} distinct codes of {facts.n_images:,} images. Query {query}: {who}; "
        f"its {marked} nearest neighbours are marked{right}. Arrow keys walk from dot to dot."
    )


def _shared(facts: maps.MapFacts) -> str:
    if facts.largest == 1:
        return section("map", "all_alone")
    return section("map", "shared").format(largest=f"{facts.largest:,}", alone=f"{facts.alone:,}")
