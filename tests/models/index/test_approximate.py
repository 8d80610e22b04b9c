"""The approximate indexes of binary codes against exhaustive search."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.codes.hamming import hamming_distances
from models.codes.packing import pack
from models.errors import ConfigError, DataError
from models.index import open_index, recall_at_k
from models.index.binary_hnsw import BinaryHnsw
from models.index.binary_ivf import BinaryIvf
from models.index.binary_multi_hash import BinaryMultiHash
from models.index.binary_multi_table import BinaryMultiTable
from tests.models.index.clustered import clustered_codes

KINDS = ("ivf", "hnsw", "multi-hash", "multi-table")
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("n_bits", [12, 16, 33, 48, 64, 128])
@pytest.mark.parametrize(
    ("kind", "settings", "at_least"),
    [
        ("ivf", {}, 0.85),
        ("ivf", {"n_lists": 20, "n_probes": 20}, 1.0),
        ("hnsw", {}, 0.97),
        ("multi-hash", {"n_flips": 2}, 0.6),
        ("multi-table", {"n_tables": 32, "n_key_bits": 8}, 0.85),
    ],
)
def test_recall_on_clustered_codes(kind: str, settings: dict[str, int], at_least: float, n_bits: int) -> None:
    queries, database = clustered_codes(30, 3000, n_bits)
    exact = open_index(database).search(queries, 10)
    recall = recall_at_k(open_index(database, kind, **settings).search(queries, 10), exact)
    assert recall.mean() >= at_least


@pytest.mark.parametrize(
    ("kind", "few", "many"),
    [
        ("ivf", {"n_lists": 50, "n_probes": 1}, {"n_lists": 50, "n_probes": 10}),
        ("hnsw", {"n_links": 2, "ef_construction": 2, "ef_search": 1}, {"ef_search": 200}),
        ("multi-hash", {"n_flips": 0}, {"n_flips": 2}),
        ("multi-table", {"n_tables": 1}, {"n_tables": 20}),
    ],
)
def test_more_effort_finds_more(kind: str, few: dict[str, int], many: dict[str, int]) -> None:
    queries, database = clustered_codes(30, 3000, 64)
    exact = open_index(database).search(queries, 10)
    less, more = (
        recall_at_k(open_index(database, kind, **settings).search(queries, 10), exact).mean()
        for settings in (few, many)
    )
    assert less < more


@pytest.mark.parametrize(
    ("n_bits", "n_hashes"), [(12, 1), (12, 2), (12, 5), (30, 1), (30, 4), (64, 2), (64, 4)]
)
@pytest.mark.parametrize("n_flips", [0, 1, 2])
def test_multi_hash_misses_nothing_within_its_radius(n_bits: int, n_hashes: int, n_flips: int) -> None:
    """Padding that counted as code would break this at 12 and 30 bits."""
    queries, database = clustered_codes(20, 800, n_bits, flip=0.1)
    index = BinaryMultiHash(database, n_hashes=n_hashes, n_flips=n_flips)
    found = index.search(queries, 800)
    for row, distances in enumerate(hamming_distances(queries, database)):
        within = np.flatnonzero(distances <= index.complete_radius)
        assert set(within) <= set(found.row(row)[1].tolist())


def test_multi_table_looks_into_the_slots_that_it_says() -> None:
    queries, database = clustered_codes(15, 400, 24, flip=0.15)
    index = BinaryMultiTable(database, n_tables=3, n_key_bits=7, n_flips=1, seed=4)
    found = index.search(queries, 400)
    bits, asked = (np.unpackbits(codes.packed, axis=1) for codes in (database, queries))
    for row in range(15):
        differing = [(bits[:, drawn] != asked[row, drawn]).sum(axis=1) for drawn in index.bits_of_key]
        assert set(found.row(row)[1].tolist()) == set(np.flatnonzero(np.min(differing, axis=0) <= 1))
    other = BinaryMultiTable(database, n_tables=3, n_key_bits=7, seed=5)
    assert not np.array_equal(index.bits_of_key, other.bits_of_key)


@pytest.mark.parametrize("kind", ["multi-hash", "multi-table", "ivf"])
def test_empty_slots_are_no_items(kind: str) -> None:
    """The query is far from all that share a slot with it: fewer than k are found, or none."""
    database = pack(np.vstack([np.zeros((60, 64)), np.eye(64)[:40]]))
    queries = pack(np.vstack([np.ones(64), np.zeros(64)]))
    settings = {
        "multi-hash": {"n_hashes": 4, "n_flips": 0},
        "multi-table": {"n_tables": 2, "n_key_bits": 20},
        "ivf": {"n_lists": 10, "n_probes": 1},
    }[kind]
    found = open_index(database, kind, **settings).search(queries, 100)
    assert found.n_found[0] < 100
    if kind != "ivf":
        assert found.n_found[0] == 0
        assert found.n_tied_beyond[0] == 0
    for row in range(2):
        distances, ids = found.row(row)
        assert len(ids) == found.n_found[row]
        assert np.array_equal(distances, hamming_distances(queries, database)[row, ids])
        assert (found.ids[row, len(ids) :] == 100).all()
        assert (found.distances[row, len(ids) :] == np.iinfo(np.int32).max).all()
    with pytest.raises(IndexError):
        _ = database.packed[found.ids]
    recall = recall_at_k(found, open_index(database).search(queries, 100))
    assert np.array_equal(recall, found.n_found / 100)


def test_collapsed_codes_are_found_by_the_graph() -> None:
    """Over items instead of buckets, FAISS's graph finds a few per cent of these."""
    rng = np.random.default_rng(0)
    centres = pack(rng.integers(0, 2, (30, 64)))
    database = centres[rng.integers(30, size=5000)]
    found = BinaryHnsw(database).search(centres, 500)
    assert recall_at_k(found, open_index(database).search(centres, 500)).min() == 1.0


def test_the_graph_is_the_same_every_time() -> None:
    """Also in another process that may use more threads."""
    script = (
        "import faiss; from models.index.binary_hnsw import BinaryHnsw;"
        "from tests.models.index.clustered import clustered_codes;"
        "index = BinaryHnsw(clustered_codes(1, 3000, 48)[1]).faiss_index;"
        "import hashlib; print(hashlib.sha256(faiss.serialize_index_binary(index)).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT, env={"OMP_NUM_THREADS": threads}, capture_output=True, check=True,
        ).stdout
        for threads in ("1", "2", "2")
    }  # fmt: skip
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("ivf", {"n_lists": 41}, "40 distinct codes. Choose 1 to 40"),
        ("ivf", {"n_lists": 4, "n_probes": 5}, "there are 4 lists. Choose 1 to 4"),
        ("ivf", {"n_lists": 0}, "n_lists=0 is no whole number from 1"),
        ("ivf", {"lists": 4}, "no setting 'lists'; it has n_lists, n_probes"),
        ("hnsw", {"n_links": True}, "n_links=True"),
        ("hnsw", {"ef_search": None}, "ef_search=None"),
        ("multi-hash", {"n_hashes": 17}, "a code has 16 bits"),
        ("multi-hash", {"n_hashes": 16, "n_flips": 2}, "a substring has 1 bits"),
        ("multi-table", {"n_key_bits": 17}, "16 bits"),
        ("multi-table", {"n_key_bits": 1, "n_flips": 2}, "a key has 1 bits"),
        ("exhaustive", {"n_lists": 4}, "has no settings"),
    ],
)
def test_settings_out_of_range(kind: str, settings: dict[str, int], message: str) -> None:
    rng = np.random.default_rng(0)
    database = pack(rng.integers(0, 2, (40, 16)))[np.arange(90) % 40]
    with pytest.raises(ConfigError, match=message):
        open_index(database, kind, **settings)


def test_a_substring_longer_than_faiss_can_read() -> None:
    database = clustered_codes(1, 50, 128)[1]
    with pytest.raises(ConfigError, match="n_hashes of at least 3"):
        BinaryMultiHash(database, n_hashes=2)
    assert BinaryMultiHash(database, n_hashes=3).search(database[:5], 1).ids.tolist()


@pytest.mark.parametrize(
    ("kind", "index_class"), [("ivf", BinaryIvf), ("hnsw", BinaryHnsw), ("multi-hash", BinaryMultiHash)]
)
def test_a_stored_index_answers_like_the_one_that_was_built(
    kind: str, index_class: type, tmp_path: Path
) -> None:
    import faiss

    queries, database = clustered_codes(10, 500, 48)
    built = open_index(database, kind)
    faiss.write_index_binary(built.faiss_index, str(tmp_path / "stored.faiss"))  # type: ignore[attr-defined]
    again = index_class(database, stored=tmp_path / "stored.faiss")
    for attribute in ("ids", "distances", "n_found"):
        first, second = (getattr(index.search(queries, 7), attribute) for index in (built, again))
        assert np.array_equal(first, second)
    with pytest.raises(DataError, match="another index than its codes say"):
        index_class(database[:100], stored=tmp_path / "stored.faiss")
    (tmp_path / "stored.faiss").write_bytes(b"IBxx" + b"0" * 40)
    with pytest.raises(DataError, match="no binary FAISS index"):
        index_class(database, stored=tmp_path / "stored.faiss")
