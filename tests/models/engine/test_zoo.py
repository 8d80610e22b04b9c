from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models.engine import zoo_tasks
from models.engine.store import RunStore
from models.engine.zoo import TaskDone, ZooEvent, ZooFinished, ZooStarted, zoo
from models.engine.zoo_tasks import BaselineTask, FeatureTask, Outcome, RunTask, work
from models.errors import ConfigError, NotAvailableError, UnknownNameError
from models.files import sha256_of


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(tmp_path / "sample_data"))
    monkeypatch.setenv("HASHLENS_CACHE", str(tmp_path / "cache"))
    zoo_tasks.open_shared_source.cache_clear()
    return tmp_path / "sample_data"


def task(root: Path, method: str = "lsh", n_bits: int = 16, **changes: object) -> RunTask:
    fields = {"seed": 0, "backbone": "small_cnn", "figures_only": False, "force": False} | changes
    return RunTask(root, "digits", method, n_bits, **fields)  # type: ignore[arg-type]


def states(*outcomes: Outcome) -> list[str]:
    return [outcome.state for outcome in outcomes]


def test_a_run_is_made_once_and_again_when_something_changed(root: Path) -> None:
    first = work(task(root))
    assert first.state == "made", first.detail
    assert first.detail.startswith("mAP 0.")
    assert work(task(root)).state == "current"
    assert work(task(root, force=True)).state == "made"
    folder = RunStore(root / "runs").folder("digits", "lsh", 16)
    (folder / "map.npz").unlink()
    assert states(work(task(root)), work(task(root))) == ["made", "current"]
    for key in ("key", "data_key", "method_key"):
        result = json.loads((folder / "result.json").read_text())
        (folder / "result.json").write_text(json.dumps(result | {key: "old"}))
        assert states(work(task(root)), work(task(root))) == ["made", "current"]
    (folder / "result.json").write_text('{"config"')
    assert work(task(root)).state == "made"


def test_figures_alone_are_enough_for_more_seeds(root: Path) -> None:
    more = task(root, seed=1, figures_only=True)
    assert states(work(more), work(more)) == ["made", "current"]
    names = {path.name for path in RunStore(root / "runs").folder("digits", "lsh", 16, 1).iterdir()}
    assert names == {"result.json", "cost.json"}


@pytest.mark.parametrize("backbone", ["pixels", "hog"])
def test_a_run_on_a_descriptor_has_a_folder_of_its_own(root: Path, backbone: str) -> None:
    first = task(root, backbone=backbone, figures_only=True)
    features = FeatureTask(root, "digits", backbone)
    assert work(features).state == "current"
    assert not (root / "digits").exists(), "features of descriptors are not shipped"
    assert states(work(first), work(first)) == ["made", "current"] and first.name.endswith(backbone)
    store = RunStore(root / "runs")
    assert store.runs() == []
    assert [run.backbone for run in store.runs(every_backbone=True)] == [backbone]
    assert work(task(root)).state == "made", "the default backbone's run is another one"


def test_what_a_method_cannot_do_is_skipped_with_the_reason(root: Path) -> None:
    outcome = work(task(root, "dpq", 17))
    assert outcome.state == "skipped"
    assert "lengths are" in outcome.detail


def test_a_failure_is_told_not_raised(root: Path) -> None:
    assert work(task(root, "no_such_method")).state == "failed"
    root.mkdir(parents=True)
    (root / "runs").write_text("a file where a folder should be")
    outcome = work(task(root))
    assert outcome.state == "failed"
    assert "Could not write" in outcome.detail


def test_features_and_baselines_are_kept_while_current(root: Path) -> None:
    features = FeatureTask(root, "digits", "small_cnn")
    assert states(work(features), work(features)) == ["made", "current"]
    baselines = BaselineTask(root, "digits", "small_cnn", (16, 32), force=False)
    assert states(work(baselines), work(baselines)) == ["made", "current"]
    record = json.loads((root / "digits" / "baselines.json").read_text())
    random = [record["random_codes"][n]["map_expected"] for n in ("16", "32")]
    np.testing.assert_allclose(random, 0.1, atol=0.01)
    assert record["float_ranking"]["small_cnn"]["map_expected"] > 0.3
    assert record["lsh_pixels"]["32"]["metrics"]["map"]["expected"] > 0.12
    assert len(record["random_codes"]["16"]["curves"]["pr"]["recall"]) == 101
    assert work(BaselineTask(root, "digits", "small_cnn", (16,), force=False)).state == "current"
    assert work(BaselineTask(root, "digits", "small_cnn", (48,), force=False)).state == "made"
    record = json.loads((root / "digits" / "baselines.json").read_text())
    assert record["n_bits"] == [16, 32, 48] and set(record["random_codes"]) == {"16", "32", "48"}
    other = work(BaselineTask(root, "digits", "pixels", (16, 64), force=False))
    assert (other.state, other.detail) == ("current", "those of small_cnn stay")


@pytest.mark.slow
def test_the_zoo_goes_on_where_it_was_and_survives_a_failed_run(root: Path) -> None:
    blocked = RunStore(root / "runs").folder("digits", "itq", 16)
    blocked.parent.mkdir(parents=True)
    blocked.write_text("a file where a folder should be")

    def made(methods: list[str]) -> list[ZooEvent]:
        return list(zoo(["digits"], methods, (16,), (0, 1), jobs=1, spread_bits=(16,)))

    events = made(["lsh", "itq"])
    assert isinstance(events[0], ZooStarted)
    done = [event for event in events if isinstance(event, TaskDone)]
    assert [event.n_done for event in done] == list(range(1, 13))
    assert done[-1].eta_s == 0
    finished = events[-1]
    assert isinstance(finished, ZooFinished)
    assert [outcome.name for outcome in finished.failed] == ["digits itq 16 bits seed 0"]
    assert (finished.n_made, finished.n_current) == (9, 2)

    blocked.unlink()
    again = made(["lsh", "itq"])[-1]
    assert isinstance(again, ZooFinished)
    assert (again.n_made, again.n_current, again.failed) == (1, 11, ())

    cards = json.loads((root / "methods.json").read_text())
    assert {"lsh", "itq", "dpsh"} <= {card["name"] for card in cards}
    whole = json.loads((root / "manifest.json").read_text())
    assert whole["runs"]["sha256"] == sha256_of(root / "runs" / "manifest.json")
    listed = json.loads((root / "runs" / "manifest.json").read_text())
    for folder, run in listed["runs"].items():
        for name, fingerprint in run["files"].items():
            assert fingerprint["sha256"] == sha256_of(root / folder / name)
    assert len(listed["runs"]) == 8, "two seeds; pixels and HOG for the first one"
    assert {run["config"]["backbone"] for run in listed["runs"].values()} == {"small_cnn", "pixels", "hog"}
    assert set(listed["files"]) == {"methods.json", "digits/baselines.json", "digits/features-small_cnn.npz"}


def test_wrong_wishes_are_refused_before_any_work(root: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean digits"):
        next(zoo(["digit"]))
    with pytest.raises(UnknownNameError, match="Did you mean lsh"):
        next(zoo(["digits"], ["lhs"]))
    with pytest.raises(NotAvailableError, match="toyworld"):
        next(zoo(["toyworld"]))
    with pytest.raises(ConfigError, match="at least one"):
        next(zoo(["digits"], seeds=()))
