"""Measuring in a process of its own, the shipped measurement, the model of codes, look-up costs."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path

import pytest

from app.services import scale
from models.errors import ConfigError

SHIPPED = Path(__file__).parents[3] / "sample_data/scale.json"


def test_the_shipped_measurement_says_where_it_was_made() -> None:
    assert SHIPPED.stat().st_size < 50_000
    scale.shipped.cache_clear()
    result = scale.shipped()
    assert result is not None and not result.here
    assert result.code_models == ("clustered", "uniform")
    assert set(result.of("clustered")) >= {"float", "exhaustive", "ivf", "hnsw", "multi-hash", "milvus"}
    line = scale.machine_line(result)
    for part in (result.machine["processor"], result.date, "faiss-cpu", "GB/s"):
        assert part in line
    assert result.limit_ms(1e6, floats=True) == pytest.approx(32 * result.limit_ms(1e6))


def test_csv_has_the_circumstances_in_every_row() -> None:
    result = scale.shipped()
    assert result is not None
    rows = list(csv.DictReader(io.StringIO(scale.result_csv(result))))
    assert len(rows) == len(result.points)
    assert {"kind", "n", "recall", "processor", "date", "measured_here"} <= set(rows[0])
    assert all(row["processor"] and row["measured_here"] == "False" for row in rows)


@pytest.mark.slow
def test_a_real_measurement_in_a_process(stored: Path) -> None:
    settings = scale.Settings((1000,), ("exhaustive", "hnsw"), 32, ("clustered",), ("digits", "dpsh"))
    job = scale.start(settings)
    deadline = time.monotonic() + 120
    while job.running:
        assert time.monotonic() < deadline
        share, doing = job.progress
        assert 0 <= share <= 1 and doing
        time.sleep(0.1)
    assert job.problem == ""
    result = job.result()
    assert result is not None and result.here
    assert [p.kind for p in result.points] == ["exhaustive", "hnsw"]
    assert result.run == "digits/dpsh/32"
    assert json.dumps(result.machine)


def test_nobody_there_any_more(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setattr(scale, "ABANDONED_S", 0.2)
    waits = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(scale.Settings, "command", lambda self: waits)
    job = scale.start(scale.Settings((1000,), ("exhaustive",), 32, ("uniform",)))
    job._process.wait(20)
    job._reader.join(20)
    assert job.cancelled and not job.running and job.problem == ""


def test_nothing_to_measure() -> None:
    with pytest.raises(ConfigError, match="at least one"):
        scale.start(scale.Settings((), ("exhaustive",), 32, ("uniform",)))


def test_what_does_not_fit_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale.machine, "available_bytes", lambda: 10**9)
    assert scale.too_large((10_000, 10**7), ("exhaustive", "hnsw"), 64) == ["HNSW at 10,000,000"]


def test_the_model_is_nearer_to_the_codes_than_noise(stored: Path) -> None:
    fit = scale.model_fit("digits", "dpsh", 32)
    assert fit is not None
    assert fit.off("clustered") < 0.7 * fit.off("uniform")
    assert fit.real.sum() == pytest.approx(1)
    assert scale.model_fit("digits", "dpq", 16) is None


def test_look_up_costs() -> None:
    cost = scale.look_up_costs(1_000_000, 64, 6, 1)
    assert cost.n_buckets[:3] == (1, 65, 2081)
    assert cost.longest == 4
    assert scale.written_s(5) == "5 s" and scale.written_s(300) == "5 min"
