"""Our figures beside those of the survey and of re-implementations: table, chart, and how far ranks agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.components.prose import section
from app.figures.beside import Source, beside
from app.figures.style import CONFIG
from app.services import published
from app.services.published import Agreement, Column


def beside_the_survey(dataset: str) -> None:
    """Draw the whole section; nothing where no figures were published under such a protocol."""
    lengths = published.lengths(dataset)
    if not lengths:
        return
    st.subheader("Beside the survey")
    st.caption(section("metrics", "beside"))
    opening = published.OPENING_BITS if published.OPENING_BITS in lengths else lengths[-1]
    n_bits = st.segmented_control(
        "Length of the published figures",
        lengths,
        default=opening,
        format_func=lambda n: f"{n} bits",
        required=True,
        key="beside_bits",
        label_visibility="collapsed",
    )
    n_bits = n_bits or opening
    found = published.columns(dataset, n_bits)
    names = published.rows(found)
    if not any(column.is_ours for column in found):
        st.info(
            section("metrics", "beside_none").format(dataset=dataset, n_bits=n_bits), icon=":material/info:"
        )
    heads = {column.key: head(column) for column in found}
    columns = table(found, names)
    st.dataframe(
        columns,
        hide_index=True,
        column_config={
            "method": st.column_config.TextColumn("method", pinned=True, width=105),
            **{
                name: st.column_config.TextColumn("range, seeds", help=f"{name}: lowest and highest")
                for name in columns
                if name.startswith("seeds of ")
            },
            **{
                heads[c.key]: st.column_config.NumberColumn(
                    heads[c.key],
                    format="%.3f",
                    help=f"{c.source}. {c.protocol_text}. Backbone: {c.backbone}.",
                )
                for c in found
            },
        },
        key="beside_table",
        placeholder="–",
        alt=f"mAP at {n_bits} bits by source: ours, the survey, re-implementations, each in its own column",
    )
    for column in found:
        st.caption(source_line(column))
    labels = {name: published.label(name) for name in names}
    st.plotly_chart(
        beside(
            [_source(column, labels) for column in found], list(labels.values()), published.chance(dataset)
        ),
        key="beside_chart",
        alt=f"mAP at {n_bits} bits of each method, a mark for each source, with random codes",
        config=CONFIG,
        theme="streamlit",
    )
    st.caption(section("metrics", "beside_chart"))
    agreements = published.agreements(found)
    if agreements:
        st.markdown(section("metrics", "beside_ranks").format(n_bits=n_bits))
        number = st.column_config.NumberColumn
        st.dataframe(
            correlations(agreements),
            hide_index=True,
            width="content",
            column_config={name: number(name, format="%.2f") for name in ("Spearman ρ", "Kendall τ")},
            key="beside_ranks",
            alt=f"Rank correlation of our figures with published ones at {n_bits} bits, a row for each pair",
        )


def head(column: Column) -> str:
    """The head of a column: whose figures, under which protocol."""
    return f"{column.title} [{column.protocol}]{'' if column.verified else ' (unverified)'}"


def table(found: tuple[Column, ...], names: list[str]) -> dict[str, list[Any]]:
    """Columns of the table, a row per method; beside ours the range over seeds, where any was run again."""
    columns: dict[str, list[Any]] = {"method": [published.label(name) for name in names]}
    for column in found:
        scores = [column.scores.get(name) for name in names]
        columns[head(column)] = [None if s is None else s.mean for s in scores]
        if any(score.n_seeds > 1 for score in column.scores.values()):
            columns[f"seeds of {head(column)}"] = [
                ""
                if s is None
                else f"{s.low:.3f}–{s.high:.3f}, {s.n_seeds} seeds"
                if s.n_seeds > 1
                else "1 seed"
                for s in scores
            ]
    return columns


def source_line(column: Column) -> str:
    """Where a column comes from and what it was measured on."""
    parts = [f"**{head(column)}**: {column.source}", column.protocol_text, f"backbone: {column.backbone}"]
    return "; ".join(parts) + "." + (f" {column.note}" if column.note else "")


def correlations(agreements: Sequence[Agreement]) -> dict[str, list[Any]]:
    """A row for each pair of lists: how many methods both name, and how far their orders agree."""
    return {
        "ours": [a.ours.title.removeprefix("Ours, ") for a in agreements],
        "theirs": [head(a.theirs) for a in agreements],
        "in both": [a.correlation.n for a in agreements],
        "Spearman ρ": [a.correlation.spearman for a in agreements],
        "Kendall τ": [a.correlation.kendall for a in agreements],
    }


def _source(column: Column, labels: dict[str, str]) -> Source:
    scores = {labels[name]: score for name, score in column.scores.items() if name in labels}
    return Source(
        head(column),
        {name: score.mean for name, score in scores.items()},
        {name: (score.low, score.high) for name, score in scores.items() if score.n_seeds > 1},
        column.is_ours,
    )
