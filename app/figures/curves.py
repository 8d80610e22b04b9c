"""Charts that compare methods: one line per method, the chosen run in front, chance always drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.figures.style import GREY, HAIRLINE, Pen, house, note, pens, spread, tint

Array = npt.NDArray[np.float64]

_DIRECT_LABELS = 14  # more would not fit beside a chart of ordinary height


@dataclass(frozen=True)
class Line:
    """One method's line.

    Attributes:
        name: short title.
        family: decides the colour.
        x, y: float (n,), y NaN where there is no value.
        low, high: float (n,), the range to shade around y (over tie orders, or seeds), or None.
        is_chosen: the run that the page shows; drawn in front, thicker.
        is_context: one of many in the background: thin and grey, named when it is pointed at.
    """

    name: str
    family: str
    x: Array
    y: Array
    low: Array | None = None
    high: Array | None = None
    is_chosen: bool = False
    is_context: bool = False


@dataclass(frozen=True)
class Baseline:
    """A grey line that every method has to beat; a single value runs across the whole chart."""

    name: str
    x: Array
    y: Array


def _draw(
    figure: go.Figure,
    lines: Sequence[Line],
    styles: Sequence[Pen],
    *,
    hover: str,
    markers: int | None = None,
    row: int | None = None,
    legend: bool = True,
) -> None:
    """Add lines back to front: others pale, the chosen one last. `markers` limits the symbols on a line."""
    where = {} if row is None else {"row": row, "col": 1}
    some_chosen = any(line.is_chosen for line in lines)
    _draw_context(figure, [line for line in lines if line.is_context], hover=hover, legend=legend, **where)
    lines = _in_front(lines)
    for line, pen in sorted(zip(lines, styles, strict=True), key=lambda pair: pair[0].is_chosen):
        if line.low is not None and line.high is not None and line.is_chosen:
            figure.add_scatter(
                x=np.concatenate([line.x, line.x[::-1]]),
                y=np.concatenate([line.high, line.low[::-1]]),
                fill="toself",
                fillcolor="rgba(128,128,128,0.22)",
                line_width=0,
                mode="lines",
                hoverinfo="skip",
                showlegend=False,
                **where,
            )
        marker = {"symbol": pen.symbol, "size": 9 if line.is_chosen else 7, "color": pen.color}
        if markers:
            marker["maxdisplayed"] = markers
        figure.add_scatter(
            x=line.x,
            y=line.y,
            name=f"<b>{line.name}</b>" if line.is_chosen else line.name,
            legendgroup=line.name,
            showlegend=legend,
            mode="lines+markers",
            line={
                "color": pen.color,
                "width": 3.5 if line.is_chosen else 1.75,
                "dash": "solid" if line.is_chosen else pen.dash,
            },
            marker=marker,
            opacity=1.0 if line.is_chosen or not some_chosen else 0.8,
            hovertemplate=f"{line.name}, {hover}<extra></extra>",
            **where,
        )


def _in_front(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if not line.is_context]


def _draw_context(
    figure: go.Figure, lines: Sequence[Line], *, hover: str, legend: bool, **where: int
) -> None:
    """All background lines as one trace with gaps, which is drawn faster than one each."""
    if not lines:
        return
    gap = np.array([np.nan])
    names = [name for line in lines for name in [*[line.name] * len(line.x), ""]]
    figure.add_scatter(
        x=np.concatenate([part for line in lines for part in (line.x, gap)]),
        y=np.concatenate([part for line in lines for part in (line.y, gap)]),
        text=names,
        name=f"{len(lines)} other method{'s' if len(lines) > 1 else ''}",
        legendgroup="others",
        showlegend=legend,
        mode="lines",
        line={"color": tint(GREY, 0.45), "width": 1},
        hovertemplate=f"%{{text}}, {hover}<extra></extra>",
        **where,
    )


def _draw_baselines(
    figure: go.Figure,
    baselines: Sequence[Baseline],
    *,
    hover: str,
    row: int | None = None,
    legend: bool = False,
) -> None:
    where = {} if row is None else {"row": row, "col": 1}
    for base, dash in zip(baselines, ("dot", "dashdot", "dash", "longdash") * 4, strict=False):
        figure.add_scatter(
            x=base.x,
            y=base.y,
            name=base.name,
            mode="lines",
            showlegend=legend,
            legendgroup=base.name,
            line={"color": GREY, "width": 1.75, "dash": dash},
            hovertemplate=f"{base.name}, {hover}<extra></extra>",
            **where,
        )


def _label_ends(
    figure: go.Figure,
    lines: Sequence[Line],
    styles: Sequence[Pen],
    baselines: Sequence[Baseline],
    *,
    low: float,
    high: float,
    plot_height: int,
    yref: str = "y",
) -> None:
    """Name each line at its right end, moved apart where they would overlap."""
    lines = _in_front(lines)
    named = [(pen.key, line.name, line.is_chosen, line.y) for line, pen in zip(lines, styles, strict=True)]
    if len(named) > _DIRECT_LABELS:
        keep = sorted(range(len(named)), key=lambda i: (not named[i][2], -float(_last(named[i][3]))))
        named = [named[i] for i in sorted(keep[:_DIRECT_LABELS])]
    named += [(f'<span style="color:{GREY}">┄</span>', base.name, False, base.y) for base in baselines]
    if not named:
        return
    ends = np.array([_last(y) for *_, y in named])
    gap = (high - low) * 15 / plot_height
    for (key, name, chosen, _), place in zip(named, spread(ends, gap, low, high), strict=True):
        text = f"{key} <b>{name}</b>" if chosen else f"{key} {name}"
        note(
            figure,
            text,
            x=1,
            xref="paper",
            xanchor="left",
            xshift=6,
            y=float(place),
            yref=yref,
            yanchor="middle",
        )


def _last(y: Array) -> float:
    there = y[np.isfinite(y)]
    return float(there[-1]) if len(there) else 0.0


def _room(lines: Sequence[Line], baselines: Sequence[Baseline]) -> int:
    """Pixels that the longest direct label needs."""
    longest = max(
        (len(name) for name in [*(li.name for li in _in_front(lines)), *(b.name for b in baselines)]),
        default=0,
    )
    return min(170, 30 + 7 * longest)


def against_bits(
    lines: Sequence[Line], baselines: Sequence[Baseline], *, y: str, top: float = 1.0
) -> go.Figure:
    """A score against code length, each method named at its line's end.

    Args:
        lines: x is the code length in bits; low and high are the optimistic and pessimistic tie order.
        baselines: x as the lines.
        y: name of the score.
        top: highest value that the score can take on these data.
    """
    styles = pens([line.family for line in _in_front(lines)])
    height, below = 360, 60
    figure = go.Figure()
    _draw_baselines(figure, baselines, hover="%{x} bits: %{y:.3f}")
    _draw(figure, lines, styles, hover="%{x} bits: %{y:.3f}")
    house(figure, x="code length, bits", y=y, height=height, right=_room(lines, baselines))
    figure.update_yaxes(range=[0, 1.02 * top], nticks=6, tickformat=".1f")
    figure.update_xaxes(**_length_axis(lines))
    _label_ends(figure, lines, styles, baselines, low=0, high=1.02 * top, plot_height=height - 30 - below)
    return figure


def _length_axis(lines: Sequence[Line]) -> dict[str, object]:
    """Range and ticks of code lengths; a tick whose label would run into the one before it has none."""
    lengths = sorted({float(b) for line in lines for b in line.x})
    if not lengths:
        return {}
    span = lengths[-1] - lengths[0]
    texts, last = [], -np.inf
    for length in lengths:
        fits = length - last >= 0.1 * span
        texts.append(f"{length:g}" if fits else "")
        last = length if fits else last
    pad = 0.06 * span or 1.0
    return {
        "range": [lengths[0] - pad, lengths[-1] + pad / 2],
        "tickvals": lengths,
        "ticktext": texts,
        "tickangle": 0,
    }


def precision_recall(lines: Sequence[Line], baselines: Sequence[Baseline]) -> go.Figure:
    """Precision against recall, both mean over queries; a line that stays high to the right is better."""
    styles = pens([line.family for line in _in_front(lines)])
    figure = go.Figure()
    _draw_baselines(figure, baselines, hover="recall %{x:.2f}: precision %{y:.3f}", legend=True)
    _draw(figure, lines, styles, hover="recall %{x:.2f}: precision %{y:.3f}", markers=7)
    house(
        figure,
        x="recall",
        y="precision",
        height=_with_legend(len(_in_front(lines)) + len(baselines) + 1),
        legend=True,
    )
    figure.update_yaxes(range=[0, 1.03], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".2f")
    figure.update_xaxes(range=[0, 1.01], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".2f")
    return figure


def precision_at(lines: Sequence[Line], baselines: Sequence[Baseline]) -> go.Figure:
    """Precision among the first N images, against N on a logarithmic axis."""
    styles = pens([line.family for line in _in_front(lines)])
    figure = go.Figure()
    _draw_baselines(figure, baselines, hover="first %{x:,}: %{y:.3f}", legend=True)
    _draw(figure, lines, styles, hover="first %{x:,}: %{y:.3f}", markers=9)
    house(
        figure,
        x="N, images looked at (logarithmic)",
        y="precision among the first N",
        height=_with_legend(len(_in_front(lines)) + len(baselines) + 1),
        legend=True,
    )
    figure.update_yaxes(range=[0, 1.03], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".2f")
    top = max((float(line.x[-1]) for line in lines if len(line.x)), default=1000.0)
    ticks = [t for t in (1, 10, 100, 1000, 10_000, 100_000) if t <= top]
    figure.update_xaxes(
        type="log", range=[0, float(np.log10(top)) + 0.02], tickvals=ticks, ticktext=[f"{t:,}" for t in ticks]
    )
    return figure


def _with_legend(n_entries: int) -> int:
    """Height that leaves the plot its size when the legend takes more rows."""
    return 330 + 10 * n_entries


def radius(
    precision: Sequence[Line],
    empty: Sequence[Line],
    baselines: Sequence[Baseline],
    empty_baselines: Sequence[Baseline],
) -> go.Figure:
    """Lookup within a Hamming radius against code length: precision above, empty lookups below."""
    styles = pens([line.family for line in _in_front(precision)])
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.56, 0.44], vertical_spacing=0.14)
    _draw_baselines(figure, baselines, hover="%{x} bits: precision %{y:.3f}", row=1)
    _draw_baselines(figure, empty_baselines, hover="%{x} bits: %{y:.1%} of queries find nothing", row=2)
    _draw(figure, precision, styles, hover="%{x} bits: precision %{y:.3f}", row=1)
    _draw(figure, empty, styles, hover="%{x} bits: %{y:.1%} of queries find nothing", row=2, legend=False)
    height = 520
    house(
        figure,
        x="",
        y="precision (0 when nothing is found)",
        height=height,
        right=_room(precision, baselines),
    )
    note(
        figure,
        "queries that find nothing",
        x=0,
        xref="paper",
        xanchor="left",
        y=1.04,
        yref="y2 domain",
        yanchor="bottom",
    )
    figure.update_yaxes(range=[-0.02, 1.03], tickvals=[0, 0.5, 1], row=1, col=1)
    figure.update_yaxes(range=[-0.02, 1.03], tickvals=[0, 0.5, 1], tickformat=".0%", row=2, col=1)
    figure.update_xaxes(gridcolor=HAIRLINE, showticklabels=True, **_length_axis(precision))
    figure.update_xaxes(title={"text": "code length, bits", "standoff": 8}, row=2, col=1)
    inner = height - 90
    _label_ends(
        figure, precision, styles, baselines, low=0, high=1.03, plot_height=int(inner * 0.48), yref="y"
    )
    _label_ends(
        figure, empty, styles, empty_baselines, low=0, high=1.03, plot_height=int(inner * 0.38), yref="y2"
    )
    return figure
