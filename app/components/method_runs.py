"""The runs of one method on the chosen data set, each against the best method that reads no labels."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.components.leaderboard import FIGURES_ONLY
from app.components.prose import section
from app.components.protocol_line import protocol_line
from app.services import catalog, methods, metrics


def method_runs(dataset: str, name: str) -> None:
    """Draw the table, or say why there are no runs."""
    st.markdown(f"#### Our runs on {dataset}")
    gains = methods.gains(dataset, name)
    if not gains:
        st.info(f"Not on {dataset}: {catalog.why_no_runs(dataset, name)}.", icon=":material/block:")
        return
    reference = methods.reference(dataset)
    label = catalog.method_label(reference) if reference else "the reference"
    table: dict[str, list[Any]] = {
        "input": [g.entry.input.label for g in gains],
        "bits": [g.entry.n_bits for g in gains],
        "stored": ["codes" if g.entry.has_codes else FIGURES_ONLY for g in gains],
        "mAP": [g.entry.map_expected for g in gains],
        f"over {label}": [g.gain for g in gains],
        "tie range": [f"{g.entry.map_pessimistic:.3f}–{g.entry.map_optimistic:.3f}" for g in gains],
        "seeds": [len(g.entry.map_seeds) for g in gains],
        "spread": [g.entry.spread if len(g.entry.map_seeds) > 1 else None for g in gains],
        "fit, s": [g.entry.fit_s for g in gains],
    }
    if len(set(table["input"])) < 2:
        del table["input"]
    if FIGURES_ONLY not in table["stored"]:
        del table["stored"]
    number = st.column_config.NumberColumn
    config = {n: number(n, format="%.3f") for n in ("mAP", "spread")}
    config |= {f"over {label}": number(format="%+.3f"), "fit, s": number(format="%.1f")}
    st.dataframe(
        table,
        hide_index=True,
        column_config=config,
        key="card_runs",
        width="content",
        placeholder="–",
        alt=f"Runs of {catalog.method_label(name)} on {dataset} by code length",
    )
    if reference and reference != name:
        st.caption(section("methods", "own").format(reference=label))
    protocol_line(metrics.common_protocol([g.entry for g in gains]))
