"""The table of all runs of a data set, the chosen run marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import streamlit as st

from app import state
from app.components.prose import section
from app.services import catalog
from app.services.baselines import Reference
from app.services.catalog import Input
from app.services.metrics import Entry

OUR_RUN, MEASURED = "our run", "our run, baseline"
FIGURES_ONLY = "figures only"


def leaderboard_rows(
    entries: Sequence[Entry],
    references: Sequence[Reference],
    *,
    method: str,
    n_bits: int,
    base: Mapping[tuple[Input, int], float] | None = None,
    base_label: str = "",
) -> dict[str, list[Any]]:
    """Columns of the table: the chosen run, the other runs by rank, then the baselines.

    The score stands beside the name, so that a narrow screen shows it.

    Args:
        entries: best expected mAP first.
        references: best first.
        method: of the chosen run.
        n_bits: of the chosen run.
        base: expected mAP of the reference method by input and length, for the column of differences.
        base_label: its name.
    """
    ranks = _ranks(entries, method, n_bits)
    entries = chosen_first(entries, method, n_bits)
    base = base or {}
    n, m = len(entries), len(references)
    blank: list[Any] = [None] * m
    columns: dict[str, list[Any]] = {
        "shown": [("●" if (e.method, e.n_bits) == (method, n_bits) else "") for e in entries] + [""] * m,
        "rank": [ranks.get((e.method, e.n_bits)) for e in entries] + blank,
        "method": [catalog.method_label(catalog.method_of(e.method)) for e in entries]
        + [r.name for r in references],
        "mAP": [e.map_expected for e in entries] + [r.map_expected for r in references],
        "input": [e.input.label for e in entries] + [""] * m,
        "bits": [e.n_bits for e in entries] + [r.n_bits for r in references],
        "stored": ["codes" if e.has_codes else FIGURES_ONLY for e in entries] + [""] * m,
        f"over {base_label}": [_over(e.map_expected, base.get((e.input, e.n_bits))) for e in entries] + blank,
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
    if len({e.input for e in entries}) < 2:
        del columns["input"]
    if all(e.has_codes for e in entries):
        del columns["stored"]
    return columns


def _ranks(entries: Sequence[Entry], method: str, n_bits: int) -> dict[tuple[str, int], int]:
    """Place of each run, from 1; the chosen run has none where it is the only one of its length."""
    runs = [(entry.method, entry.n_bits) for entry in entries]
    others = [run for run in runs if run != (method, n_bits)]
    if others and all(length != n_bits for _, length in others):
        runs = others
    return {run: rank for rank, run in enumerate(runs, start=1)}


def chosen_first(entries: Sequence[Entry], method: str, n_bits: int) -> list[Entry]:
    """The rows' order: the chosen run, then the others as they were."""
    return sorted(entries, key=lambda e: (e.method, e.n_bits) != (method, n_bits))


def _over(score: float, base: float | None) -> float | None:
    return None if base is None else score - base


def leaderboard(columns: dict[str, list[Any]], entries: Sequence[Entry]) -> None:
    """Draw the table; a click on a column's head sorts by it, a tick chooses that run, if it has codes.

    Args:
        columns: from `leaderboard_rows`.
        entries: the first rows, in their order; the rows after them are no runs.
    """
    number = st.column_config.NumberColumn
    longest = max((len(text) for text in columns.get("input", ())), default=0)
    width = min(max(165, 8 * longest), 240)  # some 7 px a letter, and the margins
    known = {
        "shown": st.column_config.TextColumn("", width=32, help="● is the run chosen in the bar above"),
        "method": st.column_config.TextColumn("method", width=144),
        "input": st.column_config.TextColumn("input", width=width, help="What the method was given"),
        "stored": st.column_config.TextColumn(
            "stored", help="Runs with codes can be chosen here; of the others only these figures are kept"
        ),
        "rank": number("rank", width=48, help="By expected mAP, among the runs of this table"),
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
    known |= {
        name: number(name, format="%+.3f", help="Difference in expected mAP at the same length")
        for name in columns
        if name.startswith("over ")
    }
    scores = {name: number(name, format="%.3f") for name in columns if name not in known and "@" in name}
    scores |= {"WAP": number("WAP", format="%.3f")} if "WAP" in columns else {}
    # Other rows are a new table: its tick goes, which would stand at another run, and the chosen run stands
    # first again.
    rows = " ".join(f"{entry.method} {entry.n_bits}" for entry in entries)
    key = f"leaderboard_{crc32(rows.encode())}"

    def ticked() -> None:
        entry = _ticked(state.triggered(key, "selection"), entries)
        if entry is not None and entry.has_codes:
            state.choose(method=entry.method, n_bits=entry.n_bits)

    drawn = st.dataframe(
        columns,
        hide_index=True,
        height=min(420, 38 + 35 * len(columns["method"])),
        column_config=known | scores,
        key=key,
        on_select=ticked,
        selection_mode="single-row",
        placeholder="–",
        alt="Leaderboard of methods and code lengths on this data set",
    )
    entry = _ticked(drawn["selection"], entries)
    if entry is not None and not entry.has_codes:
        run = catalog.run_label(entry.method, entry.n_bits)
        st.info(section("metrics", "figures_only").format(run=run), icon=":material/info:")


def _ticked(selection: Mapping[str, Any], entries: Sequence[Entry]) -> Entry | None:
    """The run whose row is ticked; None where it is none."""
    rows = selection.get("rows", [])
    return entries[rows[0]] if rows and rows[0] < len(entries) else None
