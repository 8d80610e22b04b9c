from __future__ import annotations

from pathlib import Path

import pytest

from models.engine.leaderboard import leaderboard
from models.engine.run_files import write_json
from models.engine.store import RunStore
from models.errors import UnknownNameError

PROTOCOL = {
    "n_query": 5,
    "n_database": 30,
    "n_train": 10,
    "train_in_database": True,
    "relevance": "same class",
    "k": None,
    "normalize_by": "relevant",
    "tie_rule": "expected",
    "radius": 2,
}


def put(
    store: RunStore,
    method: str,
    seed: int,
    score: float,
    protocol: dict[str, object] | None = None,
    backbone: str = "small_cnn",
) -> None:
    config = {
        "dataset": "digits",
        "method": method,
        "n_bits": 16,
        "seed": seed,
        "backbone": backbone,
        "mode": "head",
        "epochs": 1,
        "batch_size": 1,
        "lr": 1.0,
        "weight_decay": 0.0,
        "sampler": "shuffled",
        "params": {},
    }
    record = {"config": config, "protocol": protocol or PROTOCOL, "metrics": {"map": {"expected": score}}}
    write_json(store.folder("digits", method, 16, seed, backbone) / "result.json", record)


def test_rows_are_means_over_seeds_best_first(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    put(store, "lsh", 0, 0.4)
    for seed, score in enumerate((0.5, 0.7, 0.6)):
        put(store, "itq", seed, score)
    rows = leaderboard("digits", store)
    assert [(row.method, row.n_seeds, row.map_expected, row.map_spread) for row in rows] == [
        ("itq", 3, 0.6, 0.2),
        ("lsh", 1, 0.4, None),
    ]
    assert rows[0].protocol.startswith(
        "5 queries, 30 database, 10 train inside the database; relevant: same class"
    )
    names = "method n_bits dataset protocol backbone mode n_seeds map_expected map_spread source"
    assert list(rows[0].to_json()) == names.split()


def test_different_protocols_are_never_averaged(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    put(store, "itq", 0, 0.5)
    put(store, "itq", 1, 0.9, PROTOCOL | {"k": 100})
    rows = leaderboard(store=store)
    assert [(row.map_expected, row.n_seeds) for row in rows] == [(0.9, 1), (0.5, 1)]
    assert "first 100 ranks" in rows[0].protocol


def test_unknown_data_sets_are_named_and_none_is_no_rows(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean digits"):
        leaderboard("digit", RunStore(tmp_path))
    assert leaderboard("digits", RunStore(tmp_path)) == []


def test_other_backbones_have_rows_of_their_own(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    put(store, "itq", 0, 0.5)
    put(store, "itq", 1, 0.7)
    put(store, "itq", 0, 0.2, backbone="hog")
    rows = leaderboard("digits", store)
    assert [(row.backbone, row.n_seeds, row.map_expected) for row in rows] == [
        ("small_cnn", 2, 0.6),
        ("hog", 1, 0.2),
    ]
