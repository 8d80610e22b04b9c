"""Which scores may stand in one column. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.errors import ProtocolError

# A record of the embedded data sets has no name: each of them has one split.
COMPARED = (
    "name",
    "n_query",
    "n_database",
    "n_train",
    "train_in_database",
    "relevance",
    "k",
    "normalize_by",
    "tie_rule",
    "radius",
)


def same_protocol(protocols: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The one protocol of several scores.

    Args:
        protocols: as `result.json` stores them, by what the score is of.

    Returns:
        What they share; empty when there are none.

    Raises:
        ProtocolError: they differ; names two of them and the first field in which they do.
    """
    shared: Mapping[str, Any] = {}
    first = ""
    for what, rules in protocols.items():
        if not first:
            first, shared = what, rules
        for name in COMPARED:
            if rules.get(name) != shared.get(name):
                both = f"{name}: {shared.get(name)} and {rules.get(name)}"
                raise ProtocolError(
                    f"{first} and {what} were scored under different protocols ({both}), so their figures do "
                    "not compare. Put them into tables of their own, or make the older run again."
                )
    return dict(shared)
