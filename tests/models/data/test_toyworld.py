"""toyworld: balanced, shuffled, one seed per picture; the shipped files are what the code draws."""

from __future__ import annotations

import numpy as np
import pytest

from models.data import load_dataset, toyworld


def test_counts_and_balance() -> None:
    database, query = toyworld.class_ids("database"), toyworld.class_ids("query")
    assert np.bincount(database).tolist() == [600] * 10
    assert np.bincount(query).tolist() == [50] * 10
    rows = toyworld.train_rows()
    assert len(np.unique(rows)) == 2_000 and rows.dtype == np.int64 and (np.diff(rows) > 0).all()
    assert np.bincount(database[rows]).tolist() == [200] * 10


def test_rows_are_not_sorted_by_class() -> None:
    ids = toyworld.class_ids("database")
    assert (np.diff(ids) == 0).mean() < 0.2


def test_a_picture_depends_on_split_and_row_alone() -> None:
    first = toyworld.picture("query", 3, 5)
    toyworld.picture("query", 4, 5)
    assert np.array_equal(first, toyworld.picture("query", 3, 5))
    assert not np.array_equal(first, toyworld.picture("database", 3, 5))
    assert not np.array_equal(first, toyworld.picture("query", 3, 5, seed=1))


def test_every_class_stands_as_firmly_as_its_name_says() -> None:
    assert tuple(toyworld.THINGS) == toyworld.CLASS_NAMES == tuple(toyworld.UPRIGHT)
    assert toyworld.UPRIGHT["house"] > toyworld.UPRIGHT["umbrella"]


def test_shipped_labels_and_split_are_those_of_the_code() -> None:
    data = load_dataset("toyworld")
    for split in ("query", "database"):
        assert np.array_equal(data.labels(split).argmax(axis=1), toyworld.class_ids(split))
    assert np.array_equal(data.train_rows, toyworld.train_rows())
    assert data.info.class_names == toyworld.CLASS_NAMES


@pytest.mark.parametrize("row", [0, 123, 5_999])
def test_shipped_pictures_are_those_of_the_code(row: int) -> None:
    # WebP moves pixels by a few levels, and other processors may round one differently.
    drawn = toyworld.picture("database", row, int(toyworld.class_ids("database")[row])).astype(float)
    shipped = np.asarray(load_dataset("toyworld").image("database", row), dtype=float)
    assert np.abs(drawn - shipped).mean() < 9
    assert np.corrcoef(drawn.ravel(), shipped.ravel())[0, 1] > 0.97
