"""The map of codes as one canvas: dots are fetched once, a change of query travels as ids."""

from __future__ import annotations

from typing import Any

from app import state
from app.components.frontend import component

HEIGHT = 620

_canvas = component(
    "map_canvas",
    # Keeps the room of the drawing until its script is there.
    html=f"<div class='root' style='min-height: max(320px, min({HEIGHT}px, 78vh, 90vw))'></div>",
    scripts=(
        "shared.js",
        "map_canvas_geometry.js",
        "map_canvas_colours.js",
        "map_canvas_paint.js",
        "map_canvas_panel.js",
        "map_canvas_legend.js",
        "map_canvas_input.js",
        "map_canvas.js",
    ),
)


def map_canvas(data: dict[str, Any], label: str) -> None:
    """Draw the map; a click or Enter on a dot makes its image the query.

    Args:
        data: from `app.services.maps.message`.
        label: what the map shows, for those who do not see it.
    """

    def picked() -> None:
        ref = state.QueryRef.parse(state.triggered("map_canvas", "pick") or "")
        if ref is not None:
            state.pick(ref)

    _canvas(key="map_canvas", data={**data, "height": HEIGHT, "label": label}, on_pick_change=picked)
