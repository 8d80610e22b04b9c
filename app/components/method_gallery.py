"""All methods as small cards, by family; a click opens the card of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app import state
from app.components.frontend import component
from app.services.methods import SUPERVISION, Listed

_gallery = component(
    "method_gallery",
    html="<div class='root' style='min-height: 480px'></div>",
    scripts=("shared.js", "method_gallery.js"),
)


def method_gallery(
    sections: Sequence[tuple[str, str, Sequence[Listed]]], *, chosen: str, n_bits: int
) -> None:
    """Draw the cards.

    Args:
        sections: heading, a word beside it, and the methods below it.
        chosen: the method of the bar.
        n_bits: the length whose mAP is shown; a card of another length says so.
    """

    def opened() -> None:
        state.open_card(str(state.triggered("method_gallery", "open") or "") or None)

    data = {
        "sections": [
            {"title": title, "note": note, "cards": [_card(m, n_bits) for m in methods]}
            for title, note, methods in sections
        ],
        "chosen": chosen,
    }
    _gallery(key="method_gallery", data=data, on_open_change=opened)


def _card(method: Listed, n_bits: int) -> dict[str, Any]:
    entry = method.entry
    return {
        "name": method.name,
        "label": method.label,
        "year": method.year,
        "loss": method.loss,
        "use": method.use,
        "learns": SUPERVISION.get(method.supervision, method.supervision),
        "multi": method.multi,
        "reconstructed": method.reconstructed,
        "map": None if entry is None else round(entry.map_expected, 4),
        "bits": None if entry is None or entry.n_bits == n_bits else entry.n_bits,
        "whyNot": method.why_not,
    }
