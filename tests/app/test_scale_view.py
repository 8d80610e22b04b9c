"""The Scale page: never empty, measured here in a process of its own, cancelled, and the calculator."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.services import scale
from tests.app.pages import alts, open_page, words

BINARY = {"db": "digits", "method": "dpsh", "bits": "32"}
SHIPPED = Path(__file__).parents[2] / "sample_data/scale.json"

STARTED = {
    "event": "started",
    "machine": {"processor": "P", "n_cores": 2, "memory_bytes": 2**33, "system": "Linux", "versions": {}},
    "bandwidth": 1e10,
    "code_model": "clustered",
    "n_bits": 32,
    "k": 100,
    "n_query": 100,
}


def point(kind: str, n: int, code_model: str = "clustered") -> dict[str, Any]:
    return {
        "event": "point",
        "kind": kind,
        "n": n,
        "code_model": code_model,
        "n_bits": 32,
        "build_s": 0.1,
        "query_ms": n / 1e5,
        "query_p95_ms": n / 5e4,
        "n_timed": 100,
        "batch_ms": n / 2e5,
        "memory_bytes": 4 * n,
        "recall": 1.0 if kind == "exhaustive" else 0.5,
    }


def progress(done: int) -> dict[str, Any]:
    return {"event": "progress", "done": done, "total": 2, "doing": "hnsw, 10,000 codes", "eta_s": 5.0}


ALL = [STARTED, progress(0), point("exhaustive", 10_000), progress(1), point("hnsw", 10_000)]
FINISHED = {"event": "finished", "cancelled": False}
SLEEP = {"sleep": 120}


@pytest.fixture
def tells(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the process tell made-up events instead of measuring."""

    def set_to(events: list[dict[str, Any]], code: int = 0, words: str = "") -> None:
        program = f"""
import json, sys, time
for event in json.loads({json.dumps(events)!r}):
    time.sleep(event.pop("sleep", 0))
    if event:
        sys.stderr.write(json.dumps(event) + "\\n")
        sys.stderr.flush()
sys.stderr.write({words!r} + "\\n")
sys.exit({code})
"""
        monkeypatch.setattr(scale.Settings, "command", lambda self: [sys.executable, "-c", program])

    yield set_to
    if scale._current is not None:
        scale._current.cancel()


@pytest.fixture
def shipped(stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small tree together with the measurement that comes with the app."""
    tree = tmp_path / "tree"
    shutil.copytree(stored, tree)
    shutil.copy(SHIPPED, tree / "scale.json")
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(tree))
    scale.shipped.cache_clear()


def until(app: AppTest, done: Any, limit_s: float = 30) -> AppTest:
    deadline = time.monotonic() + limit_s
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return app.run()


def job(app: AppTest) -> scale.Job:
    return app.session_state["kept_scale_job"]  # type: ignore[no-any-return]


def test_opens_with_what_was_measured_elsewhere(shipped: None) -> None:
    app = open_page("scale", **BINARY)
    assert not app.exception
    text = words(app)
    assert "Measured elsewhere" in text
    assert "GB/s" in text and "faiss-cpu" in text
    assert len(alts(app, "plotly_chart")) >= 7
    assert all(alts(app, "plotly_chart"))
    assert {button.label for button in app.button} >= {"Measure here"}


def test_both_kinds_of_codes_are_shown(shipped: None) -> None:
    app = open_page("scale", **BINARY)
    shown = next(c for c in app.segmented_control if c.label == "Codes")
    assert len(shown.options) == 2
    shown.set_value("uniform").run()
    assert not app.exception
    assert "64-bit codes, uniform noise; 50 queries" in words(app)
    next(c for c in app.segmented_control if c.label == "Queries").set_value("all at once").run()
    assert not app.exception


def test_without_a_stored_measurement_it_says_what_to_do(stored: Path) -> None:
    app = open_page("scale", **BINARY)
    assert not app.exception
    assert "Nothing has been measured yet" in app.info[0].value


def test_codebook_codes_leave_uniform_noise(shipped: None) -> None:
    app = open_page("scale", db="digits", method="dpq", bits="16")
    assert not app.exception
    choice = next(c for c in app.segmented_control if c.label == "Codes to measure")
    assert choice.options == ["uniform noise"]
    assert any("no codes of single bits" in info.value for info in app.info)


def test_measured_here(shipped: None, tells: Any) -> None:
    tells([*ALL, FINISHED])
    app = open_page("scale", **BINARY)
    app.button(key="scale_measure").click().run()
    assert not app.exception
    until(app, lambda: not job(app).running)
    assert not app.exception and not app.error
    text = words(app)
    assert "Measured here" in text
    assert "Among **10,000** codes" in text
    assert "modelled on digits/dpsh/32" in text
    app.segmented_control(key="scale_source").set_value(False).run()
    assert "Measured elsewhere" in words(app)


def test_points_are_shown_while_it_runs_and_cancel_keeps_them(shipped: None, tells: Any) -> None:
    tells([*ALL, SLEEP])
    app = open_page("scale", **BINARY)
    app.button(key="scale_measure").click().run()
    until(app, lambda: job(app).result() is not None and len(job(app).result().points) == 2)  # type: ignore[union-attr]
    assert not app.exception
    assert "Measured here" in words(app)
    assert app.button(key="scale_measure").disabled
    app.button(key="scale_cancel").click().run()
    until(app, lambda: not job(app).running)
    assert not app.exception and not app.error
    assert any("Cancelled" in info.value for info in app.info)
    assert "Measured here" in words(app)
    assert not app.button(key="scale_measure").disabled


def test_two_at_once_are_refused(shipped: None, tells: Any) -> None:
    tells([STARTED, SLEEP])
    first = open_page("scale", **BINARY)
    first.button(key="scale_measure").click().run()
    second = open_page("scale", **BINARY)
    second.button(key="scale_measure").click().run()
    assert not second.exception
    assert "Another measurement is running" in second.error[0].value
    second.run()
    assert not second.error


def test_a_failure_is_said(shipped: None, tells: Any) -> None:
    tells([STARTED], code=2, words="error: No such run. Choose another.")
    app = open_page("scale", **BINARY)
    app.button(key="scale_measure").click().run()
    until(app, lambda: not job(app).running)
    assert not app.exception
    assert app.error[0].value == "No such run. Choose another."


def test_the_calculator(shipped: None) -> None:
    app = open_page("scale", **BINARY)
    app.slider(key="ball_bits").set_value(128).run()
    app.slider(key="ball_radius").set_value(8).run()
    assert not app.exception
    assert "scanning all of them is less work" in words(app)
    app.slider(key="ball_bits").set_value(16).run()
    app.slider(key="ball_radius").set_value(1).run()
    assert "visits **17** buckets" in words(app)
