"""What the process that adds data does, run here: read, features, training, codes; errors and cancelling."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.services import add_worker
from app.services.add_worker import CodeFiles, Images, Request, Training, work
from models.data import load_dataset
from models.data.importing import Downloaded, plan_import
from models.engine.store import RunStore
from models.errors import ConfigError, DataError
from tests.app.own import code_files, image_zip


def told(request: Request, cancel: threading.Event | None = None) -> list[dict[str, Any]]:
    return list(work(request, cancel or threading.Event()))


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Kinds of events in order, repeated ones once."""
    names = [event.get("step", event["event"]) for event in events]
    return [name for place, name in enumerate(names) if place == 0 or name != names[place - 1]]


def test_reading_tells_what_was_left_out(library: Path, tmp_path: Path) -> None:
    broken = {"red/broken.png": b"\x89PNG\r\n\x1a\nxx", "../outside.png": b"x", "notes.txt": b"x"}
    path = image_zip(tmp_path / "a.zip", extra=broken)
    events = told(Request("pets", images=Images(str(path), query_fraction=0.25)))
    report = next(event for event in events if event["event"] == "report")
    assert (report["n"], report["n_query"], report["n_classes"]) == (36, 9, 3)
    files = {Path(file).name for file, _ in report["skipped"]}
    assert files >= {"broken.png", "outside.png", "notes.txt"}
    assert [e["file"] for e in events if e["event"] == "skipped"] == ["red/broken.png"]
    last = [event for event in events if event["event"] == "progress"][-1]
    assert last["done"] == last["total"]
    assert events[-1] == {"event": "finished"}
    assert load_dataset("pets").info.n_query == 9


def test_cancelled_while_reading_nothing_is_kept(library: Path, tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    images, training = Images(str(image_zip(tmp_path / "a.zip"))), Training("lsh", 16, "small_cnn")
    events = told(Request("pets", images=images, training=training), cancel)
    assert events[-1] == {"event": "cancelled"}
    assert "features" not in kinds(events) and "report" not in kinds(events)
    assert not (library / "datasets/pets").exists()


def test_errors_stop_it(library: Path, tmp_path: Path) -> None:
    path = str(image_zip(tmp_path / "a.zip"))
    with pytest.raises(DataError, match="embedded"):
        told(Request("digits", images=Images(path)))
    with pytest.raises(ConfigError, match="bits"):
        told(Request("pets", images=Images(path), training=Training("lsh", 10**6, "small_cnn")))
    assert load_dataset("pets").info.has_images, "what was read before is kept"


@pytest.mark.slow
@pytest.mark.parametrize("folders", [True, False], ids=["labelled", "unlabelled"])
def test_all_the_way_to_a_run(library: Path, tmp_path: Path, folders: bool) -> None:
    path = image_zip(tmp_path / "a.zip", folders=folders)
    request = Request("pets", images=Images(str(path)), training=Training("lsh", 16, "small_cnn"))
    events = told(request)
    assert kinds(events)[-3:] == ["progress", "stored", "finished"]
    assert [name for name in kinds(events) if name in request.steps] == ["read", "features", "train"]
    run = RunStore().open("pets", "lsh", 16)
    assert run.folder.is_relative_to(library)
    assert len(run.codes("database")) == load_dataset("pets").info.n_database
    if folders:
        assert run.result["metrics"]["map"]["expected"] > 0.5, "colours are easy"
    # The features are there: a second method begins with training.
    again = told(Request("pets", training=Training("lsh", 32, "small_cnn")))
    assert again[-1] == {"event": "finished"}
    assert not [e for e in again if e["event"] == "progress" and e["per_s"]]


def test_a_download_is_told_in_bytes_and_then_read(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(name: str, cancel: threading.Event) -> Iterator[Downloaded]:
        yield Downloaded(500, 2_000, 3.0, 500.0)
        return not cancel.is_set()

    path = image_zip(tmp_path / "a.zip")
    monkeypatch.setattr("models.data.importing.download", download)
    monkeypatch.setattr("models.data.importing.plan_fetch", lambda name: plan_import("pets", path))
    events = told(Request("cifar10", fetch=True))
    assert [name for name in kinds(events) if name in ("fetch", "read")] == ["fetch", "read"]
    of_bytes = next(e for e in events if e["event"] == "progress" and e["done"])
    expected = {"done": 500, "total": 2_000, "eta_s": 3.0, "per_s": 500.0}
    assert {key: of_bytes[key] for key in expected} == expected
    assert events[-1] == {"event": "finished"}
    cancel = threading.Event()
    cancel.set()
    assert "read" not in kinds(told(Request("cifar10", fetch=True), cancel))
    # What is here already is not downloaded.
    with pytest.raises(DataError, match="There is a data set pets already"):
        told(Request("pets", fetch=True))


def test_codes_of_another_system(library: Path, tmp_path: Path) -> None:
    query, database = code_files(tmp_path, labelled=True)
    events = told(Request("codes", codes=CodeFiles(str(query), str(database), "own")))
    assert events[0] == {"event": "step", "step": "codes"}
    assert {"event": "stored", "method": "own", "n_bits": 16} in events
    assert RunStore().open("codes", "own", 16).result["metrics"]


def process_of(request: Request) -> subprocess.Popen[str]:
    """The process at work on a request, its input still open."""
    process = subprocess.Popen(
        [sys.executable, "-m", add_worker.__name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdin is not None
    process.stdin.write(request.to_json() + "\n")
    process.stdin.flush()
    return process


def test_the_process_tells_lines_and_nothing_else(library: Path, tmp_path: Path) -> None:
    process = process_of(Request("pets", images=Images(str(tmp_path / "nowhere.zip"))))
    assert process.stdin is not None and process.stdout is not None
    with process.stdout as told:
        events = [json.loads(line) for line in told]
    process.stdin.close()
    assert process.wait(timeout=60) == 2
    assert events[0] == {"event": "step", "step": "read"}
    assert events[-1]["event"] == "failed" and "nowhere.zip" in events[-1]["message"]


def test_it_ends_with_the_server_that_started_it(library: Path, tmp_path: Path) -> None:
    process = process_of(Request("pets", images=Images(str(image_zip(tmp_path / "a.zip", each=400)))))
    assert process.stdin is not None and process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "step"
    process.stdin.close()
    with process.stdout as told:
        events = [json.loads(line)["event"] for line in told]
    assert process.wait(timeout=60) in (0, 1)
    assert "finished" not in events
    assert not (library / "datasets/pets").exists()
