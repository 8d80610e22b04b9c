"""Charts of search cost: time and memory against size, recall against time, and what a look-up visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from app.figures.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    Pen,
    guide,
    house,
    note,
    spread,
    tint,
)

Array = npt.NDArray[np.float64]

# Colour, dash and symbol of each kind of index, always the same.
_PENS = {
    "float": Pen(GREY, "solid", "square", "■"),
    "exhaustive": Pen(BLUE, "solid", "circle", "●"),
    "ivf": Pen(GREEN, "longdash", "diamond", "◆"),
    "hnsw": Pen(VERMILION, "dashdot", "triangle-up", "▲"),
    "multi-hash": Pen(PURPLE, "dash", "x", "✖"),
    "multi-index": Pen(PURPLE, "solid", "star", "★"),
    "multi-table": Pen(SKY, "longdashdot", "cross", "✚"),
    "milvus": Pen(ORANGE, "dash", "square", "■"),
}
_HEIGHT, _BELOW = 380, 60


@dataclass(frozen=True)
class Line:
    """One kind of index.

    Attributes:
        kind: decides colour, dash and symbol.
        name: shown.
        x, y: (n,), positive.
        high: (n,), end of a whisker above y, or None.
        text: (n,), more for the hover card.
    """

    kind: str
    name: str
    x: Array
    y: Array
    high: Array | None = None
    text: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limit:
    """A grey line that nothing which reads every item can pass."""

    name: str
    x: Array
    y: Array


def against_size(lines: Sequence[Line], limits: Sequence[Limit], *, y: str, hover: str) -> go.Figure:
    """A cost against the number of items, both in powers of ten; lines named at their right end.

    Args:
        lines: one per kind.
        limits: drawn dotted.
        y: name of the cost, with its unit.
        hover: a point's cost in words, with Plotly's `%{y}`.
    """
    figure = go.Figure()
    for limit, dash in zip(limits, ("dot", "dashdot"), strict=False):
        figure.add_scatter(
            x=limit.x,
            y=limit.y,
            mode="lines",
            name=limit.name,
            line={"color": GREY, "width": 1.75, "dash": dash},
            hovertemplate=f"{limit.name}, %{{x:,}} items: {hover}<extra></extra>",
        )
    for line in lines:
        pen = _PENS[line.kind]
        figure.add_scatter(
            x=line.x,
            y=line.y,
            error_y=None
            if line.high is None
            else {
                "type": "data",
                "symmetric": False,
                "array": line.high - line.y,
                "arrayminus": np.zeros_like(line.y),
                "thickness": 1,
                "width": 3,
                "color": tint(pen.color, 0.6),
            },
            mode="lines+markers",
            name=line.name,
            text=line.text or None,
            line={"color": pen.color, "width": 2, "dash": pen.dash},
            marker={"symbol": pen.symbol, "size": 8, "color": pen.color},
            hovertemplate=f"{line.name}, %{{x:,}} items: {hover}"
            + ("<br>%{text}" if line.text else "")
            + "<extra></extra>",
        )
    named = [(_PENS[line.kind].key, line.name, line.x, line.y) for line in lines]
    named += [(f'<span style="color:{GREY}">┄</span>', limit.name, limit.x, limit.y) for limit in limits]
    house(
        figure, x="items in the database", y=y, height=_HEIGHT, right=_room([name for _, name, *_ in named])
    )
    sizes = sorted({float(n) for line in lines for n in line.x})
    ys = np.log10(np.concatenate([part for *_, part in named])) if named else np.array([0.0, 1.0])
    low, high = float(ys.min()) - 0.15, float(ys.max()) + 0.15
    figure.update_yaxes(type="log", range=[low, high], dtick=1, exponentformat="power", minor_showgrid=False)
    figure.update_xaxes(type="log", tickvals=sizes, ticktext=[short(n) for n in sizes])
    ends = np.array([float(np.log10(part[-1])) for *_, part in named])
    gap = (high - low) * 15 / (_HEIGHT - 30 - _BELOW)
    for (key, name, *_), place in zip(named, spread(ends, gap, low, high), strict=True):
        _beside(figure, f"{key} {name}", place)
    return figure


def recall_against_time(lines: Sequence[Line], *, k: int) -> go.Figure:
    """Recall against time a query: one line per kind, from its smallest to its largest database."""
    figure = go.Figure()
    for line in lines:
        pen = _PENS[line.kind]
        figure.add_scatter(
            x=line.x,
            y=line.y,
            mode="lines+markers",
            name=line.name,
            text=line.text,
            line={"color": tint(pen.color, 0.55), "width": 1.5, "dash": pen.dash},
            marker={
                "symbol": pen.symbol,
                "size": [7 + 3 * place for place in range(len(line.x))],
                "color": pen.color,
                "opacity": 0.9,
            },
            hovertemplate=f"{line.name}, %{{text}} items: recall %{{y:.3f}}, %{{x:.3g}} ms<extra></extra>",
            cliponaxis=False,
        )
    house(
        figure,
        x="ms a query; larger marks are larger databases",
        y=f"recall at {k}",
        height=_HEIGHT,
        legend=True,
    )
    lowest = min((float(line.y.min()) for line in lines), default=0.0)
    low = max(0.0, np.floor(10 * lowest - 0.5) / 10)
    figure.update_yaxes(range=[low, 1 + 0.06 * (1 - low)], nticks=6, tickformat=".2f")
    figure.update_xaxes(type="log", dtick=1, exponentformat="power", showgrid=True)
    return figure


def real_and_noise(
    names: Sequence[str], clustered: Array, uniform: Array, *, x: str, log: bool = False
) -> go.Figure:
    """The same figure on codes modelled on real ones and on uniform noise, a pair of marks per index."""
    figure = go.Figure()
    gap = np.full(len(names), np.nan)
    figure.add_scatter(
        x=np.stack([clustered, uniform, gap], axis=1).reshape(-1),
        y=[name for name in names for _ in range(3)],
        mode="lines",
        line={"color": GREY, "width": 1.5},
        hoverinfo="skip",
        showlegend=False,
    )
    for label, values, symbol, color in (
        ("modelled on real codes", clustered, "circle", BLUE),
        ("uniform noise", uniform, "diamond-open", VERMILION),
    ):
        figure.add_scatter(
            x=values,
            y=list(names),
            mode="markers",
            name=label,
            marker={"symbol": symbol, "size": 11, "color": color, "line_width": 2},
            hovertemplate=f"%{{y}}, {label}: %{{x:.3g}}<extra></extra>",
            cliponaxis=False,
        )
    house(figure, x=x, height=110 + 30 * len(names), legend=True)
    figure.update_layout(legend_y=-0.34)
    figure.update_yaxes(autorange="reversed", type="category")
    if log:
        figure.update_xaxes(type="log", dtick=1, exponentformat="power", showgrid=True)
    else:
        figure.update_xaxes(range=[0, 1.02], showgrid=True)
    return figure


def distances(real: Array, clustered: Array, uniform: Array) -> go.Figure:
    """Hamming distances between pairs of real codes, of modelled codes and of uniform ones."""
    figure = go.Figure()
    at = np.arange(len(real))
    figure.add_bar(
        x=at,
        y=real,
        name="real codes",
        marker={"color": tint(GREY, 0.45), "line_width": 0},
        hovertemplate="%{y:.2%} of real pairs at distance %{x}<extra></extra>",
    )
    for name, values, dash, color in (
        ("modelled on them", clustered, "solid", BLUE),
        ("uniform noise", uniform, "dash", VERMILION),
    ):
        figure.add_scatter(
            x=at,
            y=values,
            name=name,
            mode="lines",
            line={"color": color, "width": 2, "dash": dash},
            hovertemplate=f"%{{y:.2%}} of pairs at distance %{{x}}, {name}<extra></extra>",
        )
    house(figure, x="Hamming distance, bits", y="share of the pairs", height=300, legend=True)
    figure.update_layout(bargap=0)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero", nticks=6)
    figure.update_layout(legend_y=-0.26)
    return figure


def look_ups(costs: Sequence[tuple[str, Sequence[float]]], *, n: int, radius: int) -> go.Figure:
    """Work of a look-up against the radius, one line per number of tables; a scan is a grey line.

    Args:
        costs: name, and buckets visited plus codes compared at radius 0, 1, 2, ...
        n: items in the database.
        radius: to mark.
    """
    figure = go.Figure()
    pens = (
        Pen(BLUE, "solid", "circle", "●"),
        Pen(PURPLE, "dash", "x", "✖"),
        Pen(GREEN, "longdash", "diamond", "◆"),
        Pen(ORANGE, "dashdot", "square", "■"),
        Pen(SKY, "longdashdot", "cross", "✚"),
    )
    for (name, counts), pen in zip(costs, pens, strict=False):
        figure.add_scatter(
            x=list(range(len(counts))),
            y=[float(count) for count in counts],
            mode="lines+markers",
            name=name,
            line={"color": pen.color, "width": 2, "dash": pen.dash},
            marker={"symbol": pen.symbol, "size": 7, "color": pen.color},
            hovertemplate=f"{name}, radius %{{x}}: %{{y:.3g}} buckets and codes<extra></extra>",
        )
    house(
        figure,
        x="Hamming radius, bits",
        y="buckets visited and codes compared, one query",
        height=_HEIGHT,
        legend=True,
    )
    top = max([float(n)] + [float(counts[-1]) for _, counts in costs])
    figure.update_yaxes(
        type="log", range=[-0.2, np.log10(top) + 0.6], exponentformat="power", nticks=8, minor_showgrid=False
    )
    most = len(costs[0][1]) - 1
    figure.update_xaxes(dtick=2, range=[-0.4, most + 0.4])
    figure.add_hline(y=n, line={"color": GREY, "width": 1.75, "dash": "dot"}, layer="below")
    # Plotly places a note on a logarithmic axis by the exponent.
    note(
        figure,
        f"scan: {short(n)} codes",
        x=1,
        xref="paper",
        xanchor="right",
        y=float(np.log10(n)),
        yanchor="bottom",
        opacity=0.8,
    )
    guide(figure, f"radius {radius}", x=radius)
    return figure


def short(n: float) -> str:
    """A count in few characters: 10 k, 1 M."""
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if n >= unit:
            return f"{n / unit:g}{name}"
    return f"{n:g}"


def _beside(figure: go.Figure, text: str, place: float) -> None:
    note(
        figure, text, x=1, xref="paper", xanchor="left", xshift=6, y=float(place), yref="y", yanchor="middle"
    )


def _room(names: Sequence[str]) -> int:
    return min(180, 30 + 7 * max((len(name) for name in names), default=0))
