"""Above the results: what was ranked by what, how many to show, and which index answers."""

from __future__ import annotations

import streamlit as st

from app import state
from app.services import indexes, search, trial


def result_controls(
    asked: search.Asked, answer: search.Answer, chosen: state.Selection, tried: trial.Trial | None = None
) -> None:
    """Draw the headline of the results, the choice of how many, and the choice of the index."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="result_controls"):
        st.markdown(headline(answer, chosen.radius, tried), width="stretch")
        st.selectbox(
            "Index",
            indexes.offered(chosen.dataset, chosen.method, chosen.n_bits),
            format_func=lambda kind: f"Index: {indexes.NAMES[kind]}",
            label_visibility="collapsed",
            width=230,
            **state.widget("index"),
        )
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


def headline(answer: search.Answer, radius: int | None = None, tried: trial.Trial | None = None) -> str:
    """What the gallery shows, in one line."""
    n = len(answer.rows)
    text = f"**{n:,}** nearest of {answer.n_ranked:,} images"
    if radius is not None:
        text = f"**{n:,}** of {answer.n_ranked:,} images within {radius} bits"
    if tried is not None:
        within = "" if radius is None else f" within {radius} bits"
        text = f"**{n:,}** image{'' if n == 1 else 's'}{within}, found by {indexes.NAMES[tried.choice.kind]}"
    if answer.relevant is not None and n:
        text += f", **{int(answer.relevant.sum()):,}** right"
    return text
