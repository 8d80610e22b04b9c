"""AP of all queries under two rankings, as a scatter whose dots can be made the query."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import state
from app.components.prose import section
from app.figures.classes import ap_scatter
from app.figures.style import CONFIG
from app.services import catalog, compare


def compare_scatters(chosen: state.Selection, sides: Sequence[compare.Side]) -> None:
    """Draw the first side against each of the others."""
    a, *others = sides
    alone = len(others) == 1
    for column, letter, other in zip(
        st.columns(max(1, len(others)), gap="medium"), "BC", others, strict=False
    ):
        with column:
            st.subheader(f"A against {letter}, all queries")
            if other == a:
                st.info(section("compare", "same").format(letter=letter))
                continue
            # One scatter has room for its words beside it.
            picture, words = st.columns(2, gap="medium") if alone else (st.container(), st.container())
            _scatter(chosen, a, other, letter, picture, words)


def _scatter(
    chosen: state.Selection,
    a: compare.Side,
    b: compare.Side,
    letter: str,
    picture: DeltaGenerator,
    words: DeltaGenerator,
) -> None:
    """The scatter, who wins how often, and the mean difference with its interval."""
    duel = compare.duel(chosen.dataset, a, b)
    names = [", ".join(catalog.label_names(chosen.dataset, "query", row)) for row in range(len(duel.ap_a))]
    query = chosen.query.row if chosen.query.split == "query" else None
    figure = ap_scatter(
        duel.ap_a,
        duel.ap_b,
        name_a=f"A, {a.label}",
        name_b=f"{letter}, {b.label}",
        query=query,
        groups=names,
    )
    key = f"ap_scatter_{letter}"
    picture.plotly_chart(
        figure,
        key=key,
        config=CONFIG,
        theme="streamlit",
        alt=f"AP of each query under A ({a.label}) and {letter} ({b.label}). {verdict(duel, letter)}",
        on_select=lambda: _picked(key),
        selection_mode="points",
    )
    words.markdown(verdict(duel, letter))
    words.caption(" ".join((section("compare", "scatter").format(b=letter), section("compare", "interval"))))
    with words.expander("Numbers as a table", type="compact"):
        gain = duel.ap_b - duel.ap_a
        order = np.argsort(gain, kind="stable")
        table = {
            "query": [f"q{row}" for row in order],
            "class": [names[row] for row in order],
            "AP under A": duel.ap_a[order].round(3),
            f"AP under {letter}": duel.ap_b[order].round(3),
            f"{letter} less A": gain[order].round(3),
        }
        st.dataframe(
            table, hide_index=True, key=f"{key}_table", alt="AP of each query under both, by difference"
        )


def verdict(duel: compare.Duel, letter: str) -> str:
    """The outcome in two sentences."""
    difference, low, high = (f"{v:+.3f}".replace("-", "−") for v in (duel.difference, duel.low, duel.high))
    equal = f", {duel.n_equal:,} equal" if duel.n_equal else ""
    return (
        f"**{letter} is better on {duel.n_above:,} queries, A on {duel.n_below:,}**{equal}. "
        f"Mean difference {letter} less A **{difference}**, 95 % interval "
        f"{low} to {high} (paired bootstrap over {len(duel.ap_a):,} queries, "
        f"{compare.N_RESAMPLES:,} resamples, seed 0)."
    )


def _picked(key: str) -> None:
    points = state.triggered(key, "selection").get("points", [])
    if points and points[0].get("customdata"):
        state.pick(state.QueryRef("query", int(points[0]["customdata"][0])))
