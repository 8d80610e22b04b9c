"""Code lengths, families and quoted results."""

from __future__ import annotations

import pytest

from models.spec import BitRule, Family, Protocol, quote


def test_any_length() -> None:
    rule = BitRule()
    assert rule.allows(1) and rule.allows(37) and rule.allows(1024)
    assert not rule.allows(0) and not rule.allows(1025)
    assert str(rule) == "1 to 1024"


def test_multiples() -> None:
    rule = BitRule(multiple_of=8, lowest=8, highest=64)
    assert rule.usual() == [8, 16, 24, 32, 48, 64]
    assert not rule.allows(12) and not rule.allows(72)
    assert str(rule) == "multiples of 8 from 8 to 64 (for example 8, 16, 24, 32, 48, 64)"


@pytest.mark.parametrize("family", list(Family))
def test_every_family_has_the_later_name(family: Family) -> None:
    assert family.later_name


def test_quote_spreads_a_table_row() -> None:
    row = quote({16: 0.5, 32: 0.6}, Protocol("CIFAR-10", "all"), backbone="b", source="s", verified=False)
    assert [(r.n_bits, r.map, r.dataset, r.protocol, r.verified) for r in row] == [
        (16, 0.5, "CIFAR-10", "all", False),
        (32, 0.6, "CIFAR-10", "all", False),
    ]
