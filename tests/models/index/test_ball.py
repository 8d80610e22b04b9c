"""Look-up costs against brute force over all codes."""

from __future__ import annotations

import pytest

from models.errors import ConfigError
from models.index.ball import ball, longest_radius, look_up


@pytest.mark.parametrize("n_bits", [1, 5, 9])
def test_a_ball_holds_the_codes_within_its_radius(n_bits: int) -> None:
    for radius in range(-1, n_bits + 3):
        assert ball(n_bits, radius) == sum(code.bit_count() <= radius for code in range(2**n_bits))


def test_by_hand() -> None:
    assert ball(64, 2) == 1 + 64 + 2016
    found = look_up(1_000_000, 16, 1)
    assert (found.n_buckets, found.n_expected) == (17, pytest.approx(17 * 1e6 / 65536))


@pytest.mark.parametrize(("n_bits", "n_tables"), [(8, 2), (9, 3), (10, 3), (7, 7)])
def test_small_balls_of_multi_index_hashing_miss_nothing(n_bits: int, n_tables: int) -> None:
    """Every code within the radius lies in one of the balls visited; they are as many as counted."""
    lengths = [n_bits // n_tables + (t < n_bits % n_tables) for t in range(n_tables)]
    for radius in range(n_bits + 1):
        q, a = divmod(radius, n_tables)
        reach = [q if t <= a else q - 1 for t in range(n_tables)]
        for code in range(2**n_bits):
            if code.bit_count() > radius:
                continue
            rest, found = code, False
            for length, within in zip(lengths, reach, strict=True):
                found |= (rest & (2**length - 1)).bit_count() <= within
                rest >>= length
            assert found
        visited = sum(ball(length, within) for length, within in zip(lengths, reach, strict=True))
        assert look_up(100, n_bits, radius, n_tables=n_tables).n_buckets == visited


def test_one_table_is_the_plain_look_up() -> None:
    assert look_up(10**6, 32, 3, n_tables=1) == look_up(10**6, 32, 3)
    assert look_up(10**6, 32, 3).n_buckets == ball(32, 3)


def test_longer_codes_and_larger_radii_cost_more() -> None:
    costs = [look_up(10**6, n_bits, 3).n_buckets for n_bits in (16, 32, 64, 128)]
    assert costs == sorted(costs)
    assert look_up(10**6, 128, 20).n_buckets > 10**6


def test_the_longest_radius_worth_looking_up() -> None:
    assert longest_radius(10**6, 64) == 4
    assert ball(64, 4) == 679_121
    assert ball(64, 5) > 10**6
    assert longest_radius(1, 64) is None
    assert 4 < (longest_radius(10**6, 64, n_tables=4) or 0) < 32


@pytest.mark.parametrize("wrong", [{"n": 0}, {"n_bits": 0}, {"radius": -1}, {"radius": 9}, {"n_tables": 9}])
def test_refusals(wrong: dict[str, int]) -> None:
    given = {"n": 100, "n_bits": 8, "radius": 2, "n_tables": 2} | wrong
    with pytest.raises(ConfigError, match="look-up"):
        look_up(given["n"], given["n_bits"], given["radius"], n_tables=given["n_tables"])
