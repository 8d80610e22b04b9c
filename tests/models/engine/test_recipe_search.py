"""One search of the same size for every method, on train images alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from models.data import sample_data_root
from models.engine import zoo_tasks
from models.engine.build import make_config
from models.engine.recipe_search import (
    DEFAULT_RATE,
    LEARNING_RATES,
    Trial,
    choose,
    held_out_map,
    search_recipes,
)
from models.engine.run import open_source
from models.engine.run_files import read_json
from models.errors import UnknownNameError
from models.registry import all_specs


def test_the_best_mean_wins() -> None:
    tried = {"0.001": {"a": 0.9, "b": 0.1}, "0.003": {"a": 0.5, "b": 0.4}, "0.01": {"a": 0.7, "b": 0.5}}
    assert choose(tried) == 0.01


def test_what_is_within_noise_keeps_the_default() -> None:
    tried = {"0.001": {"a": 0.502}, "0.003": {"a": 0.5}, "0.01": {"a": 0.4}}
    assert choose(tried) == DEFAULT_RATE
    tried["0.001"]["a"] = 0.5031
    assert choose(tried) == 0.001


def test_the_order_of_data_sets_does_not_decide() -> None:
    """A gain of exactly the least one, whose sum in floating point depends on the order of its parts."""
    tried = {
        "0.003": {"digits": 0.9712, "toyscenes": 0.9169, "toyworld": 0.925},
        "0.01": {"digits": 0.9824, "toyscenes": 0.9186, "toyworld": 0.9211},
    }
    backwards = {rate: dict(reversed(list(scores.items()))) for rate, scores in tried.items()}
    assert choose(tried) == choose(backwards) == 0.01


def test_a_rate_that_failed_somewhere_is_not_taken() -> None:
    assert choose({"0.003": {"a": 0.5, "b": 0.5}, "0.01": {"a": 0.9}}) == 0.003


def test_a_trial_scores_held_out_train_images() -> None:
    """Queries of the data set are not even read, and the same trial gives the same score."""
    source = open_source("digits", "small_cnn")
    config = make_config("digits", "dpsh", 16, epochs=3)
    pool = source.features.pool.copy()
    pool[source.features.rows["query"]] = np.nan
    blind = dataclasses.replace(source, features=dataclasses.replace(source.features, pool=pool))
    score = held_out_map(config, blind)
    assert 0.5 < score < 1
    assert score == held_out_map(config, source)


def test_the_record_says_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker, one method; the record of another method stays."""
    record = tmp_path / "recipe_search.json"
    record.write_text('{"methods": {"dtsh": {"chosen_lr": 0.5, "held_out_map": {}}, "gone": {}}}')
    monkeypatch.setattr("models.engine.recipe_search.sample_data_root", lambda: tmp_path)
    monkeypatch.setattr("models.engine.recipe_search.embedded_names", lambda: ("digits",))
    monkeypatch.setattr("models.engine.recipe_search.in_processes", _here)
    list(search_recipes(["dpsh"]))
    methods = read_json(record)["methods"]
    assert methods["dtsh"]["chosen_lr"] == 0.5
    assert "gone" not in methods
    tried = methods["dpsh"]["held_out_map"]
    assert set(tried) == {f"{lr:g}" for lr in LEARNING_RATES}
    assert choose(tried) == methods["dpsh"]["chosen_lr"]


def _here(tasks: list[Trial], jobs: int) -> list[tuple[Trial, zoo_tasks.Outcome]]:
    return [(task, zoo_tasks.Outcome(task.name, "made", score=0.5 + task.lr)) for task in tasks]


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(UnknownNameError, match="dsph"):
        list(search_recipes(["dsph"]))


def test_every_shipped_recipe_is_the_one_that_the_search_chose() -> None:
    record = read_json(sample_data_root() / "recipe_search.json")
    assert record["learning_rates"] == list(LEARNING_RATES)
    for spec in all_specs():
        if spec.recipe.epochs:
            found = record["methods"][spec.name]
            assert set(found["held_out_map"]) == {f"{lr:g}" for lr in LEARNING_RATES}, spec.name
            assert spec.recipe.lr == found["chosen_lr"] == choose(found["held_out_map"]), spec.name
