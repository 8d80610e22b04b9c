"""Scores of several sources beside each other, a line per method, so that nobody reads one as the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from app.figures.style import BLUE, GREY, HAIRLINE, ORANGE, PURPLE, SKY, VERMILION, house

ROW_PX = 22
# Colour and symbol together tell the sources apart; ours come first and are filled.
_OURS = ((BLUE, "circle"), (VERMILION, "circle"))
_THEIRS = (
    (ORANGE, "diamond-open"),
    (PURPLE, "square-open"),
    (SKY, "triangle-up-open"),
    (GREY, "x-thin-open"),
)


@dataclass(frozen=True)
class Source:
    """One source's scores.

    Attributes:
        name: for the legend, with the protocol.
        scores: by method.
        ranges: lowest and highest over seeds, by method; none for printed figures.
        is_ours: measured here.
    """

    name: str
    scores: Mapping[str, float]
    ranges: Mapping[str, tuple[float, float]]
    is_ours: bool = False


def beside(sources: Sequence[Source], methods: Sequence[str], chance: float | None = None) -> go.Figure:
    """A mark per source on a line per method.

    Args:
        sources: in the order of the legend.
        methods: from top to bottom; those that no source has a score for are left out.
        chance: expected score of random codes, drawn across.
    """
    shown = [name for name in methods if any(name in source.scores for source in sources)]
    figure = go.Figure()
    for name in shown:
        values = [source.scores[name] for source in sources if name in source.scores]
        figure.add_scatter(
            x=[min(values), max(values)],
            y=[name, name],
            mode="lines",
            line={"color": HAIRLINE, "width": 2},
            hoverinfo="skip",
            showlegend=False,
        )
    if chance is not None:
        figure.add_scatter(
            x=[chance, chance],
            y=[shown[0], shown[-1]],
            mode="lines",
            name="random codes",
            line={"color": GREY, "width": 1.5, "dash": "dot"},
            hovertemplate=f"random codes: {chance:.3f}<extra></extra>",
        )
    looks = {True: iter(_OURS), False: iter(_THEIRS)}
    for source in sources:
        colour, symbol = next(looks[source.is_ours], (GREY, "circle-open"))
        names = [name for name in shown if name in source.scores]
        values = [source.scores[name] for name in names]
        around = [source.ranges.get(name, (value, value)) for name, value in zip(names, values, strict=True)]
        figure.add_scatter(
            x=values,
            y=names,
            mode="markers",
            name=source.name,
            marker={"color": colour, "symbol": symbol, "size": 9, "line_width": 2 * (not source.is_ours)},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - value for value, (_, high) in zip(values, around, strict=True)],
                "arrayminus": [value - low for value, (low, _) in zip(values, around, strict=True)],
                "color": colour,
                "thickness": 1.5,
                "width": 3,
                "visible": source.is_ours,
            },
            hovertemplate="%{y}: %{x:.3f}<extra>" + source.name + "</extra>",
        )
    house(figure, x="mAP", height=ROW_PX * len(shown) + 150, legend=True)
    figure.update_yaxes(categoryorder="array", categoryarray=shown[::-1], range=[-0.7, len(shown) - 0.3])
    # Below the axis title, whatever the number of methods.
    figure.update_layout(legend_y=-60 / (ROW_PX * len(shown) + 60))
    return figure
