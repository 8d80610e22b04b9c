"""Search below the cost of a scan, up to 100 million codes of 64 bits: exact multi-index hashing.

Its own command, `python -m tests.benchmarks hundred_million`: it takes minutes and about 9 GB of memory. The
same measurement for other sizes and indexes: `python -m models scale`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from models.cli.runs import stored_run
from models.index.scaling import MULTI_INDEX, Point, Progress, Skipped, measure
from models.index.synthetic import CodeModel, fit, uniform_model
from models.types import BinaryCodes
from tests.benchmarks.measure import Row

SIZES, N_BITS, K, N_QUERY = (1_000_000, 10_000_000, 100_000_000), 64, 100, 50
RUN = "toyworld/dpsh/64"  # what clustered codes are modelled on, as on the Scale page


def bench(sizes: Sequence[int] = SIZES) -> list[Row]:
    """One row per kind of codes and size, the largest size carrying the aim."""
    codes = stored_run(RUN).codes("database")
    assert isinstance(codes, BinaryCodes)
    return [row for model in (fit(codes), uniform_model(N_BITS)) for row in measured(model, sizes)]


def measured(model: CodeModel, sizes: Sequence[int]) -> list[Row]:
    """The index against exhaustive search of the same codes, both in this process."""
    points: dict[tuple[int, str], Point] = {}
    rows: list[Row] = []
    for event in measure(model, sizes, ["exhaustive", MULTI_INDEX], k=K, n_query=N_QUERY, build_limit_s=600):
        if isinstance(event, Progress):
            sys.stderr.write(f"  {model.name}: {event.doing}; about {event.eta_s:.0f} s left\n")
        elif isinstance(event, Skipped):
            rows.append(Row(f"{event.kind}, {event.n:,} {model.name} codes", f"left out: {event.reason}"))
        elif isinstance(event, Point):
            points[event.n, event.kind] = event
    for n in sorted(sizes):
        ours, scan = points.get((n, MULTI_INDEX)), points.get((n, "exhaustive"))
        if ours is not None and scan is not None:
            rows.append(compared(ours, scan, aim=n == max(sizes)))
    return rows


def compared(ours: Point, scan: Point, *, aim: bool) -> Row:
    """Both at one size: one query at a time on one core, and all at once on all cores."""
    return Row(
        f"{ours.kind}, top {K}, {ours.n:,} {ours.code_model} codes x {N_BITS} bits, one query at a time",
        f"{ours.query_ms:.3g} ms (p95 {ours.query_p95_ms:.3g}; {ours.batch_ms:.3g} at once), "
        f"recall {ours.recall:.3f}, {ours.memory_bytes / 1e6:,.0f} MB, built in {ours.build_s:.1f} s",
        f"{scan.query_ms:.3g} ms (p95 {scan.query_p95_ms:.3g}; {scan.batch_ms:.3g} at once), exhaustive, "
        f"{scan.memory_bytes / 1e6:,.0f} MB",
        f"{scan.query_ms / ours.query_ms:.1f}x faster"
        if scan.query_ms > ours.query_ms
        else f"{ours.query_ms / scan.query_ms:.1f}x slower",
        "at least 10x at recall 0.95" if aim else "",
    )
