"""Which rankings stand side by side: A is the run of the bar, B and C are chosen here, in the address too."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app import state
from app.services import compare

N_SHOWN = (12, 24, 48)
NOBODY = "no third ranking"
_CONTROLS = {"b": "B", "c": "C", "top": "the number of images"}


@dataclass(frozen=True)
class Line:
    """What the page compares."""

    sides: tuple[compare.Side, ...]
    n: int


def compare_controls(chosen: state.Selection) -> Line:
    """Draw the choice."""
    a = compare.Side(chosen.method, chosen.n_bits)
    # The bar's length first, families together.
    sides = sorted(compare.sides(chosen.dataset), key=lambda s: (not s.is_float, s.n_bits != chosen.n_bits))
    offered = {side.label: side for side in sides}

    def entry(label: str) -> str:
        family = offered[label].family if label in offered else ""
        return f"{label} · {family}" if family else label

    asked = {key: state.asked(key) for key in ("b", "c", "top")}  # drawing takes away what is not on offer
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="compare_controls"):
        b = st.selectbox(
            "Compare A, the bar's choice, with B",
            list(offered),
            format_func=entry,
            width=290,
            key="b",
            bind="query-params",
        )
        c = st.selectbox(
            "and with C", [NOBODY, *offered], format_func=entry, width=290, key="c", bind="query-params"
        )
        n = st.segmented_control(
            "Images of each",
            N_SHOWN,
            default=N_SHOWN[1],
            format_func=str,
            required=True,
            key="top",
            bind="query-params",
        )
    notes = _notes(asked, {"b": entry(b), "c": entry(c), "top": str(n)})
    if notes:
        st.info("  \n".join(notes), icon=":material/info:")
    others = [offered[label] for label in (b, c) if label in offered]
    return Line((a, *others), n or N_SHOWN[1])


def _notes(asked: dict[str, str | None], used: dict[str, str]) -> list[str]:
    """A sentence for each value of the address that had to give way."""
    return [
        f"“{state.harmless(text)}” is no choice for {_CONTROLS[key]} here; shown: {used[key]}."
        for key, text in asked.items()
        if text is not None and text != used[key]
    ]
