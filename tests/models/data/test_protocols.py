"""Protocols as values: their names, their families, and what they say of themselves."""

from __future__ import annotations

import pytest

from models.data.protocols import (
    family_of,
    fraction_protocol,
    pool_and_protocol,
    protocol_of,
    protocols_of,
)
from models.errors import ConfigError, UnknownNameError


def test_names_of_pools_and_protocols() -> None:
    assert pool_and_protocol("cifar10@II") == ("cifar10", "II")
    assert pool_and_protocol("cifar10") == ("cifar10", "")
    assert protocol_of("cifar10").full_name == "cifar10@I-disjoint"
    assert protocol_of("my photos").full_name == "my photos@fraction"
    with pytest.raises(UnknownNameError, match=r"protocol of cifar10 'III'.*II-1000"):
        protocol_of("cifar10@III")


def test_names_are_unique_within_a_pool_and_each_has_a_source() -> None:
    for pool in (
        "cifar10",
        "cifar100",
        "mnist",
        "fashionmnist",
        "nuswide21",
        "coco",
        "mirflickr",
        "voc",
        "own",
    ):
        protocols = protocols_of(pool)
        assert len({protocol.name for protocol in protocols}) == len(protocols)
        assert all(protocol.source and protocol.title and protocol.pool == pool for protocol in protocols)


@pytest.mark.parametrize("pool", ["nuswide21", "coco", "mirflickr", "cifar10", "my photos"])
def test_given_is_a_protocol_of_every_pool(pool: str) -> None:
    given, default = protocol_of(f"{pool}@given"), protocol_of(pool)
    assert given.full_name == f"{pool}@given"
    assert (given.k, given.normalize_by, given.relevance) == (
        default.k,
        "relevant" if default.k is None else "retrieved",
        default.relevance,
    )
    assert family_of(f"{pool}@given") != family_of(pool), "its figures do not stand beside drawn ones"
    assert default.name != "given"


@pytest.mark.parametrize(("query", "train"), [(0.0, 0.5), (1.0, 0.5), (0.1, 0.0), (0.1, 1.5)])
def test_impossible_fractions_are_refused(query: float, train: float) -> None:
    with pytest.raises(ConfigError, match="share"):
        fraction_protocol(query, train)


def test_divisor_of_truncated_protocols_is_what_was_found() -> None:
    for pool in ("cifar10", "nuswide21", "nuswide81", "coco", "imagenet100", "mirflickr"):
        for protocol in protocols_of(pool):
            assert (protocol.k is None) == (protocol.normalize_by == "relevant")
    assert protocol_of("nuswide21").k == 5_000
    assert protocol_of("imagenet100").k == 1_000
