"""One query's answer: the ranked images in tie groups, and how good the ranking is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from app.services import catalog, ties
from app.services.upload import EncodedUpload
from models.codes.asymmetric import asymmetric_distances
from models.codes.hamming import hamming_distances
from models.metrics import average_precision, histogram_of_distances, precision_at_k, radius_lookup
from models.types import BinaryCodes, Bool, Codes, Float64, Int64, Queries, Split

RADIUS = 2  # of the lookup whose precision is reported, in bits
KS = (1, 10, 50, 100)

Distances = npt.NDArray[Any]


@dataclass(frozen=True)
class Asked:
    """The image that asks, under one run.

    Attributes:
        dataset, method, n_bits: the run.
        split, row: which stored image; None for an upload.
        codes: of the whole database.
        queries: what the database is compared with, one row.
        code: stored bytes of the query's code: packed bits, or one word per book.
        tags: its classes, bool (n_classes,); None when nobody knows them.
        seen: an upload as the network saw it, a data address; None for a stored image.
    """

    dataset: str
    method: str
    n_bits: int
    split: Split | None
    row: int
    codes: Codes
    queries: Queries
    code: bytes
    tags: Bool | None
    seen: str | None = None

    @property
    def has_bits(self) -> bool:
        """True when codes are bits; False when they name words of codebooks."""
        return isinstance(self.codes, BinaryCodes)


@dataclass(frozen=True)
class Ranking:
    """All database rows by distance, ties by lot; without the query itself when it is one (`excluded`)."""

    order: Int64
    distances: Distances
    excluded: bool


@dataclass(frozen=True)
class Group:
    """Images at the same distance, the whole group, whether or not all of it is shown."""

    distance: float
    n_total: int
    n_relevant: int | None
    n_shown: int


@dataclass(frozen=True)
class Scores:
    """Figures of one query over the whole ranking; AP is divided by the number of all relevant images."""

    ap_expected: float
    ap_pessimistic: float
    ap_optimistic: float
    precision_at: dict[int, float]
    radius_precision: float | None
    radius_n: int | None
    n_relevant: int


@dataclass(frozen=True)
class Answer:
    """A ranking, nearest first.

    Attributes:
        rows: int64 (n_shown,), database rows that are shown.
        distances: (n_shown,), Hamming distance in bits, or a real distance for codebook codes.
        relevant: bool (n_shown,), shares a class or tag with the query; None when the query has none known.
        groups: tie groups that the shown images begin or fill.
        scores: None when nothing is known of relevance.
        levels: float64 (n_levels,), every distance that occurs in the whole ranking.
        n_total, n_relevant: int64 (n_levels,), images and relevant images at each.
        n_ranked: length of the whole ranking.
        excluded: the query itself is a database image and was left out.
    """

    rows: Int64
    distances: Distances
    relevant: Bool | None
    groups: tuple[Group, ...]
    scores: Scores | None
    levels: Float64
    n_total: Int64
    n_relevant: Int64
    n_ranked: int
    excluded: bool


def code_bytes(codes: Codes, rows: Int64 | list[int]) -> npt.NDArray[np.uint8]:
    """Stored bytes of codes: packed bits, or one word index per book; uint8 (n, width)."""
    picked = codes[rows]
    return picked.packed if isinstance(picked, BinaryCodes) else picked.indices


def ask(dataset: str, method: str, n_bits: int, split: Split, row: int) -> Asked:
    """Let a stored image ask."""
    run = catalog.open_run(dataset, method, n_bits)
    codes = run.codes("database")
    queries: Queries
    if split == "database" and not isinstance(codes, BinaryCodes):
        queries = codes[[row]].decode()  # one image of the database, not all of it for each click
    else:
        queries = run.queries(split)[[row]]
    return Asked(
        dataset,
        method,
        n_bits,
        split,
        row,
        codes,
        queries,
        code_bytes(run.codes(split), [row]).tobytes(),
        catalog.open_dataset(dataset).labels(split)[row] if catalog.has_labels(dataset) else None,
    )


def ask_with_upload(dataset: str, method: str, n_bits: int, upload: EncodedUpload) -> Asked:
    """Let an uploaded image ask; nothing is known about what is relevant to it."""
    codes = catalog.open_run(dataset, method, n_bits).codes("database")
    return Asked(dataset, method, n_bits, None, 0, codes, upload.queries, upload.code, None, upload.seen)


@lru_cache(maxsize=256)
def ranking(dataset: str, method: str, n_bits: int, split: Split, row: int) -> Ranking:
    """All database rows by distance to a stored image; a database image is left out of its own ranking."""
    return _rank(ask(dataset, method, n_bits, split, row))


def ranking_for(asked: Asked) -> Ranking:
    """All database rows by distance to any query; nothing of an upload is kept."""
    if asked.split is None:
        return _rank(asked)
    return ranking(asked.dataset, asked.method, asked.n_bits, asked.split, asked.row)


def answer(asked: Asked, n: int, radius: int | None = None, places: Int64 | None = None) -> Answer:
    """Rank the database.

    Args:
        asked: the query.
        n: number of images to show.
        radius: show only what lies within this Hamming distance; codes without bits ignore it.
        places: show these instead, int64, places in the ranking from 0, ascending: what an index found.
    """
    ranked = ranking_for(asked)
    relevant: Bool | None = None
    if asked.tags is not None:
        labels = catalog.open_dataset(asked.dataset).labels("database")
        relevant = np.any(labels[ranked.order] & asked.tags, axis=1)
    if places is None:
        if radius is not None and asked.has_bits:
            n = min(n, int(np.searchsorted(ranked.distances, radius, side="right")))
        places = np.arange(min(n, len(ranked.order)))
    return _answer(asked, ranked, relevant, places)


def protocol(asked: Asked, answer: Answer) -> dict[str, Any]:
    """How the scores of this one ranking were made, in the fields of a run's protocol."""
    run = catalog.open_run(asked.dataset, asked.method, asked.n_bits)
    config, learned = run.config, int(run.result.get("learned_codes", 0))
    return {
        **run.result["protocol"],
        "k": "all",
        "normalize_by": "relevant",
        "tie_rule": "expected",
        "n_query": 1,
        "n_database": answer.n_ranked,
        "backbone": config.backbone,
        "mode": config.mode_text,
        "seed": config.seed,
        "learned": {catalog.method_label(asked.method): learned} if learned else {},
    }


def _rank(asked: Asked) -> Ranking:
    if isinstance(asked.codes, BinaryCodes):
        assert isinstance(asked.queries, BinaryCodes), "query and database come from one run"
        distances: Distances = hamming_distances(asked.queries, asked.codes)[0]
    else:
        assert isinstance(asked.queries, np.ndarray), "query and database come from one run"
        distances = asymmetric_distances(asked.queries, asked.codes)[0]
    order = ties.nearest_first(distances)
    excluded = asked.split == "database"
    if excluded:
        order = order[order != asked.row]
    distances = distances[order]
    for array in (order, distances):
        array.setflags(write=False)
    return Ranking(order, distances, excluded)


def _answer(asked: Asked, ranked: Ranking, relevant: Bool | None, places: Int64) -> Answer:
    distances, n_ranked = ranked.distances, len(ranked.order)
    starts = np.flatnonzero(np.r_[True, distances[1:] != distances[:-1]])
    n_total = np.diff(np.r_[starts, n_ranked])
    counted = np.zeros(n_ranked, dtype=bool) if relevant is None else relevant
    n_relevant = np.add.reduceat(counted, starts, dtype=np.int64)
    n_shown = np.bincount(np.searchsorted(starts, places, side="right") - 1, minlength=len(starts))
    groups = tuple(
        Group(
            float(distances[starts[level]]),
            int(n_total[level]),
            None if relevant is None else int(n_relevant[level]),
            int(n_shown[level]),
        )
        for level in np.flatnonzero(n_shown)
    )
    return Answer(
        rows=ranked.order[places],
        distances=distances[places],
        relevant=None if relevant is None else relevant[places],
        groups=groups,
        scores=None if relevant is None else _scores(distances, relevant, has_bits=asked.has_bits),
        levels=distances[starts].astype(np.float64),
        n_total=n_total,
        n_relevant=n_relevant,
        n_ranked=n_ranked,
        excluded=ranked.excluded,
    )


def _scores(distances: Distances, relevant: Bool, *, has_bits: bool) -> Scores:
    histogram = histogram_of_distances(distances[None], relevant[None])
    ks = [k for k in KS if k <= len(relevant)]
    precision = precision_at_k(histogram, ks)[0]
    within = int(np.searchsorted(distances, RADIUS, side="right"))
    return Scores(
        ap_expected=float(average_precision(histogram, tie_rule="expected")[0]),
        ap_pessimistic=float(average_precision(histogram, tie_rule="pessimistic")[0]),
        ap_optimistic=float(average_precision(histogram, tie_rule="optimistic")[0]),
        precision_at={k: float(p) for k, p in zip(ks, precision, strict=True)},
        radius_precision=float(radius_lookup(histogram, RADIUS).precision[0]) if has_bits else None,
        radius_n=within if has_bits else None,
        n_relevant=int(relevant.sum()),
    )
