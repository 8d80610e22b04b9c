"""Parts of the Codes page that suit every kind of code: pair distances and buckets."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from app.components.no_labels import no_labels
from app.components.prose import section
from app.components.reading import chart, thumbs
from app.figures import buckets as bucket_figures
from app.figures import distances as distance_figures
from app.services import cards, catalog, codes, images
from app.state import QueryRef

N_THUMBS = 12
_keep = st.cache_data(max_entries=64, show_spinner=False)


def pairs(dataset: str, method: str, n_bits: int, query: QueryRef) -> None:
    """Distances of relevant and other pairs, the query in view marked."""
    if no_labels(dataset, "pairs"):
        return
    found = codes.pair_distances(dataset, method, n_bits)
    unit, (same, different) = codes.run_unit(dataset, method, n_bits), _kinds(dataset)
    chart(
        _pairs_figure(dataset, method, n_bits, query.row if query.split == "query" else None),
        key="pairs",
        alt=f"Histogram of distances: {same}, mean {found.intra_mean:.3g}; "
        f"{different}, mean {found.inter_mean:.3g}; overlap {found.overlap:.0%}",
        table={
            unit: np.round(found.positions, 4).tolist(),
            same: np.round(found.intra, 5).tolist(),
            different: np.round(found.inter, 5).tolist(),
        },
        below=" ".join(
            (f"Overlap **{found.overlap:.0%}**.", section("codes", "overlap"), section("codes", "pairs"))
        ),
    )


def label_nouns(dataset: str) -> tuple[str, str]:
    """What one label and several are called on these data."""
    multi = catalog.open_dataset(dataset).info.label_kind == "multi"
    return ("tag", "tags") if multi else ("class", "classes")


def _kinds(dataset: str) -> tuple[str, str]:
    """What relevant and other pairs are called on these data."""
    if catalog.open_dataset(dataset).info.label_kind == "multi":
        return "at least one tag shared", "no tag shared"
    return "same class", "different class"


@_keep
def _pairs_figure(dataset: str, method: str, n_bits: int, row: int | None) -> go.Figure:
    found = codes.pair_distances(dataset, method, n_bits)
    mean = None if row is None else codes.query_mean_distance(dataset, method, n_bits, row)
    marks = [] if mean is None else [(mean, f"q{row} to its relevant images, mean {mean:.3g}")]
    return distance_figures.intra_inter(
        found.positions,
        found.intra,
        found.inter,
        unit=codes.run_unit(dataset, method, n_bits),
        names=_kinds(dataset),
        marks=marks,
    )


def buckets(dataset: str, method: str, n_bits: int) -> None:
    """How many codes there are, how full they are, and who is inside the fullest."""
    found = codes.occupancy(dataset, method, n_bits)
    one, many = label_nouns(dataset)
    labelled = catalog.has_labels(dataset)
    kinds = f"{len(found.codes_per_class)} {many}, " if labelled else ""
    st.markdown(
        f"{kinds}{found.n_items:,} images → **{len(found.sizes):,} distinct codes**. "
        + section("codes", "buckets")
    )
    left, right = st.columns(2, gap="medium")
    with left:
        sizes, counts = np.unique(found.sizes, return_counts=True)
        chart(
            _occupancy_figure(dataset, method, n_bits),
            key="occupancy",
            alt=f"Share of the database by bucket size; {found.shared:.0%} of the images share their code",
            table={"images in a bucket": sizes.tolist(), "buckets": counts.tolist()},
            below=f"Distinct codes by {one}: "
            + ", ".join(f"{name} {n:,}" for name, n in found.codes_per_class.items())
            + "."
            if labelled
            else "",
        )
    with right:
        if not found.largest:
            st.caption("No two images of the database share a code.")
            return
        names = [_bucket_name(place, bucket) for place, bucket in enumerate(found.largest)]
        chart(
            _largest_figure(dataset, method, n_bits),
            key="largest",
            alt=f"The fullest buckets, images of their most frequent {one} and all others"
            if labelled
            else "The fullest buckets, number of images in each",
            table={
                "bucket": names,
                "code": [bucket.code for bucket in found.largest],
                "images": [bucket.size for bucket in found.largest],
                f"of the most frequent {one}": [bucket.n_top for bucket in found.largest],
            }
            if labelled
            else {
                "bucket": names,
                "code": [bucket.code for bucket in found.largest],
                "images": [bucket.size for bucket in found.largest],
            },
            below=f"Of the images that share a code, {found.shared_pure:.0%} have the most frequent {one} of "
            "their bucket."
            if labelled
            else "",
        )
    st.html("".join(_bucket_row(dataset, place, bucket) for place, bucket in enumerate(found.largest[:4])))


def _bucket_name(place: int, bucket: codes.Bucket) -> str:
    return f"{place + 1}. {bucket.top_class}" if bucket.top_class else f"Bucket {place + 1}"


def _bucket_row(dataset: str, place: int, bucket: codes.Bucket) -> str:
    """Some images of a bucket, as HTML."""
    name, code, top = (escape(text) for text in (_bucket_name(place, bucket), bucket.code, bucket.top_class))
    held = f"{bucket.size:,} images" + (f", {bucket.n_top:,} of them {top}" if top else "")
    if bucket.size > N_THUMBS:
        held += f"; {N_THUMBS} drawn by lot"
    head = f'<div class="hl-side"><b>{name}</b> <code>{code}</code> <small>{held}</small></div>'
    return head + stored_thumbs(dataset, bucket.rows[:N_THUMBS].tolist(), N_THUMBS)


def stored_thumbs(dataset: str, rows: Sequence[int], n_columns: int, split: str = "database") -> str:
    """Thumbnails of stored images with their class below, as HTML."""
    chosen = "query" if split == "query" else "database"
    return thumbs(
        [
            (
                images.thumb_url(dataset, chosen, row),
                catalog.describe(dataset, chosen, row),
                ", ".join(catalog.label_names(dataset, chosen, row)) or f"{chosen[0]}{row}",
            )
            for row in rows
        ],
        n_columns,
        pixelated=cards.pixelated(dataset),
    )


@_keep
def _occupancy_figure(dataset: str, method: str, n_bits: int) -> go.Figure:
    return bucket_figures.occupancy(codes.occupancy(dataset, method, n_bits).sizes)


@_keep
def _largest_figure(dataset: str, method: str, n_bits: int) -> go.Figure:
    largest = codes.occupancy(dataset, method, n_bits).largest
    return bucket_figures.largest_buckets(
        [_bucket_name(place, bucket) for place, bucket in enumerate(largest)],
        np.array([bucket.n_top for bucket in largest]),
        np.array([bucket.size - bucket.n_top for bucket in largest]),
        kinds=(f"most frequent {label_nouns(dataset)[0]}", "others")
        if catalog.has_labels(dataset)
        else ("", "images"),
    )
