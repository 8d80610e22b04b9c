"""The way from any page to the card of a method."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import state
from app.services import catalog

PAGE = str(Path(__file__).resolve().parents[1] / "views" / "methods.py")


def method_link(method: str, *, short: bool = False) -> None:
    """A button that opens the method's card on the Methods page; `short` is its icon alone."""
    card = catalog.method_of(method)
    label = catalog.method_label(card)
    asked = st.button(
        "" if short else f"Full card of {label}",
        icon=":material/info:" if short else ":material/menu_book:",
        help=f"What {label} is" if short else None,
        type="tertiary" if short else "secondary",
        key="bar_about" if short else "open_card",
    )
    if asked:
        st.switch_page(PAGE, query_params={**state.current().params(), "card": card})
