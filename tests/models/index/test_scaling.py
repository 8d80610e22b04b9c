"""The measurement of search cost: what is told, what is refused, how it stops."""

from __future__ import annotations

import itertools
import json
import threading
from pathlib import Path

import numpy as np
import pytest

from models.errors import ConfigError, UnknownNameError
from models.index import machine, scaling, synthetic
from models.index.scaling import Finished, Point, Progress, Skipped, Started, measure, to_json
from models.index.synthetic import uniform_model


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "SINGLES_S", 0.01)
    monkeypatch.setattr(scaling, "BATCHES_S", 0.01)
    monkeypatch.setattr(machine, "read_bandwidth", lambda: 1e10)


def test_every_kind_is_measured_at_every_size() -> None:
    kinds = ["float", "exhaustive", "ivf", "hnsw", "multi-hash", "multi-index", "multi-table"]
    events = list(measure(uniform_model(16), [600, 300], kinds, k=10, n_query=8))
    assert isinstance(events[0], Started)
    assert events[-1] == Finished(cancelled=False)
    points = [event for event in events if isinstance(event, Point)]
    assert [(p.n, p.kind) for p in points] == [(n, kind) for n in (300, 600) for kind in kinds]
    for point in points:
        assert point.query_ms > 0 and point.query_p95_ms >= point.query_ms and point.batch_ms > 0
        assert 5 <= point.n_timed <= 8
        assert 0 <= point.recall <= 1
        assert json.loads(json.dumps(to_json(point)))["event"] == "point"
    assert {p.recall for p in points if p.kind in ("float", "exhaustive", "multi-index")} == {1.0}
    steps = [event for event in events if isinstance(event, Progress)]
    assert [event.done for event in steps][1:] == list(range(14))
    assert all(event.eta_s >= 0 and event.total == 14 for event in steps)


@pytest.mark.skipif(machine._mallinfo() is None, reason="this system's allocator tells nothing")
def test_memory_is_that_of_the_codes() -> None:
    events = measure(uniform_model(64), [50_000], ["float", "exhaustive"], k=10, n_query=8)
    found = {event.kind: event.memory_bytes for event in events if isinstance(event, Point)}
    assert found["exhaustive"] == pytest.approx(50_000 * 8, rel=0.2)
    assert found["float"] == pytest.approx(50_000 * 64 * 4, rel=0.2)


def test_stopped_between_steps() -> None:
    stop, seen = threading.Event(), []
    for event in measure(uniform_model(16), [300, 600], ["exhaustive"], k=10, n_query=8, stop=stop):
        seen.append(event)
        if isinstance(event, Point):
            stop.set()
    assert sum(isinstance(event, Point) for event in seen) == 1
    assert seen[-1] == Finished(cancelled=True)


def test_stopped_within_a_step() -> None:
    stop, seen = threading.Event(), []
    for event in measure(uniform_model(16), [300], ["exhaustive"], k=10, n_query=8, stop=stop):
        seen.append(event)
        if isinstance(event, Progress) and event.doing.startswith("exhaustive"):
            stop.set()
    assert not any(isinstance(event, Point) for event in seen)
    assert seen[-1] == Finished(cancelled=True)


def test_what_does_not_fit_is_left_out_and_said() -> None:
    events = list(
        measure(uniform_model(64), [300, 10**9], ["exhaustive"], k=10, n_query=8, memory_bytes=10**6)
    )
    skipped = [event for event in events if isinstance(event, Skipped)]
    assert [(event.n, event.kind) for event in skipped] == [(10**9, "exhaustive")]
    assert "GB of memory" in skipped[0].reason
    assert [event.n for event in events if isinstance(event, Point)] == [300]
    nothing = list(measure(uniform_model(64), [300], ["hnsw"], k=10, n_query=8, memory_bytes=0))
    assert not any(isinstance(event, Point) for event in nothing)
    assert nothing[-1] == Finished(cancelled=False)


def test_what_would_take_too_long_is_left_out_and_said() -> None:
    events = list(
        measure(uniform_model(16), [300], ["hnsw", "exhaustive"], k=10, n_query=8, build_limit_s=1e-4)
    )
    skipped = [event for event in events if isinstance(event, Skipped)]
    assert [event.kind for event in skipped] == ["hnsw"]
    guesses = [event.eta_s for event in events if isinstance(event, Progress)]
    assert max(guesses) < 1, "what is left out takes no time"
    assert "to build" in skipped[0].reason
    assert [event.kind for event in events if isinstance(event, Point)] == ["exhaustive"]


def test_refusals() -> None:
    model = uniform_model(16)
    with pytest.raises(ConfigError, match="at least one size"):
        measure(model, [], ["exhaustive"])
    with pytest.raises(ConfigError, match="cannot return 100"):
        measure(model, [50], ["exhaustive"])
    with pytest.raises(ConfigError, match="no binary codes"):
        measure(model, [1000], ["ivf-adc"])
    with pytest.raises(ConfigError, match="at least 1"):
        measure(model, [1000], ["ivf"], k=0)
    with pytest.raises(UnknownNameError, match="exhaustive"):
        measure(model, [1000], ["exhaustve"])


def test_every_kind_has_its_guesses() -> None:
    for kind in scaling.SCALE_KINDS:
        assert scaling.bytes_needed(kind, 1000, 64) > 0
        assert kind in scaling._BUILD


def test_the_machine_is_described() -> None:
    told = machine.describe()
    assert told["n_cores"] >= 1 and told["memory_bytes"] > 0 and told["processor"]
    assert "numpy" in told["versions"]
    assert machine.available_bytes() > 0
    before = machine.allocated_bytes()
    kept = np.ones(4_000_000, dtype=np.uint8)
    assert machine.allocated_bytes() - before >= 0.9 * kept.nbytes


def test_bandwidth_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert 1e8 < machine.read_bandwidth(1 << 22, passes=2) < 1e13


def test_drawing_many_codes_is_told_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "CHUNK", 100)
    ticks = itertools.count()
    monkeypatch.setattr(scaling.time, "perf_counter", lambda: 2.0 * next(ticks))
    stop, told = threading.Event(), []
    for event in measure(uniform_model(16), [1000], ["exhaustive"], k=10, n_query=8, stop=stop):
        told.append(event)
        if isinstance(event, Progress) and "500 are there" in event.doing:
            stop.set()
    assert [e.doing for e in told if isinstance(e, Progress)][1] == "drawing 1,000 codes, 100 are there"
    assert not any(isinstance(e, Point) for e in told)
    assert told[-1] == Finished(cancelled=True)


def test_a_long_build_can_be_stopped() -> None:
    stop = threading.Event()
    stop.set()
    codes = uniform_model(64).sample(1000)
    with pytest.raises(scaling._StoppedError):
        scaling._opened("multi-index", codes, Path(), stop)
