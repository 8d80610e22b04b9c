"""The program of the process that adds data: reads, computes features, trains, and tells how far it is.

A process of its own keeps torch and large arrays out of the server, and can be ended at any moment. It is
started by `app.services.add_job` with the request on its input, and writes one JSON object per line.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import HashingError

if TYPE_CHECKING:
    from models.data.importing import Plan

Told = dict[str, Any]
READ, FEATURES, TRAIN, CODES, FETCH = "read", "features", "train", "codes", "fetch"
# What is told no more often than this, so that the page's process is not busy reading.
EVERY_S = 0.2
# How long a process may take to stop by itself.
GRACE_S = 10.0


@dataclass(frozen=True)
class Images:
    """Images to read; see `models.data.importing.plan_import`. Paths as text, "" for none."""

    path: str
    labels: str = ""
    query_fraction: float = 0.1
    train_fraction: float = 0.5
    seed: int = 0
    link: bool = False


@dataclass(frozen=True)
class Training:
    """What is trained on the data set."""

    method: str
    n_bits: int
    backbone: str


@dataclass(frozen=True)
class CodeFiles:
    """Codes of another system, as two `codes.npz` files."""

    query: str
    database: str
    system: str


@dataclass(frozen=True)
class Request:
    """What is to be done with the data set `name`; parts that are None are left out.

    Attributes:
        name: of the pool.
        images: read these first.
        training: then compute features and train.
        codes: open these codes instead.
        fetch: download the images of a published set, then read them.
    """

    name: str
    images: Images | None = None
    training: Training | None = None
    codes: CodeFiles | None = None
    fetch: bool = False

    @property
    def steps(self) -> tuple[str, ...]:
        """What is done, in order."""
        wanted = {
            FETCH: self.fetch,
            READ: self.images is not None or self.fetch,
            CODES: self.codes is not None,
            FEATURES: self.training is not None,
            TRAIN: self.training is not None,
        }
        return tuple(step for step, is_wanted in wanted.items() if is_wanted)

    def to_json(self) -> str:
        """As the process reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Request:
        """What `to_json` wrote."""
        parts = json.loads(text)
        kinds = {"images": Images, "training": Training, "codes": CodeFiles}
        for name, kind in kinds.items():
            parts[name] = None if parts[name] is None else kind(**parts[name])
        return cls(**parts)


def work(request: Request, cancel: threading.Event) -> Iterator[Told]:
    """Do what is asked, step by step.

    Yields:
        `step` (one begins), `progress` (done, total, eta_s, per_s, doing; of a download in bytes),
        `skipped`, `report` (what was read), `stored` (a run that can be opened now), and at the end
        `finished` or `cancelled`.

    Raises:
        HashingError: a step cannot be done; what the steps before it made is kept.
    """
    did_all = True
    for step in request.steps:
        if step == FEATURES:
            continue  # told together with the training that reads them
        did_all = yield from _STEPS[step](request, cancel)
        if not did_all:
            break
    yield {"event": "finished" if did_all else "cancelled"}


def _read(request: Request, cancel: threading.Event) -> Generator[Told, None, bool]:
    from models.data import load_dataset
    from models.data.importing import Skipped, run_import

    yield {"event": "step", "step": READ}
    yield _progress(0, 0, None, None, "unpacking" if request.fetch else "looking")
    plan, began = _plan(request), time.monotonic()
    events = run_import(plan, cancel)
    while True:
        try:
            event = next(events)
        except StopIteration as stop:
            report = stop.value
            break
        if isinstance(event, Skipped):
            yield {"event": "skipped", "file": event.file, "reason": event.reason}
        else:
            per_s = event.done / max(1e-9, time.monotonic() - began)
            yield _progress(event.done, event.total, event.eta_s, per_s)
    if report.cancelled:
        return False
    yield {
        "event": "report",
        **{k: getattr(report, k) for k in ("n", "n_query", "n_train", "n_database", "n_classes", "n_bytes")},
        "label_kind": load_dataset(report.name).info.label_kind,
        "n_duplicates": report.n_duplicates,
        "warnings": list(report.warnings),
        "skipped": [[left_out.file, left_out.reason] for left_out in report.skipped],
        "seconds": report.seconds,
    }
    return True


def _plan(request: Request) -> Plan:
    from models.data.importing import plan_fetch, plan_import

    images = request.images
    if images is None:
        return plan_fetch(request.name)
    return plan_import(
        request.name,
        Path(images.path),
        Path(images.labels) if images.labels else None,
        images.query_fraction,
        images.train_fraction,
        images.seed,
        link=images.link,
    )


def _fetch(request: Request, cancel: threading.Event) -> Generator[Told, None, bool]:
    from models.data.importing import check_free, download

    yield {"event": "step", "step": FETCH}
    yield _progress(0, 0, None, None, "asking for it")
    check_free(request.name)
    files = download(request.name, cancel)
    while True:
        try:
            told = next(files)
        except StopIteration as stop:
            return bool(stop.value)
        yield _progress(told.done, told.total, told.eta_s, told.bytes_per_s)


def _train(request: Request, cancel: threading.Event) -> Generator[Told, None, bool]:
    training = request.training
    assert training is not None, "the step is asked for"
    yield {"event": "step", "step": FEATURES}
    yield _progress(0, 0, None, None, "loading the network")
    from models.data import load_dataset
    from models.data.library import library_root
    from models.engine.build import make_config
    from models.engine.events import EpochDone, Finished, Started, StepDone, Stored
    from models.engine.features import compute_features
    from models.engine.run import Source, run
    from models.engine.store import RunStore
    from models.networks.backbones import load_backbone

    config = make_config(request.name, training.method, training.n_bits, backbone=training.backbone)
    dataset = load_dataset(request.name)
    backbone = load_backbone(training.backbone, image_size=dataset.info.image_size)
    making = compute_features(dataset, backbone, cancel)
    while True:
        try:
            made = next(making)
        except StopIteration as stop:
            features = stop.value
            break
        yield _progress(made.done, made.total, made.eta_s, made.images_per_s)
    if features is None:
        return False

    yield {"event": "step", "step": TRAIN}
    # Into the library, also where a run of that name is shipped: it is read before the shipped one.
    store = RunStore(library_root() / "runs")
    folder = store.folder(config.dataset, config.method, config.n_bits, config.seed, config.backbone)
    events = run(config, folder, Source(dataset, backbone, features), cancel=cancel)
    with contextlib.closing(events):
        steps, eta_s = 0, None
        for event in events:
            if isinstance(event, Started):
                steps = event.n_epochs * event.n_steps
                yield _progress(0, steps, None, None, "solving" if steps == 0 else "training")
            elif isinstance(event, StepDone):
                done = (event.epoch - 1) * event.n_steps + event.step
                doing = f"epoch {event.epoch} of {event.n_epochs}"
                yield _progress(done, steps, eta_s, None, doing)
            elif isinstance(event, EpochDone):
                eta_s = event.eta_s
            elif isinstance(event, Finished):
                yield _progress(steps, steps, None, None, "encoding, scoring, laying out the map")
            elif isinstance(event, Stored):
                yield {"event": "stored", "method": config.method, "n_bits": config.n_bits}
            else:
                return False
    return True


def _codes(request: Request, cancel: threading.Event) -> Generator[Told, None, bool]:
    from models.engine.given_codes import open_given_codes

    files = request.codes
    assert files is not None, "the step is asked for"
    yield {"event": "step", "step": CODES}
    for event in open_given_codes(request.name, Path(files.query), Path(files.database), files.system):
        if isinstance(event, str):
            if cancel.is_set():
                return False
            yield _progress(0, 0, None, None, event)
        else:
            yield {"event": "stored", "method": files.system, "n_bits": event}
    return True


_STEPS = {READ: _read, TRAIN: _train, CODES: _codes, FETCH: _fetch}


def _progress(done: int, total: int, eta_s: float | None, per_s: float | None, doing: str = "") -> Told:
    return {"event": "progress", "done": done, "total": total, "eta_s": eta_s, "per_s": per_s, "doing": doing}


def _end_with_the_server(cancel: threading.Event) -> None:
    """Stop when the input ends, which the server holds open for as long as it lives."""
    while os.read(0, 1):
        pass
    cancel.set()
    time.sleep(GRACE_S)
    os._exit(1)


def main() -> int:
    """Read the request, work, tell. SIGTERM cancels."""
    # What a library prints must not be taken for ours.
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with contextlib.suppress(OSError, AttributeError):
        os.nice(5)  # the pages come first
    cancel = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: cancel.set())
    request = Request.from_json(sys.stdin.readline())
    threading.Thread(target=_end_with_the_server, args=(cancel,), daemon=True).start()

    last = 0.0

    def tell(event: Told) -> None:
        told.write(json.dumps(event) + "\n")
        told.flush()

    try:
        for event in work(request, cancel):
            if event["event"] == "progress" and event["done"] < event["total"]:
                if time.monotonic() - last < EVERY_S:
                    continue
                last = time.monotonic()
            tell(event)
    except HashingError as error:
        tell({"event": "failed", "kind": type(error).__name__, "message": str(error)})
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
