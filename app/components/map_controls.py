"""What the dots of the map are coloured by; the choice stands in the address."""

from __future__ import annotations

import streamlit as st

from app.services import catalog, maps

_WORDS = {"class": "Class", "tag": "Tag", "bit": "Bit", "ap": "AP", "plain": "Nothing"}


def colour_control(dataset: str, method: str, n_bits: int) -> maps.Colour:
    """Draw the choice."""
    modes = maps.colours(dataset, method, n_bits)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="map_colour"):
        st.markdown("Colour by", width="content")
        mode = st.segmented_control(
            "Colour by",
            modes,
            default=modes[0],
            format_func=_WORDS.__getitem__,
            required=True,
            label_visibility="collapsed",
            key="colour",
            bind="query-params",
        )
        if mode == "bit":
            bit = st.number_input(
                "Bit",
                0,
                n_bits - 1,
                step=1,
                label_visibility="collapsed",
                width=130,
                key="bit",
                bind="query-params",
            )
            return maps.Colour("bit", int(bit))
        if mode == "tag":
            names = list(catalog.open_dataset(dataset).info.class_names)
            tag = st.selectbox(
                "Tag", names, label_visibility="collapsed", width=180, key="tag", bind="query-params"
            )
            return maps.Colour("tag", names.index(tag))
    return maps.Colour(mode)
