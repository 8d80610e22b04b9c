"""What a method has to beat, and what it could reach: random codes, codes of raw pixels, no codes at all."""

from __future__ import annotations

from collections.abc import Mapping
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
from models.types import Bool, Float32, Float64, Int64, Split

PIXEL_SIDE = 32  # LSH on pixels sees images of this side; more pixels change nothing but the time
SEED = 0
# What is in memory at a time: images or their features, and distances between queries and database.
BLOCK, PAIRS_AT_ONCE = 16_384, 2**24


def baselines(
    dataset: Dataset, features: Features, backbone_name: str, n_bits: tuple[int, ...]
) -> dict[str, Any]:
    """The content of `baselines.json`.

    Returns:
        `protocol`; `random_codes` and `lsh_pixels`, each by code length; `float_ranking` by backbone:
        ranking by the cosine of features. Each has `map_expected`, `metrics` and `curves` like a run's
        result.
    """
    record: dict[str, Any] = {"protocol": protocol(dataset.info), "random_codes": {}, "lsh_pixels": {}}
    planes = {}
    for length in n_bits:
        rng = np.random.default_rng([SEED, length])
        random = [rng.random((dataset.info.n_rows(s), length)) < 0.5 for s in ("database", "query")]
        record["random_codes"][str(length)] = _scored(dataset, *random)
        planes[length] = rng.standard_normal((3 * PIXEL_SIDE**2, length)).astype(np.float32)
    database, query = (_sides(dataset, split, planes) for split in ("database", "query"))
    for length in n_bits:
        record["lsh_pixels"][str(length)] = _scored(dataset, database[length], query[length])
    record["float_ranking"] = {backbone_name: _float_ranking(dataset, features)}
    return record


def _scored(dataset: Dataset, database: Bool, query: Bool) -> dict[str, Any]:
    evaluation = score(RunCodes(pack(database), pack(query)), dataset)
    metrics = rounded(evaluation.to_json())
    return {"map_expected": metrics["map"]["expected"], "metrics": metrics, "curves": curves(evaluation)}


def _sides(dataset: Dataset, split: Split, planes: Mapping[int, Float32]) -> dict[int, Bool]:
    """On which side of each plane the images of a split lie, seen from the mean train image, by code length.

    Images are read once and a block at a time.
    """
    mean = _pixels(dataset, dataset.pool_rows("train")).mean(axis=0)
    sides: dict[int, list[Bool]] = {length: [] for length in planes}
    rows = dataset.pool_rows(split)
    for start in range(0, len(rows), BLOCK):
        pixels = _pixels(dataset, rows[start : start + BLOCK]) - mean
        for length, normals in planes.items():
            sides[length].append(pixels @ normals >= 0)
    return {length: np.concatenate(parts) for length, parts in sides.items()}


def _pixels(dataset: Dataset, rows: Int64) -> Float32:
    """Images as vectors of grey values per channel, 0 to 1, float32 (n, 3 * PIXEL_SIDE ** 2)."""
    size = (PIXEL_SIDE, PIXEL_SIDE)
    out = np.empty((len(rows), 3 * PIXEL_SIDE**2), dtype=np.float32)
    for i, row in enumerate(rows):
        image = dataset.pool_image(int(row)).resize(size)
        out[i] = np.asarray(image).reshape(-1) / np.float32(255)
    return out


def _float_ranking(dataset: Dataset, features: Features) -> dict[str, Any]:
    """Scores of ranking by cosine, from the same formulas that score codes, a block of queries at a time."""
    info = dataset.info
    rules = protocol(info)
    ks = [k for k in DEFAULT_KS if k <= info.n_database]
    pn_k = np.unique(np.geomspace(1, info.n_database, 60).round().astype(np.int64))
    labels = dataset.labels("database")
    blocks: list[dict[str, Any]] = []
    at_once = max(PAIRS_AT_ONCE // info.n_database, 1)
    for start in range(0, info.n_query, at_once):
        rows = slice(start, start + at_once)
        query = _unit(features.of("query", rows))
        similarity = np.concatenate([query @ _unit(part).T for part in features.chunks("database", BLOCK)], 1)
        relevance = affinities(dataset.labels("query")[rows], labels) > 0
        h = histogram_of_distances(1 - similarity, relevance)
        block: dict[str, Any] = {
            rule: average_precision(h, rules["k"], rule, rules["normalize_by"])
            for rule in ("expected", "optimistic", "pessimistic")
        }
        has_relevant = h.relevant_in_database > 0
        block |= {
            "precision": precision_at_k(h, ks),
            "recall": recall_at_k(h, ks),
            "pn": precision_at_k(h, pn_k.tolist()),
            # A mean over the queries that have anything relevant; summed up over blocks below.
            "pr": precision_recall_curve(h)[1][None] * has_relevant.sum(),
            "has_relevant": has_relevant,
        }
        blocks.append(block)
    of = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    map_by_rule = {rule: float(of[rule].mean()) for rule in ("expected", "optimistic", "pessimistic")}
    pr_precision = of["pr"].sum(axis=0) / max(int(of["has_relevant"].sum()), 1)
    metrics = {
        "n_query": info.n_query,
        "n_database": info.n_database,
        "map": map_by_rule,
        "precision_at_k": _by_k(ks, of["precision"]),
        "recall_at_k": _by_k(ks, of["recall"]),
    }
    drawn = {
        "pr": {"recall": np.linspace(0, 1, len(pr_precision)).tolist(), "precision": pr_precision.tolist()},
        "pn": {"k": pn_k.tolist(), "precision": of["pn"].mean(axis=0).tolist()},
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
