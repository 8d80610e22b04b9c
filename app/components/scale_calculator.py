"""Buckets to visit against codes to scan: why looking up by code dies when codes grow long."""

from __future__ import annotations

import streamlit as st

from app.components.headline import Headline, headlines
from app.components.prose import section
from app.components.reading import chart
from app.figures import scale as figures
from app.services import scale

N_CHOICES = tuple(10**power for power in range(3, 11))
MOST_RADIUS = 20


@st.fragment
def scale_calculator(n_bits: int) -> None:
    """Draw the sliders, the numbers, the chart; a change redraws this part alone."""
    with st.container(horizontal=True, gap="medium"):
        n = st.select_slider(
            "Items", N_CHOICES, value=1_000_000, format_func=figures.short, key="ball_n", width=260
        )
        bits = int(st.slider("Bits of a code", 8, 256, n_bits, key="ball_bits", width=260))
        radius = int(st.slider("Hamming radius", 0, MOST_RADIUS, 2, key="ball_radius", width=260))
        tables = int(st.slider("Tables (multi-index hashing)", 1, 8, 4, key="ball_tables", width=260))
    most = min(MOST_RADIUS, bits)
    radius = min(radius, most)
    one, many = (scale.look_up_costs(n, bits, most, m) for m in (1, tables))
    headlines(
        [
            Headline("Buckets there are", written(2**bits), f"2^{bits}", "Addresses that a code can have."),
            Headline(
                "Codes per bucket",
                written(n / 2**bits),
                "expected",
                "Below 1, most buckets that a look-up visits are empty.",
            ),
            Headline(
                "Buckets visited",
                written(one.n_buckets[radius]),
                f"radius {radius}, one table",
                "For one query, full or empty.",
            ),
            Headline(
                "Against a scan",
                written(one.work[radius] / n),
                "of its work",
                "Above 1, comparing all codes is less work.",
            ),
            Headline(
                "With tables",
                written(many.n_buckets[radius]),
                f"buckets in {tables} table{'s' if tables > 1 else ''}",
                "Small balls around the parts of the query's code.",
            ),
            Headline(
                "Codes met there",
                written(many.n_expected[radius]),
                "expected",
                "They still have to be compared by their whole code.",
            ),
        ]
    )
    st.markdown(meaning(n, bits, radius, one, many))
    costs = [one, *(scale.look_up_costs(n, bits, most, m) for m in sorted({2, 4, tables} - {1}))]
    names = [f"{cost.n_tables} tables" if cost.n_tables > 1 else "one table" for cost in costs]
    chart(
        figures.look_ups(
            [(name, cost.work) for name, cost in zip(names, costs, strict=True)], n=n, radius=radius
        ),
        key="scale_ball",
        alt=f"Work of one look-up against the radius, {bits}-bit codes; a scan compares {n:,} codes",
        table={
            "radius": list(range(most + 1)),
            **{
                f"{name}, buckets": [written(count) for count in cost.n_buckets]
                for name, cost in zip(names, costs, strict=True)
            },
            **{
                f"{name}, codes": [written(count) for count in cost.n_expected]
                for name, cost in zip(names, costs, strict=True)
            },
        },
        below=section("scale", "tables"),
        protocol=section("scale", "computed"),
    )


def meaning(n: int, bits: int, radius: int, one: scale.Cost, many: scale.Cost) -> str:
    """What the numbers say, in a sentence or two."""
    visited = one.n_buckets[radius]
    met = "hardly any" if one.n_expected[radius] < 0.5 else written(one.n_expected[radius])
    if one.work[radius] < n:
        verdict = (
            f"A look-up within radius {radius} visits **{written(visited)}** buckets and compares "
            f"{met} codes. Scanning all {figures.short(n)} is more work."
        )
    else:
        verdict = (
            f"A look-up within radius {radius} visits **{written(visited)}** buckets, and there are only "
            f"{figures.short(n)} codes: **scanning all of them is less work.**"
        )
    reach = "It never is" if one.longest is None else f"One table is less work up to radius {one.longest}"
    verdict += f" {reach} at {bits} bits"
    if many.n_tables > 1 and many.longest is not None:
        verdict += f"; {many.n_tables} tables up to radius {many.longest}"
    return verdict + "."


def written(value: float) -> str:
    """A count in few characters, whatever its size."""
    if value >= 1e5:
        digits = f"{float(value):.2e}" if value < 1e300 else "over 1e300"
        return digits.replace("e+0", "e").replace("e+", "e")
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2g}"
