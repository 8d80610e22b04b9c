"""Pools: rows of splits, memory-mapped labels, images from archives and from where they lie, and damage."""

from __future__ import annotations

import io
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.data import (
    dataset_infos,
    dataset_names,
    load_dataset,
    load_pool,
    protocol_names,
)
from models.data.importing import plan_import, run_import
from models.data.importing.shipping import ship_labels
from models.data.library import CARD
from models.errors import DataError, NotAvailableError, UnknownNameError

N = 24


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for row in range(N):
        (folder / f"{row % 4}").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (6, 8), (row * 10, 0, 255 - row)).save(folder / f"{row % 4}" / f"{row:02d}.png")
    return folder


@pytest.fixture(params=["archive", "linked"])
def pool_path(request: pytest.FixtureRequest, library: Path, images: Path) -> Path:
    for _ in run_import(plan_import("photos", images, None, 0.25, link=request.param == "linked")):
        pass
    return library / "datasets" / "photos"


@pytest.mark.usefixtures("pool_path")
def test_the_promises_of_a_data_set() -> None:
    data = load_dataset("photos")
    assert load_dataset("photos") is data
    info = data.info
    assert (info.name, info.pool, info.n_query, info.n_database, info.n_train) == (
        "photos",
        "photos",
        6,
        18,
        9,
    )
    assert (info.image_size, info.has_images, info.train_in_database, info.k) == (8, True, True, None)
    assert data.n_pool == N
    assert len(data.content_key) == len(data.pool_key) == 16
    for split in ("query", "train", "database"):
        rows, labels = data.pool_rows(split), data.labels(split)
        assert rows.dtype == np.int64
        assert (np.diff(rows) > 0).all()
        assert not rows.flags.writeable
        assert labels.dtype == np.bool_
        assert labels.shape == (info.n_rows(split), 4)
        assert not labels.flags.writeable
        for row in range(len(rows)):
            assert data.image(split, row).tobytes() == data.pool_image(int(rows[row])).tobytes()
            assert data.image(split, row).getpixel((0, 0))[0] // 10 % 4 == labels[row].argmax()
    assert (data.pool_rows("database")[data.train_rows] == data.pool_rows("train")).all()
    assert isinstance(load_pool("photos").pool_labels, np.memmap)
    for row in (-1, N):
        with pytest.raises(DataError, match="pool rows 0 to 23"):
            data.pool_image(row)
    with pytest.raises(DataError, match="rows 0 to 5"):
        data.image("query", 6)


@pytest.mark.usefixtures("pool_path")
def test_a_protocol_is_another_view_of_the_same_pool() -> None:
    assert protocol_names("photos") == ("fraction", "unseen")
    assert "photos@unseen" in dataset_names(protocols=True)
    assert "photos@unseen" not in dataset_names()
    assert load_dataset("photos@fraction") is load_dataset("photos")
    unseen = load_dataset("photos@unseen")
    assert (unseen.info.name, unseen.info.protocol) == ("photos@unseen", "unseen")
    assert len(unseen.train_rows) == 0
    assert not unseen.info.train_in_database
    trained = unseen.labels("train").any(axis=0)
    assert not (trained & unseen.labels("database").any(axis=0)).any()
    assert unseen.pool_key == load_dataset("photos").pool_key
    assert unseen.content_key != load_dataset("photos").content_key
    with pytest.raises(UnknownNameError, match="Did you mean unseen"):
        load_dataset("photos@unsen")
    with pytest.raises(UnknownNameError, match="Did you mean photos"):
        load_dataset("photo")


@pytest.mark.usefixtures("pool_path")
def test_many_threads_may_read() -> None:
    pool = load_pool("photos")
    rows = [row % N for row in range(300)]
    with ThreadPoolExecutor(8) as workers:
        read = list(workers.map(lambda row: pool.pool_image(row).getpixel((0, 0)), rows))
    assert read == [pool.pool_image(row).getpixel((0, 0)) for row in rows]


def test_a_linked_image_that_is_gone_says_where_it_was_looked_for(library: Path, images: Path) -> None:
    for _ in run_import(plan_import("photos", images, link=True)):
        pass
    assert not (library / "datasets" / "photos" / "images.zip").exists()
    (images / "0" / "00.png").unlink()
    with pytest.raises(NotAvailableError, match=rf"0/00\.png of photos.*{images}") as told:
        load_dataset("photos").pool_image(0)
    assert "imported on this machine" in str(told.value)
    (images / "0" / "04.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"0/04\.png of photos"):
        load_dataset("photos").pool_image(1)
    shutil.rmtree(images)
    # Opened anew, as after a restart.
    from models.data.pool import Pool

    pool = Pool(library / "datasets" / "photos")
    assert not pool.info.has_images
    assert str(images) in pool.info.note
    assert len(pool.labels("query")) == pool.info.n_query
    with pytest.raises(NotAvailableError, match="forget photos"):
        pool.image("query", 0)


@pytest.mark.parametrize("file", ["labels.npy", "splits-fraction.npz", "images.zip", CARD])
def test_damage_is_named(file: str, library: Path, images: Path) -> None:
    for _ in run_import(plan_import("photos", images)):
        pass
    path = library / "datasets" / "photos" / file
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(DataError, match=rf"{file} is damaged.*forget photos"):
        load_dataset("photos").labels("query")
        load_dataset("photos").image("query", 0)
    assert [info.available for info in dataset_infos() if info.name == "toyworld"] == [True]
    if file == CARD:
        info = next(info for info in dataset_infos() if info.name == "photos")
        assert not info.available
        assert "damaged" in info.note


def test_another_format_is_refused(library: Path, images: Path) -> None:
    for _ in run_import(plan_import("photos", images)):
        pass
    path = library / "datasets" / "photos" / CARD
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(DataError, match=r"format 99.*reads format 1"):
        load_dataset("photos")


def test_what_is_shipped_opens_without_images_and_gives_way_to_the_library(
    library: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in run_import(plan_import("photos", images)):
        pass
    full = load_dataset("photos")
    key, labels = full.content_key, full.labels("database").copy()
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(tmp_path / "shipped"))
    assert ship_labels("photos", tmp_path / "shipped" / "photos") > 0
    assert load_dataset("photos") is full
    shutil.rmtree(library / "datasets" / "photos")
    known = load_dataset("photos")
    assert known.info.available
    assert not known.info.has_images
    assert known.info.note
    assert known.content_key == key
    assert (known.labels("database") == labels).all()
    with pytest.raises(NotAvailableError, match="are not here"):
        known.image_bytes("query", 0)


def test_formats_that_browsers_do_not_show_are_turned_into_png(library: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bitmaps"
    folder.mkdir()
    for i in range(4):
        Image.new("RGB", (3, 3), (i, 0, 0)).save(folder / f"{i}.bmp")
    for _ in run_import(plan_import("bitmaps", folder, link=True)):
        pass
    content, mime = load_dataset("bitmaps").image_bytes("database", 0)
    assert mime == "image/png"
    assert Image.open(io.BytesIO(content)).format == "PNG"
