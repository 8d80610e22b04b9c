"""What every data set promises. One that is not on this machine is still checked for saying so."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from models.data import dataset_names, load_dataset
from models.data.base import SPLITS, Dataset
from models.errors import DataError, NotAvailableError

AVAILABLE = [name for name in dataset_names() if load_dataset(name).info.available]
WITH_IMAGES = [name for name in AVAILABLE if load_dataset(name).info.has_images]


@pytest.fixture(params=AVAILABLE)
def dataset(request: pytest.FixtureRequest) -> Dataset:
    return load_dataset(request.param)


@pytest.fixture(params=WITH_IMAGES)
def pictured(request: pytest.FixtureRequest) -> Dataset:
    return load_dataset(request.param)


@pytest.mark.parametrize("name", dataset_names())
def test_a_data_set_knows_its_name_and_whether_it_is_here(name: str) -> None:
    data = load_dataset(name)
    assert data.info.name == name
    if not data.info.available:
        assert data.info.note
        with pytest.raises(NotAvailableError):
            data.labels("query")


def test_the_card_is_complete(dataset: Dataset) -> None:
    info = dataset.info
    assert info.title
    assert info.licence
    assert info.source
    assert info.image_size > 0
    assert len(info.class_names) == len(set(info.class_names)) == info.n_classes
    assert info.label_kind in ("single", "multi")
    assert info.n_train > 0
    assert info.n_query > 0
    assert info.train_in_database == (len(dataset.train_rows) > 0)


@pytest.mark.parametrize("split", SPLITS)
def test_labels_have_the_promised_form(dataset: Dataset, split: str) -> None:
    labels = dataset.labels(split)  # type: ignore[arg-type]
    assert labels.dtype == np.bool_
    assert labels.shape == (dataset.info.n_rows(split), dataset.info.n_classes)  # type: ignore[arg-type]
    assert not labels.flags.writeable
    per_image = labels.sum(axis=1)
    assert (per_image >= 1).all()
    if dataset.info.label_kind == "single":
        assert (per_image == 1).all()
    else:
        assert per_image.max() > 1
    assert labels.any(axis=0).all(), "every class occurs in every split"


def test_train_rows_are_the_train_images_that_the_database_holds(dataset: Dataset) -> None:
    rows = dataset.train_rows
    assert rows.dtype == np.int64
    assert len(rows) in (0, dataset.info.n_train)
    assert (np.diff(rows) > 0).all()
    assert ((rows >= 0) & (rows < dataset.info.n_database)).all()
    if len(rows):
        assert (dataset.labels("database")[rows] == dataset.labels("train")).all()
    assert not rows.flags.writeable


def test_splits_are_rows_of_the_pool(dataset: Dataset) -> None:
    query, database = dataset.pool_rows("query"), dataset.pool_rows("database")
    assert (len(query), len(database)) == (dataset.info.n_query, dataset.info.n_database)
    assert len(np.unique(np.concatenate([query, database]))) == len(query) + len(database)
    assert max(query.max(), database.max()) < dataset.n_pool
    train = dataset.pool_rows("train")
    inside = np.isin(train, database)
    assert inside.all() == inside.any() == dataset.info.train_in_database
    if inside.any():
        assert (database[dataset.train_rows] == train).all()


@pytest.mark.parametrize("split", SPLITS)
def test_the_pool_has_the_images_of_its_splits(pictured: Dataset, split: str) -> None:
    for row in (0, pictured.info.n_rows(split) - 1):  # type: ignore[arg-type]
        from_pool = pictured.pool_image(int(pictured.pool_rows(split)[row]))  # type: ignore[arg-type]
        assert from_pool.tobytes() == pictured.image(split, row).tobytes()  # type: ignore[arg-type]
    with pytest.raises(DataError):
        pictured.pool_image(pictured.n_pool)


@pytest.mark.parametrize("name", sorted(set(AVAILABLE) - set(WITH_IMAGES)))
def test_without_images_the_way_to_them_is_told(name: str) -> None:
    data = load_dataset(name)
    assert "fetch" in data.info.note
    assert data.info.download_bytes > 0
    with pytest.raises(NotAvailableError, match="fetch"):
        data.image("query", 0)


@pytest.mark.parametrize("split", SPLITS)
def test_images_decode_to_rgb_of_the_promised_size(pictured: Dataset, split: str) -> None:
    dataset = pictured
    last = dataset.info.n_rows(split) - 1  # type: ignore[arg-type]
    for row in (0, last // 2, last):
        content, mime = dataset.image_bytes(split, row)  # type: ignore[arg-type]
        assert mime in ("image/png", "image/webp", "image/jpeg")
        image = dataset.image(split, row)  # type: ignore[arg-type]
        assert image.mode == "RGB"
        assert image.size == (dataset.info.image_size, dataset.info.image_size)
        decoded = Image.open(io.BytesIO(content)).convert("RGB")
        assert (np.asarray(decoded) == np.asarray(image)).all()
    for row in (-1, last + 1):
        with pytest.raises(DataError):
            dataset.image(split, row)  # type: ignore[arg-type]


def test_no_query_is_in_the_database(pictured: Dataset) -> None:
    dataset = pictured
    rows = range(dataset.info.n_database)
    database = {dataset.image_bytes("database", row)[0] for row in rows}
    twins = sum(dataset.image_bytes("query", row)[0] in database for row in range(dataset.info.n_query))
    assert twins == 0


@pytest.mark.parametrize("split", SPLITS)
def test_captions_are_one_sentence_per_image_or_none(dataset: Dataset, split: str) -> None:
    captions = dataset.captions(split)  # type: ignore[arg-type]
    assert captions is None or len(captions) == dataset.info.n_rows(split)  # type: ignore[arg-type]
    assert captions is None or all(captions)


def test_the_keys_are_sixteen_hex_digits(dataset: Dataset) -> None:
    for key in (dataset.content_key, dataset.pool_key):
        assert len(key) == 16
        int(key, 16)
