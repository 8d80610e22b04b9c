"""What the Metrics page brings forward: which lengths and families, and which methods beside those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.services import catalog, methods
from app.services.metrics import Entry

ONE, ALL = "one", "all"


@dataclass(frozen=True)
class Filters:
    """The families that the table is limited to (none: all of them), and whether it holds all lengths."""

    families: tuple[str, ...]
    all_lengths: bool

    def keep(self, entries: Sequence[Entry], *, method: str, n_bits: int) -> list[Entry]:
        """The entries that pass; the chosen run always does."""
        return [
            e
            for e in entries
            if (e.method, e.n_bits) == (method, n_bits)
            or ((self.all_lengths or e.n_bits == n_bits) and (not self.families or e.family in self.families))
        ]


def table_filters(dataset: str, n_bits: int) -> Filters:
    """Draw the choice of families and lengths."""
    families = list(dict.fromkeys(catalog.method_family(m) for m in catalog.methods(dataset)))
    shown = st.segmented_control(
        "Lengths",
        (ONE, ALL),
        default=ONE,
        format_func=lambda which: f"{n_bits} bits" if which == ONE else "all lengths",
        required=True,
        key="lengths",
        label_visibility="collapsed",
    )
    chosen = st.pills(
        "Families",
        families,
        selection_mode="multi",
        key="families",
        bind="query-params",
        label_visibility="collapsed",
    )
    return Filters(tuple(chosen), shown == ALL)


def brought_forward(dataset: str, method: str, n_bits: int, families: Sequence[str]) -> tuple[str, ...]:
    """Draw the choice of further methods; the methods that the charts show in colour."""
    also = st.multiselect(
        "In colour as well",
        catalog.methods(dataset),
        format_func=catalog.method_entry,
        key="also",
        bind="query-params",
        placeholder="any method: type a name or a family",
    )
    return methods.forward(dataset, method, n_bits, families, also)
