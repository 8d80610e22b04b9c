"""Inverted lists over codebook codes against exhaustive search."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.codes.asymmetric import asymmetric_distances
from models.errors import ConfigError, DataError
from models.index import open_index, recall_at_k
from models.index.adc_ivf import AdcIvf
from models.types import CodebookCodes
from tests.models.index.clustered import clustered_words

FORMS = [(structure, metric) for structure in ("product", "additive") for metric in ("l2", "ip")]
each_form = pytest.mark.parametrize(("structure", "metric"), FORMS)


@each_form
@pytest.mark.parametrize(("n_codebooks", "n_centroids"), [(4, 256), (3, 64), (5, 16), (4, 2)])
def test_looking_into_every_list_is_exhaustive_search(
    structure: str, metric: str, n_codebooks: int, n_centroids: int
) -> None:
    queries, database = clustered_words(
        20, 600, structure=structure, metric=metric, n_codebooks=n_codebooks, n_centroids=n_centroids
    )
    index = AdcIvf(database, n_lists=8, n_probes=8)
    exact = open_index(database).search(queries, 25)
    found = index.search(queries, 25)
    assert found.fewer is None
    assert recall_at_k(found, exact).min() == 1.0
    assert found.distances == pytest.approx(exact.distances, rel=1e-4, abs=1e-4)


@each_form
def test_recall_and_distances(structure: str, metric: str) -> None:
    queries, database = clustered_words(40, 3000, structure=structure, metric=metric)
    exact = open_index(database).search(queries, 10)
    recall = {}
    for n_probes in (1, 8):
        found = AdcIvf(database, n_lists=32, n_probes=n_probes).search(queries, 10)
        recall[n_probes] = recall_at_k(found, exact).mean()
        distances = asymmetric_distances(queries, database)
        for row in range(40):
            near, ids = found.row(row)
            assert near == pytest.approx(distances[row, ids], rel=1e-4, abs=1e-4)
    assert recall[1] < recall[8]
    assert recall[8] >= 0.95


def test_lists_that_hold_too_little() -> None:
    queries, database = clustered_words(5, 200)
    found = AdcIvf(database, n_lists=50, n_probes=1).search(queries, 200)
    assert (found.n_found < 200).all()
    assert (found.n_found > 0).all()
    for row in range(5):
        n = found.n_found[row]
        assert (found.ids[row, n:] == 200).all()
        assert np.isinf(found.distances[row, n:]).all()
    assert found.ties == "at least"


def test_one_list_and_too_many() -> None:
    queries, database = clustered_words(3, 50)
    assert AdcIvf(database, n_lists=1).search(queries, 50).fewer is None
    one_word = CodebookCodes(np.zeros((50, 2), np.uint8), np.ones((2, 4, 3), np.float32), metric="ip")
    found = AdcIvf(one_word).search(np.ones((1, 6), np.float32), 3)
    assert found.ids.tolist() == [[0, 1, 2]]
    assert found.n_tied_beyond.tolist() == [47]
    with pytest.raises(ConfigError, match="1 distinct codes"):
        AdcIvf(one_word, n_lists=2)


@each_form
def test_a_stored_index_answers_like_the_one_that_was_built(
    structure: str, metric: str, tmp_path: Path
) -> None:
    import faiss

    queries, database = clustered_words(10, 500, structure=structure, metric=metric)
    built = AdcIvf(database)
    faiss.write_index(built.faiss_index, str(tmp_path / "stored.faiss"))
    again = AdcIvf(database, stored=tmp_path / "stored.faiss")
    assert np.array_equal(built.search(queries, 7).ids, again.search(queries, 7).ids)
    with pytest.raises(DataError, match="another index than its codes say"):
        AdcIvf(database[:20], stored=tmp_path / "stored.faiss")
    (tmp_path / "stored.faiss").write_bytes(b"xxxx" + b"0" * 40)
    with pytest.raises(DataError, match="no FAISS index"):
        AdcIvf(database, stored=tmp_path / "stored.faiss")
