"""What the columns of the Compare page are given: ids, short texts and marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.services import cards, catalog, images
from app.services.compare import Change, Mark, Ranked, Scores, change, scores

_SYMBOLS = {"new": "new", "up": "▲", "down": "▼", "same": "= same", "tied": "≈ tied"}


def columns(dataset: str, ranked: Sequence[Ranked], n: int) -> dict[str, Any]:
    """The first n images of each ranking; marks tell how they stand to the first ranking."""
    data = catalog.open_dataset(dataset)
    return {
        "thumb": images.thumb_url(dataset, "database", "{row}"),
        "pixelated": cards.pixelated(dataset),
        "names": list(data.info.class_names),
        "columns": [
            _column(dataset, letter, side, ranked[0], n) for letter, side in zip("ABC", ranked, strict=False)
        ],
    }


def _column(dataset: str, letter: str, side: Ranked, base: Ranked, n: int) -> dict[str, Any]:
    compared = None if side is base else change(base, side, n)
    shown = side.order[:n].tolist()
    return {
        "letter": letter,
        "title": side.side.label,
        "figures": _figures(scores(side, n), n),
        "summary": " · ".join(
            filter(None, ["" if compared is None else _summary(side, base, compared, n), _cut(side, n)])
        ),
        "cards": [
            {
                "row": row,
                "tags": _tags(dataset, row),
                "d": _distance(side, place),
                "right": None if side.relevant is None else bool(side.relevant[place]),
                **({} if compared is None else _mark(compared.marks[place], base, row)),
            }
            for place, row in enumerate(shown)
        ],
        "lost": [] if compared is None else [_lost(dataset, row, side, base) for row in compared.lost],
    }


def _lost(dataset: str, row: int, side: Ranked, base: Ranked) -> dict[str, Any]:
    place = int(np.flatnonzero(base.order == row)[0])
    return {
        "row": row,
        "tags": _tags(dataset, row),
        "d": "",
        "right": None if base.relevant is None else bool(base.relevant[place]),
        "kind": "lost",
        "mark": f"now {side.ranks(row)}",
        "said": f"lost: rank {base.ranks(row)} in A, {side.ranks(row)} here",
    }


def _mark(mark: Mark, base: Ranked, row: int) -> dict[str, str]:
    there = f"rank {base.ranks(row)} in A" if base.first[row] else "not ranked in A"
    said = {
        "new": f"new: {there}",
        "up": f"up {mark.steps}: {there}",
        "down": f"down {mark.steps}: {there}",
        "same": f"same rank: {there}",
        "tied": f"no move beyond ties: {there}",
    }[mark.kind]
    text = _SYMBOLS[mark.kind] + (f" {mark.steps:,}" if mark.kind in ("up", "down") else "")
    return {"kind": mark.kind, "mark": text, "said": said}


def _figures(figures: Scores | None, n: int) -> list[list[str]]:
    if figures is None:
        return []
    span = f"{figures.ap_pessimistic:.3f} to {figures.ap_optimistic:.3f}"
    exact = figures.ap_optimistic - figures.ap_pessimistic < 5e-4
    return [
        [
            "AP",
            f"{figures.ap_expected:.3f}",
            "no ties that matter" if exact else f"{span} over orders of ties",
        ],
        [f"P@{n}", f"{figures.precision:.2f}", ""],
    ]


def _summary(side: Ranked, base: Ranked, compared: Change, n: int) -> str:
    kinds = [mark.kind for mark in compared.marks]
    new = [place for place, kind in enumerate(kinds) if kind == "new"]
    parts = [f"{len(new)} new", f"{len(compared.lost)} lost"]
    if side.relevant is not None and base.relevant is not None:
        lost = np.isin(base.order[:n], compared.lost)
        right = (int(side.relevant[new].sum()), int(base.relevant[:n][lost].sum()))
        counts = (len(new), len(compared.lost))
        parts = [
            part + (f", {good} right" if count else "")
            for part, count, good in zip(parts, counts, right, strict=True)
        ]
    words = (("up", "up"), ("down", "down"), ("same", "same rank"), ("tied", "tied"))
    return " · ".join([*parts, *(f"{kinds.count(k)} {w}" for k, w in words if k in kinds)])


def _cut(side: Ranked, n: int) -> str:
    """Says when the last shown image ties with some that are not shown: another order would show others."""
    n_ranked = len(side.order)
    edge = int(side.order[min(n, n_ranked) - 1])
    tied = int(side.last[edge] - side.first[edge]) + 1
    return f"cut inside a tie of {tied:,}" if side.last[edge] > n else ""


def _distance(side: Ranked, place: int) -> str:
    value = side.distances[place]
    if np.issubdtype(side.distances.dtype, np.integer):
        return str(int(value))
    # Three digits, as in the gallery of the Search page; inner products are negative.
    text = f"{value:#.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return text.rstrip(".").replace("-", "−")


def _tags(dataset: str, row: int) -> list[int]:
    return np.flatnonzero(catalog.open_dataset(dataset).labels("database")[row]).tolist()
