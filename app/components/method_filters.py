"""Which methods the Methods page lists, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.services.methods import SUPERVISION, Listed

ORDERS = ("by family", "by mAP", "by year")
Section = tuple[str, str, list[Listed]]


def method_filters(methods: Sequence[Listed]) -> list[Section]:
    """Draw the filters; what is left, in sections of heading, a word beside it, and methods."""
    families = list(dict.fromkeys(m.family for m in methods if m.family))
    counts = {family: sum(m.family == family for m in methods) for family in families}
    chosen = st.pills(
        "Family",
        families,
        selection_mode="multi",
        format_func=lambda family: f"{family} {counts[family]}",
        key="family",
        bind="query-params",
        label_visibility="collapsed",
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        learns = st.multiselect(
            "Learns from",
            [name for name in SUPERVISION if any(m.supervision == name for m in methods)],
            format_func=lambda name: SUPERVISION.get(name, name),
            key="learns",
            bind="query-params",
            width=250,
            placeholder="anything",
        )
        losses = st.multiselect(
            "Kind of loss",
            list(dict.fromkeys(m.loss_group for m in methods)),
            key="loss",
            bind="query-params",
            width=310,
            placeholder="any",
        )
        order = st.segmented_control(
            "Order", ORDERS, default=ORDERS[0], required=True, key="order", bind="query-params"
        )
    kept = [
        m
        for m in methods
        if (not chosen or m.family in chosen)
        and (not learns or m.supervision in learns)
        and (not losses or m.loss_group in losses)
    ]
    return _sections(kept, order or ORDERS[0])


def _sections(methods: Sequence[Listed], order: str) -> list[Section]:
    if not methods:
        return []
    if order == ORDERS[1]:
        ranked = sorted(methods, key=lambda m: -m.entry.map_expected if m.entry else 1.0)
        return [("", "", ranked)]
    if order == ORDERS[2]:
        return [("", "", sorted(methods, key=lambda m: (m.year or 9999, m.label)))]
    families: dict[str, list[Listed]] = {}
    for m in methods:
        families.setdefault(m.family, []).append(m)
    return [(family or "no family", _beside(found), found) for family, found in families.items()]


def _beside(methods: Sequence[Listed]) -> str:
    """How many they are, and what the later edition calls them."""
    later = list(dict.fromkeys(m.later_name for m in methods if m.later_name))
    count = f"{len(methods)} method{'s' if len(methods) != 1 else ''}"
    return f"{count}; in the edition of 2023: {', '.join(later)}" if later else count
