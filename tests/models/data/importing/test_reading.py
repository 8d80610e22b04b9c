"""What an import leaves behind: the whole data set, or nothing; and leaks, duplicates, large images."""

from __future__ import annotations

import errno
import io
import threading
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.data import dataset_names, load_dataset, load_pool
from models.data.importing import ImportReport, Read, Skipped, forget, plan_import, run_import
from models.data.importing.storing import MAX_SIDE
from models.errors import DataError, StorageError, UnknownNameError

Picture = Callable[..., bytes]
CarryOut = Callable[..., ImportReport]
FolderOf = Callable[[Path, Mapping[str, bytes]], Path]


@pytest.fixture
def images(tmp_path: Path, make_picture: Picture, folder_of: FolderOf) -> Path:
    files = {
        f"{label}/{i:02d}.png": make_picture(100 * j + i) for j, label in enumerate("ab") for i in range(20)
    }
    return folder_of(tmp_path / "images", files)


def left_behind(library: Path) -> list[str]:
    return sorted(path.name for path in (library / "datasets").iterdir())


def test_progress_is_told_with_the_time_left(
    library: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.data.importing.reading._TELL_EVERY_S", 0.0)
    (images / "a" / "05.png").write_bytes(b"broken")
    events = list(run_import(plan_import("pair", images)))
    told = [event for event in events if isinstance(event, Read)]
    assert [event.done for event in told] == list(range(1, 41))
    assert all(event.total == 40 and event.eta_s >= 0 for event in told)
    assert told[-1].eta_s == 0
    assert [event.file for event in events if isinstance(event, Skipped)] == ["a/05.png"]


def test_cancelling_leaves_nothing(library: Path, images: Path) -> None:
    cancel = threading.Event()
    events = run_import(plan_import("pair", images), cancel)
    cancel.set()
    with pytest.raises(StopIteration) as end:
        next(events)
    assert end.value.value.cancelled
    assert end.value.value.folder is None
    assert left_behind(library) == []
    assert "pair" not in dataset_names()


@pytest.mark.parametrize("how", ["close", "interrupt"])
def test_giving_up_half_way_leaves_nothing(
    how: str, library: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.data.importing.reading._TELL_EVERY_S", 0.0)
    events = run_import(plan_import("pair", images))
    next(events)
    assert left_behind(library) != []
    if how == "close":
        events.close()
    else:
        with pytest.raises(KeyboardInterrupt):
            events.throw(KeyboardInterrupt())
    assert left_behind(library) == []


def test_a_full_disk_leaves_nothing(library: Path, images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def full(*given: Any, **options: Any) -> None:
        calls.append(1)
        if len(calls) > 10:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(StorageError, match=r"the disk is full.*Nothing of it was kept.*HASHLENS_LIBRARY"):
        list(run_import(plan_import("pair", images)))
    assert left_behind(library) == []


def test_what_cannot_fit_is_refused_before_it_is_read(
    library: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 100})())
    with pytest.raises(StorageError, match="--link"):
        plan_import("pair", images)
    assert plan_import("pair", images, link=True).storage == "linked"


def test_a_killed_import_is_cleared_away_by_the_next(
    library: Path, images: Path, carry_out: CarryOut
) -> None:
    no_process = 2**22 + 1  # above the largest process number of Linux
    (library / "datasets" / f".importing-pair-{no_process}-x").mkdir(parents=True)
    carry_out(plan_import("pair", images))
    assert left_behind(library) == ["pair"]


@pytest.mark.usefixtures("library")
def test_a_name_that_was_taken_meanwhile(images: Path, carry_out: CarryOut) -> None:
    late = plan_import("pair", images)
    carry_out(plan_import("pair", images))
    before = load_dataset("pair").content_key
    with pytest.raises(DataError, match="made meanwhile"):
        carry_out(late)
    assert load_dataset("pair").content_key == before


@pytest.mark.usefixtures("library")
def test_leaks_are_counted_with_an_example_and_can_be_dropped(
    tmp_path: Path, make_picture: Picture, folder_of: FolderOf, carry_out: CarryOut
) -> None:
    as_bmp = Image.open(io.BytesIO(make_picture(1)))
    buffer = io.BytesIO()
    as_bmp.save(buffer, "BMP")
    files = {
        "query/1.png": make_picture(1),
        "query/2.png": make_picture(2),
        "query/3.png": make_picture(3),
        "database/one-again.bmp": buffer.getvalue(),
        "database/5.png": make_picture(5),
        "train/two-again.png": make_picture(2),
        "train/6.png": make_picture(6),
        "train/6-again.png": make_picture(6),
    }
    folder = folder_of(tmp_path / "leaky", files)
    report = carry_out(plan_import("leaky", folder))
    warning = next(line for line in report.warnings if "--drop-leaks" in line)
    assert "2 of 3 queries have their pixels in the database too (1) or in train (1)" in warning
    assert "query/1.png and database/one-again.bmp" in warning
    assert report.n_duplicates == 3
    assert any("Images with the pixels of an earlier one: 3" in line for line in report.warnings)

    report = carry_out(plan_import("clean", folder), drop_leaks=True)
    assert (report.n, report.n_query, report.n_database) == (8, 1, 2)
    assert not any("--drop-leaks" in line for line in report.warnings)
    assert any("lost their role, as other images have the same pixels: 2" in line for line in report.warnings)
    data = load_dataset("clean")
    assert data.image("query", 0).tobytes() == Image.open(io.BytesIO(files["query/3.png"])).tobytes()


@pytest.mark.usefixtures("library")
def test_classes_that_a_split_lacks_are_named(
    images: Path, make_picture: Picture, carry_out: CarryOut
) -> None:
    (images / "rare").mkdir()
    (images / "rare" / "1.png").write_bytes(make_picture(9))
    report = carry_out(plan_import("pair", images))
    assert any("image shows rare" in line for line in report.warnings)


@pytest.mark.usefixtures("library")
def test_odd_images_are_stored_in_a_form_that_every_browser_shows(
    tmp_path: Path, make_picture: Picture, folder_of: FolderOf, carry_out: CarryOut
) -> None:
    turned, clear, deep = io.BytesIO(), io.BytesIO(), io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 10), "red").save(turned, "JPEG", exif=exif)
    Image.new("RGBA", (5, 5), (0, 0, 0, 0)).save(clear, "PNG")
    Image.fromarray(np.full((4, 4), 2**15, dtype=np.uint16)).save(deep, "TIFF")
    files = {
        "1.bmp": make_picture(1, suffix=".bmp"),
        "2.jpg": turned.getvalue(),
        "3.png": clear.getvalue(),
        "4.tif": deep.getvalue(),
        "5.webp": make_picture(5, suffix=".webp"),
        "6.png": make_picture(6, (MAX_SIDE * 2, 40)),
    }
    report = carry_out(plan_import("odd", folder_of(tmp_path / "odd", files)))
    assert report.skipped == ()
    pool = load_pool("odd")
    stored = [pool.pool_image_bytes(row) for row in range(6)]
    assert [mime.partition("/")[2] for _, mime in stored] == ["png", "jpeg", "png", "png", "webp", "jpeg"]
    assert stored[4][0] == files["5.webp"]
    assert [pool.pool_image(row).size for row in (1, 5)] == [(10, 30), (MAX_SIDE, 20)]
    assert pool.pool_image(2).getpixel((0, 0)) == (255, 255, 255)
    assert any("made smaller" in line for line in report.warnings)


def test_forgetting_takes_features_and_runs_along(library: Path, images: Path, carry_out: CarryOut) -> None:
    for name in ("pair", "pair-two"):
        carry_out(plan_import(name, images))
        (library / "features").mkdir(exist_ok=True)
        (library / "features" / f"{name}-hog-1.npy").write_bytes(b"1234")
        (library / "runs" / f"{name}@unseen" / "itq").mkdir(parents=True)
        (library / "runs" / name).mkdir()
        (library / "downloads" / name).mkdir(parents=True)
    size = sum(path.stat().st_size for path in (library / "datasets" / "pair").iterdir())
    report = forget("pair")
    assert report.removed == (
        "datasets/pair", "features/pair-hog-1.npy", "runs/pair", "runs/pair@unseen", "downloads/pair",
    )  # fmt: skip
    assert report.n_bytes == size + 4
    assert left_behind(library) == ["pair-two"]
    assert sorted(path.name for path in (library / "runs").iterdir()) == ["pair-two", "pair-two@unseen"]
    assert [path.name for path in (library / "features").iterdir()] == ["pair-two-hog-1.npy"]
    with pytest.raises(UnknownNameError, match="Did you mean pair-two"):
        forget("pair")
    with pytest.raises(DataError, match="embedded"):
        forget("toyworld")
    for name in ("..", "", "pair-two/../pair-two"):
        with pytest.raises(UnknownNameError):
            forget(name)
    carry_out(plan_import("pair", images))
    assert load_dataset("pair").image("query", 0).mode == "RGB"
