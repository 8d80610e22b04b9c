"""Above the results: what was ranked by what, and how many to show."""

from __future__ import annotations

import streamlit as st

from app import state
from app.services import search


def result_controls(asked: search.Asked, answer: search.Answer, chosen: state.Selection) -> None:
    """Draw the headline of the results and the choice of how many."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="result_controls"):
        st.markdown(headline(answer, chosen.radius), width="stretch")
        options: list[int | str] = [*state.N_CHOICES, *([state.BY_RADIUS] if asked.has_bits else [])]
        st.segmented_control(
            "Results to show",
            options,
            format_func=lambda option: "within radius" if option == state.BY_RADIUS else str(option),
            required=True,
            label_visibility="collapsed",
            **state.widget("n"),
        )
        if chosen.radius is not None:
            st.number_input(
                "Radius in bits",
                0,
                chosen.n_bits,
                step=1,
                label_visibility="collapsed",
                width=140,
                **state.widget("radius"),
            )


def headline(answer: search.Answer, radius: int | None = None) -> str:
    """What the gallery shows, in one line."""
    text = f"**{len(answer.rows):,}** nearest of {answer.n_ranked:,} images"
    if radius is not None:
        text = f"**{len(answer.rows):,}** of {answer.n_ranked:,} images within {radius} bits"
    if answer.relevant is not None and len(answer.rows):
        text += f", **{int(answer.relevant.sum()):,}** right"
    return text
