"""Our figures beside published ones: a column per source and protocol, ranges over seeds, rank agreement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.services import catalog, published
from models.engine.run_files import write_json
from models.errors import ProtocolError

OURS = {"dpsh": 0.70, "dsdh": 0.75, "itq": 0.40, "dhn": 0.60, "lsh": 0.2}
PROTOCOL = {
    "name": "I-disjoint",
    "n_query": 1000,
    "n_database": 54_000,
    "n_train": 5000,
    "train_in_database": False,
    "relevance": "same class",
    "k": None,
    "normalize_by": "relevant",
    "tie_rule": "expected",
    "radius": 2,
}


def put(
    root: Path,
    method: str,
    score: float,
    *,
    seed: int = 0,
    n_bits: int = 48,
    backbone: str = "mobilenet_v2",
    mode: str = "head",
    **protocol: Any,
) -> None:
    """Write the figures of a run."""
    config = {
        "dataset": "cifar10", "method": method, "n_bits": n_bits, "seed": seed, "backbone": backbone,
        "mode": mode, "epochs": 1, "batch_size": 1, "lr": 1.0, "weight_decay": 0.0, "sampler": "shuffled",
    }  # fmt: skip
    record = {"config": config, "protocol": PROTOCOL | protocol, "metrics": {"map": {"expected": score}}}
    folder = f"{n_bits}-s{seed}-{backbone}" + ("-finetune" if mode == "finetune" else "")
    write_json(root / f"runs/cifar10/{method}/{folder}/result.json", record)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(tmp_path / "sample_data"))
    monkeypatch.setenv("HASHLENS_LIBRARY", str(tmp_path / "library"))
    caches = (published.columns, catalog._cards)
    for cache in caches:
        cache.cache_clear()
    yield tmp_path / "sample_data"
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def measured(runs: Path) -> Path:
    for method, score in OURS.items():
        put(runs, method, score)
    put(runs, "dpsh", 0.72, seed=1)
    return runs


def test_every_source_and_protocol_has_a_column_of_its_own(measured: Path) -> None:
    found = published.columns("cifar10", 48)
    assert [(c.title, c.protocol, c.is_ours) for c in found] == [
        ("Ours, head", "I-disjoint", True),
        ("Survey, Table 4", "I", False),
        ("DeepHash-pytorch", "I-disjoint", False),
        ("DeepHash-pytorch", "I", False),
    ]
    ours, survey, disjoint, one = found
    assert (ours.backbone, ours.source) == ("mobilenet_v2, mode head", "our runs")
    assert survey.scores["dpsh"].mean == 0.757
    assert "dpsh" in disjoint.scores and "dpsh" not in one.scores
    assert all(column.source and column.protocol_text for column in found)


def test_our_figures_have_their_range_over_seeds(measured: Path) -> None:
    ours = published.columns("cifar10", 48)[0]
    score = ours.scores["dpsh"]
    assert (score.mean, score.low, score.high, score.n_seeds) == (pytest.approx(0.71), 0.70, 0.72, 2)
    assert ours.scores["itq"].n_seeds == 1


def test_rows_are_those_that_others_published_best_of_the_survey_first(measured: Path) -> None:
    names = published.rows(published.columns("cifar10", 48))
    assert names[0] == "SRE" and "lsh" not in names
    survey = published.columns("cifar10", 48)[1].scores
    shown = [survey[name].mean for name in names if name in survey]
    assert shown == sorted(shown, reverse=True)
    assert names.index("adsh") > names.index("itq"), "not in the survey, so behind it"


def test_agreement_counts_shared_methods_alone(measured: Path) -> None:
    found = published.agreements(published.columns("cifar10", 48))
    by_pair = {(a.ours.key, a.theirs.key): a.correlation for a in found}
    survey = by_pair["ours-head-mobilenet_v2", "survey-cifar10"]
    assert (survey.n, survey.spearman, survey.kendall) == (4, pytest.approx(1), pytest.approx(1))
    assert set(by_pair) == {("ours-head-mobilenet_v2", "survey-cifar10")}, "others share two methods at most"


def test_other_lengths_and_protocols_have_their_own_figures(measured: Path) -> None:
    assert published.lengths("cifar10") == published.lengths("cifar10@I") == (12, 24, 32, 48)
    assert not any(column.is_ours for column in published.columns("cifar10", 12))
    assert published.lengths("cifar10@II") == (48,)
    for name in ("digits", "toyscenes", "cifar10@unseen", "cifar10@given", "my_photos"):
        assert published.lengths(name) == ()


def test_runs_of_another_split_are_not_averaged_in(measured: Path) -> None:
    put(measured, "itq", 0.9, seed=1, n_database=59_000)
    with pytest.raises(ProtocolError, match="n_database: 54000 and 59000"):
        published.columns("cifar10", 48)


def test_without_runs_there_are_published_figures_alone(runs: Path) -> None:
    found = published.columns("cifar10", 48)
    assert not any(column.is_ours for column in found)
    assert published.agreements(found) == []
    assert len(published.rows(found)) == 29


def test_each_input_has_a_column_of_its_own_heads_first(measured: Path) -> None:
    put(measured, "dpsh", 0.8, mode="finetune")
    put(measured, "itq", 0.1, backbone="pixels")
    ours = [column for column in published.columns("cifar10", 48) if column.is_ours]
    assert [(column.title, column.backbone) for column in ours] == [
        ("Ours, head", "mobilenet_v2, mode head"),
        ("Ours, fine-tuned", "mobilenet_v2, mode finetune"),
        ("Ours, pixels", "pixels"),
    ]
    assert [column.scores["dpsh"].mean for column in ours[:2]] == [pytest.approx(0.71), 0.8]


def test_several_backbones_are_named(measured: Path) -> None:
    put(measured, "dpsh", 0.6, backbone="resnet18")
    titles = [column.title for column in published.columns("cifar10", 48) if column.is_ours]
    assert titles == ["Ours, head, mobilenet_v2", "Ours, head, resnet18"]
