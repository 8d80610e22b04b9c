"""Multi-index hashing by growing radius: the answer of exhaustive search, from fewer comparisons."""

from __future__ import annotations

import numpy as np
import pytest

from models.codes.packing import pack
from models.errors import ConfigError
from models.index import BinaryFlat, binary_multi_index, machine
from models.index.binary_multi_index import (
    BinaryMultiIndex,
    bytes_an_item,
    default_substrings,
)
from models.index.synthetic import uniform_model
from models.types import BinaryCodes
from tests.models.index.clustered import clustered_codes


def check_against_exhaustive(index: BinaryMultiIndex, queries: BinaryCodes, k: int) -> None:
    found, exact = index.search(queries, k), BinaryFlat(index.codes).search(queries, k)
    assert np.array_equal(found.distances, exact.distances)
    assert np.array_equal(found.ids, exact.ids)
    assert np.array_equal(found.n_tied_beyond, exact.n_tied_beyond)


@pytest.mark.parametrize(
    ("n_bits", "n_substrings"),
    [(12, 1), (12, 12), (33, 2), (64, 3), (64, 4), (64, 64), (100, 7), (128, 6), (130, 7)],
)
@pytest.mark.parametrize("k", [1, 10, 2000])
def test_the_answer_is_that_of_exhaustive_search(n_bits: int, n_substrings: int, k: int) -> None:
    """Substrings that cross from one word to the next, and padding, among them."""
    for flip in (0.03, 0.5):
        queries, database = clustered_codes(25, 6000, n_bits, flip=flip)
        index = BinaryMultiIndex(database, n_substrings=n_substrings)
        assert index.ranges[0, 0] == 0
        assert index.ranges[:, 1].sum() == n_bits
        check_against_exhaustive(index, queries, k)


def test_more_candidates_than_are_kept_at_first() -> None:
    """What is found fills its array: the farther half is dropped, or the array grows."""
    queries, database = clustered_codes(8, 40_000, 40, n_centres=3, flip=0.2)
    index = BinaryMultiIndex(database, n_substrings=10)
    assert len(np.unique(database.packed, axis=0)) > 30_000
    for k in (10, 30_000):
        check_against_exhaustive(index, queries, k)


def test_copies_of_a_code_come_in_order_of_id() -> None:
    rng = np.random.default_rng(0)
    centres = pack(rng.integers(0, 2, (5, 24)))
    database = centres[rng.integers(5, size=20_000)]
    check_against_exhaustive(BinaryMultiIndex(database), centres, 50)
    # Many codes tie at the cut, each with many items: the lowest ids are spread over them.
    near = pack(np.eye(24)[rng.integers(24, size=20_000)])
    check_against_exhaustive(BinaryMultiIndex(near), pack(np.zeros((1, 24))), 50)


def test_clusters_are_found_with_few_comparisons_and_noise_costs_at_most_a_scan() -> None:
    queries, database = clustered_codes(20, 50_000, 64, n_centres=500, flip=0.02)
    index = BinaryMultiIndex(database)
    _, compared = index.searched(queries, 10)
    assert np.median(compared) < 50_000 / 20
    noise = uniform_model(256)
    index = BinaryMultiIndex(noise.sample(20_000))
    _, compared = index.searched(noise.sample(5, seed=1), 10)
    assert (compared >= 20_000).all(), "nothing is near: every code is compared"
    assert (compared <= 2 * 20_000).all()


def test_many_queries_on_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import config

    queries, database = clustered_codes(50, 5000, 64)
    index = BinaryMultiIndex(database)
    for n_threads in (1, 3):
        monkeypatch.setattr(config, "NUMBA_NUM_THREADS", n_threads)
        check_against_exhaustive(index, queries, 20)


def test_progress_is_told_and_ends_the_build() -> None:
    told: list[tuple[int, int]] = []
    _, database = clustered_codes(1, 500, 64)
    BinaryMultiIndex(database, progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, told[0][1] + 1))

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        BinaryMultiIndex(database, progress=stop)


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    _, database = clustered_codes(1, 500, 64)
    with pytest.raises(ConfigError, match="Choose 3 to 64"):
        BinaryMultiIndex(database, n_substrings=2)
    with pytest.raises(ConfigError, match="a code has 64 bits"):
        BinaryMultiIndex(database, n_substrings=65)
    monkeypatch.setattr(machine, "available_bytes", lambda: 1000)
    with pytest.raises(ConfigError, match=r"are free. Choose fewer items"):
        BinaryMultiIndex(database)
    monkeypatch.setattr(binary_multi_index, "MAX_DATABASE", 499)
    with pytest.raises(ConfigError, match="at most 499 fit"):
        BinaryMultiIndex(database)


def test_defaults() -> None:
    assert [default_substrings(n, 64) for n in (1, 10**4, 10**6, 10**7, 10**8)] == [8, 7, 4, 4, 3]
    assert default_substrings(10, 5) == 1
    # 100 million codes of 64 bits are built within 8 GB.
    assert 10**8 * bytes_an_item(64) <= 8e9
    assert bytes_an_item(64, 3) < bytes_an_item(64) < bytes_an_item(128)


@pytest.mark.skipif(machine._mallinfo() is None, reason="this system's allocator tells nothing")
def test_memory_is_what_is_said() -> None:
    database = uniform_model(64).sample(200_000)
    before = machine.allocated_bytes()
    index = BinaryMultiIndex(database)
    taken = machine.allocated_bytes() - before
    n_tables = len(index.ranges)
    directories = 4 * ((1 << index.ranges[:, 1]) + 1).sum()
    assert taken == pytest.approx(200_000 * (12 * n_tables - 4 + 8) + directories, rel=0.1)
