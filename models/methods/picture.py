"""A small chart for a method's card: a few curves (or bars, or a grid), and one slider that moves them.

A picture is plain data, computed once with the method's own loss, so that the app can draw it without torch.
Every value of the slider is a frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

N_BITS = 16  # length of the codes that the pictures below are drawn for


@dataclass(frozen=True)
class Series:
    """One curve: a name for the legend, and its points."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Frame:
    """What is drawn at one value of the slider.

    Attributes:
        label: the value, as the slider shows it.
        series: curves or bars.
        grid: rows of a matrix, for pictures of kind `grid`.
    """

    label: str
    series: tuple[Series, ...] = ()
    grid: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Picture:
    """A chart with a slider.

    Attributes:
        title: what is drawn, as a heading.
        caption: one or two plain sentences: what to look at, and what the slider shows.
        x: name of the horizontal axis, with its unit.
        y: name of the vertical axis.
        frames: one per value of the slider, at least one; all have the same series, in the same order.
        slider: name of what the slider moves; "" with a single frame.
        start: the frame that is shown first.
        kind: `lines`; `bars` side by side; `grid`, a matrix drawn as squares, rows downwards.
    """

    title: str
    caption: str
    x: str
    y: str
    frames: tuple[Frame, ...]
    slider: str = ""
    start: int = 0
    kind: Literal["lines", "bars", "grid"] = "lines"


def series(name: str, x: Sequence[float] | Tensor, y: Sequence[float] | Tensor) -> Series:
    """A curve from two equally long sequences, rounded to four significant digits."""
    return Series(name, _rounded(x), _rounded(y))


def grid(rows: Tensor) -> tuple[tuple[float, ...], ...]:
    """A matrix, (n_rows, n_columns), as a frame holds it."""
    return tuple(_rounded(row) for row in rows)


def pair_picture(
    loss: Callable[[Tensor, Tensor, Any], Tensor],
    *,
    values: Sequence[Any],
    slider: str,
    caption: str,
    start: int = 0,
    scale: float = 1.0,
    title: str = "Loss of one pair against the distance of its codes",
) -> Picture:
    """Loss of a similar and of a dissimilar pair against their Hamming distance, 0 to 16 bits.

    Args:
        loss: takes u, float (2, 16); s, bool (2, 2), similar or not; one value of the slider. Gives a scalar.
        values: of the slider.
        slider: its name.
        caption: see `Picture`.
        start: index of the value that is shown first.
        scale: entries of u are plus or minus this.
        title: heading.
    """
    frames = []
    for value in values:
        curves = []
        for name, similar in (("similar pair", True), ("dissimilar pair", False)):
            s = torch.full((2, 2), similar) | torch.eye(2, dtype=torch.bool)
            y = [float(loss(scale * codes, s, value)) for codes in _codes_at_distance()]
            curves.append(series(name, range(N_BITS + 1), y))
        frames.append(Frame(str(value), tuple(curves)))
    x = f"Hamming distance of the two codes, of {N_BITS} bits"
    return Picture(title, caption, x, "loss", tuple(frames), slider, start)


def triplet_picture(
    loss: Callable[[Tensor, Any], Tensor],
    *,
    values: Sequence[Any],
    slider: str,
    caption: str,
    positive: int = 4,
    start: int = 0,
    scale: float = 1.0,
) -> Picture:
    """Loss of one triplet while the negative moves away from the query; the positive stays.

    Args:
        loss: takes u, float (3, 16), rows query, positive, negative; one value of the slider. Gives a scalar.
        values, slider, caption, start, scale: as in `pair_picture`.
        positive: Hamming distance of the positive from the query.
    """
    frames = []
    for value in values:
        near = _codes_at_distance()[positive]
        triplets = [torch.cat([near, codes[1:]]) for codes in _codes_at_distance()]
        y = [float(loss(scale * u, value)) for u in triplets]
        frames.append(Frame(str(value), (series("loss", range(N_BITS + 1), y),)))
    title = f"Loss of a triplet whose positive is {positive} bits from the query"
    x = f"Hamming distance of query and negative, of {N_BITS} bits"
    return Picture(title, caption, x, "loss", tuple(frames), slider, start)


def _codes_at_distance() -> list[Tensor]:
    """For each distance from 0 to 16: two codes that far apart, float (2, 16)."""
    pairs = []
    for distance in range(N_BITS + 1):
        other = torch.ones(N_BITS)
        other[:distance] = -1
        pairs.append(torch.stack([torch.ones(N_BITS), other]))
    return pairs


def _rounded(values: Sequence[float] | Tensor) -> tuple[float, ...]:
    return tuple(float(f"{float(value):.4g}") for value in values)
