"""How search cost grows: what was measured elsewhere, and measuring here in a process of its own.

A process of its own can be ended in the middle of a long build, takes its memory with it, and keeps FAISS out
of the app. One measurement runs at a time on a server, because two would disturb each other.
"""

from __future__ import annotations

import atexit
import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from app.services import catalog
from models.codes.hamming import hamming_distances
from models.data.base import sample_data_root
from models.errors import ConfigError, NotAvailableError
from models.index import ball, machine, synthetic
from models.index.scaling import FLOAT, SCALE_KINDS, SHARE_OF_MEMORY, Point, bytes_needed
from models.types import BinaryCodes, Float64

ROOT = Path(__file__).resolve().parents[2]
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
CLUSTERED, UNIFORM = "clustered", "uniform"
NAMES = {
    FLOAT: "float exact",
    "exhaustive": "binary exact",
    "ivf": "IVF",
    "hnsw": "HNSW",
    "multi-hash": "multi-index hashing",
    "multi-index": "multi-index, exact",
    "multi-table": "multi-table",
    "milvus": "Milvus",
}
# Somebody who closed the page does not come back for the rest; tabs in the background ask once a minute.
ABANDONED_S, GRACE_S = 300.0, 3.0


@dataclass(frozen=True)
class Result:
    """What was measured.

    Attributes:
        points: in the order in which they were measured.
        skipped: kind, n, codes and reason of what was left out.
        machine: processor, cores, memory and versions.
        bandwidth: bytes a second that one core reads.
        n_bits: code length.
        k: results a query.
        n_query: queries.
        run: DATASET/METHOD/N_BITS of the run that clustered codes are modelled on.
        date: day of the measurement.
        here: measured on this machine, by this server.
    """

    points: tuple[Point, ...]
    skipped: tuple[dict[str, Any], ...]
    machine: dict[str, Any]
    bandwidth: float
    n_bits: int
    k: int
    n_query: int
    run: str | None
    date: str
    here: bool

    @property
    def code_models(self) -> tuple[str, ...]:
        """`clustered`, `uniform` or both."""
        return tuple(dict.fromkeys(point.code_model for point in self.points))

    def of(self, code_model: str) -> dict[str, list[Point]]:
        """Points of one model of codes by kind, smallest database first."""
        found: dict[str, list[Point]] = {}
        for point in sorted(self.points, key=lambda p: p.n):
            if point.code_model == code_model:
                found.setdefault(point.kind, []).append(point)
        return {kind: found[kind] for kind in SCALE_KINDS if kind in found}

    def limit_ms(self, n: float, *, floats: bool = False) -> float:
        """Time in which one core reads n codes, or the vectors they were rounded from, once."""
        return n * self.n_bits * (4 if floats else 1 / 8) / self.bandwidth * 1e3


@lru_cache(maxsize=2)
def shipped() -> Result | None:
    """The measurement that comes with the app; None where there is none."""
    path = sample_data_root() / "scale.json"
    if not path.is_file():
        return None
    told = json.loads(path.read_text("utf-8"))
    return _result(told, told["points"], told["skipped"], here=False)


def _result(
    told: dict[str, Any], points: Sequence[dict[str, Any]], skipped: Sequence[dict[str, Any]], *, here: bool
) -> Result:
    known = {field.name for field in fields(Point) if field.init}
    return Result(
        tuple(Point(**{key: value for key, value in p.items() if key in known}) for p in points),
        tuple(skipped),
        *(told[key] for key in ("machine", "bandwidth", "n_bits", "k", "n_query", "run", "date")),
        here=here,
    )


def kinds_here() -> tuple[str, ...]:
    """Kinds that can be measured on this machine."""
    has_milvus = find_spec("pymilvus") is not None and find_spec("milvus_lite") is not None
    return tuple(kind for kind in SCALE_KINDS if kind != "milvus" or has_milvus)


def too_large(sizes: Sequence[int], kinds: Sequence[str], n_bits: int) -> list[str]:
    """What will be refused for want of memory, in words."""
    allowed = machine.available_bytes() * SHARE_OF_MEMORY
    return [
        f"{NAMES[kind]} at {n:,}" for n in sizes for kind in kinds if bytes_needed(kind, n, n_bits) > allowed
    ]


@dataclass(frozen=True)
class Settings:
    """What is to be measured; `run` as (data set, method) for codes modelled on a run."""

    sizes: tuple[int, ...]
    kinds: tuple[str, ...]
    n_bits: int
    code_models: tuple[str, ...]
    run: tuple[str, str] | None = None

    def command(self) -> list[str]:
        """The command line that measures it."""
        command = [sys.executable, "-m", "models", "scale", "--events", "--json"]
        command += ["--n", *map(str, self.sizes), "--kinds", *self.kinds, "--n-bits", str(self.n_bits)]
        command += ["--codes", *self.code_models]
        return command + ([] if self.run is None else ["--run", "/".join((*self.run, str(self.n_bits)))])


@dataclass
class _Told:
    """What a measurement has told so far."""

    started: dict[str, Any] = field(default_factory=dict)
    points: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    progress: dict[str, Any] = field(default_factory=dict)
    code_model: str = ""
    last_words: str = ""


class Job:
    """One measurement under way, or done."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.cancelled = False
        self._began = self._asked = time.monotonic()
        self._date = time.strftime("%Y-%m-%d", time.gmtime())
        self._told = _Told()
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            settings.command(),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="scale reader", daemon=True)
        self._reader.start()
        threading.Thread(target=self._watch, name="scale watch", daemon=True).start()
        atexit.register(self._end)

    @property
    def running(self) -> bool:
        """Not all is told yet."""
        self._asked = time.monotonic()
        return self._reader.is_alive()

    @property
    def elapsed_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    @property
    def progress(self) -> tuple[float, str]:
        """Share that is done, and what is being done, in words."""
        with self._lock:
            told, model = dict(self._told.progress), self._told.code_model
        if not told:
            return 0.0, "starting"
        models = self.settings.code_models
        before = models.index(model) if model in models else 0
        share = (before + told["done"] / max(1, told["total"])) / len(models)
        kind, _, rest = told["doing"].partition(",")
        codes = "uniform noise" if model == UNIFORM else "clustered codes"
        # The second kind of codes takes about as long as the first, all of which has been seen by then.
        left = told["eta_s"] + (len(models) - 1 - before) * (self.elapsed_s + told["eta_s"])
        return (
            share,
            f"{codes}, {NAMES.get(kind, kind)}{',' if rest else ''}{rest}; about {written_s(left)} left",
        )

    @property
    def problem(self) -> str:
        """Why it ended without having been asked to; empty where it did not."""
        ended = not self._reader.is_alive() and self._process.poll() not in (0, None)
        if not ended or self.cancelled:
            return ""
        with self._lock:
            said = self._told.last_words.removeprefix("error: ")
        return said or f"The measurement ended with code {self._process.returncode}."

    def result(self) -> Result | None:
        """What was measured so far; None before the first point."""
        with self._lock:
            if not self._told.points:
                return None
            told = self._told
            run = self.settings.run
            named = "/".join((*run, str(self.settings.n_bits))) if run else None
            about = {**told.started, "n_bits": self.settings.n_bits, "run": named, "date": self._date}
            return _result(about, list(told.points), list(told.skipped), here=True)

    def cancel(self) -> None:
        """End it; what was measured stays."""
        self.cancelled = True
        self._end()

    def _end(self) -> None:
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:  # in the middle of a long build
            self._process.kill()
        with contextlib.suppress(OSError, AttributeError):  # what it started itself, such as Milvus
            os.killpg(self._process.pid, signal.SIGKILL)

    def _watch(self) -> None:
        while self._process.poll() is None:
            if time.monotonic() - self._asked > ABANDONED_S:
                self.cancel()
            time.sleep(1)

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as told:
            for line in told:
                with self._lock:
                    self._take(line.strip())
        self._process.wait()
        atexit.unregister(self._end)

    def _take(self, line: str) -> None:
        told = self._told
        try:
            event = json.loads(line)
            kind = event.pop("event")
        except (ValueError, KeyError, AttributeError, TypeError):
            told.last_words = line or told.last_words
            return
        if kind == "started":
            bandwidth = max(event["bandwidth"], told.started.get("bandwidth", 0.0))
            told.code_model = event.pop("code_model")
            told.started = {**event, "bandwidth": bandwidth}
        elif kind == "progress":
            told.progress = event
        elif kind == "point":
            told.points.append(event)
        elif kind == "skipped":
            told.skipped.append({**event, "code_model": told.code_model})


_starting = threading.Lock()
_current: Job | None = None


def start(settings: Settings) -> Job:
    """Begin a measurement.

    Raises:
        ConfigError: nothing to measure.
        NotAvailableError: one is running already.
    """
    global _current
    if not settings.sizes or not settings.kinds or not settings.code_models:
        raise ConfigError("Nothing to measure. Choose at least one size, one index and one kind of codes.")
    with _starting:
        if _current is not None and _current._process.poll() is None:
            raise NotAvailableError(
                "Another measurement is running on this machine. Two at once would disturb each other. "
                "Wait until it is done, or cancel it."
            )
        _current = Job(settings)
        return _current


def written_s(seconds: float) -> str:
    """A duration in words."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"


def machine_short(result: Result) -> str:
    """On what and when this was measured, briefly."""
    return f"{result.machine['processor']}, {result.machine['n_cores']} cores, {result.date}"


def machine_line(result: Result) -> str:
    """On what, when and with which versions this was measured."""
    about = result.machine
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    load, beside = about.get("load"), ""
    if load is not None:
        alone = load <= about["n_cores"] / 2
        beside = f"; load {load:g}: " + ("nearly alone" if alone else "other programs slowed it down")
    return (
        f"{about['processor']}, {about['n_cores']} cores, {about['memory_bytes'] / 2**30:.0f} GiB memory, "
        f"{about['system']}; {result.date}; {versions}; one core reads {result.bandwidth / 1e9:.1f} GB/s"
        f"{beside}."
    )


def result_csv(result: Result) -> str:
    """All points, the circumstances in every row."""
    text = io.StringIO()
    about = {
        "k": result.k,
        "n_query": result.n_query,
        "bandwidth_bytes_per_s": round(result.bandwidth),
        "run": result.run,
        "date": result.date,
        "processor": result.machine["processor"],
        "measured_here": result.here,
    }
    rows = [
        {key: value for key, value in asdict(point).items() if key != "event"} | about
        for point in result.points
    ]
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@dataclass(frozen=True)
class Fit:
    """Shares of pairs at each Hamming distance, (n_bits + 1,), and how often a bit of a copy flips."""

    real: Float64
    clustered: Float64
    uniform: Float64
    flips: float
    n_originals: int

    def off(self, name: str) -> float:
        """Area between the real histogram and another, 0 to 1."""
        return float(np.abs(getattr(self, name) - self.real).sum() / 2)


@lru_cache(maxsize=16)
def model_fit(dataset: str, method: str, n_bits: int) -> Fit | None:
    """How well the model of a run's codes keeps their distances; None for codes without bits."""
    codes = catalog.open_run(dataset, method, n_bits).codes("database")
    if not isinstance(codes, BinaryCodes):
        return None
    model, noise = synthetic.fit(codes), synthetic.uniform_model(n_bits)
    rows = np.random.default_rng(0).permutation(len(codes))[:1000]
    away = hamming_distances(codes[rows], codes)
    counts = np.bincount(away.reshape(-1), minlength=n_bits + 1)
    counts[0] -= len(rows)  # a code and itself
    made = [
        synthetic.distance_histogram(source.sample(1000, seed=1), source.sample(4000))
        for source in (model, noise)
    ]
    return Fit(counts / counts.sum(), *made, float(model.flip_rate.sum()), len(codes))


@dataclass(frozen=True)
class Cost:
    """What a look-up costs, radius by radius.

    Attributes:
        n_tables: 1 for one table keyed by the whole code.
        n_buckets: buckets visited at radius 0, 1, 2, ...
        n_expected: items met there.
        longest: the largest radius at which all that is less than a scan; None: not even 0.
    """

    n_tables: int
    n_buckets: tuple[int, ...]
    n_expected: tuple[float, ...]
    longest: int | None

    @property
    def work(self) -> tuple[float, ...]:
        """Buckets visited and items compared, radius by radius."""
        return tuple(b + e for b, e in zip(self.n_buckets, self.n_expected, strict=True))


@lru_cache(maxsize=256)
def look_up_costs(n: int, n_bits: int, most: int, n_tables: int) -> Cost:
    """Buckets and items of look-ups within radius 0 to `most`."""
    costs = [ball.look_up(n, n_bits, r, n_tables=n_tables) for r in range(most + 1)]
    return Cost(
        n_tables,
        tuple(cost.n_buckets for cost in costs),
        tuple(cost.n_expected for cost in costs),
        ball.longest_radius(n, n_bits, n_tables=n_tables),
    )
