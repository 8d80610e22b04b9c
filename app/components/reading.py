"""Small parts of the Codes and Metrics pages: a chart with its table, thumbnails, their style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from app.figures.style import CONFIG

_STYLE = (Path(__file__).parent / "reading.css").read_text("utf-8")


def reading_style() -> None:
    """Load the style of these parts; once per page, before them."""
    st.html(f"<style>{_STYLE}</style>")


def chart(
    figure: go.Figure, *, key: str, alt: str, table: Mapping[str, Any], below: str = "", protocol: str = ""
) -> None:
    """Draw a chart with what its reader needs: a text alternative, how to read it, its numbers as a table.

    Args:
        figure: from `app.figures`.
        key: identity on the page, so that a changed figure replaces the old one in place.
        alt: what the chart shows, for screen readers; short.
        table: columns by name, all of one length.
        below: how to read the chart.
        protocol: how its numbers were made.
    """
    with st.container(gap="xxsmall"):
        st.plotly_chart(figure, key=key, alt=alt, config=CONFIG, theme="streamlit")
        if below:
            st.caption(below)
        if protocol:
            st.caption(protocol)
        with st.expander("Numbers as a table", type="compact"):
            st.dataframe(dict(table), hide_index=True, key=f"{key}_table", alt=alt)


def thumbs(pictures: Sequence[tuple[str, str, str]], n_columns: int, *, pixelated: bool = False) -> str:
    """Pictures in rows, as HTML; each is an address, a text alternative and a word below it.

    `pixelated` enlarges tiny pictures with hard edges.
    """
    kind = "hl-thumbs hl-pixels" if pixelated else "hl-thumbs"
    cells = "".join(
        f'<li><img src="{escape(src, quote=True)}" alt="{escape(alt, quote=True)}" loading="lazy">'
        f"<span>{escape(word)}</span></li>"
        for src, alt, word in pictures
    )
    return f'<ul class="{kind}" style="--hl-columns: {n_columns}">{cells}</ul>'
