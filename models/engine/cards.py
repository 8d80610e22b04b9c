"""Method cards as plain data: the app shows them without importing a method, and so without loading torch."""

from __future__ import annotations

import dataclasses
from typing import Any

from models.registry import get_method, method_names


def method_cards() -> list[dict[str, Any]]:
    """One card per registered method, in the order in which they are shown."""
    return [method_card(name) for name in method_names()]


def method_card(name: str) -> dict[str, Any]:
    """Everything a method's spec says, with its hyper-parameters and its picture.

    Raises:
        UnknownNameError: no such method.
    """
    method = get_method(name)
    spec = method.spec
    card = dataclasses.asdict(spec)
    card["later_name"] = spec.later_name
    card["n_bits"]["text"] = str(spec.n_bits)
    card["params"] = [
        {"name": field.name, "kind": type(field.default).__name__, "default": field.default, **field.metadata}
        for field in dataclasses.fields(method.Params)
    ]
    picture = method.picture()
    card["picture"] = None if picture is None else dataclasses.asdict(picture)
    return card
