"""What the words lose of the vectors: over all images, by class, and at both ends."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from app.components.code_charts import label_nouns, stored_thumbs
from app.components.error_box import guard
from app.components.no_labels import no_labels
from app.components.prose import section
from app.components.reading import chart
from app.figures.books import class_errors
from app.figures.distances import histogram
from app.services import catalog, embeddings, reconstruction

_keep = st.cache_data(max_entries=64, show_spinner=False)
_OF = {"database": "database images", "query": "queries"}


def vectors_button(dataset: str, method: str, n_bits: int) -> None:
    """Say what is stored, and offer to compute what is not."""
    run = (dataset, method, n_bits)
    if embeddings.computed(*run) is not None:
        st.caption(section("codes", "vectors_ready"))
        return
    possible = embeddings.can_compute(*run)
    remedy = section("codes", "vectors_can") if possible else section("codes", "vectors_never")
    st.caption(" ".join((section("codes", "vectors_missing"), remedy)))
    if possible and st.button("Compute the vectors of the database", key="compute_vectors"):
        with guard(), st.spinner("Loading the network and computing the vectors"):
            embeddings.compute(*run)
        if embeddings.computed(*run) is not None:
            st.rerun()


def losses(dataset: str, method: str, n_bits: int) -> None:
    """Draw distribution, classes and extremes, of the database when its vectors are at hand."""
    ready = embeddings.computed(dataset, method, n_bits) is not None
    of: reconstruction.Of = "query"
    st.subheader("What the words lose")
    if ready:
        chosen = st.segmented_control(
            "Vectors of",
            ("database", "query"),
            format_func=_OF.__getitem__,
            default="database",
            required=True,
            key="loss_of",
            label_visibility="collapsed",
        )
        of = "query" if chosen == "query" else "database"
    found = reconstruction.reconstruction(dataset, method, n_bits, of)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"#### Error of {found.n:,} {_OF[of]}")
        chart(
            _histogram(dataset, method, n_bits, of),
            key="reconstruction",
            alt=f"Histogram of the reconstruction error over {_OF[of]}, mean {found.mean:.0%}",
            table={
                "from": np.round(found.edges[:-1], 4).tolist(),
                "to": np.round(found.edges[1:], 4).tolist(),
                f"share of {_OF[of]}": np.round(found.share, 4).tolist(),
            },
            below=f"Of the vectors' variance the words lose **{found.of_variance:.0%}**. "
            + section("codes", "reconstruction_chart"),
        )
    with right:
        if not no_labels(dataset, "rates"):
            _by_class(dataset, method, n_bits, of)
    for column, title, rows in zip(
        st.columns(2, gap="medium"),
        ("Smallest error", "Largest error"),
        (found.smallest, found.largest),
        strict=True,
    ):
        with column:
            shares = ", ".join(_percent(found.errors[row]) for row in rows)
            st.html(
                f'<div class="hl-side"><b>{title}</b><small>{shares}</small></div>'
                + stored_thumbs(dataset, rows.tolist(), 6, of)
            )


def _by_class(dataset: str, method: str, n_bits: int, of: reconstruction.Of) -> None:
    """Which classes lose most."""
    found = reconstruction.reconstruction(dataset, method, n_bits, of)
    one, many = label_nouns(dataset)
    st.markdown(f"#### Error by {one}")
    names = catalog.open_dataset(dataset).info.class_names
    chart(
        _classes(dataset, method, n_bits, of),
        key="class_errors",
        alt=f"Mean reconstruction error of each {one}",
        table={
            one: list(names),
            "mean": np.round(found.class_mean, 4).tolist(),
            "tenth": np.round(found.class_low, 4).tolist(),
            "ninetieth": np.round(found.class_high, 4).tolist(),
        },
        below=section("codes", "class_errors").format(many=many),
    )


def _percent(share: float) -> str:
    """A share in two digits, however small."""
    return f"{share:.0%}" if share >= 0.1 else f"{100 * share:.2g}%"


@_keep
def _histogram(dataset: str, method: str, n_bits: int, of: reconstruction.Of) -> go.Figure:
    found = reconstruction.reconstruction(dataset, method, n_bits, of)
    return histogram(
        found.edges,
        found.share,
        x="squared error, of the squared length",
        y=f"share of {_OF[of]}",
        mean=found.mean,
    )


@_keep
def _classes(dataset: str, method: str, n_bits: int, of: reconstruction.Of) -> go.Figure:
    found = reconstruction.reconstruction(dataset, method, n_bits, of)
    names = catalog.open_dataset(dataset).info.class_names
    return class_errors(names, found.class_mean, found.class_low, found.class_high, found.mean)
