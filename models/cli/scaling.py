"""`scale`: how the cost of a search grows, measured on this machine."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.cli.output import Answer, Table, progress_bar
from models.errors import ConfigError, NotAvailableError
from models.files import write_atomically

if TYPE_CHECKING:
    from models.index.scaling import Event
    from models.index.synthetic import CodeModel

DEFAULT_DATASET = "toyworld"


def scale(chosen: argparse.Namespace) -> Answer:
    """One row per index and size; Ctrl-C keeps what was measured."""
    # Threads that wait by spinning take the cores from each other wherever anything else runs: k-means of
    # 100,000 codes took 77 s instead of 1 s beside two busy processes. Read when FAISS is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from models.index.scaling import SCALE_KINDS, check_plan, measure, to_json

    kinds = chosen.kinds or list(SCALE_KINDS)
    check_plan(chosen.n, kinds, chosen.k, chosen.n_query)
    models = [(name, *_model(name, chosen)) for name in dict.fromkeys(chosen.codes)]
    document: dict[str, Any] = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "n_bits": chosen.n_bits,
        "run": next((run for name, _, run in models if name == "clustered"), None),
        "points": [],
        "skipped": [],
        "cancelled": False,
    }
    with progress_bar() as bar:
        task = bar.add_task("", total=None)

        def shown(event: Event) -> None:
            told = to_json(event)
            if told["event"] == "progress":
                bar.update(task, description=told["doing"], completed=told["done"], total=told["total"])

        try:
            with _ended_like_ctrl_c():
                for name, model, _ in models:
                    for event in measure(
                        model,
                        chosen.n,
                        kinds,
                        k=chosen.k,
                        n_query=chosen.n_query,
                        seed=chosen.seed,
                        build_limit_s=chosen.build_limit,
                    ):
                        (_tell if chosen.events else shown)(event)
                        _keep(document, name, to_json(event))
        except KeyboardInterrupt:
            document["cancelled"] = True
    if chosen.out and document["points"]:
        write_atomically(Path(chosen.out), (json.dumps(document, indent=1) + "\n").encode())
    return Answer(document, [_table(document)], _lines(document))


def _model(name: str, chosen: argparse.Namespace) -> tuple[CodeModel, str | None]:
    """The model of codes, and the run that it is of."""
    from models.cli.runs import stored_run
    from models.index.synthetic import fit, uniform_model
    from models.types import BinaryCodes

    if name == "uniform":
        return uniform_model(chosen.n_bits), None
    given = chosen.run_name or _default_run(chosen.n_bits)
    codes = stored_run(given).codes("database")
    if not isinstance(codes, BinaryCodes):
        raise ConfigError(f"The run {given} has codebook codes. Choose a run with binary codes.")
    if codes.n_bits != chosen.n_bits:
        raise ConfigError(f"The run {given} has {codes.n_bits} bits, not {chosen.n_bits}: set --n-bits.")
    return fit(codes), given


def _default_run(n_bits: int) -> str:
    """The best stored run of binary codes at this length."""
    from models.engine.leaderboard import leaderboard
    from models.engine.store import RunStore
    from models.types import BinaryCodes

    stored = {(run.method, run.n_bits) for run in RunStore().runs(DEFAULT_DATASET) if run.has_codes}
    for row in leaderboard(DEFAULT_DATASET):
        here = row.n_bits == n_bits and (row.method, n_bits) in stored
        if here and isinstance(
            RunStore().open(DEFAULT_DATASET, row.method, n_bits).codes("database"), BinaryCodes
        ):
            return f"{DEFAULT_DATASET}/{row.method}/{n_bits}"
    raise NotAvailableError(
        f"There is no stored run of {n_bits} bits to model. Give one with --run, or choose --codes uniform."
    )


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """A polite request to end is Ctrl-C: temporary files go, what was measured stays."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


_KEPT_ONCE = ("machine", "k", "n_query")


def _keep(document: dict[str, Any], code_model: str, told: dict[str, Any]) -> None:
    """Put an event where it belongs in the document."""
    kind = told.pop("event")
    if kind == "started":
        document |= {key: told[key] for key in _KEPT_ONCE}
        # A pass that was disturbed reads slower; the machine is as fast as its best.
        document["bandwidth"] = max(document.get("bandwidth", 0.0), told["bandwidth"])
    elif kind == "point":
        document["points"].append(told)
    elif kind == "skipped":
        document["skipped"].append({**told, "code_model": code_model})
    elif kind == "finished":
        document["cancelled"] |= told["cancelled"]


def _tell(event: Event) -> None:
    from models.index.scaling import to_json

    sys.stderr.write(json.dumps(to_json(event)) + "\n")
    sys.stderr.flush()


_COLUMNS: tuple[tuple[str, Callable[[dict[str, Any]], Any]], ...] = (
    ("codes", lambda p: p["code_model"]),
    ("kind", lambda p: p["kind"]),
    ("n", lambda p: p["n"]),
    ("build s", lambda p: p["build_s"]),
    ("ms a query", lambda p: p["query_ms"]),
    ("p95", lambda p: p["query_p95_ms"]),
    ("ms in a batch", lambda p: p["batch_ms"]),
    ("MB", lambda p: p["memory_bytes"] / 1e6),
    ("recall", lambda p: p["recall"]),
)


def _table(document: dict[str, Any]) -> Table:
    rows = [[read(point) for _, read in _COLUMNS] for point in document["points"]]
    return Table(f"Search among {document['n_bits']}-bit codes", [name for name, _ in _COLUMNS], rows)


def _lines(document: dict[str, Any]) -> list[str]:
    lines = []
    if "bandwidth" in document:
        lines.append(f"One core reads {document['bandwidth'] / 1e9:.1f} GB/s from memory.")
    lines += [f"{s['kind']} at {s['n']:,} ({s['code_model']}): {s['reason']}." for s in document["skipped"]]
    return lines + ["Cancelled; this is what was measured."] * document["cancelled"]
