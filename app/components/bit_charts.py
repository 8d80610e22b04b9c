"""Parts of the Codes page for binary codes: headline numbers, one bit at a time, correlation."""

from __future__ import annotations

from html import escape

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from app.components.code_charts import label_nouns, stored_thumbs
from app.components.headline import Headline
from app.components.no_labels import no_labels
from app.components.prose import section
from app.components.reading import chart
from app.figures import bits as bit_figures
from app.figures import classes as class_figures
from app.services import bits, catalog, codes

_keep = st.cache_data(max_entries=128, show_spinner=False)


def numbers(dataset: str, method: str, n_bits: int) -> list[Headline]:
    """The headline numbers of a binary code."""
    health = bits.health(dataset, method, n_bits)
    found = codes.occupancy(dataset, method, n_bits)
    values = bits.relaxed(dataset, method, n_bits)
    listed = [
        Headline(
            "Effective bits",
            f"{health.effective_bits:.1f}",
            f"of {n_bits}",
            section("codes", "effective_bits"),
        ),
        Headline("Mean bit entropy", f"{health.mean_entropy:.2f}", "of 1 bit", section("codes", "entropy")),
        Headline(
            "Mean |correlation|",
            f"{health.mean_correlation:.2f}",
            "of two bits",
            section("codes", "correlation"),
        ),
        Headline(
            "Distinct codes",
            f"{len(found.sizes):,}",
            f"for {found.n_items:,} images",
            section("codes", "distinct"),
        ),
        Headline(
            "Images in shared buckets", f"{found.shared:.0%}", "of the database", section("codes", "shared")
        ),
    ]
    if values is not None:
        listed.append(
            Headline(
                "Quantisation error",
                f"{values.error:.2f}",
                "mean (|u| − 1)²",
                section("codes", "quantization"),
            )
        )
    return listed


@st.fragment
def one_bit(dataset: str, method: str, n_bits: int) -> None:
    """Balance of all bits, and everything about the chosen one; changing it redraws this part alone."""
    st.subheader("Bit by bit")
    bit = int(st.slider("Bit to look at", 0, n_bits - 1, key="bit", bind="query-params", width=480))
    health = bits.health(dataset, method, n_bits)
    values = bits.relaxed(dataset, method, n_bits)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("#### Balance")
        chart(
            _balance_figure(dataset, method, n_bits, bit),
            key="balance",
            alt=f"Share of images with +1 for each of {n_bits} bits; bit {bit}: {health.share_one[bit]:.0%}",
            table={
                "bit": list(range(n_bits)),
                "share of +1": np.round(health.share_one, 4).tolist(),
                "entropy": np.round(health.entropy, 4).tolist(),
            },
            below=section("codes", "balance"),
        )
    with right:
        st.markdown("#### Values before the sign")
        if values is None:
            st.caption("This run stores no values before the sign.")
        else:
            chart(
                _relaxed_figure(dataset, method, n_bits, bit),
                key="relaxed",
                alt=f"Histogram of the network's output, all bits and bit {bit}",
                table={
                    "from": np.round(values.edges[:-1], 3).tolist(),
                    "to": np.round(values.edges[1:], 3).tolist(),
                    "all bits": np.round(values.all_bits, 5).tolist(),
                    f"bit {bit}": np.round(values.per_bit[bit], 5).tolist(),
                },
                below=section("codes", "relaxed"),
            )
    _gallery(dataset, method, n_bits, bit)


def _gallery(dataset: str, method: str, n_bits: int, bit: int) -> None:
    """The strongest images on either side of a bit, and how its classes split."""
    view = bits.bit_view(dataset, method, n_bits, bit)
    if view is None:
        return
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"#### Strongest images of bit {bit}")
        st.html(
            _side(dataset, 1, f"{view.overall:.0%} of the database", view.ones)
            + _side(dataset, 0, f"{1 - view.overall:.0%} of the database", view.zeros)
        )
        st.caption(section("codes", "caution"))
    with right:
        if no_labels(dataset, "rates"):
            return
        one, many = label_nouns(dataset)
        st.markdown(f"#### {many.capitalize()} on bit {bit}")
        names = catalog.open_dataset(dataset).info.class_names
        verdict = (
            "more than chance explains" if view.departure > view.band else "no more than chance explains"
        )
        chart(
            _rates_figure(dataset, method, n_bits, bit),
            key="class_rates",
            alt=f"Share of each {one} whose bit {bit} is 1, with the band that shuffled labels reach",
            table={one: list(names), "share with bit 1": np.round(view.class_rates, 4).tolist()},
            below=f"Largest departure of a {one} **{view.departure:.2f}**; with shuffled labels it stays "
            f"below **{view.band:.2f}** in 95 of 100 cases: {verdict}. " + section("codes", "class_rates"),
        )


def _side(dataset: str, value: int, share: str, rows: np.ndarray) -> str:
    kind, summary = "one" if value else "zero", codes.label_summary(dataset, rows)
    these = f"these {len(rows)}: {summary}" if summary else ""
    return (
        f'<div class="hl-side"><span class="hl-bit {kind}">{value}</span> <span>{share}</span> '
        f"<small>{escape(these)}</small></div>" + stored_thumbs(dataset, rows.tolist(), 6)
    )


def weights(dataset: str, method: str, n_bits: int) -> None:
    """What each bit adds to a distance when it differs."""
    found = codes.run_weights(dataset, method, n_bits)
    assert found is not None, "the page asks first"
    chart(
        bit_figures.bit_weights(found),
        key="weights",
        alt=f"Weight of each of {n_bits} bits, from {found.min():.3g} to {found.max():.3g}",
        table={"bit": list(range(n_bits)), "weight": np.round(found, 5).tolist()},
        below=section("codes", "weights"),
    )


def correlation(dataset: str, method: str, n_bits: int) -> None:
    """Heat map of the correlation of each pair of bits."""
    health = bits.health(dataset, method, n_bits)
    pairs = np.argwhere(np.triu(np.isfinite(health.correlation), 1))
    strongest = sorted(pairs.tolist(), key=lambda p: -abs(health.correlation[p[0], p[1]]))[:50]
    chart(
        _correlation_figure(dataset, method, n_bits),
        key="correlation",
        alt=f"Correlation of each pair of {n_bits} bits; mean absolute value {health.mean_correlation:.2f}",
        table={
            "bit": [i for i, _ in strongest],
            "with bit": [j for _, j in strongest],
            "correlation (50 strongest)": [round(float(health.correlation[i, j]), 3) for i, j in strongest],
        },
        below=section("codes", "heat"),
    )


@_keep
def _balance_figure(dataset: str, method: str, n_bits: int, bit: int) -> go.Figure:
    return bit_figures.bit_balance(bits.health(dataset, method, n_bits).share_one, bit)


@_keep
def _relaxed_figure(dataset: str, method: str, n_bits: int, bit: int) -> go.Figure:
    values = bits.relaxed(dataset, method, n_bits)
    assert values is not None
    return bit_figures.relaxed_values(values.edges, values.all_bits, values.per_bit[bit], bit)


@_keep
def _rates_figure(dataset: str, method: str, n_bits: int, bit: int) -> go.Figure:
    view = bits.bit_view(dataset, method, n_bits, bit)
    assert view is not None
    names = catalog.open_dataset(dataset).info.class_names
    return class_figures.class_rates(
        names,
        view.class_rates,
        view.overall,
        view.band,
        what=f"share of the {label_nouns(dataset)[0]} whose bit {bit} is 1",
    )


@_keep
def _correlation_figure(dataset: str, method: str, n_bits: int) -> go.Figure:
    return bit_figures.bit_correlation(bits.health(dataset, method, n_bits).correlation)
