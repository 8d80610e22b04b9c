"""The figures of the Metrics page as CSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from app.services import catalog
from app.services.metrics import leaderboard

_PROTOCOL_FIELDS = (
    "name",
    "k",
    "normalize_by",
    "tie_rule",
    "n_query",
    "n_database",
    "n_train",
    "train_in_database",
    "relevance",
    "radius",
)


@lru_cache(maxsize=8)
def leaderboard_csv(dataset: str) -> str:
    """The leaderboard with its protocol in every row, so that a number never travels without it."""
    entries = leaderboard(dataset)
    ks = sorted({k for e in entries for k in e.precision})
    graded = sorted({name for e in entries for name in e.graded})
    header = [
        *(
            "dataset",
            "method",
            "title",
            "family",
            "n_bits",
            "map_expected",
            "map_optimistic",
            "map_pessimistic",
        ),
        *("n_seeds", "map_spread"),
        *(f"precision_at_{k}" for k in ks),
        *("radius_precision", "radius_empty_share"),
        *graded,
        *("fit_s", "backbone", "mode", "seed", "source"),
        *(f"protocol_{name}" for name in _PROTOCOL_FIELDS),
    ]
    rows = (
        [
            *(dataset, catalog.method_of(e.method), e.title, e.family, e.n_bits),
            *(e.map_expected, e.map_optimistic, e.map_pessimistic, len(e.map_seeds), e.spread),
            *(e.precision.get(k) for k in ks),
            *(e.radius_precision, e.radius_empty),
            *(e.graded.get(name) for name in graded),
            *(e.fit_s, e.backbone, e.mode, e.seed, "our run"),
            *(
                "all" if name == "k" and e.protocol.get(name) is None else e.protocol.get(name)
                for name in _PROTOCOL_FIELDS
            ),
        ]
        for e in entries
    )
    return _csv(header, rows)


@lru_cache(maxsize=16)
def curves_csv(dataset: str, n_bits: int) -> str:
    """Curves of every run of one length, one point a row."""
    rows = []
    for entry in leaderboard(dataset):
        if entry.n_bits != n_bits:
            continue
        drawn, method = entry.curves, catalog.method_of(entry.method)
        for curve, xs, ys in (
            ("precision_recall", drawn.recall, drawn.precision),
            ("precision_at_n", drawn.n, drawn.precision_at_n),
        ):
            rows += [
                [dataset, method, n_bits, entry.backbone, entry.mode, curve, x, y]
                for x, y in zip(xs.tolist(), ys.tolist(), strict=True)
            ]
    return _csv(["dataset", "method", "n_bits", "backbone", "mode", "curve", "x", "y"], rows)


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
