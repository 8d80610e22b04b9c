"""The one look of every chart, in light and dark.

Charts are shown with the Plotly theme of Streamlit, which supplies ink, font and hover card in the browser.
So nothing here sets a text colour: grounds are transparent, hairlines half-transparent grey, and data colours
those of Okabe and Ito (https://jfly.uni-koeln.de/color/), which hold on white and on near-black.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

ORANGE, SKY, GREEN, BLUE = "#E69F00", "#56B4E9", "#009E73", "#0072B2"
VERMILION, PURPLE, GREY = "#D55E00", "#CC79A7", "#808080"
HAIRLINE = "rgba(128,128,128,0.28)"

RIGHT, WRONG, QUERY, BIT_ONE = GREEN, VERMILION, ORANGE, BLUE

SMALL, TEXT = 12, 14
HEIGHT = 320

# The toolbar offers a picture of the chart and Streamlit's full screen; zooming would take the page's scroll.
CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "autoScale2d", "resetScale2d"],
}

# Ten families, seven colours: the later five repeat a colour with a dashed line.
_FAMILY_COLOUR = {
    "pairwise": BLUE,
    "multiwise": SKY,
    "implicit": GREEN,
    "classification": VERMILION,
    "quantization": PURPLE,
    "classic": ORANGE,
    "unsupervised": GREEN,
    "adversarial": VERMILION,
    "ensemble": BLUE,
    "crossmodal": PURPLE,
}
_DASHED = {"unsupervised", "adversarial", "ensemble", "crossmodal"}
# Plotly's marker symbol and the character that stands for it in a direct label.
_SYMBOLS = (
    ("circle", "●"),
    ("square", "■"),
    ("diamond", "◆"),
    ("triangle-up", "▲"),
    ("x", "✖"),
    ("cross", "✚"),
)


@dataclass(frozen=True)
class Pen:
    """How one line is drawn: colour, dash and symbol together, so that none carries the meaning alone."""

    color: str
    dash: str
    symbol: str
    glyph: str

    @property
    def key(self) -> str:
        """The symbol in the line's colour, for a direct label."""
        return f'<span style="color:{self.color}">{self.glyph}</span>'


def pens(families: Sequence[str]) -> list[Pen]:
    """One pen per line: the colour follows the family, the symbol tells lines of one family apart."""
    seen: dict[str, int] = {}
    drawn = []
    for family in families:
        nth = seen.get(family, 0)
        seen[family] = nth + 1
        # Families start at different symbols, so that two single lines differ in shape as well.
        start = list(_FAMILY_COLOUR).index(family) if family in _FAMILY_COLOUR else 0
        symbol, glyph = _SYMBOLS[(start + nth) % len(_SYMBOLS)]
        dash = "dash" if family in _DASHED else ("solid", "longdash", "dashdot", "longdashdot")[nth % 4]
        drawn.append(Pen(_FAMILY_COLOUR.get(family, GREY), dash, symbol, glyph))
    return drawn


def tint(color: str, alpha: float) -> str:
    """`#RRGGBB` as `rgba(...)`."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def house(
    figure: go.Figure, *, x: str, y: str = "", height: int = HEIGHT, right: int = 8, legend: bool = False
) -> go.Figure:
    """Give `figure` the house look and its axis titles.

    The title of the vertical axis lies flat above it, where it can be read without turning the head.

    Args:
        figure: is changed in place and returned.
        x: title of the horizontal axis, with its unit.
        y: title of the vertical axis, with its unit.
        height: in pixels; the width always follows the page.
        right: room in pixels to the right of the plot, for direct labels.
        legend: show the legend, below the plot.
    """
    figure.update_layout(
        height=height,
        margin={"l": 4, "r": right, "t": 30 if y else 10, "b": 4, "pad": 4},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font_size=SMALL,
        showlegend=legend,
        legend={
            "orientation": "h",
            "yanchor": "top",
            "y": -0.2,
            "xanchor": "left",
            "x": 0,
            "traceorder": "normal",
            "font_size": SMALL,
            "itemclick": "toggle",
            "itemwidth": 36,
        },
        hovermode="closest",
        dragmode=False,
        bargap=0.25,
        hoverlabel_font_size=SMALL,
    )
    axis = {
        "automargin": True,
        "gridcolor": HAIRLINE,
        "gridwidth": 1,
        "zeroline": False,
        "linecolor": HAIRLINE,
        "tickfont_size": SMALL,
        "title_font_size": SMALL,
        "ticks": "",
    }
    figure.update_xaxes(**axis, showgrid=False, showline=True, title={"text": x, "standoff": 8})
    figure.update_yaxes(**axis, showgrid=True, showline=False)
    if y:
        note(figure, y, x=0, y=1, xref="paper", yref="paper", xanchor="left", yanchor="bottom", yshift=8)
    return figure


def note(figure: go.Figure, text: str, **where: object) -> None:
    """Write a line of small text into the plot; `where` goes to Plotly's annotation."""
    figure.add_annotation(text=text, showarrow=False, font_size=SMALL, **where)


def guide(
    figure: go.Figure, text: str, *, x: float | None = None, y: float | None = None, dash: str = "dot"
) -> None:
    """Draw a grey reference line across the plot, named where it ends."""
    line = {"color": GREY, "width": 1.5, "dash": dash}
    if y is not None:
        figure.add_hline(y=y, line=line, layer="below")
        note(figure, text, x=1, xref="paper", xanchor="right", y=y, yanchor="bottom", opacity=0.8)
    if x is not None:
        figure.add_vline(x=x, line=line, layer="below")
        note(figure, text, x=x, xanchor="left", xshift=3, y=1, yref="paper", yanchor="top", opacity=0.8)


def spread(positions: npt.ArrayLike, gap: float, low: float, high: float) -> npt.NDArray[np.float64]:
    """Move label positions apart, as little as possible in total, until neighbours are `gap` from each other.

    Keeps the order; the result stays within [low, high] where it fits. Isotonic regression by pooling
    adjacent violators (Barlow et al., 1972) on the positions less their share of the gaps.
    """
    wanted = np.asarray(positions, dtype=np.float64)
    order = np.argsort(wanted, kind="stable")
    pools: list[list[float]] = []  # [mean, size]
    for rank, position in enumerate(wanted[order]):
        pools.append([float(position) - rank * gap, 1.0])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, size = pools.pop()
            pools[-1] = [
                (pools[-1][0] * pools[-1][1] + mean * size) / (pools[-1][1] + size),
                pools[-1][1] + size,
            ]
    flat = np.concatenate([np.full(int(size), mean) for mean, size in pools]) if pools else np.empty(0)
    highest = max(low, high - gap * max(0, len(wanted) - 1))
    placed = np.clip(flat, low, highest) + gap * np.arange(len(wanted))
    moved = np.empty_like(wanted)
    moved[order] = placed
    return moved
