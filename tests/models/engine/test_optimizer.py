"""Rates and optimisers: one recipe for heads, each source's own for fine-tuning."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from models.engine.build import build_model, make_config
from models.engine.config import RunConfig
from models.engine.inputs import TrainData
from models.engine.optimizer import make_optimizer, rate_factor
from models.errors import ConfigError
from models.methods.finetuning import _SETTINGS, FineTune, finetune_settings
from models.registry import get_spec


def tuned(method: str = "dpsh", **given: Any) -> RunConfig:
    return make_config("digits", method, 16, mode="finetune", **given)


def test_a_head_follows_the_shared_recipe() -> None:
    config = make_config("digits", "dpsh", 16)
    assert config.finetune is None
    assert "finetune" not in config.to_json(), "keys of runs that are stored already do not change"
    assert [round(rate_factor(config, done), 3) for done in (0, 0.5, 1)] == [1, 0.5, 0]


def test_a_fine_tuned_run_is_written_down_whole() -> None:
    config = tuned()
    assert RunConfig.from_json(config.to_json()) == config
    assert config.key != replace(config, finetune=dict(config.finetune or {}, optimizer="adam")).key
    settings = finetune_settings("dpsh")
    assert (config.lr, config.epochs, config.batch_size) == (0.05, 150, 128)
    assert config.finetune is not None
    assert config.finetune["optimizer"] == settings.optimizer == "sgd"
    assert tuned(lr=0.5, epochs=3).lr == 0.5


def test_the_mode_is_told_with_what_a_reader_has_to_know() -> None:
    assert make_config("digits", "dpsh", 16).mode_text == "head"
    assert tuned().mode_text == "finetune (150 epochs of sgd)"
    short = tuned(short=True).mode_text
    assert short == "finetune (6 epochs of adam, from a trained head)"


def test_the_short_schedule_is_the_same_for_all() -> None:
    runs = [tuned(method, short=True) for method in ("dpsh", "dpq")]
    assert {(run.lr, run.epochs, run.batch_size, str(run.finetune)) for run in runs} == {
        (1e-3, 6, 128, str(runs[0].finetune))
    }
    assert [round(rate_factor(runs[0], done), 3) for done in (0, 0.5, 1)] == [1, 0.5, 0]
    with pytest.raises(ConfigError, match="setting of mode finetune"):
        make_config("digits", "dpsh", 16, short=True)


@pytest.mark.parametrize(
    ("method", "factors"),
    [
        ("dpsh", [1, 0.1, 0.01, 0.01]),  # at each third
        ("talr", [1, 1, 1, 1]),
        ("dpq", [1, 1, 0.1, 0.1]),  # nothing known: after two thirds
        ("dsdh", [1, 0.75, 0.25, 0.0]),  # along a cosine
    ],
)
def test_the_schedule_is_the_sources(method: str, factors: list[float]) -> None:
    config = tuned(method)
    done = (0, 1 / 3, 2 / 3, 0.999)
    assert [rate_factor(config, share) for share in done] == pytest.approx(factors, abs=1e-3)


@pytest.mark.parametrize(
    ("method", "kind", "rates"),
    [
        ("dpsh", torch.optim.SGD, [0.05, 0.05]),
        ("hashnet", torch.optim.SGD, [2e-3, 2e-4]),
        ("csq", torch.optim.Adam, [1e-3, 5e-5]),
        ("dsdh", torch.optim.RMSprop, [1e-5, 1e-5]),
        ("dpq", torch.optim.Adam, [1e-4, 1e-5]),
    ],
)
def test_the_backbone_has_a_rate_of_its_own(
    data: TrainData, method: str, kind: type[torch.optim.Optimizer], rates: list[float]
) -> None:
    backbone = torch.nn.Linear(3, 12)
    config = tuned(method)
    model = build_model(config, replace(data, backbone=backbone))
    optimizer = make_optimizer(model, config)
    assert type(optimizer) is kind
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx(rates)
    assert len(optimizer.param_groups[-1]["params"]) == 2
    assert {group["weight_decay"] for group in optimizer.param_groups} == {config.weight_decay}


@pytest.mark.parametrize("method", sorted(_SETTINGS))
def test_every_listed_setting_is_of_a_method_and_has_a_source(method: str) -> None:
    settings = finetune_settings(method)
    assert get_spec(method).recipe.epochs > 0, "a closed form has no optimiser"
    assert settings.source != FineTune().source
    assert 0 < settings.decay_every <= 1
    assert 0 < settings.backbone_lr <= 1
    assert settings.optimizer == "sgd" or settings.momentum == 0


def test_the_command_that_makes_a_run() -> None:
    assert make_config("digits", "itq", 16).train_command == (
        "python -m models train itq --dataset digits --n-bits 16"
    )
    assert make_config("cifar10", "csq", 48, 2, backbone="squeezenet1_0@64").train_command.endswith(
        "--n-bits 48 --seed 2 --backbone squeezenet1_0@64"
    )
    assert tuned().train_command.endswith("--n-bits 16 --mode finetune")
    assert tuned(short=True).train_command.endswith("--mode finetune --short")


def test_a_closed_form_is_not_fine_tuned() -> None:
    with pytest.raises(ConfigError, match="closed form; it cannot train a backbone"):
        tuned("itq")
