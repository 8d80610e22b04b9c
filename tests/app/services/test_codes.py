"""What the services say about stored codes."""

from pathlib import Path

import numpy as np
import pytest

from app.services import bits, catalog, codes, reconstruction, words
from models.codes.asymmetric import asymmetric_distances
from models.codes.packing import unpack

BINARY, BOOKS = ("digits", "dpsh", 32), ("digits", "dpq", 16)


def test_the_kind_of_code_is_read_off_the_run(stored: Path) -> None:
    assert codes.is_binary(*BINARY)
    assert not codes.is_binary(*BOOKS)


def test_pair_distances_equal_a_slow_count(stored: Path) -> None:
    run, opened = catalog.open_run(*BINARY), catalog.open_dataset("digits")
    query, database = unpack(run.codes("query")), unpack(run.codes("database"))
    relevant = opened.labels("query") @ opened.labels("database").T
    counts = np.zeros(33)
    for row in range(20):
        distances = (query[row] != database).sum(axis=1)
        counts += np.bincount(distances[relevant[row]], minlength=33)
    found = codes.pair_distances(*BINARY)
    assert found.intra.sum() == pytest.approx(1)
    assert found.inter.sum() == pytest.approx(1)
    assert found.intra_mean < found.inter_mean
    assert 0 <= found.overlap <= 1
    assert np.all(found.intra[counts > 0] > 0)


def test_pair_distances_of_codebook_codes_cover_every_pair(stored: Path) -> None:
    found = codes.pair_distances(*BOOKS)
    assert len(found.positions) == codes.N_BINS
    assert found.intra.sum() == pytest.approx(1)
    assert found.inter.sum() == pytest.approx(1)


def test_query_mean_distance(stored: Path) -> None:
    run, opened = catalog.open_run(*BOOKS), catalog.open_dataset("digits")
    relevant = opened.labels("database") @ opened.labels("query")[4]
    distances = asymmetric_distances(run.queries("query"), run.codes("database"))[4]
    assert codes.query_mean_distance(*BOOKS, 4) == pytest.approx(float(distances[relevant].mean()), rel=1e-5)
    assert codes.query_mean_distance(*BINARY, 4) < 32


def test_buckets_hold_every_image_once(stored: Path) -> None:
    found = codes.occupancy(*BINARY)
    assert found.n_items == 1397
    assert list(found.sizes) == sorted(found.sizes, reverse=True)
    database = unpack(catalog.open_run(*BINARY).codes("database"))
    assert len(found.sizes) == len({row.tobytes() for row in database})
    for bucket in found.largest:
        assert bucket.size > 1
        assert len({database[row].tobytes() for row in bucket.rows}) == 1
        labels = catalog.open_dataset("digits").labels("database")[bucket.rows]
        assert bucket.n_top == labels.sum(axis=0).max()


def test_buckets_of_codebook_codes_are_named_by_words(stored: Path) -> None:
    assert all(len(bucket.code.split()) == 4 for bucket in codes.occupancy(*BOOKS).largest)


def test_health_of_a_bit_that_never_changes(stored: Path) -> None:
    health = bits.health(*BINARY)
    assert health.share_one[3] == 1
    assert health.entropy[3] == 0
    assert 0 < health.effective_bits <= 32
    assert 0 <= health.mean_correlation <= 1


def test_relaxed_values_are_shares(stored: Path) -> None:
    values = bits.relaxed(*BINARY)
    assert values is not None
    assert values.all_bits.sum() == pytest.approx(1)
    np.testing.assert_allclose(values.per_bit.sum(axis=1), 1)
    assert values.error >= 0
    assert bits.relaxed(*BOOKS) is None


def test_bit_view_tells_a_real_bit_from_chance(stored: Path) -> None:
    real, dead = bits.bit_view(*BINARY, 0), bits.bit_view(*BINARY, 3)
    assert real is not None
    assert dead is not None
    assert real.departure > real.band > 0
    assert dead.departure == dead.band == 0
    labels = catalog.open_dataset("digits").labels("database")
    assert real.overall == pytest.approx(np.average(real.class_rates, weights=labels.sum(axis=0)))


def test_label_summary(stored: Path) -> None:
    rows = np.arange(40)
    text = codes.label_summary("digits", rows, n=2)
    assert text.count(",") == 2
    assert text.endswith("other")
    assert sum(int(word.split()[0]) for word in text.split(", ")) == 40


def test_what_is_shared_between_sessions_is_read_only(stored: Path) -> None:
    shared = [
        codes.pair_distances(*BINARY).intra,
        codes.occupancy(*BINARY).sizes,
        bits.health(*BINARY).correlation,
        words.usage(*BOOKS).share,
    ]
    assert not any(array.flags.writeable for array in shared)


def test_word_usage_counts_every_image_in_every_book(stored: Path) -> None:
    used = words.usage(*BOOKS)
    np.testing.assert_allclose(used.share.sum(axis=1), 1)
    indices = catalog.open_run(*BOOKS).codes("database").indices
    assert used.dead == sum(16 - len(np.unique(book)) for book in indices.T)
    assert 1 <= used.effective <= used.n_words == 16


def test_reconstruction_is_a_share_of_the_length(stored: Path) -> None:
    found = reconstruction.reconstruction(*BOOKS)
    assert found.share.sum() == pytest.approx(1)
    assert found.mean > 0


def test_word_view_lists_nearest_queries_first(stored: Path) -> None:
    run = catalog.open_run(*BOOKS)
    view = words.word_view(*BOOKS, 1, 5)
    part = run.queries("query")[:, 3:6] - run.codes("database").codebooks[1, 5]
    distances = np.square(part).sum(axis=1)
    assert distances[view.queries[0]] == distances.min()
    assert np.all(np.diff(distances[view.queries]) >= 0)
    assert np.all(run.codes("database").indices[view.database, 1] == 5)
    assert view.overall == pytest.approx(view.n_database / 1397)
