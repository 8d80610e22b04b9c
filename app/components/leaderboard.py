"""The table of all runs of a data set, the chosen run marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.services.baselines import Reference
from app.services.metrics import Entry

OUR_RUN, MEASURED = "our run", "our run, baseline"


def leaderboard_rows(
    entries: Sequence[Entry], references: Sequence[Reference], *, method: str, n_bits: int
) -> dict[str, list[Any]]:
    """Columns of the table: the chosen run, the other runs by rank, then the baselines.

    Args:
        entries: best expected mAP first.
        references: best first.
        method: of the chosen run.
        n_bits: of the chosen run.
    """
    ranks = {id(entry): rank for rank, entry in enumerate(entries, start=1)}
    entries = sorted(entries, key=lambda e: (e.method, e.n_bits) != (method, n_bits))
    n, m = len(entries), len(references)
    blank: list[Any] = [None] * m
    columns: dict[str, list[Any]] = {
        "shown": [("●" if (e.method, e.n_bits) == (method, n_bits) else "") for e in entries] + [""] * m,
        "rank": [ranks[id(e)] for e in entries] + blank,
        "method": [e.label for e in entries] + [r.name for r in references],
        "bits": [e.n_bits for e in entries] + [r.n_bits for r in references],
        "mAP": [e.map_expected for e in entries] + [r.map_expected for r in references],
        "tie range": [f"{e.map_pessimistic:.3f}–{e.map_optimistic:.3f}" for e in entries] + [""] * m,
        "spread": [e.spread if len(e.map_seeds) > 1 else None for e in entries] + blank,
        "seeds": [len(e.map_seeds) for e in entries] + blank,
        "P@10": [e.precision.get(10) for e in entries] + blank,
        "P@100": [e.precision.get(100) for e in entries] + blank,
        "P within r=2": [e.radius_precision for e in entries] + blank,
        "empty, r=2": [e.radius_empty for e in entries] + blank,
    }
    for name in sorted({name for e in entries for name in e.graded}):
        columns[name] = [e.graded.get(name) for e in entries] + blank
    columns["family"] = [e.family for e in entries] + ["baseline"] * m
    columns["fit"] = [e.fit_s for e in entries] + blank
    columns["source"] = [OUR_RUN] * n + [MEASURED] * m
    return columns


def leaderboard(columns: dict[str, list[Any]]) -> None:
    """Draw the table; a click on a column's head sorts by it."""
    number = st.column_config.NumberColumn
    known = {
        "shown": st.column_config.TextColumn("", width=32, help="● is the run chosen in the bar above"),
        "method": st.column_config.TextColumn("method", width=110),
        "rank": number("rank", width=48, help="By expected mAP, among our runs"),
        "bits": number("bits", width=48),
        "mAP": st.column_config.ProgressColumn(
            "mAP",
            format="%.3f",
            min_value=0,
            max_value=1,
            width=130,
            help="Expected value over the orders of ties",
        ),
        "tie range": st.column_config.TextColumn(
            "tie range", help="mAP under the worst and the best order of ties"
        ),
        "spread": number("spread", format="%.3f", help="Largest less smallest mAP over the seeds"),
        "seeds": number("seeds", width=60, help="Seeds that were run"),
        "P within r=2": number(
            "P, r ≤ 2", format="%.3f", help="Precision within Hamming radius 2, 0 when empty"
        ),
        "empty, r=2": number("empty, r ≤ 2", format="percent", help="Queries with no image within radius 2"),
        "fit": number("fit, s", format="%.1f", help="Seconds of training on the machine that made the runs"),
    }
    scores = {name: number(name, format="%.3f") for name in columns if name not in known and "@" in name}
    scores |= {"WAP": number("WAP", format="%.3f")} if "WAP" in columns else {}
    st.dataframe(
        columns,
        hide_index=True,
        height=min(420, 38 + 35 * len(columns["method"])),
        column_config=known | scores,
        key="leaderboard",
        placeholder="–",
        alt="Leaderboard of all methods and code lengths on this data set",
    )
