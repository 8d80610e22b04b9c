"""All stored runs in one table. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from models.data import dataset_names
from models.engine.store import RunStore, StoredRun
from models.errors import UnknownNameError


@dataclass(frozen=True)
class Row:
    """One method at one length on one data set, over its seeds.

    Attributes:
        protocol: how it was scored, in one line; scores under different protocols do not compare.
        map_expected: mean over seeds of the expected mean average precision.
        map_spread: largest less smallest over seeds; None with one seed.
        source: where the figure comes from.
    """

    method: str
    n_bits: int
    dataset: str
    protocol: str
    backbone: str
    mode: str
    n_seeds: int
    map_expected: float
    map_spread: float | None
    source: str

    def to_json(self) -> dict[str, Any]:
        """As `leaderboard --json` prints it."""
        return asdict(self)


def leaderboard(dataset: str | None = None, store: RunStore | None = None) -> list[Row]:
    """Rows by data set, best first.

    Args:
        dataset: only this one; None is all.
        store: where runs are kept; None is the shipped sample data.

    Raises:
        UnknownNameError: no data set of that name.
    """
    if dataset is not None and dataset not in dataset_names():
        raise UnknownNameError("data set", dataset, dataset_names())
    store = RunStore() if store is None else store
    groups: dict[tuple[str, str, int, str, str, str], list[StoredRun]] = {}
    for found in store.runs(dataset, every_backbone=True, every_mode=True):
        run = store.open(found.dataset, found.method, found.n_bits, found.seed, found.backbone, found.mode)
        if "metrics" not in run.result:  # images without labels
            continue
        line = protocol_line(run.result["protocol"])
        key = (found.dataset, found.method, found.n_bits, line, run.config.backbone, run.config.mode)
        groups.setdefault(key, []).append(run)
    rows = []
    for (data, method, n_bits, line, backbone, mode), runs in groups.items():
        scores = [float(run.result["metrics"]["map"]["expected"]) for run in runs]
        spread = round(max(scores) - min(scores), 6) if len(scores) > 1 else None
        mean = round(sum(scores) / len(scores), 6)
        rows.append(Row(method, n_bits, data, line, backbone, mode, len(scores), mean, spread, "own run"))
    return sorted(
        rows, key=lambda row: (row.dataset, -row.map_expected, row.method, row.n_bits, row.backbone)
    )


def protocol_line(protocol: Mapping[str, Any]) -> str:
    """A protocol in one line."""
    ranks = "whole ranking" if protocol["k"] is None else f"first {protocol['k']} ranks"
    train = "train inside the database" if protocol["train_in_database"] else "train outside the database"
    name = f"{protocol['name']}: " if protocol.get("name") else ""
    return (
        f"{name}{protocol['n_query']} queries, {protocol['n_database']} database, "
        f"{protocol['n_train']} {train}; relevant: {protocol['relevance']}; "
        f"mAP over the {ranks}, divided by {protocol['normalize_by']}, ties {protocol['tie_rule']}"
    )
