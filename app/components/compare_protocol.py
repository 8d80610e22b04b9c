"""The protocol line under a comparison: what the rankings share, and where the float ranking differs."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.components.protocol_line import protocol_line
from app.services import compare, float_ranking, metrics


def compare_protocol(dataset: str, sides: Sequence[compare.Side]) -> None:
    """Write the line."""
    wanted = {(side.method, side.n_bits) for side in sides}
    entries = [e for e in metrics.leaderboard(dataset) if (e.method, e.n_bits) in wanted]
    protocol_line(metrics.common_protocol(entries))
    if len({entry.input for entry in entries}) > 1:
        given = {(entry.method, entry.n_bits): entry.input.label for entry in entries}
        told = [
            f"{letter}: {given[side.method, side.n_bits]}"
            for letter, side in zip("ABC", sides, strict=False)
            if side.method is not None
        ]
        st.caption("; ".join(told) + ".")
    if any(side.is_float for side in sides):
        backbone = float_ranking.backbone_name(dataset)
        st.caption(
            f"Float features: {backbone}, cosine distance, nothing trained on this data set; "
            "queries, database and relevance as above."
        )
