"""Charts about buckets: images that share one code, or one word of a codebook."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from app.figures.style import BIT_ONE, GREY, HAIRLINE, QUERY, RIGHT, WRONG, house, tint

Array = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]

_SIZE_CLASSES = ((1, 1, "1"), (2, 5, "2–5"), (6, 20, "6–20"), (21, 100, "21–100"), (101, 10**9, "over 100"))


def occupancy(sizes: Int) -> go.Figure:
    """Share of the images that lie in buckets of each size.

    Args:
        sizes: int (n_distinct,), images per distinct code.
    """
    total = max(1, int(sizes.sum()))
    inside = [sizes[(sizes >= low) & (sizes <= high)] for low, high, _ in _SIZE_CLASSES]
    share = [float(s.sum()) / total for s in inside]
    figure = go.Figure(
        go.Bar(
            x=[name for _, _, name in _SIZE_CLASSES],
            y=share,
            text=[f"{s:.0%}" for s in share],
            textposition="outside",
            cliponaxis=False,
            customdata=[[len(s), int(s.sum())] for s in inside],
            marker={"color": BIT_ONE, "line_width": 0},
            hovertemplate="%{customdata[1]:,} images in %{customdata[0]:,} buckets of %{x}<extra></extra>",
        )
    )
    house(figure, x="images that share a code", y="share of the database", height=280)
    figure.update_yaxes(range=[0, 1.08], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    figure.update_xaxes(type="category")
    return figure


def largest_buckets(names: list[str], majority: Int, rest: Int, *, kinds: tuple[str, str]) -> go.Figure:
    """The fullest buckets, each split into its most frequent class and all others.

    Args:
        names: one short name per bucket.
        majority: int (n,), images of the bucket's most frequent class.
        rest: int (n,), its other images.
        kinds: names of the two, for the legend.
    """
    figure = go.Figure()
    for name, count, color, pattern in (
        (kinds[0], majority, RIGHT, ""),
        (kinds[1], rest, WRONG, "/"),
    ):
        figure.add_bar(
            y=names,
            x=count,
            orientation="h",
            name=name,
            marker={"color": color, "pattern_shape": pattern, "pattern_size": 5, "line_width": 0},
            hovertemplate=f"%{{y}}: %{{x:,}} images, {name}<extra></extra>",
        )
    house(figure, x="images", height=max(160, 70 + 24 * len(names)), legend=True)
    figure.update_layout(barmode="stack", legend_y=-0.26)
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    figure.update_xaxes(showgrid=True, showline=False, rangemode="tozero")
    return figure


def word_usage(share: Array, book: int | None = None, word: int | None = None) -> go.Figure:
    """How often each word of each book is used; words are sorted by use within their book.

    Args:
        share: float (n_codebooks, n_centroids), share of the images; each row sums to 1.
        book: book of the word to mark.
        word: word to mark.
    """
    n_books, n_words = share.shape
    order = np.argsort(-share, axis=1, kind="stable")
    ordered = np.take_along_axis(share, order, axis=1)
    figure = go.Figure(
        go.Heatmap(
            z=np.where(ordered > 0, ordered * n_words, np.nan),
            customdata=np.stack([order, ordered], axis=-1),
            zmin=0,
            zmax=float(max(4.0, np.quantile(ordered * n_words, 0.98))),
            colorscale=[[0, tint(BIT_ONE, 0.12)], [1, tint(BIT_ONE, 1.0)]],
            hoverongaps=False,
            ygap=2,
            colorbar={
                "thickness": 10,
                "len": 1,
                "outlinewidth": 0,
                "ticksuffix": "×",
                "tickfont_size": 12,
                "nticks": 5,
                "xpad": 8,
            },
            hovertemplate="book %{y}, word %{customdata[0]}: %{customdata[1]:.2%} of images<extra></extra>",
        )
    )
    house(
        figure,
        x="words, most used first",
        y="book (1× = as often as in even use; blank = never used)",
        height=int(max(150, 90 + min(34, 340 / n_books) * n_books)),
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, dtick=1, title="")
    figure.update_xaxes(range=[-0.5, n_words - 0.5], showline=False)
    figure.add_shape(
        type="rect",
        x0=-0.5,
        x1=n_words - 0.5,
        y0=-0.5,
        y1=n_books - 0.5,
        line={"color": HAIRLINE, "width": 1},
    )
    if book is not None and word is not None:
        place = int(np.flatnonzero(order[book] == word)[0])
        half = max(0.5, n_words / 160)
        figure.add_shape(
            type="rect",
            x0=place - half,
            x1=place + half,
            y0=book - 0.5,
            y1=book + 0.5,
            line={"color": QUERY, "width": 2},
        )
    return figure


def effective_words(entropy_bits: Array, n_words: int) -> go.Figure:
    """Words per book that are as good as in use: two to the power of the entropy of their use.

    Args:
        entropy_bits: float (n_codebooks,), in bits.
        n_words: words in a book.
    """
    words = np.exp2(entropy_bits)
    figure = go.Figure(
        go.Bar(
            x=np.arange(len(words)),
            y=words,
            text=[f"{w:.0f}" for w in words],
            textposition="inside",
            insidetextanchor="end",
            textangle=0,
            marker={"color": BIT_ONE, "line_width": 0},
            customdata=entropy_bits,
            hovertemplate="book %{x}: %{y:.1f} words, %{customdata:.2f} bits<extra></extra>",
        )
    )
    house(figure, x="book", y=f"effective words; dotted: all {n_words} used evenly", height=260)
    figure.update_yaxes(range=[0, n_words * 1.14])
    figure.update_xaxes(dtick=1)
    figure.add_hline(y=n_words, line={"color": GREY, "width": 1.5, "dash": "dot"}, layer="below")
    return figure
