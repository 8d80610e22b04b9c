"""Charts of all methods beside each other, with their tables and texts; figures are kept between runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from app.components.prose import section
from app.components.protocol_line import protocol_text
from app.components.reading import chart
from app.figures import classes as class_figures
from app.figures import curves as curve_figures
from app.figures.curves import Baseline, Line
from app.services import baselines, catalog, chance, metrics
from app.services.metrics import Entry

Table = dict[str, list[Any]]
Names = tuple[str, ...]  # methods that are drawn
Front = tuple[str, ...]  # of these, methods that stand out; the others are thin grey lines
RANDOM = "random codes"
# Shared and not copied, which would take longer than all else on the page: nobody may change a kept figure.
_keep = st.cache_resource(max_entries=64, show_spinner=False)


def against_bits(dataset: str, method: str, front: Front, names: Names) -> None:
    """Expected mAP against code length."""
    figure, table = _map_figure(dataset, method, front, names)
    chart(
        figure,
        key="map_against_bits",
        alt="mAP of every method against code length, with random codes and the float ranking",
        table=table,
        below=section("metrics", "against_bits"),
        protocol=_protocol(_shown(dataset, names)),
    )


def graded_against_bits(dataset: str, method: str, score: str, front: Front, names: Names) -> None:
    """One score for graded relevance against code length."""
    figure, table = _graded_figure(dataset, method, score, front, names)
    chart(
        figure,
        key=f"graded_{score}",
        alt=f"{score} of every method against code length, with random codes",
        table=table,
        protocol=_protocol(_shown(dataset, names)),
    )


def precision_recall(dataset: str, method: str, n_bits: int, front: Front, names: Names) -> None:
    """Precision against recall of all methods at one length."""
    if not _shown(dataset, names, n_bits):
        st.caption(section("metrics", "no_curves").format(n_bits=n_bits))
        return
    figure, table = _curve_figure(dataset, method, n_bits, "recall", front, names)
    chart(
        figure,
        key="precision_recall",
        alt=f"Precision against recall of every method at {n_bits} bits, with random codes",
        table=table,
        below=section("metrics", "precision_recall"),
        protocol=_protocol(_shown(dataset, names, n_bits)),
    )


def precision_at(dataset: str, method: str, n_bits: int, front: Front, names: Names) -> None:
    """Precision among the first N of all methods at one length."""
    if not _shown(dataset, names, n_bits):
        st.caption(section("metrics", "no_curves").format(n_bits=n_bits))
        return
    figure, table = _curve_figure(dataset, method, n_bits, "n", front, names)
    chart(
        figure,
        key="precision_at_n",
        alt=f"Precision among the first N images for every method at {n_bits} bits, with random codes",
        table=table,
        below=section("metrics", "precision_at"),
        protocol=_protocol(_shown(dataset, names, n_bits)),
    )


def radius(dataset: str, method: str, front: Front, names: Names) -> None:
    """Lookup within the protocol's Hamming radius against code length."""
    figure, table = _radius_figure(dataset, method, front, names)
    left_out = any(entry.radius_precision is None for entry in _shown(dataset, names))
    chart(
        figure,
        key="radius",
        alt="Precision and share of empty lookups within radius 2, against code length, with random codes",
        table=table,
        below=section("metrics", "radius")
        + (" " + section("metrics", "radius_codebook") if left_out else ""),
        protocol=_protocol(_shown(dataset, names)),
    )


def class_ap(dataset: str, method: str, n_bits: int) -> None:
    """AP of the chosen run by class of the query."""
    figure, table = _class_figure(dataset, method, n_bits)
    chart(
        figure,
        key="class_ap",
        alt=f"Mean AP by class, {catalog.method_label(method)} at {n_bits} bits, with random codes",
        table=table,
        below=section("metrics", "classes"),
        protocol=_protocol(_shown(dataset, (method,), n_bits)),
    )


def _shown(dataset: str, names: Names, n_bits: int | None = None) -> list[Entry]:
    """The runs that a chart shows, by length, methods in their order."""
    order = {name: place for place, name in enumerate(catalog.scored(dataset))}
    found = [e for e in metrics.leaderboard(dataset) if e.method in names and n_bits in (None, e.n_bits)]
    return sorted(found, key=lambda e: (order[e.method], e.n_bits))


def _protocol(shown: list[Entry]) -> str:
    """The line below a chart, over the runs that it shows."""
    return protocol_text(metrics.common_protocol(shown))


def _lines(
    shown: list[Entry],
    method: str,
    front: Front,
    score: Callable[[Entry], float | None],
    *,
    ties: bool = False,
) -> list[Line]:
    """One line per method over code lengths; methods without that score are left out."""
    drawn = []
    for name in dict.fromkeys(e.method for e in shown):
        own = [e for e in shown if e.method == name and score(e) is not None]
        if own:
            drawn.append(
                Line(
                    own[0].label,
                    own[0].family,
                    np.array([float(e.n_bits) for e in own]),
                    np.array([score(e) for e in own], dtype=np.float64),
                    np.array([e.map_pessimistic for e in own]) if ties else None,
                    np.array([e.map_optimistic for e in own]) if ties else None,
                    is_chosen=name == method,
                    is_context=name not in front,
                )
            )
    return drawn


def _lengths(lines: list[Line]) -> list[int]:
    return sorted({int(b) for line in lines for b in line.x})


def _table(x_name: str, value_name: str, lines: list[Line], bases: list[Baseline]) -> Table:
    """Every point of a chart, one a row."""
    rows = [
        (line.name, x, y)
        for line in (*lines, *bases)
        for x, y in zip(line.x.tolist(), line.y.tolist(), strict=True)
    ]
    return {
        "method": [name for name, _, _ in rows],
        x_name: [x for _, x, _ in rows],
        value_name: [round(y, 4) for _, _, y in rows],
    }


@_keep
def _map_figure(dataset: str, method: str, front: Front, names: Names) -> tuple[go.Figure, Table]:
    shown = _shown(dataset, names)
    lines = _lines(shown, method, front, lambda e: e.map_expected, ties=True)
    lengths = _lengths(lines)
    x = np.array(lengths, dtype=np.float64)
    bases = [Baseline(RANDOM, x, np.array([baselines.random_code_map(dataset, b) for b in lengths]))]
    frozen = sorted({e.backbone for e in shown if e.mode == "head"})
    measured = {name: baselines.float_ranking_map(dataset, name) for name in frozen}
    measured = {name: score for name, score in measured.items() if score is not None}
    for backbone, floating in measured.items():
        name = "float ranking" if len(frozen) == 1 else f"float ranking, {backbone}"
        bases.append(Baseline(name, x, np.full(len(x), floating)))
    figure = curve_figures.against_bits(lines, bases, y="mAP, expected over orders of ties")
    return figure, _table("bits", "mAP", lines, bases)


@_keep
def _graded_figure(
    dataset: str, method: str, score: str, front: Front, names: Names
) -> tuple[go.Figure, Table]:
    lines = _lines(_shown(dataset, names), method, front, lambda e: e.graded.get(score))
    x = np.array(_lengths(lines), dtype=np.float64)
    name, _, k = score.partition("@")
    random = chance.graded(dataset, name, int(k) if k else None)
    bases = [Baseline(RANDOM, x, np.full(len(x), random))]
    top = max([1.0, *(float(line.y.max()) * 1.05 for line in lines)])
    return curve_figures.against_bits(lines, bases, y=score, top=top), _table("bits", score, lines, bases)


@_keep
def _curve_figure(
    dataset: str, method: str, n_bits: int, over: str, front: Front, names: Names
) -> tuple[go.Figure, Table]:
    lines = []
    for entry in _shown(dataset, names, n_bits):
        drawn = entry.curves
        x, y = (drawn.recall, drawn.precision) if over == "recall" else (drawn.n, drawn.precision_at_n)
        lines.append(
            Line(
                entry.label,
                entry.family,
                x,
                y,
                is_chosen=entry.method == method,
                is_context=entry.method not in front,
            )
        )
    x = lines[0].x
    bases = [Baseline(RANDOM, x, np.full(len(x), chance.precision(dataset)))]
    if over == "recall":
        figure = curve_figures.precision_recall(lines, bases)
    else:
        figure = curve_figures.precision_at(lines, bases)
    return figure, _table("recall" if over == "recall" else "N", "precision", lines, bases)


@_keep
def _radius_figure(dataset: str, method: str, front: Front, names: Names) -> tuple[go.Figure, Table]:
    shown = _shown(dataset, names)
    precision = _lines(shown, method, front, lambda e: e.radius_precision)
    empty = _lines(shown, method, front, lambda e: e.radius_empty)
    lengths = _lengths(precision)
    radii = {int(e.protocol["radius"]) for e in shown if e.radius_precision is not None}
    random = [chance.radius_lookup(dataset, b, min(radii, default=2)) for b in lengths]
    x = np.array(lengths, dtype=np.float64)
    found = [Baseline(RANDOM, x, np.array([p for p, _ in random]))]
    nothing = [Baseline(RANDOM, x, np.array([e for _, e in random]))]
    table = _table("bits", "precision", precision, found)
    table["empty lookups"] = _table("bits", "share", empty, nothing)["share"]
    return curve_figures.radius(precision, empty, found, nothing), table


@_keep
def _class_figure(dataset: str, method: str, n_bits: int) -> tuple[go.Figure, Table]:
    scores = metrics.class_scores(dataset, method, n_bits)
    figure = class_figures.class_ap(scores.names, scores.ap, scores.n_queries, scores.chance)
    return figure, {
        "class": list(scores.names),
        "mean AP": np.round(scores.ap, 4).tolist(),
        RANDOM: np.round(scores.chance, 4).tolist(),
        "queries": list(scores.n_queries),
    }
