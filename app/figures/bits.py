"""Charts about single bits: balance, correlation, relaxed values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from app.figures.style import BIT_ONE, HAIRLINE, QUERY, VERMILION, guide, house, note, tint

Array = npt.NDArray[np.float64]

# A bit that nearly all images share can split hardly any of them.
STUCK_SHARE = 0.05

# Clear in the middle, so that it suits any ground; opacity grows with the root, since most pairs are near 0.
_DIVERGING = [
    *([(1 - r) / 2, tint(VERMILION, r**0.5)] for r in np.linspace(1, 0, 9)),
    *([(1 + r) / 2, tint(BIT_ONE, r**0.5)] for r in np.linspace(0, 1, 9)),
]


def bit_balance(share_one: Array, chosen: int | None = None) -> go.Figure:
    """Share of images with +1, per bit, as departure from one half.

    Args:
        share_one: float (n_bits,), in 0 to 1.
        chosen: bit to mark.
    """
    n_bits = len(share_one)
    stuck = (share_one < STUCK_SHARE) | (share_one > 1 - STUCK_SHARE)
    figure = go.Figure(
        go.Bar(
            x=np.arange(n_bits),
            base=0.5,
            y=share_one - 0.5,
            customdata=share_one,
            marker={
                "color": [VERMILION if s else BIT_ONE for s in stuck],
                "pattern_shape": ["/" if s else "" for s in stuck],
                "line_width": 0,
            },
            hovertemplate="bit %{x}: %{customdata:.1%} are +1<extra></extra>",
        )
    )
    house(figure, x="bit", y="share of images with +1", height=260)
    figure.add_hline(y=0.5, line={"color": "#808080", "width": 1.5})
    figure.update_yaxes(range=[0, 1], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    figure.update_xaxes(range=[-0.6, n_bits - 0.4], dtick=8 if n_bits > 16 else 4, showline=False)
    _mark_bit(figure, chosen, float(share_one[chosen]) if chosen is not None else 0.0)
    return figure


def bit_weights(weights: Array) -> go.Figure:
    """What each bit adds to a distance when it differs, float (n_bits,); the mean is marked."""
    figure = go.Figure(
        go.Bar(
            x=np.arange(len(weights)),
            y=weights,
            marker={"color": BIT_ONE, "line_width": 0},
            hovertemplate="bit %{x} adds %{y:.3g}<extra></extra>",
        )
    )
    house(figure, x="bit", y="added to the distance when the bit differs", height=240)
    guide(figure, "mean", y=float(weights.mean()))
    figure.update_xaxes(range=[-0.6, len(weights) - 0.4], dtick=8 if len(weights) > 16 else 4, showline=False)
    return figure


def _mark_bit(figure: go.Figure, chosen: int | None, share: float) -> None:
    if chosen is None:
        return
    figure.add_vrect(
        x0=chosen - 0.5, x1=chosen + 0.5, fillcolor=tint(QUERY, 0.18), line={"color": QUERY, "width": 1.5}
    )
    # At the end that the bar leaves free.
    note(figure, f"bit {chosen}", x=chosen, y=0.06 if share >= 0.5 else 0.94, yanchor="middle")


def bit_correlation(correlation: Array) -> go.Figure:
    """Heat map of the correlation of each pair of bits; the diagonal, 1 by definition, is blank.

    Args:
        correlation: float (n_bits, n_bits), in -1 to 1; NaN where a bit never changes.
    """
    shown = np.array(correlation, dtype=np.float64)
    np.fill_diagonal(shown, np.nan)
    n_bits = len(shown)
    figure = go.Figure(
        go.Heatmap(
            z=np.round(shown, 3),
            zmin=-1,
            zmax=1,
            colorscale=_DIVERGING,
            hoverongaps=False,
            colorbar={
                "thickness": 10,
                "len": 1,
                "outlinewidth": 0,
                "tickvals": [-1, -0.5, 0, 0.5, 1],
                "ticktext": ["−1", "−0.5", "0", "+0.5", "+1"],
                "tickfont_size": 12,
                "xpad": 8,
            },
            hovertemplate="bit %{y} with bit %{x}: %{z:+.2f}<extra></extra>",
        )
    )
    house(figure, x="bit", y="bit", height=400)
    step = 8 if n_bits > 16 else 4
    figure.update_xaxes(dtick=step, range=[-0.5, n_bits - 0.5], constrain="domain", showline=False)
    figure.update_yaxes(
        dtick=step, range=[n_bits - 0.5, -0.5], scaleanchor="x", constrain="domain", showgrid=False
    )
    figure.add_shape(
        type="rect", x0=-0.5, x1=n_bits - 0.5, y0=-0.5, y1=n_bits - 0.5, line={"color": HAIRLINE, "width": 1}
    )
    figure.add_shape(
        type="line", x0=-0.5, x1=n_bits - 0.5, y0=-0.5, y1=n_bits - 0.5, line={"color": HAIRLINE, "width": 1}
    )
    return figure


def relaxed_values(edges: Array, all_bits: Array, one_bit: Array | None = None, bit: int = 0) -> go.Figure:
    """Histogram of the network's output before the sign is taken: all bits together, and one of them.

    Args:
        edges: float (n_bins + 1,).
        all_bits: float (n_bins,), share of all values in each bin.
        one_bit: float (n_bins,), share of the values of `bit`.
        bit: which one, for the label.
    """
    centres = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure(
        go.Bar(
            x=centres,
            y=all_bits,
            width=np.diff(edges),
            name="all bits",
            marker={"color": tint(BIT_ONE, 0.45), "line_width": 0},
            hovertemplate="u near %{x:.2f}: %{y:.1%} of all values<extra></extra>",
        )
    )
    if one_bit is not None:
        figure.add_scatter(
            x=centres,
            y=one_bit,
            mode="lines",
            name=f"bit {bit}",
            line={"color": QUERY, "width": 2, "shape": "hvh"},
            hovertemplate=f"u near %{{x:.2f}}: %{{y:.1%}} of the values of bit {bit}<extra></extra>",
        )
    house(figure, x="u, the output before its sign is taken", y="share of values", height=280, legend=True)
    guide(figure, "0: the bit flips here", x=0)
    for x in (-1, 1):
        figure.add_vline(x=x, line={"color": HAIRLINE, "width": 1})
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(zeroline=False)
    return figure
