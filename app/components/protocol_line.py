"""The line under every chart and table of scores: how the numbers were made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

_DIVISOR = {
    "relevant": "all relevant images",
    "min_k_relevant": "relevant images, at most k",
    "retrieved": "relevant images among the first k",
}
_TIES = {
    "expected": "expected value over all orders of ties",
    "optimistic": "best order of ties",
    "pessimistic": "worst order of ties",
    "row_order": "ties in stored order",
}
VARIES = "varies"


def protocol_text(protocol: Mapping[str, Any]) -> str:
    """The protocol in one line; a field that is None differs between the runs shown.

    Args:
        protocol: name, where the data set has several; k ("all" or a number), normalize_by, tie_rule,
            n_query, n_database, n_train, train_in_database, relevance, backbone, mode, seed; inputs, what
            the runs were given, where that is more than one thing; learned, the number of database images
            with learned codes by method; others are ignored.
    """

    def shown(name: str, words: Mapping[str, str] | None = None) -> str:
        value = protocol.get(name)
        if value is None:
            return VARIES
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{value:,}"
        return (words or {}).get(str(value), str(value))

    inputs = protocol.get("inputs", ())
    given = f"backbone {shown('backbone')}, mode {shown('mode')}"
    if len(inputs) > 1:
        given = f"inputs: {' / '.join(inputs)}"
    inside = protocol.get("train_in_database")
    where = {True: "inside the database", False: "outside the database"}.get(inside, VARIES)  # type: ignore[arg-type]
    return " · ".join(
        (
            *((f"protocol {protocol['name']}",) if protocol.get("name") else ()),
            f"k: {shown('k')}",
            f"divided by {shown('normalize_by', _DIVISOR)}",
            f"ties: {shown('tie_rule', _TIES)}",
            f"{shown('n_query')} {'query' if protocol.get('n_query') == 1 else 'queries'}, "
            f"{shown('n_database')} database",
            f"{shown('n_train')} train, {where}",
            f"relevant: {shown('relevance')}",
            f"{given}, seed {shown('seed')}",
            *(
                f"{name}: codes of {n:,} database images learned in training, not computed from the image"
                for name, n in (protocol.get("learned") or {}).items()
            ),
            "codes made elsewhere, scored here" if protocol.get("mode") == "given" else "our run",
        )
    )


def protocol_line(protocol: Mapping[str, Any]) -> None:
    """Write the protocol under what was just drawn."""
    st.caption(protocol_text(protocol))
