"""The query under the asymmetric, the symmetric and the flat distance, side by side."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from app.components.prose import section
from app.services import cards, catalog, embeddings, images, rounding, search

_TITLE = {
    "asymmetric": "Asymmetric (ADC)",
    "symmetric": "Symmetric (SDC)",
    "flat": "Flat, nothing rounded",
}


@st.fragment
def roundings(asked: search.Asked) -> None:
    """Draw the comparison; the mean over all queries is computed when somebody asks."""
    st.subheader("What rounding costs this query")
    st.markdown(section("codes", "rounding"))
    found = rounding.ways(asked)
    run = (asked.dataset, asked.method, asked.n_bits)
    labelled = catalog.has_labels(asked.dataset)
    everybody = labelled and st.toggle("Mean over all queries as well", key="all_queries")
    mean = rounding.mean_ap(*run) if everybody else {}
    rows = [
        ("Distinct distances", [f"{way.n_distinct:,}" for way in found]),
        ("Images that tie", [f"{way.n_tied:,}, at most {way.largest_tie:,} at once" for way in found]),
    ]
    if found[0].scores is not None:
        rows = [
            ("AP of this query", [_ap(way) for way in found]),
            (f"P@{rounding.N_SHOWN}", [f"{way.scores.precision:.2f}" if way.scores else "" for way in found]),
            *rows,
        ]
    if mean:
        rows.insert(0, ("mAP, all queries", [f"{mean[way.name]:.3f}" for way in found]))
    head = "".join(f"<th>{_TITLE[way.name]}</th>" for way in found)
    body = "".join(
        f"<tr><th>{escape(name)}</th>" + "".join(f"<td>{escape(v)}</td>" for v in values) + "</tr>"
        for name, values in rows
    )
    st.html(f'<div class="hl-wide"><table class="hl-table"><tr><th></th>{head}</tr>{body}</table></div>')
    st.caption(section("codes", "rounding_protocol"))
    if asked.split == "database" and embeddings.computed(*run) is None:
        st.caption(section("codes", "rounding_database"))
    for column, way in zip(st.columns(len(found), gap="medium"), found, strict=True):
        with column:
            st.markdown(f"#### {_TITLE[way.name]}")
            st.html(_first(asked, way, found[0]))
            is_base = way is found[0]
            st.caption(section("codes", "ranks_beside") if is_base else _moved(way, found[0]))


def _ap(way: rounding.Way) -> str:
    scores = way.scores
    assert scores is not None
    exact = scores.ap_optimistic - scores.ap_pessimistic < 5e-4
    span = "" if exact else f" ({scores.ap_pessimistic:.3f} to {scores.ap_optimistic:.3f} over ties)"
    return f"{scores.ap_expected:.3f}{span}"


def _first(asked: search.Asked, way: rounding.Way, base: rounding.Way) -> str:
    """The first images, each with its verdict, its distance and, beside ADC, its rank there."""
    kind = "hl-thumbs hl-pixels" if cards.pixelated(asked.dataset) else "hl-thumbs"
    cells = []
    for place, row in enumerate(way.ranked.order[: rounding.N_SHOWN].tolist()):
        right = None if way.ranked.relevant is None else bool(way.ranked.relevant[place])
        verdict = "" if right is None else "right" if right else "wrong"
        mark = "" if right is None else f'<b class="hl-{verdict}">{"✓" if right else "✗"}</b> '
        distance = f"{way.ranked.distances[place]:.3g}".replace("-", "−")
        there = "" if way is base else f"#{base.ranked.ranks(row)} in ADC"
        alt = f"Rank {place + 1}: {catalog.describe(asked.dataset, 'database', row)}, {verdict}"
        src = images.thumb_url(asked.dataset, "database", row)
        cells.append(
            f'<li><img src="{escape(src, quote=True)}" alt="{escape(alt, quote=True)}" '
            f'title="{escape(alt, quote=True)}, d{row}" loading="lazy">'
            f"<span>{mark}{distance}</span><span>{there}</span></li>"
        )
    return f'<ul class="{kind}" style="--hl-columns: 6">{"".join(cells)}</ul>'


def _moved(way: rounding.Way, base: rounding.Way) -> str:
    """How many of the first images of this distance are among the first of ADC."""
    n = rounding.N_SHOWN
    shared = len(np.intersect1d(way.ranked.order[:n], base.ranked.order[:n]))
    return f"{shared} of these {n} are among the first {n} of ADC."
