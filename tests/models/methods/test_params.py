"""Reading hyper-parameters from user input."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from models.errors import ConfigError
from models.methods.params import NoParams, describe_params, make_params, param


@dataclass(frozen=True)
class Example:
    weight: float = param(0.1, "A weight.", source="test", low=0.0, high=1.0)
    sweeps: int = param(3, "A count.", source="test", low=1)
    fast: bool = param(True, "A switch.", source="test")
    form: str = param("plain", "A choice.", source="test", choices=("plain", "log"))


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("weight", "0.25", 0.25),
        ("weight", 1, 1.0),
        ("sweeps", "7", 7),
        ("sweeps", 7.0, 7),
        ("fast", "false", False),
        ("fast", "on", True),
        ("fast", False, False),
        ("form", "log", "log"),
    ],
)
def test_values_and_text_are_read_as_the_declared_type(key: str, given: Any, expected: Any) -> None:
    value = getattr(make_params(Example, {key: given}), key)
    assert value == expected and type(value) is type(expected)


@pytest.mark.parametrize(
    ("key", "given", "message"),
    [
        ("wieght", 1, "weight, sweeps, fast, form"),
        ("weight", "much", "type float"),
        ("weight", None, "type float"),
        ("weight", "nan", "finite"),
        ("weight", "inf", "finite"),
        ("weight", 1.5, "at least 0.0 and at most 1.0"),
        ("sweeps", 2.5, "type int"),
        ("sweeps", "2.5", "type int"),
        ("sweeps", float("inf"), "type int"),
        ("sweeps", 0, "Allowed: at least 1"),
        ("fast", "maybe", "type bool"),
        ("form", "sqrt", "plain, log"),
    ],
)
def test_mistakes_say_what_is_allowed(key: str, given: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_params(Example, {key: given})


def test_a_method_without_any() -> None:
    assert make_params(NoParams, {}) == NoParams()
    with pytest.raises(ConfigError, match="none"):
        make_params(NoParams, {"weight": 1})


def test_description_is_json() -> None:
    first, *_, last = json.loads(json.dumps(describe_params(Example)))
    assert first == {
        "name": "weight",
        "type": "float",
        "default": 0.1,
        "help": "A weight.",
        "source": "test",
        "low": 0.0,
        "high": 1.0,
        "log": False,
        "choices": [],
    }
    assert last["choices"] == ["plain", "log"]
