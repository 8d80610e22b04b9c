"""Hyper-parameters: declared once, beside the method; sliders, checks and page text are made from that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from models.errors import ConfigError


def param(
    default: Any,
    help: str,
    *,
    source: str,
    low: float | None = None,
    high: float | None = None,
    log: bool = False,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare one hyper-parameter, as the default of a field of a frozen `Params` dataclass.

    Args:
        default: its type (int, float, bool or str) is the parameter's type.
        help: one line for the reader.
        source: where the default comes from.
        low: smallest allowed value.
        high: largest allowed value.
        log: the slider's scale is logarithmic.
        choices: allowed values of a str parameter.
    """
    meta = {"help": help, "source": source, "low": low, "high": high, "log": log, "choices": choices}
    return field(default=default, metadata=meta)


@dataclass(frozen=True)
class NoParams:
    """For methods without hyper-parameters."""


def make_params(params_type: type[Any], given: Mapping[str, Any]) -> Any:
    """Build a `Params` record from user input; text such as "0.2" or "true" is read as the parameter's type.

    Raises:
        ConfigError: an unknown key, a value of the wrong type, not finite, or outside its range.
    """
    known: dict[str, Field[Any]] = {f.name: f for f in fields(params_type)}
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            names = ", ".join(known) or "none"
            raise ConfigError(f"Unknown hyper-parameter {key!r}. This method has: {names}.")
        values[key] = _read(known[key], value)
    return params_type(**values)


def describe_params(params_type: type[Any]) -> list[dict[str, Any]]:
    """One JSON-ready record per hyper-parameter: name, type, default and what `param` was told."""
    return [
        {"name": f.name, "type": type(f.default).__name__, "default": f.default}
        | {**f.metadata, "choices": list(f.metadata["choices"])}
        for f in fields(params_type)
    ]


def _read(declared: Field[Any], value: Any) -> Any:
    key = declared.name
    kind: Any = type(declared.default)
    try:
        read = _read_bool(value) if kind is bool else kind(value)
        # int("3.5") fails by itself; int(3.5) would drop the half in silence.
        if kind is int and float(value) != read:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"{key} takes a value of type {kind.__name__}; got {value!r}.") from None
    if kind is float and not math.isfinite(read):
        raise ConfigError(f"{key} takes a finite number; got {value!r}.")
    low, high, choices = (declared.metadata[name] for name in ("low", "high", "choices"))
    if (low is not None and read < low) or (high is not None and read > high):
        bounds = [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
        raise ConfigError(f"{key}={read} is outside its range. Allowed: {' and '.join(bounds)}.")
    if choices and read not in choices:
        raise ConfigError(f"{key}={read!r} is not one of its values. Allowed: {', '.join(choices)}.")
    return read


def _read_bool(value: Any) -> bool:
    text = str(value).lower()
    if text in ("true", "1", "yes", "on"):
        return True
    if text in ("false", "0", "no", "off"):
        return False
    raise ValueError
