"""Which stored queries to offer: a bit of everything, of one class, or at the ends of a score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from app.services import catalog

PER_STRIP = 24

Order = Literal["worst", "best", "tied"]


@dataclass(frozen=True)
class Strip:
    """Rows of the query split, and a word for each or none."""

    rows: tuple[int, ...]
    words: tuple[str, ...] = ()


@lru_cache(maxsize=64)
def samples(dataset: str, page: int) -> Strip:
    """Class by class in turn; the next page goes on where the last one ended and starts again at the end."""
    labels = catalog.open_dataset(dataset).labels("query")
    by_class = [rows for rows in (np.flatnonzero(column) for column in labels.T) if len(rows)]
    # An image of several classes counts with the first one that reaches it, one of none comes at the end.
    turns = max((len(rows) for rows in by_class), default=0)
    order = dict.fromkeys(int(rows[turn]) for turn in range(turns) for rows in by_class if turn < len(rows))
    order |= dict.fromkeys(np.flatnonzero(~labels.any(axis=1)).tolist())
    rows = list(order)
    start = page * PER_STRIP % len(rows)
    return Strip(tuple((rows + rows)[start : start + min(PER_STRIP, len(rows))]))


@lru_cache(maxsize=256)
def of_class(dataset: str, name: str, page: int) -> Strip:
    """Queries of a class or with a tag."""
    data = catalog.open_dataset(dataset)
    rows = np.flatnonzero(data.labels("query")[:, data.info.class_names.index(name)]).tolist()
    start = page * PER_STRIP % max(1, len(rows))
    return Strip(tuple((rows + rows)[start : start + min(PER_STRIP, len(rows))]))


@lru_cache(maxsize=256)
def by_score(dataset: str, method: str, n_bits: int, order: Order) -> Strip:
    """Queries with the worst or best expected AP, or the widest range of AP over orders of ties."""
    figures = catalog.open_run(dataset, method, n_bits).per_query
    expected, spread = figures["ap_expected"], figures["ap_optimistic"] - figures["ap_pessimistic"]
    ranked = {"worst": expected, "best": -expected, "tied": -spread}[order]
    rows = np.argsort(ranked, kind="stable")[:PER_STRIP]
    words = [f"{spread[row]:.2f}" if order == "tied" else f"{expected[row]:.2f}" for row in rows]
    return Strip(tuple(rows.tolist()), tuple(words))
