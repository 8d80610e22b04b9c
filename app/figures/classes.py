"""Charts over classes and over single queries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from app.figures.style import BIT_ONE, GREY, HAIRLINE, QUERY, house, note, tint

Array = npt.NDArray[np.float64]


def class_ap(names: Sequence[str], ap: Array, n_queries: Sequence[int], chance: Array) -> go.Figure:
    """Mean AP of the queries of each class, best first, with what random codes reach.

    Args:
        names: class names.
        ap: float (n_classes,), NaN for a class without queries.
        n_queries: queries per class.
        chance: float (n_classes,), the random codes' value.
    """
    order = [i for i in np.argsort(-np.nan_to_num(ap, nan=-1.0), kind="stable") if np.isfinite(ap[i])]
    figure = go.Figure(
        go.Bar(
            y=[names[i] for i in order],
            x=ap[order],
            orientation="h",
            text=[f"{ap[i]:.2f}" for i in order],
            textposition="outside",
            cliponaxis=False,
            customdata=[n_queries[i] for i in order],
            marker={"color": tint(BIT_ONE, 0.55), "line_width": 0},
            hovertemplate="%{y}: mean AP %{x:.3f} over %{customdata} queries<extra></extra>",
        )
    )
    figure.add_scatter(
        y=[names[i] for i in order],
        x=chance[order],
        mode="markers",
        name="random codes",
        marker={"symbol": "line-ns", "size": 14, "color": GREY, "line": {"color": GREY, "width": 3}},
        hovertemplate="%{y}: random codes reach %{x:.3f}<extra></extra>",
    )
    house(
        figure, x="mean AP of the class's queries; the grey tick is random codes", height=70 + 24 * len(order)
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    figure.update_xaxes(range=[0, 1.08], tickvals=[0, 0.25, 0.5, 0.75, 1], showgrid=True, showline=False)
    return figure


def ap_scatter(
    ap_a: Array,
    ap_b: Array,
    *,
    name_a: str,
    name_b: str,
    query: int | None = None,
    groups: Sequence[str] | None = None,
) -> go.Figure:
    """AP of every query under A against B; points above the diagonal are better under B.

    Args:
        ap_a: float (n_query,).
        ap_b: float (n_query,).
        name_a: name of the horizontal ranking.
        name_b: name of the vertical one.
        query: row of the query in view, ringed.
        groups: a word per query for the hover card, its class for example.
    """
    rows = np.arange(len(ap_a))
    words = list(groups) if groups is not None else [""] * len(ap_a)
    figure = go.Figure()
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"color": GREY, "width": 1.5, "dash": "dot"})
    figure.add_scatter(
        x=ap_a,
        y=ap_b,
        mode="markers",
        customdata=np.array(list(zip(rows.tolist(), words, strict=True)), dtype=object),
        marker={"color": tint(BIT_ONE, 0.55), "size": 6, "line_width": 0},
        hovertemplate=f"query %{{customdata[0]}} %{{customdata[1]}}<br>{name_a} %{{x:.3f}}<br>"
        f"{name_b} %{{y:.3f}}<extra></extra>",
    )
    if query is not None:
        figure.add_scatter(
            x=[ap_a[query]],
            y=[ap_b[query]],
            mode="markers",
            marker={"symbol": "circle-open", "size": 16, "color": QUERY, "line_width": 3},
            hoverinfo="skip",
        )
    house(figure, x=f"AP under {name_a}", y=f"AP under {name_b}", height=400)
    for axis in (figure.update_xaxes, figure.update_yaxes):
        axis(range=[-0.03, 1.03], tickvals=[0, 0.25, 0.5, 0.75, 1], showgrid=True, gridcolor=HAIRLINE)
    figure.update_yaxes(scaleanchor="x", constrain="domain")
    figure.update_xaxes(constrain="domain", showline=False)
    note(figure, f"better under {name_b}", x=0.02, y=0.98, xanchor="left", yanchor="top", opacity=0.8)
    note(figure, f"better under {name_a}", x=0.98, y=0.02, xanchor="right", yanchor="bottom", opacity=0.8)
    return figure


def class_rates(
    names: Sequence[str], rates: Array, overall: float, band: float | None, *, what: str
) -> go.Figure:
    """Share of each class that has something, against the share of all images.

    Args:
        names: class names.
        rates: float (n_classes,), in 0 to 1, NaN for a class without images.
        overall: the share of all images.
        band: departure from `overall` that shuffled labels reach too, shaded; None for no band.
        what: title of the axis.
    """
    order = [i for i in np.argsort(-np.nan_to_num(rates, nan=-1.0), kind="stable") if np.isfinite(rates[i])]
    figure = go.Figure()
    if band is not None:
        figure.add_vrect(
            x0=max(0.0, overall - band),
            x1=min(1.0, overall + band),
            fillcolor=tint(GREY, 0.25),
            line_width=0,
            layer="below",
        )
    figure.add_vline(x=overall, line={"color": GREY, "width": 1.5, "dash": "dot"}, layer="below")
    figure.add_scatter(
        y=[names[i] for i in order],
        x=rates[order],
        mode="markers",
        marker={"size": 10, "color": BIT_ONE, "symbol": "circle"},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": np.maximum(overall - rates[order], 0),
            "arrayminus": np.maximum(rates[order] - overall, 0),
            "width": 0,
            "thickness": 2,
            "color": tint(BIT_ONE, 0.5),
        },
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    house(figure, x=what, height=70 + 24 * len(order))
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    highest = float(rates[order].max()) if order else 1.0
    top = 1.0 if highest > 0.5 else max(0.02, highest)
    figure.update_xaxes(range=[-0.02 * top, 1.06 * top], tickformat=".0%", showgrid=True, showline=False)
    note(figure, "all", x=overall, xanchor="left", xshift=3, y=0, yref="paper", yanchor="bottom")
    return figure
