"""Charts about codebook codes: how a distance adds up, and what words lose by class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from app.figures.style import BIT_ONE, GREY, SKY, VERMILION, house, note, tint

Array = npt.NDArray[np.float64]


def adds_up(names: Sequence[str], values: Sequence[float], total: float, *, unit: str) -> go.Figure:
    """A distance as a waterfall: each term starts where the last one ended.

    Args:
        names: of the terms, in the order in which they are added.
        values: the terms; some may be negative.
        total: their sum.
        unit: what a distance is, for the axis.
    """
    parts = np.asarray(values, dtype=np.float64)
    base = np.concatenate([[0.0], np.cumsum(parts)[:-1]])
    rows = [*names, "distance"]
    sizes = np.abs(np.append(parts, total))
    figure = go.Figure(
        go.Bar(
            y=rows,
            x=np.append(parts, total),
            base=np.append(base, 0.0),
            orientation="h",
            text=[f"{v:+.3g}".replace("-", "−") for v in parts] + [f"{total:.4g}".replace("-", "−")],
            textposition="outside",
            cliponaxis=False,
            constraintext="none",
            marker={
                "color": [*(tint(BIT_ONE if v >= 0 else VERMILION, 0.75) for v in parts), GREY],
                "pattern_shape": [*("" if v >= 0 else "/" for v in parts), ""],
                "pattern_size": 5,
                "line_width": 0,
            },
            customdata=sizes,
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    house(figure, x=unit, height=70 + 22 * len(rows), right=16)
    edges = np.concatenate([base, base + parts, [0.0, total]])
    low, high = float(edges.min()), float(edges.max())
    room = 0.22 * max(high - low, 1e-9)
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    figure.update_xaxes(
        range=[low - room if low < 0 else low, high + room], showgrid=True, showline=False, nticks=6
    )
    figure.update_layout(bargap=0.3)
    figure.add_vline(x=0, line={"color": GREY, "width": 1})
    return figure


def class_errors(names: Sequence[str], mean: Array, low: Array, high: Array, overall: float) -> go.Figure:
    """What words lose of the images of each class: the mean, and the range of eight images in ten.

    Args:
        names: class names.
        mean: float (n_classes,), NaN for a class without images.
        low, high: float (n_classes,), ends of the range.
        overall: mean over all images.
    """
    order = [i for i in np.argsort(-np.nan_to_num(mean, nan=-1.0), kind="stable") if np.isfinite(mean[i])]
    rows = [names[i] for i in order]
    figure = go.Figure()
    figure.add_vline(x=overall, line={"color": GREY, "width": 1.5, "dash": "dot"}, layer="below")
    figure.add_bar(
        y=rows,
        x=high[order] - low[order],
        base=low[order],
        orientation="h",
        width=0.35,
        marker={"color": tint(SKY, 0.45), "line_width": 0},
        hoverinfo="skip",
    )
    figure.add_scatter(
        y=rows,
        x=mean[order],
        mode="markers",
        marker={"size": 10, "color": BIT_ONE, "symbol": "circle"},
        customdata=np.stack([low[order], high[order]], axis=-1) if order else [],
        hovertemplate="%{y}: mean %{x:.1%}, eight of ten from %{customdata[0]:.1%} to %{customdata[1]:.1%}"
        "<extra></extra>",
    )
    house(figure, x="squared error, of the squared length", height=70 + 24 * len(rows))
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    figure.update_xaxes(tickformat=".0%", showgrid=True, showline=False, rangemode="tozero")
    note(figure, "all", x=overall, xanchor="left", xshift=3, y=0, yref="paper", yanchor="bottom")
    return figure
