"""What the Metrics page shows and brings forward: which lengths, inputs and families, and which methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app import state
from app.services import catalog, methods, metrics
from app.services.catalog import Input
from app.services.metrics import Entry

ALL = "all"


@dataclass(frozen=True)
class Filters:
    """What the page is limited to; the chosen run always passes.

    Attributes:
        n_bits: the length of the table; None for all of them.
        inputs: what the methods of table and curves were given.
        families: those of the table; none means all of them.
    """

    n_bits: int | None
    inputs: tuple[Input, ...]
    families: tuple[str, ...]

    def keep(self, entries: Sequence[Entry], *, method: str, n_bits: int) -> list[Entry]:
        """The rows of the table."""
        return [
            e
            for e in entries
            if (e.method, e.n_bits) == (method, n_bits)
            or (
                self.n_bits in (None, e.n_bits)
                and e.input in self.inputs
                and (not self.families or e.family in self.families)
            )
        ]

    def drawn(self, entries: Sequence[Entry], *, method: str) -> tuple[str, ...]:
        """Names of the methods in the curves, of whatever family: the chosen one, and those of the inputs."""
        return tuple(dict.fromkeys(e.method for e in entries if e.method == method or e.input in self.inputs))


def table_filters(dataset: str, n_bits: int) -> Filters:
    """Draw the choice of lengths, inputs and families; `n_bits` is the length of the bar."""
    lengths = metrics.lengths(dataset)
    # Another length in the bar is a new control, which opens with it.
    key = f"lengths_{n_bits}"
    options = [*map(str, lengths), ALL]
    state.keep_among(key, options)
    shown = st.segmented_control(
        "Lengths",
        options,
        default=str(n_bits),
        format_func=lambda which: "all lengths" if which == ALL else f"{which} bits",
        required=True,
        key=key,
        label_visibility="collapsed",
    )
    inputs = _inputs(dataset)
    families = list(dict.fromkeys(catalog.method_family(m) for m in catalog.scored(dataset)))
    chosen = st.pills(
        "Families",
        families,
        selection_mode="multi",
        key="families",
        bind="query-params",
        label_visibility="collapsed",
    )
    return Filters(None if shown == ALL else int(shown or n_bits), inputs, tuple(chosen))


def _inputs(dataset: str) -> tuple[Input, ...]:
    """Draw the choice of inputs where there is one; it opens with the main input and what was fine-tuned."""
    there = {given.label: given for given in metrics.inputs(dataset)}
    main = catalog.main_input(dataset)
    opening = [name for name, given in there.items() if given == main or given.mode == "finetune"]
    if len(there) < 2 or not opening:
        return tuple(there.values())
    chosen = st.pills(
        "Inputs",
        list(there),
        selection_mode="multi",
        default=opening,
        key="inputs",
        bind="query-params",
        label_visibility="collapsed",
    )
    return tuple(there[name] for name in chosen or opening)


def brought_forward(
    dataset: str, method: str, n_bits: int, filters: Filters, entries: Sequence[Entry]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Draw the choice of further methods; the methods of the curves, and of them those in colour."""
    also = st.multiselect(
        "In colour as well",
        catalog.scored(dataset),
        format_func=catalog.method_entry,
        key="also",
        bind="query-params",
        placeholder="any method: type a name or a family",
    )
    names = (*filters.drawn(entries, method=method), *also)
    return names, methods.forward(dataset, method, n_bits, filters.families, also, names)
