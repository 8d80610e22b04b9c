"""Our figures beside those of the survey and of re-implementations: table, chart, and how far ranks agree."""

from __future__ import annotations

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
    st.dataframe(
        table(found, names),
        hide_index=True,
        column_config={
            "method": st.column_config.TextColumn("method", pinned=True),
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
        st.markdown(section("metrics", "beside_ranks"))
        for agreement in agreements:
            st.markdown(f"- {sentence(agreement, n_bits)}")


def head(column: Column) -> str:
    """The head of a column: whose figures, under which protocol."""
    backbone = f", {column.backbone.partition(',')[0]}" if column.is_ours else ""
    doubt = "" if column.verified else " (unverified)"
    return f"{column.title}{backbone} [{column.protocol}]{doubt}"


def table(found: tuple[Column, ...], names: list[str]) -> dict[str, list[Any]]:
    """Columns of the table, a row per method; the ranges of ours over seeds come last."""
    columns: dict[str, list[Any]] = {"method": [published.label(name) for name in names]}
    for column in found:
        scores = [column.scores.get(name) for name in names]
        columns[head(column)] = [None if s is None else s.mean for s in scores]
    for column in found:
        scores = [column.scores.get(name) for name in names]
        if column.is_ours:
            columns[f"range, {head(column)}"] = [
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


def sentence(agreement: Agreement, n_bits: int) -> str:
    """How far two rankings agree, with the number of methods."""
    ours, theirs, found = agreement.ours, agreement.theirs, agreement.correlation
    methods = "method" if found.n == 1 else "methods"
    pair = f"{head(ours)} and {head(theirs)} share {found.n} {methods} at {n_bits} bits"
    if found.spearman is None or found.kendall is None:
        return f"{pair}: too few, or too alike, for a rank correlation."
    return f"{pair}: Spearman's ρ = {found.spearman:.2f}, Kendall's τ = {found.kendall:.2f}."


def _source(column: Column, labels: dict[str, str]) -> Source:
    scores = {labels[name]: score for name, score in column.scores.items() if name in labels}
    return Source(
        head(column),
        {name: score.mean for name, score in scores.items()},
        {name: (score.low, score.high) for name, score in scores.items() if score.n_seeds > 1},
        column.is_ours,
    )
