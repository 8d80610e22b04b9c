"""Figures of all stored runs of a data set: leaderboard, curves, per-class AP, and their CSV files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from app.services import catalog, chance
from models.data.base import sample_data_root
from models.engine.store import RunStore
from models.types import Float64

# Scores that only data with several labels per image have: name shown, key of the result.
GRADED = (("NDCG", "ndcg_at_k"), ("ACG", "acg_at_k"))
GRADED_K = 100


@dataclass(frozen=True)
class Entry:
    """One row of the leaderboard: the run that the pages show, and the spread over its other seeds.

    Attributes:
        method: name in the registry.
        label: short name, shown in charts and tables.
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
        backbone, mode, seed: of this run.
        protocol: of the evaluation, as stored.
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
    mode: str
    seed: int
    protocol: Mapping[str, Any]

    @property
    def spread(self) -> float:
        """Largest less smallest mAP over the seeds; 0 with one seed."""
        return max(self.map_seeds) - min(self.map_seeds)


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


@lru_cache(maxsize=8)
def leaderboard(dataset: str) -> tuple[Entry, ...]:
    """Every stored run of a data set, best expected mAP first."""
    store = RunStore()
    seeds: dict[tuple[str, int], list[float]] = {}
    for run in store.runs(dataset):
        score = store.open(dataset, run.method, run.n_bits, run.seed).result["metrics"]["map"]["expected"]
        seeds.setdefault((run.method, run.n_bits), []).append(float(score))
    entries = [
        _entry(dataset, method, n_bits, tuple(seeds[method, n_bits]))
        for method in catalog.methods(dataset)
        for n_bits in catalog.lengths(dataset, method)
    ]
    return tuple(sorted(entries, key=lambda e: (-e.map_expected, e.n_bits, e.method)))


def _entry(dataset: str, method: str, n_bits: int, map_seeds: tuple[float, ...]) -> Entry:
    run = catalog.open_run(dataset, method, n_bits)
    metrics, card = run.result["metrics"], catalog.method_card(method)
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
        label=catalog.method_label(method),
        title=str(card["title"]),
        family=str(card.get("family", "")),
        n_bits=n_bits,
        map_expected=float(metrics["map"]["expected"]),
        map_optimistic=float(metrics["map"]["optimistic"]),
        map_pessimistic=float(metrics["map"]["pessimistic"]),
        map_seeds=map_seeds,
        precision={int(k): float(v) for k, v in metrics["precision_at_k"].items()},
        radius_precision=None if radius is None else float(radius["precision"]),
        radius_empty=None if radius is None else radius["empty_queries"] / metrics["n_query"],
        graded=graded,
        fit_s=None if fit_s is None else float(fit_s),
        backbone=run.config.backbone,
        mode=run.config.mode,
        seed=run.config.seed,
        protocol=run.result["protocol"],
    )


@lru_cache(maxsize=256)
def curves(dataset: str, method: str, n_bits: int) -> Curves:
    """Curves of one run, as stored; read-only."""
    stored = catalog.open_run(dataset, method, n_bits).result["curves"]
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


@lru_cache(maxsize=8)
def baselines(dataset: str) -> dict[str, Any]:
    """Measured reference rankings: random codes and LSH on pixels by length, float rankings by backbone."""
    path = sample_data_root() / dataset / "baselines.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def random_code_map(dataset: str, n_bits: int) -> float:
    """mAP of random codes: as measured by the zoo, else its expectation."""
    measured = baselines(dataset).get("random_codes", {}).get(str(n_bits))
    if measured is not None:
        return float(measured["map_expected"])
    n_database = catalog.open_dataset(dataset).info.n_database
    return float(chance.average_precision(chance.n_relevant(dataset), n_database).mean())


def float_ranking_map(dataset: str, backbone: str) -> float | None:
    """mAP of ranking by the backbone's features without any code; None when it was not measured."""
    measured = baselines(dataset).get("float_ranking", {}).get(backbone)
    return None if measured is None else float(measured["map_expected"])


@dataclass(frozen=True)
class Reference:
    """A ranking without a trained code, to compare with; `n_bits` is None for the float ranking."""

    name: str
    n_bits: int | None
    map_expected: float


@lru_cache(maxsize=8)
def references(dataset: str) -> tuple[Reference, ...]:
    """Baselines as the zoo measured them, best first."""
    measured = baselines(dataset)
    found = [
        Reference(f"float ranking, {backbone}", None, float(scores["map_expected"]))
        for backbone, scores in measured.get("float_ranking", {}).items()
    ]
    for key, name in (("lsh_pixels", "LSH on pixels"), ("random_codes", "random codes")):
        found += [
            Reference(name, int(n_bits), float(scores["map_expected"]))
            for n_bits, scores in measured.get(key, {}).items()
        ]
    return tuple(sorted(found, key=lambda r: (-r.map_expected, r.name, r.n_bits or 0)))


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


def common_protocol(entries: Sequence[Entry]) -> dict[str, Any]:
    """What all entries share; a field in which they differ is None."""
    seen: dict[str, set[Any]] = {}
    for entry in entries:
        fields = {
            **entry.protocol,
            "backbone": entry.backbone,
            "mode": entry.mode,
            "seed": entry.seed,
        }
        for name, value in fields.items():
            seen.setdefault(name, set()).add("all" if name == "k" and value is None else value)
    return {name: values.pop() if len(values) == 1 else None for name, values in seen.items()}


_PROTOCOL_FIELDS = (
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
            *(dataset, e.method, e.title, e.family, e.n_bits),
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


def curves_csv(dataset: str, n_bits: int) -> str:
    """Curves of every run of one length, one point a row."""
    rows = []
    for entry in leaderboard(dataset):
        if entry.n_bits != n_bits:
            continue
        drawn = curves(dataset, entry.method, n_bits)
        for curve, xs, ys in (
            ("precision_recall", drawn.recall, drawn.precision),
            ("precision_at_n", drawn.n, drawn.precision_at_n),
        ):
            rows += [
                [dataset, entry.method, n_bits, curve, x, y]
                for x, y in zip(xs.tolist(), ys.tolist(), strict=True)
            ]
    return _csv(["dataset", "method", "n_bits", "curve", "x", "y"], rows)


def _csv(header: Sequence[str], rows: Any) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
