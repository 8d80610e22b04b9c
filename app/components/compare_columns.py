"""The same query under several rankings, side by side, each image marked with how it moved."""

from __future__ import annotations

from typing import Any

from app import state
from app.components.frontend import component

_columns = component(
    "compare_columns",
    html="<div class='root' style='min-height: 560px'></div>",  # the room of two dozen images
    scripts=("shared.js", "compare_columns.js"),
)


def compare_columns(data: dict[str, Any]) -> None:
    """Draw the columns; `data` is from `app.services.compare_cards.columns`."""

    def picked() -> None:
        ref = state.QueryRef.parse(state.triggered("compare_columns", "pick") or "")
        if ref is not None:
            state.pick(ref)

    _columns(key="compare_columns", data=data, on_pick_change=picked)
