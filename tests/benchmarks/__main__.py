"""`make bench`: measure, and keep the figures in results.md beside this file, one section a bench.

`python -m tests.benchmarks index metrics` measures those alone and replaces their sections; `--dry`
prints and keeps nothing.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from tests.benchmarks.measure import Row

BENCHES = ("metrics", "index", "index_kinds", "training", "app")
ON_DEMAND = ("hundred_million",)  # takes up to 12 minutes and 9 GB of memory
TABLE = Path(__file__).with_name("results.md")
HEADING = "## "


def main(given: Sequence[str]) -> None:
    """Run the named benches, by default all but those on demand."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", metavar="BENCH", help=", ".join(BENCHES + ON_DEMAND))
    parser.add_argument("--dry", action="store_true", help="print the figures and keep nothing")
    chosen = parser.parse_args(given)
    for name in chosen.names:
        if name not in BENCHES + ON_DEMAND:
            parser.error(f"no bench {name!r}; choose from {', '.join(BENCHES + ON_DEMAND)}")
    for name in chosen.names or BENCHES:
        sys.stderr.write(f"{name} ...\n")
        began = time.perf_counter()
        rows = import_module(f"tests.benchmarks.bench_{name}").bench()
        text = section(name, rows, time.perf_counter() - began)
        sys.stdout.write(text)
        if not chosen.dry:
            kept = TABLE.read_text("utf-8") if TABLE.is_file() else ""
            TABLE.write_text(replaced(kept, name, text), "utf-8")


def section(name: str, rows: Sequence[Row], seconds: float) -> str:
    """One bench as Markdown."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    day = f"{datetime.date.today():%d %B %Y}"
    lines = [
        f"{HEADING}{name}",
        "",
        f"Measured {day} on {machine}, load {os.getloadavg()[0]:.1f}, in {seconds:.0f} s; medians.",
        "",
        "| what | ours | peer, same run | ratio | aim |",
        "|---|---|---|---|---|",
        *(f"| {r.what} | {r.ours} | {r.peer} | {r.ratio} | {r.aim} |" for r in rows),
    ]
    return "\n".join(lines) + "\n"


def replaced(kept: str, name: str, text: str) -> str:
    """The file with this bench's section in its place; sections in the order of the benches."""
    parts = {}
    for part in ("\n" + kept).split("\n" + HEADING)[1:]:
        title, _, body = part.partition("\n")
        parts[title.strip()] = f"{HEADING}{title.strip()}\n{body.rstrip()}\n"
    parts[name] = text
    return "\n".join(parts[each] for each in BENCHES + ON_DEMAND if each in parts)


if __name__ == "__main__":
    main(sys.argv[1:])
