"""`make bench`: measure everything, write the table to results.md beside this file."""

from __future__ import annotations

import datetime
import os
import platform
import sys
from importlib import import_module
from pathlib import Path

from tests.benchmarks.measure import Row

BENCHES = ("bench_metrics", "bench_index", "bench_index_kinds", "bench_training", "bench_app")
TABLE = Path(__file__).with_name("results.md")


def main(names: list[str]) -> None:
    """Run the named benches, all by default; only a full run replaces the table."""
    rows: list[Row] = []
    for name in names or BENCHES:
        sys.stderr.write(f"{name} ...\n")
        found = import_module(f"tests.benchmarks.{name}").bench()
        rows += found
        for row in found:
            sys.stderr.write(f"  {row.what}: {row.ours} {row.peer} {row.ratio}\n")
    lines = ["| what | ours | peer, same run | ratio | aim |", "|---|---|---|---|---|"]
    lines += [f"| {r.what} | {r.ours} | {r.peer} | {r.ratio} | {r.aim} |" for r in rows]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    table = f"Measured {datetime.date.today():%d %B %Y} on {machine}; medians.\n\n" + "\n".join(lines) + "\n"
    if names:
        sys.stdout.write(table)
    else:
        TABLE.write_text(table)


if __name__ == "__main__":
    main(sys.argv[1:])
