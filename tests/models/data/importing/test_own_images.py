"""Own images: what is a label, what is a role, and what each bad file is answered with."""

from __future__ import annotations

import json
import os
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from models.data import load_dataset
from models.data.importing import ImportReport, plan_import
from models.errors import ConfigError, DataError

Place = Callable[[Mapping[str, bytes]], Path]
Picture = Callable[..., bytes]
CarryOut = Callable[..., ImportReport]


@pytest.fixture
def cats_and_dogs(make_picture: Picture) -> dict[str, bytes]:
    return {f"{label}/{i}.png": make_picture(10 * j + i) for j, label in enumerate("cd") for i in range(10)}


def reasons(report: ImportReport) -> dict[str, str]:
    return {item.file: item.reason for item in report.skipped}


@pytest.mark.usefixtures("library")
def test_subfolders_are_labels(cats_and_dogs: dict[str, bytes], place: Place, carry_out: CarryOut) -> None:
    plan = plan_import("pets", place(cats_and_dogs))
    assert (plan.n_images, plan.class_names, plan.class_counts) == (20, ("c", "d"), (10, 10))
    report = carry_out(plan)
    assert (report.n, report.n_query, report.n_train, report.n_database) == (20, 2, 9, 18)
    assert report.skipped == ()
    data = load_dataset("pets")
    assert (data.info.label_kind, data.info.class_names, data.info.protocol) == (
        "single",
        ("c", "d"),
        "fraction",
    )
    for split in ("query", "train", "database"):
        labels = data.labels(split)
        for row in range(len(labels)):
            pool_row = int(data.pool_rows(split)[row])
            expected = list(cats_and_dogs.values())[pool_row]
            assert data.image_bytes(split, row) == (expected, "image/png")
            assert labels[row].tolist() == [pool_row < 10, pool_row >= 10]
    assert sorted(np.concatenate([data.pool_rows("query"), data.pool_rows("database")])) == list(range(20))


@pytest.mark.usefixtures("library")
def test_a_folder_around_everything_says_nothing(
    cats_and_dogs: dict[str, bytes], place: Place, carry_out: CarryOut
) -> None:
    around = {f"holiday/photos/{name}": content for name, content in cats_and_dogs.items()}
    assert carry_out(plan_import("pets", place(around))).n_classes == 2
    assert load_dataset("pets").info.class_names == ("c", "d")


@pytest.mark.usefixtures("library")
def test_images_without_labels(make_picture: Picture, place: Place, carry_out: CarryOut) -> None:
    report = carry_out(plan_import("plain", place({f"all/{i}.png": make_picture(i) for i in range(10)})))
    assert (report.n, report.n_classes) == (10, 0)
    data = load_dataset("plain")
    assert data.labels("database").shape == (data.info.n_database, 0)
    assert data.captions("query") is None


@pytest.mark.parametrize(
    ("folders", "database", "train"),
    [
        (("query", "database", "train"), {1}, {2}),
        (("query", "database"), {1}, {1}),
        (("test", "train"), {1}, {1}),
    ],
)
@pytest.mark.usefixtures("library")
def test_folders_named_after_roles(
    folders: tuple[str, ...],
    database: set[int],
    train: set[int],
    make_picture: Picture,
    place: Place,
    carry_out: CarryOut,
) -> None:
    files = {
        f"{role}/{label}/{i}.png": make_picture(100 * r + 10 * c + i)
        for r, role in enumerate(folders)
        for c, label in enumerate("ab")
        for i in range(3)
    }
    report = carry_out(plan_import("given", place(files), train_fraction=1.0))
    data = load_dataset("given")
    by_row = [folders.index(name.split("/")[0]) for name in sorted(files)]
    assert {by_row[row] for row in data.pool_rows("query")} == {0}
    assert {by_row[row] for row in data.pool_rows("database")} == database
    assert {by_row[row] for row in data.pool_rows("train")} == train
    assert report.n_query == 6
    assert data.info.train_in_database == (train == database)
    assert data.info.protocol == "given"
    assert data.info.class_names == ("a", "b")


TABLE = """image,labels,caption,role
one.png,sun;sea,A beach.,query
two.png,sea,"Waves, and more.",database
three.png,,,train;database
four.png, sun ; sun ,A field.,train
"""


@pytest.mark.usefixtures("library")
def test_a_table_gives_labels_captions_and_roles(
    make_picture: Picture, place: Place, carry_out: CarryOut
) -> None:
    names = ("one", "two", "three", "four")
    files = {f"{name}.png": make_picture(i) for i, name in enumerate(names)}
    report = carry_out(plan_import("beach", place({**files, "labels.csv": TABLE.encode()})))
    assert (report.n, report.n_query, report.n_train, report.n_database) == (4, 1, 2, 2)
    data = load_dataset("beach")
    assert data.info.class_names == ("sea", "sun")
    assert data.info.label_kind == "multi"
    assert data.labels("query").tolist() == [[True, True]]
    assert data.labels("database").tolist() == [[False, False], [True, False]]  # three, two
    assert data.captions("query") == ("A beach.",)
    assert data.captions("database") == ("", "Waves, and more.")
    assert data.train_rows.tolist() == [0]
    assert any("Images without a label: 1." in warning for warning in report.warnings)


@pytest.mark.usefixtures("library")
def test_a_table_beside_the_images_and_several_captions(
    make_picture: Picture, place: Place, carry_out: CarryOut, tmp_path: Path
) -> None:
    table = tmp_path / "my.csv"
    table.write_text("﻿image,labels\r\nx/1.png,a\r\n2.png,b\r\n")
    captions = "image,index,caption\nx/1.png,1,Second.\nx/1.png,0,First.\n"
    files = {"x/1.png": make_picture(1), "x/2.png": make_picture(2), "captions.csv": captions.encode()}
    carry_out(plan_import("both", place(files), table))
    data = load_dataset("both")
    assert data.info.class_names == ("a", "b")
    kept = json.loads((Path(os.environ["HASHLENS_LIBRARY"]) / "datasets/both/captions.json").read_text())
    assert kept == [["First.", "Second."], []]


@pytest.mark.usefixtures("library")
def test_every_bad_line_of_a_table_has_its_message(
    make_picture: Picture, place: Place, carry_out: CarryOut
) -> None:
    table = (
        "image,labels,role\n1.png,a,query\n2.png,b,database\n1.png,a,query\n2.png,a,query\nnone.png,a,query\n"
        "3.png,a,b,train\n4.png,a,jury\n\n5.png,c,database\n"
    )
    files = {f"{i}.png": make_picture(i) for i in range(1, 6)}
    files["5.png"] = files["5.png"][:60]
    report = carry_out(plan_import("lines", place({**files, "labels.csv": table.encode()})))
    assert report.n == 2
    told = reasons(report)
    assert "stands in line 2 too, with the same labels" in told["labels.csv, line 4"]
    assert "stands in line 3 too, with other labels" in told["labels.csv, line 5"]
    assert "There is no image 'none.png'" in told["labels.csv, line 6"]
    assert "4 columns where the first line has 3" in told["labels.csv, line 7"]
    assert "'jury' is none of query" in told["labels.csv, line 8"]
    assert "No line of labels.csv that can be used" in told["3.png"]
    assert "damaged" in told["5.png"]
    assert load_dataset("lines").info.class_names == ("a", "b")
    assert any("none of its images could be read: c" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"file,tags\n1.png,a\n", "needs a first line with the columns image and labels.*file,tags"),
        (b"", "needs a first line"),
        (b"image,labels\n1.png,\xff\xfe\n", "no UTF-8 text"),
        (b'image,labels\n1.png,"a\n', "line 2: "),
        (b"image,labels\nelsewhere/1.jpg,a\n", "No line of labels.csv names an image"),
    ],
)
def test_tables_that_do_not_fit(table: bytes, message: str, make_picture: Picture, place: Place) -> None:
    with pytest.raises(DataError, match=message):
        plan_import("table", place({"1.png": make_picture(1), "2.png": make_picture(2), "labels.csv": table}))


@pytest.mark.usefixtures("library")
def test_every_bad_file_has_its_message_and_the_good_ones_stay(
    cats_and_dogs: dict[str, bytes], make_picture: Picture, place: Place, carry_out: CarryOut
) -> None:
    huge = (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    )
    import zlib

    huge += struct.pack(">I", zlib.crc32(huge[12:])) + make_picture(1)[33:]
    bad = {
        "c/cut.png": make_picture(77)[:60],
        "c/text.png": b"this is no picture",
        "c/empty.jpg": b"",
        "c/notes.txt": b"bought in May",
        "c/more.zip": b"PK",
        "c/huge.png": huge,
        ".DS_Store": b"x",
        "__MACOSX/c/._1.png": b"x",
        "README.md": b"pets",
    }
    report = carry_out(plan_import("pets", place({**cats_and_dogs, **bad})))
    assert report.n == 20
    told = reasons(report)
    assert set(told) == {"c/cut.png", "c/text.png", "c/empty.jpg", "c/notes.txt", "c/more.zip", "c/huge.png"}
    assert "damaged or cut off" in told["c/cut.png"]
    assert "no image that can be read" in told["c/text.png"]
    assert "0 bytes" in told["c/empty.jpg"]
    assert "No image file" in told["c/notes.txt"]
    assert "unpack it first" in told["c/more.zip"]
    assert "million pixels" in told["c/huge.png"]


@pytest.mark.usefixtures("library")
def test_names_that_lead_out_of_a_zip_are_left_out(
    cats_and_dogs: dict[str, bytes], make_picture: Picture, tmp_path: Path, carry_out: CarryOut
) -> None:
    path = tmp_path / "evil.zip"
    evil = ("../up.png", "c/../../up.png", "/etc/abs.png", "C:\\abs.png", "..\\up.png")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in cats_and_dogs.items():
            archive.writestr(name, content)
        for name in evil:
            archive.writestr(name, make_picture(99))
        link = zipfile.ZipInfo("c/link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("c/0.png", make_picture(98))
    report = carry_out(plan_import("pets", path))
    assert report.n == 20
    assert sum("leads out of the archive" in item.reason for item in report.skipped) == len(evil)
    told = reasons(report)
    assert told["c/link.png"] == "A link, not a file."
    assert "twice" in told["c/0.png"]
    assert load_dataset("pets").pool_image_bytes(0)[0] == cats_and_dogs["c/0.png"]  # type: ignore[attr-defined]
    assert not list(tmp_path.parent.glob("up.png"))


def test_an_encrypted_zip_is_named(
    cats_and_dogs: dict[str, bytes], tmp_path: Path, zip_of: Callable[..., Path]
) -> None:
    path = zip_of(tmp_path / "locked.zip", cats_and_dogs)
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    while at >= 0:  # the flag in the directory
        content[at + 8] |= 1
        at = content.find(b"PK\x01\x02", at + 4)
    path.write_bytes(content)
    with pytest.raises(DataError, match="and 19 more: Encrypted"):
        plan_import("locked", path)


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"PK\x03\x04 cut"])
def test_what_is_no_zip_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"x\.zip is no zip archive"):
        plan_import("x", path)


@pytest.mark.usefixtures("library")
def test_links_out_of_a_folder_are_left_out(
    cats_and_dogs: dict[str, bytes], tmp_path: Path, folder_of: Callable[..., Path], carry_out: CarryOut
) -> None:
    folder = folder_of(tmp_path / "pets", cats_and_dogs)
    (tmp_path / "secret.png").write_bytes(cats_and_dogs["c/0.png"])
    (folder / "c" / "out.png").symlink_to(tmp_path / "secret.png")
    (folder / "c" / "nowhere.png").symlink_to(tmp_path / "missing.png")
    (folder / "c" / "loop.png").symlink_to(folder / "c" / "loop.png")
    (folder / "around").symlink_to(folder)
    (folder / "d" / "inside.png").symlink_to(folder / "c" / "1.png")
    report = carry_out(plan_import("pets", folder))
    assert report.n == 21
    told = reasons(report)
    assert set(told) == {"c/out.png", "c/nowhere.png", "c/loop.png", "around"}
    assert "leads out of the folder" in told["c/out.png"]


@pytest.mark.usefixtures("library")
def test_names_that_differ_in_case_alone_are_both_kept(
    make_picture: Picture, tmp_path: Path, zip_of: Callable[..., Path], carry_out: CarryOut
) -> None:
    names = ("Cat/1.png", "cat/1.png", "cat/2.png", "dog/1.png")
    report = carry_out(
        plan_import("case", zip_of(tmp_path / "z.zip", {n: make_picture(i) for i, n in enumerate(names)}))
    )
    assert (report.n, report.n_classes) == (4, 3)
    assert any("Classes Cat and cat differ in upper and lower case alone" in w for w in report.warnings)
    assert any("Images Cat/1.png and cat/1.png" in w for w in report.warnings)


@pytest.mark.parametrize(
    "name", ["", "Pets", "my pets", "../x", "a/b", "-x", "x" * 41, "toyworld", "cifar10", "coco"]
)
def test_names_that_are_not_allowed(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="name"):
        plan_import(name, tmp_path)


@pytest.mark.usefixtures("library")
def test_a_name_that_is_taken(cats_and_dogs: dict[str, bytes], place: Place, carry_out: CarryOut) -> None:
    images = place(cats_and_dogs)
    carry_out(plan_import("pets", images))
    with pytest.raises(DataError, match=r"already.*forget pets"):
        plan_import("pets", images)


def test_places_without_images(tmp_path: Path, zip_of: Callable[..., Path], make_picture: Picture) -> None:
    with pytest.raises(DataError, match="does not exist"):
        plan_import("x", tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no image"):
        plan_import("x", tmp_path / "empty")
    with pytest.raises(DataError, match="and 1 more: No image file"):
        plan_import("x", zip_of(tmp_path / "t.zip", {"a.txt": b"x", "b.doc": b"x"}))
    with pytest.raises(DataError, match="at least two"):
        plan_import("x", zip_of(tmp_path / "one.zip", {"a.png": make_picture(1)}))
    with pytest.raises(DataError, match="neither on this machine nor within"):
        plan_import("x", zip_of(tmp_path / "two.zip", {"a.png": make_picture(1)}), Path("tags.csv"))


@pytest.mark.parametrize(("query", "train"), [(0.0, 0.5), (1.0, 0.5), (0.1, 0.0), (0.1, 1.1)])
def test_fractions_outside_their_range(query: float, train: float, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="share"):
        plan_import("x", tmp_path, None, query, train)


@pytest.mark.usefixtures("library")
def test_the_seed_decides_the_splits(
    cats_and_dogs: dict[str, bytes], place: Place, carry_out: CarryOut
) -> None:
    images = place(cats_and_dogs)
    rows = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        carry_out(plan_import(name, images, None, 0.4, 0.5, seed))
        rows.append(load_dataset(name).pool_rows("query").tolist())
    assert rows[0] == rows[1] != rows[2]
    assert load_dataset("a").content_key == load_dataset("b").content_key != load_dataset("c").content_key
    assert load_dataset("a").pool_key == load_dataset("c").pool_key
