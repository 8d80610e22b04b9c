"""Books x words as a grid of cells, shaded by a number each; a cell may be chosen by click or keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from app import state
from app.components.frontend import component

Mark = Literal["query", "image", "both"]

_grid = component(
    "word_grid",
    html="<div class='root' style='min-height: 120px'></div>",
    scripts=("shared.js", "word_grid.js"),
)


def message(
    values: npt.NDArray[Any],
    levels: npt.NDArray[np.float64],
    order: npt.NDArray[np.int64] | None,
    *,
    label: str,
    legend: tuple[str, str],
    unit: str,
    marks: Sequence[tuple[int, int, Mark]] = (),
    chosen: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """What the component is given.

    Args:
        values: (n_books, n_words), what is told of a word, by its number.
        levels: float (n_books, n_words) in 0 to 1, how strongly its cell is shaded; NaN stays blank.
        order: int (n_books, n_words), words of each book from left to right; None: by number.
        label: what the grid shows, for those who do not see it.
        legend: what blank or pale, and what full colour mean.
        unit: what follows a value.
        marks: book, word and kind of cells that are ringed.
        chosen: book and word; a grid without one cannot be picked from.
    """
    n_books, n_words = values.shape
    placed = np.tile(np.arange(n_words), (n_books, 1)) if order is None else order
    shown = np.take_along_axis(values, placed, axis=1)
    # 0 is blank, 1 to 16 are steps of colour.
    steps = np.take_along_axis(np.nan_to_num(np.floor(levels * 15.999) + 1, nan=0), placed, axis=1)
    exact = np.issubdtype(shown.dtype, np.integer)
    return {
        "nBooks": n_books,
        "nWords": n_words,
        "order": placed.astype(np.uint8).tobytes().hex(),
        "steps": steps.astype(np.uint8).tobytes().hex(),
        "values": shown.reshape(-1).tolist() if exact else [float(f"{v:.4g}") for v in shown.reshape(-1)],
        "unit": unit,
        "label": label,
        "legend": list(legend),
        "marks": [list(mark) for mark in marks],
        "chosen": None if chosen is None else list(chosen),
    }


def word_grid(key: str, data: dict[str, Any], on_pick: Callable[[int, int], None] | None = None) -> None:
    """Draw a grid; `on_pick` is told book and word of a picked cell, in a callback.

    What comes from the browser may be wrong: a cell that the grid does not have is passed over.
    """

    def picked() -> None:
        text = str(state.triggered(key, "pick") or "").split(",")
        if on_pick is None or len(text) != 2 or not all(part.isascii() and part.isdigit() for part in text):
            return
        book, word = map(int, text)
        if book < data["nBooks"] and word < data["nWords"]:
            on_pick(book, word)

    _grid(key=key, data=data, on_pick_change=picked)
