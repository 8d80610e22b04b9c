"""The ranked results as one component: a click or Enter on a card makes that image the query."""

from __future__ import annotations

from typing import Any

from app import state
from app.components.frontend import component

_gallery = component("gallery", scripts=("shared.js", "gallery.js"), styles=("strips.css", "gallery.css"))


def gallery(data: dict[str, Any]) -> None:
    """Draw the results; `data` is from `app.services.cards.results`."""

    def picked() -> None:
        ref = state.QueryRef.parse(state.triggered("gallery", "pick") or "")
        if ref is not None:
            state.pick(ref)

    _gallery(key="gallery", data=data, on_pick_change=picked)
