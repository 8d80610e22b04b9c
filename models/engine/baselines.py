"""What a method has to beat, and what it could reach: random codes, codes of raw pixels, no codes at all."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.codes.packing import pack
from models.data.base import Dataset
from models.engine.features import Features
from models.engine.results import DECIMALS, curves, protocol, rounded, score
from models.engine.run_files import RunCodes
from models.metrics import (
    DEFAULT_KS,
    affinities,
    average_precision,
    histogram_of_distances,
    precision_at_k,
    precision_recall_curve,
    recall_at_k,
)
from models.types import Bool, Float32, Float64, Split

PIXEL_SIDE = 32  # LSH on pixels sees images of this side; more pixels change nothing but the time
SEED = 0


def baselines(
    dataset: Dataset, features: Features, backbone_name: str, n_bits: tuple[int, ...]
) -> dict[str, Any]:
    """The content of `baselines.json`.

    Returns:
        `protocol`; `random_codes` and `lsh_pixels`, each by code length; `float_ranking` by backbone:
        ranking by the cosine of features. Each has `map_expected`, `metrics` and `curves` like a run's
        result.
    """
    pixels = {split: _pixels(dataset, split) for split in ("query", "database")}
    mean = pixels["database"][dataset.train_rows].mean(axis=0)
    record: dict[str, Any] = {"protocol": protocol(dataset.info), "random_codes": {}, "lsh_pixels": {}}
    for length in n_bits:
        rng = np.random.default_rng([SEED, length])
        random = [rng.random((dataset.info.n_rows(s), length)) < 0.5 for s in ("database", "query")]
        record["random_codes"][str(length)] = _scored(dataset, *random)
        planes = rng.standard_normal((pixels["query"].shape[1], length)).astype(np.float32)
        sides = [(pixels[split] - mean) @ planes >= 0 for split in ("database", "query")]
        record["lsh_pixels"][str(length)] = _scored(dataset, *sides)
    record["float_ranking"] = {backbone_name: _float_ranking(dataset, features)}
    return record


def _scored(dataset: Dataset, database: Bool, query: Bool) -> dict[str, Any]:
    evaluation = score(RunCodes(pack(database), pack(query)), dataset)
    metrics = rounded(evaluation.to_json())
    return {"map_expected": metrics["map"]["expected"], "metrics": metrics, "curves": curves(evaluation)}


def _pixels(dataset: Dataset, split: Split) -> Float32:
    """Images as vectors of grey values per channel, 0 to 1, float32 (n, 3 * PIXEL_SIDE ** 2)."""
    size = (PIXEL_SIDE, PIXEL_SIDE)
    n = dataset.info.n_rows(split)
    out = np.empty((n, 3 * PIXEL_SIDE**2), dtype=np.float32)
    for row in range(n):
        out[row] = np.asarray(dataset.image(split, row).resize(size)).reshape(-1) / np.float32(255)
    return out


def _float_ranking(dataset: Dataset, features: Features) -> dict[str, Any]:
    """Scores of ranking by cosine, from the same formulas that score codes."""
    query, database = _unit(features.query), _unit(features.database)
    relevance = affinities(dataset.labels("query"), dataset.labels("database")) > 0
    h = histogram_of_distances(1 - query @ database.T, relevance)
    ks = [k for k in DEFAULT_KS if k <= dataset.info.n_database]
    pn_k = np.unique(np.geomspace(1, dataset.info.n_database, 60).round().astype(np.int64))
    recall, precision = precision_recall_curve(h)
    ap = {
        "expected": average_precision(h, None, "expected"),
        "optimistic": average_precision(h, None, "optimistic"),
        "pessimistic": average_precision(h, None, "pessimistic"),
    }
    map_by_rule = {rule: float(values.mean()) for rule, values in ap.items()}
    metrics = {
        "n_query": dataset.info.n_query,
        "n_database": dataset.info.n_database,
        "map": map_by_rule,
        "precision_at_k": _by_k(ks, precision_at_k(h, ks)),
        "recall_at_k": _by_k(ks, recall_at_k(h, ks)),
    }
    pn_precision = precision_at_k(h, pn_k.tolist()).mean(axis=0)
    drawn = {
        "pr": {"recall": recall.tolist(), "precision": precision.tolist()},
        "pn": {"k": pn_k.tolist(), "precision": pn_precision.tolist()},
    }
    return {
        "map_expected": round(map_by_rule["expected"], DECIMALS),
        "metrics": rounded(metrics),
        "curves": rounded(drawn),
    }


def _unit(vectors: Float32) -> Float32:
    """Rows scaled to length 1; a zero row stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Float32 = vectors / np.maximum(lengths, np.float32(1e-12))
    return scaled


def _by_k(ks: list[int], values: Float64) -> dict[str, float]:
    return {str(k): float(mean) for k, mean in zip(ks, values.mean(axis=0), strict=True)}
