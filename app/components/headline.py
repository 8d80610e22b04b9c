"""Headline numbers: each with its name and a sentence that says what good and bad look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st


@dataclass(frozen=True)
class Headline:
    """One number; `of` is the scale it is read against ("of 32 bits"), in small type beside it."""

    name: str
    value: str
    of: str
    meaning: str


def headlines(numbers: Sequence[Headline]) -> None:
    """Lay the numbers out in as many columns as there is room for."""
    cells = "".join(
        f'<div class="hl-number"><dt>{escape(n.name)}</dt>'
        f'<dd><b>{escape(n.value)}</b> <span class="hl-of">{escape(n.of)}</span>'
        f"<p>{escape(n.meaning)}</p></dd></div>"
        for n in numbers
    )
    st.html(f'<dl class="hl-numbers">{cells}</dl>')
