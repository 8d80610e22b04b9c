"""A method's picture: a few curves, bars or a grid, and a slider that moves them in the browser alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.figures.style import BIT_ONE, GREEN, GREY, HAIRLINE, PURPLE, SMALL, VERMILION, house, tint

HEIGHT, SLIDER_HEIGHT, LEGEND_ROW = 330, 90, 20
PHONE = 380  # width of a narrow page
# In the order of the series; dash and symbol-free, so that each also differs in its stroke.
_STROKES = ((BIT_ONE, "solid"), (VERMILION, "dash"), (GREEN, "dot"), (PURPLE, "dashdot"), (GREY, "longdash"))
_CLEAR = "rgba(0,0,0,0)"


def picture_figure(picture: Mapping[str, Any]) -> go.Figure:
    """Draw the picture of a method's card; its axes are those of all frames, so that movement is seen.

    Args:
        picture: title, caption, x, y, slider, start, kind ("lines", "bars" or "grid") and frames, each with
            its label and its series or its grid.
    """
    frames, kind = picture["frames"], picture["kind"]
    draw = _grid(frames) if kind == "grid" else _bars if kind == "bars" else _lines
    several, rows = len(frames) > 1, _legend_rows(picture)
    figure = go.Figure(draw(frames[picture["start"]]))
    house(
        figure,
        x=picture["x"],
        y=picture["y"],
        height=HEIGHT + rows * LEGEND_ROW + (SLIDER_HEIGHT if several else 0),
        legend=kind != "grid" and len(frames[0]["series"]) > 1,
    )
    above = {"yref": "container", "y": 0.99, "yanchor": "top", "x": 1, "xanchor": "right"}
    figure.update_layout(legend=above, barmode="group", margin_t=30 + rows * LEGEND_ROW)
    if kind == "grid":
        n_rows = max(len(frame["grid"]) for frame in frames)
        n_columns = max(len(frame["grid"][0]) for frame in frames)
        figure.update_yaxes(range=[n_rows - 0.5, -0.5], showgrid=False, nticks=8)
        figure.update_xaxes(range=[-0.5, n_columns - 0.5], nticks=8, showline=False)
    else:
        figure.update_yaxes(range=_span(_values(frames, "y"), zero=kind == "bars"), nticks=6)
        figure.update_xaxes(**_across(_values(frames, "x"), kind), nticks=9)
    if several:
        figure.frames = [
            go.Frame(name=str(place), data=draw(frame), traces=_places(frame))
            for place, frame in enumerate(frames)
        ]
        figure.update_layout(sliders=[_slider(picture)], margin_b=8)
    return figure


def picture_table(picture: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Every point of every frame, one a row."""
    slider = picture["slider"] or "frame"
    if picture["kind"] == "grid":
        cells = [
            (frame["label"], row, column, value)
            for frame in picture["frames"]
            for row, values in enumerate(frame["grid"])
            for column, value in enumerate(values)
        ]
        return _columns((slider, "row", "column", "value"), cells)
    points = [
        (frame["label"], series["name"], x, y)
        for frame in picture["frames"]
        for series in frame["series"]
        for x, y in zip(series["x"], series["y"], strict=True)
    ]
    return _columns((slider, "series", picture["x"], picture["y"]), points)


def _legend_rows(picture: Mapping[str, Any]) -> int:
    """Rows that the legend needs above the axis title on a phone; 0 when both fit on one line, in pixels."""
    names = [series["name"] for series in picture["frames"][0]["series"]]
    if len(names) < 2:
        return 0
    wide = sum(50 + 6.5 * len(name) for name in names)
    return 0 if wide + 6.5 * len(picture["y"]) < PHONE else -int(-wide // PHONE)


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _places(frame: Mapping[str, Any]) -> list[int]:
    return list(range(max(1, len(frame["series"]))))


def _lines(frame: Mapping[str, Any]) -> list[go.Scatter]:
    return [
        go.Scatter(
            x=series["x"],
            y=series["y"],
            name=series["name"],
            mode="lines" if len(series["x"]) > 40 else "lines+markers",
            line={"color": color, "width": 2.5, "dash": dash},
            marker={"size": 5, "color": color},
            hovertemplate=f"{series['name']}: %{{y:.3g}} at %{{x:.3g}}<extra></extra>",
        )
        for series, (color, dash) in zip(frame["series"], _STROKES * 3, strict=False)
    ]


def _bars(frame: Mapping[str, Any]) -> list[go.Bar]:
    return [
        go.Bar(
            x=series["x"],
            y=series["y"],
            name=series["name"],
            marker={"color": tint(color, 0.85), "line_width": 0, "pattern_shape": shape},
            hovertemplate=f"{series['name']}: %{{y:.3g}} at %{{x}}<extra></extra>",
        )
        for series, (color, _), shape in zip(
            frame["series"], _STROKES * 3, ("", "/", ".", "x", "-") * 3, strict=False
        )
    ]


def _grid(frames: Sequence[Mapping[str, Any]]) -> Any:
    """How to draw one frame on the colours of all: clear at zero, blue above, orange below."""
    top = max((abs(v) for frame in frames for row in frame["grid"] for v in row), default=0) or 1.0
    signed = any(v < 0 for frame in frames for row in frame["grid"] for v in row)
    low = [[0.0, tint(VERMILION, 1)], [0.5, tint(VERMILION, 0)], [0.5, tint(BIT_ONE, 0)]]
    scale = [*low, [1.0, tint(BIT_ONE, 1)]] if signed else [[0.0, tint(BIT_ONE, 0)], [1.0, tint(BIT_ONE, 1)]]

    def draw(frame: Mapping[str, Any]) -> list[go.Heatmap]:
        return [
            go.Heatmap(
                z=frame["grid"],
                zmin=-top if signed else 0,
                zmax=top,
                colorscale=scale,
                xgap=1,
                ygap=1,
                colorbar={"thickness": 10, "outlinewidth": 0, "tickfont_size": SMALL, "nticks": 5},
                hovertemplate="row %{y}, column %{x}: %{z:.3g}<extra></extra>",
            )
        ]

    return draw


def _slider(picture: Mapping[str, Any]) -> dict[str, Any]:
    """The slider below the plot. Only lines can change without being drawn anew."""
    how = {
        "mode": "immediate",
        "frame": {"duration": 0, "redraw": picture["kind"] != "lines"},
        "transition": {"duration": 0},
    }
    # A long label needs room on either side of its tick, and a line of its own above the slider.
    longest = max(len(frame["label"]) for frame in picture["frames"])
    inset, long = 0.02 if longest < 8 else 0.12, len(picture["slider"]) + longest > 45
    return {
        "active": picture["start"],
        "steps": [
            {"label": frame["label"], "method": "animate", "args": [[str(place)], how]}
            for place, frame in enumerate(picture["frames"])
        ],
        "currentvalue": {
            "prefix": f"{picture['slider']}:{'<br>' if long else ' '}",
            "font": {"size": SMALL + 2},
            "offset": 8,
        },
        "x": inset,
        "len": 1 - 2 * inset,
        "y": 0,
        "yanchor": "top",
        "pad": {"t": 52, "b": 4},
        "font": {"size": SMALL},
        "bgcolor": HAIRLINE,
        "activebgcolor": BIT_ONE,
        "bordercolor": _CLEAR,
        "tickcolor": GREY,
        "minorticklen": 0,
        "ticklen": 4,
    }


def _values(frames: Sequence[Mapping[str, Any]], axis: str) -> list[Any]:
    return [value for frame in frames for series in frame["series"] for value in series[axis]]


def _span(values: Iterable[Any], *, zero: bool) -> list[float]:
    """Range of an axis with a little air; with zero in it where bars stand on it."""
    there = np.array([v for v in values if v is not None and np.isfinite(v)] or [0.0], dtype=np.float64)
    low, high = float(there.min()), float(there.max())
    if zero or 0 < low < 0.3 * high:
        low, high = min(low, 0.0), max(high, 0.0)
    air = 0.04 * (high - low) or 0.5
    return [low - (0 if low == 0 and zero else air), high + air]


def _across(xs: Sequence[Any], kind: str) -> dict[str, Any]:
    """Range of the horizontal axis; names along it need none."""
    if any(isinstance(x, str) for x in xs):
        return {}
    steps = np.diff(np.unique(np.array(xs, dtype=np.float64)))
    air = 0.6 * float(steps.min() if len(steps) else 1.0) if kind == "bars" else 0.02 * (max(xs) - min(xs))
    return {"range": [min(xs) - air, max(xs) + air]}
