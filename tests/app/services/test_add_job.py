"""The job that adds data: told line by line by a process of its own, one at a time, cancelled, failed."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.services import add_job
from app.services.add_worker import CodeFiles, Images, Request, Training
from models.errors import DataError, NotAvailableError

REQUEST = Request("pets", images=Images("pets.zip"), training=Training("itq", 32, "small_cnn"))
REPORT = {
    "event": "report", "n": 30, "n_query": 3, "n_train": 13, "n_database": 27, "n_classes": 3,
    "label_kind": "multi", "n_bytes": 9000, "n_duplicates": 1, "warnings": ["One image twice."],
    "skipped": [["a.txt", "no image"]], "seconds": 0.4,
}  # fmt: skip


def progress(done: int, total: int, doing: str = "") -> dict[str, Any]:
    return {"event": "progress", "done": done, "total": total, "eta_s": 2.0, "per_s": 50.0, "doing": doing}


ALL = [
    {"event": "step", "step": "read"},
    {"event": "skipped", "file": "a.txt", "reason": "no image"},
    progress(30, 31),
    REPORT,
    {"event": "step", "step": "features"},
    progress(30, 30),
    {"event": "step", "step": "train"},
    progress(0, 0, "solving"),
    {"event": "stored", "method": "itq", "n_bits": 32},
    {"event": "finished"},
]


@pytest.fixture
def tells(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Let the process tell made-up events; `{"sleep": s}` waits."""

    def set_to(events: list[dict[str, Any]], code: int = 0, words: str = "") -> None:
        program = f"""
import json, sys, time
sys.stdin.readline()
for event in json.loads({json.dumps(events)!r}):
    time.sleep(event.pop("sleep", 0))
    if event:
        print(json.dumps(event), flush=True)
sys.stderr.write({words!r} + "\\n")
sys.exit({code})
"""
        monkeypatch.setattr(add_job, "command", lambda: [sys.executable, "-c", program])

    yield set_to
    job = add_job.current()
    if job is not None:
        job.cancel()
        wait(lambda: not job.running)
    add_job.dismiss()


def wait(done: Callable[[], bool], limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ended(request: Request = REQUEST, *scratch: Path) -> add_job.Job:
    job = add_job.start(request, scratch)
    wait(lambda: not job.running)
    return job


def test_a_request_survives_the_way_to_the_process() -> None:
    codes = Request("codes", codes=CodeFiles("q.npz", "d.npz", "own"))
    for request in (REQUEST, codes, Request("cifar10", fetch=True)):
        assert Request.from_json(request.to_json()) == request
    assert REQUEST.steps == ("read", "features", "train")
    assert codes.steps == ("codes",)
    assert Request("cifar10", fetch=True).steps == ("fetch", "read")


def test_steps_report_and_run(tells: Callable[..., None]) -> None:
    tells(ALL)
    job = ended()
    assert job.finished and not job.cancelled and not job.bug and job.error is None
    assert [(step.name, step.state, step.share) for step in job.steps] == [
        ("read", "done", 1.0),
        ("features", "done", 1.0),
        ("train", "done", 1.0),
    ]
    assert job.stored == add_job.Stored("pets", "itq", 32)
    assert job.report is not None and job.report.n == 30
    assert job.report.warnings == ("One image twice.",)
    assert job.skipped == (("a.txt", "no image"),)


def test_seen_while_it_runs_by_everybody(tells: Callable[..., None]) -> None:
    tells([*ALL[:3], {"sleep": 60}])
    job = add_job.start(REQUEST)
    wait(lambda: job.steps[0].done == 30)
    assert add_job.current() is job and job.running and not job.finished
    first, second, _ = job.steps
    assert (first.state, first.total, first.per_s, first.eta_s) == ("running", 31, 50.0, 2.0)
    assert second.state == "waiting"
    assert job.skipped == (("a.txt", "no image"),)


def test_one_at_a_time(tells: Callable[..., None]) -> None:
    tells([ALL[0], {"sleep": 60}])
    job = add_job.start(REQUEST)
    with pytest.raises(NotAvailableError, match="busy with pets"):
        add_job.start(REQUEST)
    add_job.dismiss()  # what runs cannot be put aside
    assert add_job.current() is job


def test_cancel_keeps_what_was_told(tells: Callable[..., None]) -> None:
    tells([*ALL[:6], {"sleep": 60}])
    job = add_job.start(REQUEST)
    wait(lambda: job.steps[1].done == 30)
    job.cancel()
    wait(lambda: not job.running)
    assert job.cancelled and not job.finished and job.bug == ""
    assert [step.state for step in job.steps] == ["done", "stopped", "waiting"]
    assert job.report is not None


def test_what_a_person_can_mend_keeps_its_kind(tells: Callable[..., None]) -> None:
    tells([ALL[0], {"event": "failed", "kind": "DataError", "message": "No image. Give another."}], code=2)
    job = ended()
    assert isinstance(job.error, DataError)
    assert str(job.error) == "No image. Give another."
    assert job.bug == "" and not job.finished
    assert job.steps[0].state == "stopped"


def test_an_error_with_arguments_of_its_own_crosses_over(tells: Callable[..., None]) -> None:
    tells([{"event": "failed", "kind": "UnknownNameError", "message": "Unknown method 'x'."}], code=2)
    assert str(ended().error) == "Unknown method 'x'."


def test_a_crash_is_not_taken_for_the_end(tells: Callable[..., None]) -> None:
    tells(ALL[:4], code=1, words="ValueError: a mistake")
    job = ended()
    assert not job.finished and job.error is None
    assert job.bug == "ValueError: a mistake"


def test_memory_that_runs_out_is_named(tells: Callable[..., None]) -> None:
    tells([*ALL[:4], {"sleep": 60}])
    job = add_job.start(REQUEST)
    wait(lambda: job.report is not None)
    job._end()  # as the system does it
    wait(lambda: not job.running)
    assert "memory ran out" in job.bug and not job.cancelled


def test_dropped_files_go_when_it_ends(tells: Callable[..., None], tmp_path: Path) -> None:
    tells(ALL)
    dropped = tmp_path / "dropped.zip"
    dropped.write_bytes(b"zip")
    ended(REQUEST, dropped)
    assert not dropped.exists()


def test_dismissed_when_it_has_ended(tells: Callable[..., None]) -> None:
    tells(ALL)
    ended()
    add_job.dismiss()
    assert add_job.current() is None
