"""How the cost of a search grows with the database: measured index by index, told as it goes.

`measure` is a generator of events, so that whoever listens draws each point when it arrives and can stop.
FAISS is loaded when the first index is built.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import ConfigError, HashingError
from models.index import machine
from models.index.base import Index, SearchResult
from models.index.binary_multi_index import BinaryMultiIndex, bytes_an_item
from models.index.kinds import KINDS, index_kind, open_index
from models.index.recall import recall_at_k
from models.index.synthetic import CodeModel, relaxed
from models.spec import CodeKind
from models.types import BinaryCodes, Float32, UInt8

FLOAT, MULTI_INDEX = "float", "multi-index"
# Kinds that hold binary codes, and exhaustive search of the real vectors that codes are rounded from.
SCALE_KINDS = (FLOAT, *(name for name, kind in KINDS.items() if CodeKind.BINARY in kind.classes))
K, N_QUERY = 100, 100
SINGLES_S, BATCHES_S = 1.5, 1.5  # time for each of the two measurements of one index
BUILD_LIMIT_S = 180.0
SHARE_OF_MEMORY = 0.8


@dataclass(frozen=True)
class Started:
    """What holds for all points.

    Attributes:
        machine: processor, memory, versions.
        bandwidth: bytes a second that one core reads.
        code_model: `clustered` or `uniform`.
        n_bits: code length.
        k: results a query.
        n_query: queries.
    """

    machine: dict[str, Any]
    bandwidth: float
    code_model: str
    n_bits: int
    k: int
    n_query: int
    event: str = field(default="started", init=False)


@dataclass(frozen=True)
class Progress:
    """Step `done` of `total` begins; `eta_s` is a guess at the seconds that are left."""

    done: int
    total: int
    doing: str
    eta_s: float
    event: str = field(default="progress", init=False)


@dataclass(frozen=True)
class Point:
    """One index over one database.

    Attributes:
        kind: of `SCALE_KINDS`.
        n: items.
        code_model: where the codes came from.
        n_bits: code length.
        build_s: seconds until the index could answer.
        query_ms: median over queries asked one at a time, on one core.
        query_p95_ms: 95th percentile of the same.
        n_timed: queries that were asked one at a time.
        batch_ms: per query, all asked at once, on all cores.
        memory_bytes: what the index added to the process (Milvus: to its own), the codes given not counted.
        recall: mean recall at k, where a tie at the cut costs nothing; see `recall_at_k`.
    """

    kind: str
    n: int
    code_model: str
    n_bits: int
    build_s: float
    query_ms: float
    query_p95_ms: float
    n_timed: int
    batch_ms: float
    memory_bytes: int
    recall: float
    event: str = field(default="point", init=False)


@dataclass(frozen=True)
class Skipped:
    """An index that was not measured, and why."""

    kind: str
    n: int
    reason: str
    event: str = field(default="skipped", init=False)


@dataclass(frozen=True)
class Finished:
    """The end; `cancelled` where somebody stopped it."""

    cancelled: bool
    event: str = field(default="finished", init=False)


Event = Started | Progress | Point | Skipped | Finished


def to_json(event: Event) -> dict[str, Any]:
    """An event as a JSON object; its kind is `event`."""
    return asdict(event)


# Bytes an item takes while its index is built, beyond its packed code: buckets (64), then what each keeps.
_PEAK_BYTES: dict[str, Callable[[int], float]] = {
    FLOAT: lambda n_bits: 4 * n_bits,
    "exhaustive": lambda n_bits: n_bits / 8,
    "ivf": lambda n_bits: 104 + n_bits / 4,
    "hnsw": lambda n_bits: 250 + n_bits / 4,
    "multi-hash": lambda n_bits: 500 + n_bits / 4,
    MULTI_INDEX: bytes_an_item,
    "multi-table": lambda n_bits: 250 + 2 * n_bits,
    "milvus": lambda n_bits: 700 + n_bits / 4,
}
_COMPARE_S = 1e-9  # to compare 64 bits with 64 bits
# Seconds an item takes to build at 100,000 items on one of today's cores, and how that grows with n.
_BUILD: dict[str, tuple[float, float]] = {
    FLOAT: (3e-7, 1.0),
    "exhaustive": (1e-8, 1.0),
    "ivf": (2e-5, 1.2),
    "hnsw": (6e-5, 1.15),
    "multi-hash": (1e-5, 1.1),
    MULTI_INDEX: (3e-7, 1.0),
    "multi-table": (1e-5, 1.1),
    "milvus": (6e-4, 1.1),
}


def bytes_needed(kind: str, n: int, n_bits: int) -> int:
    """Memory that measuring this index takes at its peak, codes and truth included: a guess."""
    return int(n * (n_bits / 4 + _PEAK_BYTES[kind](n_bits)))


def check_plan(sizes: Sequence[int], kinds: Sequence[str], k: int, n_query: int) -> None:
    """Raise ConfigError (UnknownNameError for a kind) unless this can be measured."""
    if not sizes or not kinds:
        raise ConfigError("Nothing to measure: give at least one size and one kind of index.")
    if n_query < 1 or k < 1:
        raise ConfigError(f"k and n_query are at least 1; got {k} and {n_query}.")
    if min(sizes) < k:
        raise ConfigError(
            f"A database of {min(sizes):,} items cannot return {k}. Choose sizes from {k:,} on."
        )
    for kind in kinds:
        if kind != FLOAT and CodeKind.BINARY not in index_kind(kind).classes:
            raise ConfigError(f"{kind!r} holds no binary codes. Choose from {', '.join(SCALE_KINDS)}.")


def measure(
    model: CodeModel,
    sizes: Sequence[int],
    kinds: Sequence[str],
    *,
    k: int = K,
    n_query: int = N_QUERY,
    seed: int = 0,
    stop: threading.Event | None = None,
    build_limit_s: float = BUILD_LIMIT_S,
    memory_bytes: int | None = None,
) -> Iterator[Event]:
    """Build and search every kind at every size, smallest first.

    Args:
        model: where the codes come from. Queries are drawn from it too, and are not in the database.
        sizes: items of each database; each is the beginning of the next.
        kinds: of `SCALE_KINDS`.
        k: results a query.
        n_query: queries.
        seed: of codes and queries.
        stop: set it to stop; what FAISS has begun it finishes first.
        build_limit_s: an index that would take longer to build, going by smaller ones, is left out.
        memory_bytes: memory that may be taken; None: most of what is free now.

    Raises:
        ConfigError: nothing to measure, or k is above the smallest size.
        UnknownNameError: no such kind.
    """
    check_plan(sizes, kinds, k, n_query)
    return _events(
        _Plan(model, sorted(set(sizes)), list(dict.fromkeys(kinds)), k, n_query, seed),
        stop or threading.Event(),
        build_limit_s,
        memory_bytes,
    )


@dataclass(frozen=True)
class _Plan:
    model: CodeModel
    sizes: list[int]
    kinds: list[str]
    k: int
    n_query: int
    seed: int


class _StoppedError(Exception):
    """Somebody wants no more."""


def _events(
    plan: _Plan, stop: threading.Event, build_limit_s: float, memory_bytes: int | None
) -> Iterator[Event]:
    allowed = int(machine.available_bytes() * SHARE_OF_MEMORY) if memory_bytes is None else memory_bytes
    n_bits, name = plan.model.n_bits, plan.model.name
    bandwidth = machine.read_bandwidth()
    yield Started(machine.describe(), bandwidth, name, n_bits, plan.k, plan.n_query)
    steps, refused = [], []
    for n in plan.sizes:
        for kind in plan.kinds:
            need = bytes_needed(kind, n, n_bits)
            if need <= allowed:
                steps.append((n, kind))
            else:
                refused.append(
                    Skipped(kind, n, f"needs about {_gb(need)} of memory, and {_gb(allowed)} may be taken")
                )
    yield from refused
    clock = _Clock(plan, steps, build_limit_s)
    try:
        yield from _measured(plan, steps, clock, stop, build_limit_s)
    except _StoppedError:
        yield Finished(cancelled=True)
    else:
        yield Finished(cancelled=stop.is_set())


def _measured(
    plan: _Plan, steps: list[tuple[int, str]], clock: _Clock, stop: threading.Event, build_limit_s: float
) -> Iterator[Event]:
    if not steps:
        return
    queries = plan.model.sample(plan.n_query, seed=plan.seed + 1)
    packed = np.empty((max(n for n, _ in steps), queries.packed.shape[1]), dtype=np.uint8)
    yield from _drawing(plan, packed, len(steps), clock.left_s(0), stop)
    database = BinaryCodes(packed, plan.model.n_bits)
    truth: tuple[int, SearchResult] | None = None
    for done, (n, kind) in enumerate(steps):
        if stop.is_set():
            raise _StoppedError
        codes = database[:n]
        expected = clock.build_s(n, kind)
        if expected > build_limit_s:
            yield Skipped(
                kind,
                n,
                f"would take about {expected:,.0f} s to build, going by fewer codes; the limit is "
                f"{build_limit_s:,.0f} s",
            )
            continue
        yield Progress(done, len(steps), f"{kind}, {n:,} codes", clock.left_s(done))
        try:
            if kind == FLOAT:
                point = _float_point(plan, codes, queries, stop)
            else:
                if truth is None or truth[0] != n:
                    truth = None
                    truth = (n, open_index(codes).search(queries, plan.k))
                point = _binary_point(plan, kind, codes, queries, truth[1], stop)
        except (HashingError, MemoryError) as error:
            yield Skipped(kind, n, str(error).rstrip(".") or "there was not enough memory")
            continue
        clock.saw(point)
        yield point


def _drawing(
    plan: _Plan, packed: UInt8, n_steps: int, left_s: float, stop: threading.Event
) -> Iterator[Progress]:
    """Draw the codes, and tell about once a second how far it is."""
    n = len(packed)
    yield Progress(0, n_steps, f"drawing {n:,} codes", left_s)
    began = told = time.perf_counter()
    for drawn in plan.model.fill(packed, seed=plan.seed):
        if stop.is_set():
            raise _StoppedError
        now = time.perf_counter()
        if drawn < n and now - told > 1:
            told = now
            to_draw_s = (now - began) * (n - drawn) / drawn
            yield Progress(
                0, n_steps, f"drawing {n:,} codes, {drawn:,} are there", round(left_s + to_draw_s, 1)
            )


def _binary_point(
    plan: _Plan,
    kind: str,
    codes: BinaryCodes,
    queries: BinaryCodes,
    truth: SearchResult,
    stop: threading.Event,
) -> Point:
    if kind == MULTI_INDEX:
        import_module("models.index.multi_index_kernels")  # compiled once, before the clock runs
    with tempfile.TemporaryDirectory(prefix="hashlens-scale-") as folder:
        before, below = machine.allocated_bytes(), machine.children_bytes()
        began = time.perf_counter()
        index = _opened(kind, codes, Path(folder), stop)
        build_s = time.perf_counter() - began
        memory = machine.allocated_bytes() - before
        try:
            times = _timed(index.search, queries, plan.k, stop)
        finally:
            if hasattr(index, "close"):
                memory = machine.children_bytes() - below
                index.close()
    recall = float(recall_at_k(times.result, truth).mean())
    return _point(plan, kind, len(codes), build_s, times, memory, recall)


def _opened(kind: str, codes: BinaryCodes, folder: Path, stop: threading.Event) -> Index:
    def check(done: int, total: int) -> None:
        if stop.is_set():
            raise _StoppedError

    if kind == MULTI_INDEX:
        return BinaryMultiIndex(codes, progress=check)
    if kind == "milvus":
        from models.index.milvus import MilvusIndex

        return MilvusIndex(codes, uri=str(folder / "scale.db"), progress=check)
    return open_index(codes, kind)


def _float_point(plan: _Plan, codes: BinaryCodes, queries: BinaryCodes, stop: threading.Event) -> Point:
    import faiss

    asked = relaxed(queries, seed=plan.seed + 1)
    before = machine.allocated_bytes()
    began = time.perf_counter()
    vectors = relaxed(codes, seed=plan.seed)
    build_s = time.perf_counter() - began
    memory = machine.allocated_bytes() - before

    def search(some: Float32, k: int) -> None:
        faiss.knn(some, vectors, k, metric=faiss.METRIC_INNER_PRODUCT)

    # Every vector is compared: by its own ranking nothing is missed.
    return _point(plan, FLOAT, len(codes), build_s, _timed(search, asked, plan.k, stop), memory, 1.0)


@dataclass(frozen=True)
class _Times:
    singles_ms: list[float]
    batch_ms: float
    result: Any


def _timed(search: Callable[[Any, int], Any], queries: Any, k: int, stop: threading.Event) -> _Times:
    """Queries one at a time on one core, then all at once on all cores, each until its time is up."""
    singles: list[float] = []
    with _one_thread():
        search(queries[:1], k)  # memory is touched for the first time
        until = time.perf_counter() + SINGLES_S
        for row in range(len(queries)):
            if stop.is_set():
                raise _StoppedError
            began = time.perf_counter()
            search(queries[row : row + 1], k)
            singles.append((time.perf_counter() - began) * 1e3)
            if time.perf_counter() > until and len(singles) >= 5:
                break
    search(queries, k)  # threads are started
    batches: list[float] = []
    until = time.perf_counter() + BATCHES_S
    while not batches or (len(batches) < 5 and time.perf_counter() < until):
        if stop.is_set():
            raise _StoppedError
        began = time.perf_counter()
        result = search(queries, k)
        batches.append((time.perf_counter() - began) * 1e3 / len(queries))
    return _Times(singles, float(np.median(batches)), result)


@contextmanager
def _one_thread() -> Iterator[None]:
    """FAISS works with one thread inside; with several, most of a single query is waiting for them."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _point(
    plan: _Plan, kind: str, n: int, build_s: float, times: _Times, memory: int, recall: float
) -> Point:
    return Point(
        kind,
        n,
        plan.model.name,
        plan.model.n_bits,
        round(build_s, 4),
        round(float(np.median(times.singles_ms)), 5),
        round(float(np.quantile(times.singles_ms, 0.95)), 5),
        len(times.singles_ms),
        round(times.batch_ms, 5),
        max(0, memory),
        round(recall, 5),
    )


class _Clock:
    """Guesses at what is still to come, from what was measured where there is any."""

    def __init__(self, plan: _Plan, steps: list[tuple[int, str]], build_limit_s: float) -> None:
        self._n_bits, self._n_query, self._steps = plan.model.n_bits, plan.n_query, steps
        self._build_limit_s = build_limit_s
        self._seen: dict[str, Point] = {}

    def saw(self, point: Point) -> None:
        self._seen[point.kind] = point

    def build_s(self, n: int, kind: str) -> float:
        """Seconds to build: by the last size measured, else by the table above."""
        each, power = _BUILD[kind]
        seen = self._seen.get(kind)
        if seen is not None:
            return float(seen.build_s * (n / seen.n) ** power)
        return float(each * n * (n / 1e5) ** (power - 1) * self._n_bits / 64)

    def left_s(self, done: int) -> float:
        """Seconds from step `done` on; what would take too long is left out, and takes none."""
        seconds, sizes = 0.0, set()
        for n, kind in self._steps[done:]:
            build = self.build_s(n, kind)
            if build > self._build_limit_s:
                continue
            seconds += build + SINGLES_S + BATCHES_S
            # All queries against all codes: once for the truth, and in turn to be timed.
            scan = n * -(-self._n_bits // 64) * self._n_query * _COMPARE_S
            seconds += scan * ((n not in sizes) + 2 * (kind in ("exhaustive", FLOAT)))
            sizes.add(n)
        return round(seconds, 1)


def _gb(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB"
