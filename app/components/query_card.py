"""The query: its image, names and code, how well it is answered, and the trail of earlier queries."""

from __future__ import annotations

from typing import Any

from app import state
from app.components.frontend import component
from app.services import catalog, images, search

_card = component(
    "query_card", scripts=("shared.js", "query_card.js"), styles=("strips.css", "query_card.css")
)


def query_card(data: dict[str, Any], answer: search.Answer, notes: list[str]) -> None:
    """Draw the query.

    Args:
        data: from `app.services.cards`.
        answer: its ranking; the scores are shown when there are any.
        notes: sentences about the image, such as what an upload went through.
    """

    def went_back() -> None:
        steps = state.triggered("query_card", "back")
        if isinstance(steps, int | float) and steps >= 1:
            state.back(int(steps))

    _card(
        key="query_card",
        data={**data, "figures": figures(answer), "notes": notes, "trail": _trail()},
        on_back_change=went_back,
    )


def figures(answer: search.Answer) -> list[tuple[str, str, str]]:
    """Rows of name, value and what goes with it."""
    scores = answer.scores
    if scores is None:
        return []
    rows = [
        ("AP", f"{scores.ap_expected:.3f}", _over_ties(scores)),
        *((f"P@{k}", f"{value:.2f}", "") for k, value in scores.precision_at.items() if k > 1),
    ]
    if scores.radius_precision is not None:
        found = f"{scores.radius_n:,} image{'s' if scores.radius_n != 1 else ''} within {search.RADIUS} bits"
        rows.append((f"Radius {search.RADIUS}", f"{scores.radius_precision:.2f}", f"precision; {found}"))
    return rows


def _over_ties(scores: search.Scores) -> str:
    worst, best = f"{scores.ap_pessimistic:.3f}", f"{scores.ap_optimistic:.3f}"
    return "whatever the order of ties" if worst == best else f"{worst} to {best} over ties"


def _trail() -> list[dict[str, Any]]:
    dataset = state.current().dataset
    steps = []
    for ref in state.trail():
        if ref.split == "upload":
            steps.append({"label": "your image", "alt": "uploaded image", "src": None})
        else:
            src = images.thumb_url(dataset, ref.split, ref.row)
            steps.append(
                {"label": str(ref), "alt": catalog.describe(dataset, ref.split, ref.row), "src": src}
            )
    return steps
