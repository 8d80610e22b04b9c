"""One query's ranking as a chart: where the relevant images lie, and where the page stops showing."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.components.prose import section
from app.components.protocol_line import protocol_line
from app.figures.distances import query_distances
from app.figures.style import CONFIG
from app.services import codes, search

N_BINS = 40  # for real distances, which hardly ever repeat


def ranking_chart(asked: search.Asked, answer: search.Answer) -> None:
    """Draw the distance histogram of the whole ranking, relevant images above the line, others below."""
    if answer.relevant is None:
        return
    if asked.has_bits:
        positions = np.arange(asked.n_bits + 1, dtype=np.float64)
        slots = answer.levels.astype(np.int64)
        width = 1.0
    else:
        first, last = answer.levels[0], answer.levels[-1]
        edges = np.linspace(first, last if last > first else first + 1, N_BINS + 1)
        positions = (edges[:-1] + edges[1:]) / 2
        slots = np.clip(np.searchsorted(edges, answer.levels, side="right") - 1, 0, N_BINS - 1)
        width = float(edges[1] - edges[0])
    relevant = np.bincount(slots, answer.n_relevant.astype(np.float64), len(positions))
    every = np.bincount(slots, answer.n_total.astype(np.float64), len(positions))
    cut = float(answer.distances[-1]) if len(answer.distances) else None
    figure = query_distances(
        positions, relevant, every - relevant, unit=codes.unit(asked.codes), cut=cut, width=width
    )
    st.plotly_chart(
        figure, key="ranking_chart", config=CONFIG, theme="streamlit", alt=section("search", "chart")
    )
    with st.container(key="ranking_protocol"):
        protocol_line(search.protocol(asked, answer))
