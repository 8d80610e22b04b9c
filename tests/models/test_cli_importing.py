"""`import`, `fetch` and `forget` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.cli import main
from models.data.importing import Read


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for row in range(20):
        (folder / "ab"[row % 2]).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (row * 12, 9, 9)).save(folder / "ab"[row % 2] / f"{row}.png")
    (folder / "a" / "cut.png").write_bytes(b"broken")
    (folder / "a" / "again.png").write_bytes((folder / "a" / "0.png").read_bytes())
    return folder


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main([*arguments, "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("\n") == 1
    return json.loads(printed.out)


def failure(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 2) -> str:
    assert main(arguments) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


def test_in_and_out_again(library: Path, images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = document(capsys, "import", "photos", "--images", str(images), "--query-fraction", "0.2")
    assert list(made) == [
        "name", "n", "n_query", "n_train", "n_database", "n_classes", "n_duplicates", "n_bytes", "seconds",
        "skipped", "warnings", "folder",
    ]  # fmt: skip
    assert [made[key] for key in list(made)[:7]] == ["photos", 21, 4, 8, 17, 2, 1]
    assert [item["file"] for item in made["skipped"]] == ["a/cut.png"]
    listed = {row["name"]: row for row in document(capsys, "datasets")}
    assert listed["photos"]["has_images"]
    assert listed["photos"]["protocol"] == "fraction"
    assert listed["photos"]["protocols"] == ["fraction"]
    assert listed["toyworld"]["protocols"] == []
    assert "already" in failure(capsys, "import", "photos", "--images", str(images))
    gone = document(capsys, "forget", "photos")
    assert gone["removed"] == ["datasets/photos"]
    assert gone["n_bytes"] == made["n_bytes"]
    assert "photos" not in [row["name"] for row in document(capsys, "datasets")]
    assert "Unknown imported data set" in failure(capsys, "forget", "photos")


def test_a_shipped_run_is_not_written_over(
    library: Path,
    images: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shipped = tmp_path / "shipped"
    old = shipped / "runs" / "photos" / "lsh" / "16-s0-pixels" / "result.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(shipped))
    assert main(["import", "photos", "--images", str(images), "--query-fraction", "0.2"]) == 0
    assert main(["train", "lsh", "--dataset", "photos", "--n-bits", "16", "--backbone", "pixels"]) == 0
    assert old.read_text() == "{}"
    assert (library / "runs" / "photos" / "lsh" / "16-s0-pixels" / "codes.npz").is_file()


@pytest.mark.usefixtures("library")
def test_people_read_what_was_left_out(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "photos", "--images", str(images), "--link"]) == 0
    told = capsys.readouterr().out
    assert "left out: a/cut.png: This is no image that can be read." in told
    assert (
        "warning: Images with the pixels of an earlier one: 1, for example a/again.png and a/0.png." in told
    )


@pytest.mark.usefixtures("library")
def test_mistakes_take_one_line(tmp_path: Path, images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Did you mean cifar10" in failure(capsys, "fetch", "cifar")
    assert "--from takes" in failure(capsys, "fetch", "mnist", "--from", str(tmp_path / "nowhere"))
    assert "train.txt and test.txt and database.txt not found" in failure(
        capsys, "import", "mine", "--images", str(images), "--split-files", str(tmp_path)
    )
    assert "share of queries" in failure(
        capsys, "import", "mine", "--images", str(images), "--query-fraction", "2"
    )


def test_ctrl_c_says_that_nothing_was_kept(
    library: Path, images: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(done: int, total: int, eta_s: float) -> Read:
        raise KeyboardInterrupt

    monkeypatch.setattr("models.data.importing.reading._TELL_EVERY_S", 0.0)
    monkeypatch.setattr("models.data.importing.reading.Read", interrupted)
    told = failure(capsys, "import", "photos", "--images", str(images), code=130)
    assert told == "Stopped after 0 of 22 images. Nothing was kept.\n"
    assert list((library / "datasets").iterdir()) == []
