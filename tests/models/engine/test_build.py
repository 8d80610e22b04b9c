from __future__ import annotations

import pytest

from models.engine.build import make_config
from models.engine.cards import method_cards
from models.engine.config import RunConfig
from models.errors import CheckpointError, ConfigError, UnknownNameError
from models.registry import method_names


def test_a_config_is_filled_in_from_recipe_and_defaults() -> None:
    config = make_config("tiny", "probe", 8)
    assert (config.epochs, config.batch_size, config.lr, config.mode) == (4, 16, 1e-2, "head")
    assert dict(config.params) == {"weight": 0.1, "poison_epoch": -1}
    assert make_config("tiny", "probe", 8, params={"weight": "2"}).params["weight"] == 2.0


@pytest.mark.parametrize(
    ("method", "changes", "message"),
    [
        ("probe", {"epochs": 0}, "at least 1 epoch"),
        ("closed_form", {"epochs": 3}, "closed form"),
        ("closed_form", {"mode": "finetune"}, "cannot train a backbone"),
        ("probe", {"batch_size": 0}, "at least one image"),
        ("probe", {"lr": 0.0}, "learning rate"),
        ("probe", {"lr": float("nan")}, "learning rate"),
        ("probe", {"seed": -1}, "seed"),
        ("probe", {"sampler": "random"}, "Unknown sampler"),
        ("probe", {"mode": "both"}, "head or finetune"),
        ("probe", {"params": {"wieght": 1}}, "wieght"),
        ("probe", {"params": {"weight": 99}}, "weight"),
    ],
)
def test_settings_that_cannot_be_are_refused(method: str, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_config("tiny", method, 8, **changes)  # type: ignore[arg-type]


def test_unknown_methods_and_lengths_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean dpsh"):
        make_config("tiny", "dpshh", 8)
    with pytest.raises(ConfigError, match="0 bits"):
        make_config("tiny", "probe", 0)


def test_a_config_survives_json_and_its_key_follows_every_setting() -> None:
    config = make_config("tiny", "probe", 8)
    assert RunConfig.from_json(config.to_json()) == config
    assert config.key != make_config("tiny", "probe", 8, seed=1).key
    for text in ("[", "[]", '{"dataset": "x"}'):
        with pytest.raises(CheckpointError, match="not the configuration"):
            RunConfig.from_json(text)


def test_cards_tell_of_every_method_and_its_settings() -> None:
    cards = method_cards()
    assert [card["name"] for card in cards] == list(method_names())
    for card in cards:
        assert card["later_name"]
        assert card["n_bits"]["text"]
        for setting in card["params"]:
            assert {"name", "kind", "default", "help", "source"} <= set(setting)
