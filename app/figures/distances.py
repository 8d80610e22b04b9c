"""Charts about Hamming and codebook distances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from app.figures.style import BIT_ONE, GREY, QUERY, RIGHT, WRONG, house, note, tint

Array = npt.NDArray[np.float64]


def intra_inter(
    positions: Array,
    intra: Array,
    inter: Array,
    *,
    unit: str,
    names: tuple[str, str] = ("same class", "different class"),
    marks: Sequence[tuple[float, str]] = (),
) -> go.Figure:
    """How far apart images of one class lie, against images of different classes.

    Args:
        positions: float (n_bins,), ascending and evenly spaced: a distance, or the middle of a bin.
        intra: float (n_bins,), share of the relevant pairs at each distance; sums to 1.
        inter: float (n_bins,), the same for pairs that are not relevant to each other.
        unit: what a distance is, for the axis ("Hamming distance, bits").
        names: of the two kinds of pairs.
        marks: distances to point out, with their names.
    """
    figure = go.Figure()
    both = np.minimum(intra, inter)
    for name, share, color, dash in (
        (names[0], intra, RIGHT, "solid"),
        (names[1], inter, WRONG, "dash"),
    ):
        figure.add_scatter(
            x=positions,
            y=share,
            name=name,
            mode="lines",
            fill="tozeroy",
            fillcolor=tint(color, 0.15),
            line={"color": color, "width": 2, "shape": "hvh", "dash": dash},
            hovertemplate=f"{name}, distance %{{x:.3~g}}: %{{y:.2%}} of pairs<extra></extra>",
        )
    figure.add_scatter(
        x=positions,
        y=both,
        name=f"overlap {both.sum():.0%}",
        mode="lines",
        fill="tozeroy",
        fillpattern={"shape": "/", "size": 6, "fgcolor": tint(GREY, 0.9), "bgcolor": "rgba(0,0,0,0)"},
        line={"width": 0, "shape": "hvh", "color": GREY},
        hoverinfo="skip",
    )
    house(figure, x=unit, y="share of pairs", height=300, legend=True)
    top = float(max(intra.max(initial=0.0), inter.max(initial=0.0))) or 1.0
    figure.update_yaxes(range=[0, top * 1.15], tickformat=".0%")
    for x, text in marks:
        figure.add_vline(x=x, line={"color": QUERY, "width": 2})
        # On the side with more room.
        is_right = x > positions[0] + 0.55 * (positions[-1] - positions[0])
        anchor, shift = ("right", -4) if is_right else ("left", 4)
        note(figure, text, x=x, xanchor=anchor, xshift=shift, y=1, yref="paper", yanchor="top")
    return figure


def query_distances(
    positions: Array,
    relevant: Array,
    others: Array,
    *,
    unit: str,
    cut: float | None = None,
    width: float = 1.0,
) -> go.Figure:
    """One query's ranking as a mirror: relevant images above the line, others below it.

    Args:
        positions: float (n_bins,), a distance or the middle of a bin.
        relevant: int (n_bins,), relevant database images at each distance.
        others: int (n_bins,), the rest.
        unit: what a distance is, for the axis.
        cut: distance of the last image that the page shows.
        width: of a bar, in units of distance.
    """
    figure = go.Figure()
    for name, count, sign, color, pattern in (
        ("relevant", relevant, 1, RIGHT, ""),
        ("others", others, -1, WRONG, "/"),
    ):
        figure.add_bar(
            x=positions,
            y=sign * np.asarray(count),
            width=width * 0.86,
            name=name,
            customdata=count,
            marker={"color": color, "pattern_shape": pattern, "pattern_size": 5, "line_width": 0},
            hovertemplate=f"distance %{{x:.3~g}}: %{{customdata}} {name}<extra></extra>",
        )
    house(figure, x=unit, y="images: relevant above, others below", height=240)
    top = float(max(np.max(relevant, initial=1), np.max(others, initial=1)))
    step = nice_step(top)
    ticks = np.arange(0, top + step, step)
    figure.update_yaxes(
        range=[-top * 1.08, top * 1.08],
        tickvals=np.concatenate([-ticks[:0:-1], ticks]),
        ticktext=[f"{t:,.0f}" for t in np.concatenate([ticks[:0:-1], ticks])],
    )
    figure.update_layout(barmode="relative")
    figure.update_xaxes(showline=False)
    figure.add_hline(y=0, line={"color": GREY, "width": 1})
    if cut is not None:
        figure.add_vline(x=cut + width / 2, line={"color": QUERY, "width": 2, "dash": "dash"})
        note(
            figure,
            "shown up to here",
            x=cut + width / 2,
            xanchor="left",
            xshift=4,
            y=1,
            yref="paper",
            yanchor="top",
        )
    return figure


def nice_step(top: float, n_steps: int = 2) -> float:
    """A round number (1, 2 or 5 times a power of ten) that divides `top` into about `n_steps`."""
    raw = max(top / n_steps, 1e-12)
    power = 10.0 ** np.floor(np.log10(raw))
    return float(power * min((1, 2, 5, 10), key=lambda m: abs(m * power - raw)))


def histogram(edges: Array, share: Array, *, x: str, y: str, mean: float | None = None) -> go.Figure:
    """One histogram, with its mean marked.

    Args:
        edges: float (n_bins + 1,).
        share: float (n_bins,).
        x: title of the horizontal axis.
        y: title of the vertical axis.
        mean: to mark, or None.
    """
    figure = go.Figure(
        go.Bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=share,
            width=np.diff(edges),
            marker={"color": tint(BIT_ONE, 0.6), "line_width": 0},
            hovertemplate="%{x:.1%}: %{y:.1%}<extra></extra>",
        )
    )
    house(figure, x=x, y=y, height=260)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    if mean is not None:
        figure.add_vline(x=mean, line={"color": QUERY, "width": 2})
        note(figure, f"mean {mean:.0%}", x=mean, xanchor="left", xshift=4, y=1, yref="paper", yanchor="top")
    return figure
