"""How things are measured: medians, a peer timed in turn with ours, memory of a child process."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from models.engine.memory import peak_bytes, reset_peak


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured, with sizes.
        ours: our figure, with its unit.
        peer: the figure of the peer in the same run, and what the peer is; empty without one.
        ratio: how the two compare; empty without a peer.
        aim: what we want it to be.
    """

    what: str
    ours: str
    peer: str = ""
    ratio: str = ""
    aim: str = ""


def medians_s(ours: Callable[[], object], peer: Callable[[], object], runs: int) -> tuple[float, float]:
    """Median seconds of both, timed alternately so that a noisy moment meets both; one warm-up each."""
    ours(), peer()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for task, kept in zip((ours, peer), times, strict=True):
            started = time.perf_counter()
            task()
            kept.append(time.perf_counter() - started)
    return statistics.median(times[0]), statistics.median(times[1])


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of the values lies, nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def extra_peak_bytes(prepare_and_run: Callable[[Callable[[], None]], None]) -> int:
    """Growth of the peak resident memory while a task runs, in a process of its own.

    Args:
        prepare_and_run: a module-level function; it prepares, calls its argument once, then runs the task.
    """
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_growth, (prepare_and_run,))


def _growth(prepare_and_run: Callable[[Callable[[], None]], None]) -> int:
    before = 0

    def ready() -> None:
        nonlocal before
        reset_peak()
        before = peak_bytes()

    prepare_and_run(ready)
    return peak_bytes() - before
