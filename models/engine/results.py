"""What a run scored, under which protocol: the record that the leaderboard and every chart read."""

from __future__ import annotations

from typing import Any

from models.codes.health import code_health
from models.data.base import Dataset, DatasetInfo
from models.engine.config import RunConfig
from models.engine.run_files import RunCodes
from models.engine.versions import library_versions
from models.metrics import Evaluation, evaluate
from models.types import BinaryCodes, Float32

FORMAT = 4
RADIUS = 2
DECIMALS = 6  # a digit more than any two rankings of these sizes can differ by chance; keeps files small


def protocol(info: DatasetInfo) -> dict[str, Any]:
    """How runs on a data set are scored; shown under every score.

    `name` is the protocol's, for data sets that have several; a rank to cut at that no database image lies
    beyond is the whole ranking.
    """
    relevance = "same class" if info.label_kind == "single" else "at least one shared label"
    named = {"name": info.protocol} if info.protocol else {}
    return named | {
        "n_query": info.n_query,
        "n_database": info.n_database,
        "n_train": info.n_train,
        "train_in_database": info.train_in_database,
        "relevance": relevance,
        "k": info.k if info.k is not None and info.k < info.n_database else None,
        "normalize_by": info.normalize_by,
        "tie_rule": "expected",
        "radius": RADIUS,
    }


def score(codes: RunCodes, dataset: Dataset) -> Evaluation:
    """All metrics of the queries against the database, under `protocol`."""
    rules = protocol(dataset.info)
    return evaluate(
        codes.queries,
        codes.database,
        dataset.labels("query"),
        dataset.labels("database"),
        k=rules["k"],
        normalize_by=rules["normalize_by"],
        radius=rules["radius"],
    )


def per_query(evaluation: Evaluation | None) -> dict[str, Float32]:
    """Average precision of each query, float32 (n_query,), by name; nothing where nothing was scored."""
    if evaluation is None:
        return {}
    rules = ("expected", "optimistic", "pessimistic")
    return {f"ap_{rule}": getattr(evaluation, f"ap_{rule}").astype("float32") for rule in rules}


def curves(evaluation: Evaluation) -> dict[str, Any]:
    """Precision-recall and precision-at-n curves as plain lists."""
    return {
        "pr": {"recall": _list(evaluation.pr_recall), "precision": _list(evaluation.pr_precision)},
        "pn": {"k": evaluation.pn_k.tolist(), "precision": _list(evaluation.pn_precision)},
    }


def result_record(
    config: RunConfig, dataset: Dataset, codes: RunCodes, evaluation: Evaluation | None, keys: dict[str, str]
) -> dict[str, Any]:
    """The content of `result.json`. The same run gives the same record: times are kept elsewhere.

    Without labels there is nothing to score, and the record has neither `metrics` nor `curves`.

    Args:
        config: the run.
        dataset: what it was scored on.
        codes: of both splits.
        evaluation: from `score`; None for images without labels.
        keys: fingerprints that tell whether the run is still current.
    """
    scored: dict[str, Any] = {}
    if evaluation is not None:
        scored = {"metrics": rounded(evaluation.to_json()), "curves": curves(evaluation)}
    return {
        "format": FORMAT,
        "config": config.to_dict(),
        **keys,
        "code_kind": "binary" if isinstance(codes.database, BinaryCodes) else "codebook",
        "protocol": protocol(dataset.info),
        **scored,
        "health": rounded(code_health(codes.database).to_json()),
        "versions": library_versions(),
    }


def rounded(value: Any) -> Any:
    """Nested dicts and lists with floats rounded to 6 decimals, above any library's order of summation."""
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return value


def _list(values: Any) -> list[float]:
    rounded_values: list[float] = rounded(values.tolist())
    return rounded_values
