"""`train.txt`, `test.txt`, `database.txt`: paths and vectors, and what is wrong with a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from models.data import load_dataset
from models.data.importing import ImportReport, plan_import
from models.data.importing.known import KNOWN, known_set
from models.data.protocols import protocols_of
from models.errors import DataError, NotAvailableError, UnknownNameError

CarryOut = Callable[..., ImportReport]
LINES = {
    "train.txt": "./images/d0.png 0 1 0\nimages/d1.png 1 1 0\n",
    "test.txt": "images/a b.png 1 0 0\nimages/q1.png 0 0 1\n",
    "database.txt": "images/d0.png 0 1 0\nimages/d1.png 1 1 0\nimages/d2.png 0 0 0\n",
}
ORDER = ("d0", "d1", "a b", "q1", "d2")


@pytest.fixture
def root(tmp_path: Path, make_picture: Callable[..., bytes], folder_of: Callable[..., Path]) -> Path:
    return folder_of(
        tmp_path / "root", {f"images/{name}.png": make_picture(i) for i, name in enumerate(ORDER)}
    )


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    def put(lines: Mapping[str, str]) -> Path:
        folder = tmp_path / "splits"
        folder.mkdir(exist_ok=True)
        for name, text in lines.items():
            (folder / name).write_text(text)
        return folder

    return put


@pytest.mark.usefixtures("library")
def test_files_give_roles_labels_and_links(
    root: Path,
    write: Callable[[Mapping[str, str]], Path],
    carry_out: CarryOut,
    make_picture: Callable[..., bytes],
) -> None:
    report = carry_out(plan_import("shared", root, split_files=write(LINES)))
    assert (report.n, report.n_query, report.n_train, report.n_database) == (5, 2, 2, 3)
    assert report.skipped == ()
    data = load_dataset("shared")
    assert data.info.class_names == ("label 0", "label 1", "label 2")
    assert (data.info.protocol, data.info.label_kind) == ("given", "multi")
    assert data.labels("query").tolist() == [[True, False, False], [False, False, True]]
    assert data.labels("database").tolist() == [[False, True, False], [True, True, False], [False] * 3]
    assert data.train_rows.tolist() == [0, 1]
    assert data.image_bytes("query", 0)[0] == make_picture(2)
    assert not (report.folder / "images.zip").exists()  # type: ignore[operator]


@pytest.mark.usefixtures("library")
def test_every_bad_line_has_its_message_and_the_good_ones_stay(
    root: Path, write: Callable[[Mapping[str, str]], Path], carry_out: CarryOut
) -> None:
    (root / "images" / "cut.png").write_bytes(b"\x89PNG")
    more = (
        "images/d3.png 1 0\nimages/d3.png 1 0 0 1\nimages/d3.png 1 2 0\n../up.png 1 0 0\n/abs.png 1 0 0\n"
        "images/d2.png 0 0 0\nimages/gone.png 1 0 0\nimages/cut.png 1 0 0\nimages/q1.png 1 0 0\n"
    )
    folder = write({**LINES, "database.txt": LINES["database.txt"] + more})
    report = carry_out(plan_import("shared", root, split_files=folder))
    assert report.n == 5
    told = {item.file: item.reason for item in report.skipped}
    assert "2 labels of 0 or 1 where 3 are expected" in told["database.txt, line 4"]
    assert "4 labels" in told["database.txt, line 5"]
    assert "1 labels" in told["database.txt, line 6"]
    assert "leads out of the folder" in told["database.txt, line 7"]
    assert "leads out of the folder" in told["database.txt, line 8"]
    assert "listed twice" in told["database.txt, line 9"]
    assert f"looked for in {root}" in told["images/gone.png"]
    assert "images/cut.png" in told
    assert "other labels" in told["database.txt, line 12"]
    # q1 is now a query and in the database: the leak check sees it.
    assert any("1 of 2 queries" in line and "images/q1.png twice" in line for line in report.warnings)


@pytest.mark.usefixtures("library")
def test_known_sets_bring_their_card_and_their_width(
    root: Path, write: Callable[[Mapping[str, str]], Path], carry_out: CarryOut
) -> None:
    with pytest.raises(DataError, match=r"3 labels of 0 or 1 where 21 are expected"):
        plan_import("nuswide21", root, split_files=write(LINES))
    wide = {name: text.replace("\n", " 0" * 18 + "\n") for name, text in LINES.items()}
    carry_out(plan_import("nuswide21", root, split_files=write(wide)))
    info = load_dataset("nuswide21").info
    assert "NUS-WIDE" in info.title
    assert (info.n_classes, info.class_names[20]) == (21, "label 20")
    assert (info.protocol, info.k, info.normalize_by) == ("given", 5_000, "retrieved")


def test_missing_files_are_named_with_where_they_come_from(
    root: Path, write: Callable[[Mapping[str, str]], Path], tmp_path: Path
) -> None:
    folder = write({"train.txt": LINES["train.txt"]})
    with pytest.raises(
        DataError, match=rf"test.txt and database.txt not found in {folder}.*HashNet.*NUS-WIDE"
    ):
        plan_import("nuswide81", root, split_files=folder)
    folder = write(LINES)
    with pytest.raises(DataError, match="is no folder"):
        plan_import("shared", tmp_path / "nowhere", split_files=folder)
    with pytest.raises(DataError, match=rf"None of the first 5 images.*{tmp_path}/images/d0.png"):
        plan_import("shared", tmp_path, split_files=folder)
    with pytest.raises(DataError, match="Leave out --labels"):
        plan_import("shared", root, Path("x.csv"), split_files=folder)
    with pytest.raises(DataError, match="fetch cifar10"):
        plan_import("cifar10", root, split_files=folder)


def test_published_sets_that_are_not_here_say_how_to_get_them(library: Path) -> None:
    for known in KNOWN:
        assert known.licence
        assert known.source
        assert len(known.labels) == known.n_classes
        assert protocols_of(known.name)[0].pool == known.name, "every published set has protocols of its own"
    with pytest.raises(NotAvailableError, match="fetch mnist"):
        load_dataset("mnist")
    with pytest.raises(NotAvailableError, match=r"split files.*MIR Flickr"):
        load_dataset("mirflickr")
    assert known_set("photos") is None
    with pytest.raises(UnknownNameError):
        load_dataset("photos")
