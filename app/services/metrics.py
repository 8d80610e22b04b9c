"""Figures of all stored runs of a data set: leaderboard, curves and per-class AP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from app.services import baselines, catalog, chance
from app.services.catalog import Input
from models.engine.comparable import same_protocol
from models.engine.config import Mode
from models.engine.store import RunStore, RunSummary, StoredRun
from models.types import Float64

# Scores that only data with several labels per image have: name shown, key of the result.
GRADED = (("NDCG", "ndcg_at_k"), ("ACG", "acg_at_k"))
GRADED_K = 100


@dataclass(frozen=True)
class Curves:
    """Curves of one run, means over queries.

    Attributes:
        recall, precision: float (n_points,), interpolated at evenly spaced recall.
        n, precision_at_n: the first n images, and the precision among them.
    """

    recall: Float64
    precision: Float64
    n: Float64
    precision_at_n: Float64


@dataclass(frozen=True)
class Entry:
    """One row of the leaderboard: the run that the pages show, and the spread over its other seeds.

    Of a run without codes these figures are all there is: no other page can show it.

    Attributes:
        method: name, as the catalog writes it (`dpsh`, `dpsh~finetune`).
        label: short name, shown in charts and tables, unlike for each name.
        title: full name.
        family: name of its family.
        n_bits: code length.
        map_expected, map_optimistic, map_pessimistic: mean AP, over tie orders.
        map_seeds: expected mAP of every seed that was run, this one included.
        precision: mean precision at k, by k.
        radius_precision: mean precision of the radius lookup, 0 where nothing is found; None for
            codebook codes.
        radius_empty: share of queries that find nothing.
        graded: scores for graded relevance, by name shown ("NDCG@100"); empty for single labels.
        fit_s: seconds of training, None when not recorded.
        backbone, mode, mode_text, seed: of this run.
        protocol: of the evaluation, as stored.
        curves: of this run.
        has_codes: False where the figures are all that is stored.
        learned_codes: database images whose code was learned in training rather than computed.
    """

    method: str
    label: str
    title: str
    family: str
    n_bits: int
    map_expected: float
    map_optimistic: float
    map_pessimistic: float
    map_seeds: tuple[float, ...]
    precision: Mapping[int, float]
    radius_precision: float | None
    radius_empty: float | None
    graded: Mapping[str, float]
    fit_s: float | None
    backbone: str
    mode: Mode
    mode_text: str
    seed: int
    protocol: Mapping[str, Any]
    curves: Curves = field(repr=False, compare=False)
    has_codes: bool = True
    learned_codes: int = 0

    @property
    def input(self) -> Input:
        """What the method was given."""
        return Input(self.backbone, self.mode)

    @property
    def spread(self) -> float:
        """Largest less smallest mAP over the seeds; 0 with one seed."""
        return max(self.map_seeds) - min(self.map_seeds)


@lru_cache(maxsize=8)
def leaderboard(dataset: str) -> tuple[Entry, ...]:
    """Every run of a data set that has figures, best expected mAP first; none where nothing can be scored.

    Each file is read once and only what a page draws is kept of it, so that hundreds of runs are no burden.

    Raises:
        ProtocolError: runs, or the baselines, were not all scored under one protocol.
    """
    if not catalog.has_labels(dataset):
        return ()
    entries = [
        _entry(dataset, name, catalog.seeds(dataset, name, n_bits))
        for name in catalog.scored(dataset)
        for n_bits in catalog.scored_lengths(dataset, name)
    ]
    scored = {f"{e.label} at {e.n_bits} bits": e.protocol for e in entries}
    if measured := baselines.baselines(dataset).get("protocol"):
        scored["the baselines"] = measured
    same_protocol(scored)
    return tuple(sorted(entries, key=lambda e: (-e.map_expected, e.n_bits, e.method)))


def _opened(run: RunSummary) -> StoredRun:
    return RunStore().open(run.dataset, run.method, run.n_bits, run.seed, run.backbone, run.mode)


def _entry(dataset: str, method: str, runs: Sequence[RunSummary]) -> Entry:
    """The row of a run, the first of `runs`, whose others are its further seeds."""
    opened, n_bits = [_opened(run) for run in runs], runs[0].n_bits
    label, card, run = catalog.method_label(method), catalog.method_card(method), opened[0]
    same_protocol({f"{label}, {n_bits} bits, seed {r.config.seed}": r.result["protocol"] for r in opened})
    metrics = run.result["metrics"]
    radius = metrics.get("radius", {}).get(str(run.result["protocol"].get("radius")))
    graded = {
        f"{shown}@{GRADED_K}": float(metrics[key][str(GRADED_K)])
        for shown, key in GRADED
        if str(GRADED_K) in metrics.get(key, {})
    }
    if "wap" in metrics:
        graded["WAP"] = float(metrics["wap"])
    fit_s = run.result.get("seconds", {}).get("fit")
    return Entry(
        method=method,
        label=label,
        title=str(card["title"]),
        family=str(card.get("family", "")),
        n_bits=n_bits,
        map_expected=float(metrics["map"]["expected"]),
        map_optimistic=float(metrics["map"]["optimistic"]),
        map_pessimistic=float(metrics["map"]["pessimistic"]),
        map_seeds=tuple(float(r.result["metrics"]["map"]["expected"]) for r in opened),
        precision={int(k): float(v) for k, v in metrics["precision_at_k"].items()},
        radius_precision=None if radius is None else float(radius["precision"]),
        radius_empty=None if radius is None else radius["empty_queries"] / metrics["n_query"],
        graded=graded,
        fit_s=None if fit_s is None else float(fit_s),
        backbone=run.config.backbone,
        mode=run.config.mode,
        mode_text=run.config.mode_text,
        seed=run.config.seed,
        protocol=run.result["protocol"],
        curves=_curves(run.result["curves"]),
        has_codes=runs[0].has_codes,
        learned_codes=int(run.result.get("learned_codes", 0)),
    )


def _curves(stored: Mapping[str, Any]) -> Curves:
    """Curves as stored, read-only."""
    parts = [
        np.asarray(values, dtype=np.float64)
        for values in (
            stored["pr"]["recall"],
            stored["pr"]["precision"],
            stored["pn"]["k"],
            stored["pn"]["precision"],
        )
    ]
    for part in parts:
        part.setflags(write=False)
    return Curves(*parts)


@dataclass(frozen=True)
class ClassScores:
    """Mean expected AP over the queries of each class; a query with several labels counts in each of them.

    Attributes:
        names: class names.
        ap: float64 (n_classes,), NaN for classes without queries.
        chance: float64 (n_classes,), the same for random codes.
        n_queries: int64 (n_classes,).
    """

    names: tuple[str, ...]
    ap: Float64
    chance: Float64
    n_queries: tuple[int, ...]


@lru_cache(maxsize=64)
def class_scores(dataset: str, method: str, n_bits: int) -> ClassScores:
    """AP by class of the query, for one run."""
    opened = catalog.open_dataset(dataset)
    labels = opened.labels("query").astype(np.float64)
    counts = labels.sum(axis=0)
    ap = catalog.open_run(dataset, method, n_bits).per_query["ap_expected"]
    random = chance.average_precision(chance.n_relevant(dataset), opened.info.n_database)
    with np.errstate(invalid="ignore"):  # a class without queries becomes NaN
        means = (labels.T @ np.stack([ap, random], axis=1)) / counts[:, None]
    return ClassScores(opened.info.class_names, means[:, 0], means[:, 1], tuple(int(c) for c in counts))


def lengths(dataset: str) -> tuple[int, ...]:
    """Code lengths of which a data set has figures, ascending."""
    return tuple(sorted({entry.n_bits for entry in leaderboard(dataset)}))


def inputs(dataset: str) -> tuple[Input, ...]:
    """What the methods of a data set were given, the main input first."""
    main = catalog.main_input(dataset)
    found = {entry.input for entry in leaderboard(dataset)}
    return tuple(sorted(found, key=lambda i: (i != main, i.mode == "head", i)))


def common_protocol(entries: Sequence[Entry]) -> dict[str, Any]:
    """What all entries share; a field in which they differ is None.

    `inputs`: what they were given, in words; `learned`: methods with learned codes.
    """
    seen: dict[str, set[Any]] = {}
    for entry in entries:
        fields = {
            **entry.protocol,
            "backbone": entry.backbone,
            "mode": entry.mode_text,
            "seed": entry.seed,
        }
        for name, value in fields.items():
            seen.setdefault(name, set()).add("all" if name == "k" and value is None else value)
    shared = {name: values.pop() if len(values) == 1 else None for name, values in seen.items()}
    return shared | {
        "inputs": tuple(given.label for given in sorted({e.input for e in entries})),
        "learned": {e.label: e.learned_codes for e in entries if e.learned_codes},
    }
