"""The protocol line under a comparison: what the rankings share, and where the float ranking differs."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.components.protocol_line import protocol_line
from app.services import catalog, compare, float_ranking, metrics


def compare_protocol(dataset: str, sides: Sequence[compare.Side]) -> None:
    """Write the line."""
    wanted = {(side.method, side.n_bits) for side in sides}
    entries = [e for e in metrics.leaderboard(dataset) if (e.method, e.n_bits) in wanted]
    protocol_line(metrics.common_protocol(entries))
    if len({entry.input for entry in entries}) > 1:
        inputs = {catalog.run_label(e.method, e.n_bits): e.input.label for e in entries}
        st.caption("; ".join(f"{run}: {given}" for run, given in inputs.items()) + ".")
    if any(side.is_float for side in sides):
        st.caption(
            f"Float features: {float_ranking.BACKBONE}, cosine distance, nothing trained on this data set; "
            "queries, database and relevance as above."
        )
