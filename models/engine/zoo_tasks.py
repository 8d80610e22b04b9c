"""What a worker of the zoo does. Importing this loads no torch; working does."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from models.engine.run_files import read_json, write_json
from models.engine.store import RunStore
from models.errors import CheckpointError, HashingError
from models.networks.names import DEFAULT_BACKBONE, DESCRIPTORS

if TYPE_CHECKING:
    from models.engine.config import Mode, RunConfig
    from models.engine.run import Source

WHOLE_RUN = ("result.json", "codes.npz", "map.npz", "checkpoint.safetensors")


@dataclass(frozen=True)
class Outcome:
    """How a task went.

    Attributes:
        name: the task, for a progress line.
        state: `made`, `current` (nothing to do), `skipped` (the method does not take it), or `failed`.
        detail: score, reason or error.
        seconds: how long it took.
        score: the figure that the task was about, for those that have one.
    """

    name: str
    state: Literal["made", "current", "skipped", "failed"]
    detail: str = ""
    seconds: float = 0.0
    score: float | None = None


@dataclass(frozen=True)
class FeatureTask:
    """Compute a data set's features and put them beside its images, or into the cache for descriptors."""

    root: Path
    dataset: str
    backbone: str

    @property
    def name(self) -> str:
        """For a progress line."""
        return f"features {self.dataset} {self.backbone}"

    def do(self) -> Outcome:
        """Write the features unless those that are there are current."""
        from models.engine.features import read_features, shipped_features_path, write_features

        source = open_shared_source(self.dataset, self.backbone)
        if self.backbone in DESCRIPTORS:  # large files, quickly made again
            return Outcome(self.name, "current")
        path = shipped_features_path(self.dataset, self.backbone)
        try:
            if read_features(path).key == source.features.key:
                return Outcome(self.name, "current")
        except (CheckpointError, FileNotFoundError):
            pass
        write_features(path, source.features)
        return Outcome(self.name, "made", f"{source.features.n('database')} database images")


@dataclass(frozen=True)
class BaselineTask:
    """Score random codes, codes of pixels, and the ranking by features."""

    root: Path
    dataset: str
    backbone: str
    n_bits: tuple[int, ...]
    force: bool
    weights_file: Path | None = None

    @property
    def name(self) -> str:
        """For a progress line."""
        return f"baselines {self.dataset}"

    def do(self) -> Outcome:
        """Write `baselines.json` unless it is current.

        A data set has one such file: a second backbone, or fewer lengths, leave it as it is.
        """
        from models.engine.baselines import baselines
        from models.engine.classifier_baseline import classifier_codes

        source = open_shared_source(self.dataset, self.backbone, self.weights_file)
        path = self.root / self.dataset / "baselines.json"
        key, n_bits = source.features.key, set(self.n_bits)
        if not self.force and path.is_file():
            old = read_json(path)
            if others := [name for name in old.get("float_ranking", ()) if name != self.backbone]:
                return Outcome(self.name, "current", f"those of {others[0]} stay")
            if old.get("data_key") == key:
                if n_bits <= set(old["n_bits"]):
                    return Outcome(self.name, "current")
                n_bits |= set(old["n_bits"])
        made_from = {"data_key": key, "n_bits": sorted(n_bits)}
        record = baselines(source.dataset, source.features, self.backbone, tuple(sorted(n_bits)))
        record["classifier"] = classifier_codes(source.dataset, source.features)
        write_json(path, record | made_from)
        return Outcome(self.name, "made")


@dataclass(frozen=True)
class RunTask:
    """Train, encode, score and store one run; in mode `finetune` by the short schedule."""

    root: Path
    dataset: str
    method: str
    n_bits: int
    seed: int
    backbone: str
    figures_only: bool
    force: bool
    weights_file: Path | None = None
    mode: Mode = "head"

    @property
    def name(self) -> str:
        """For a progress line."""
        other = "" if self.backbone == DEFAULT_BACKBONE else f" {self.backbone}"
        trained = "" if self.mode == "head" else f" {self.mode}"
        return f"{self.dataset} {self.method} {self.n_bits} bits seed {self.seed}{other}{trained}"

    def do(self) -> Outcome:
        """Make the run unless the stored one is current, or the method does not take this data or length."""
        from models.engine.build import make_config
        from models.engine.events import Stored
        from models.engine.run import run, run_keys
        from models.registry import get_spec

        source = open_shared_source(self.dataset, self.backbone, self.weights_file)
        spec, labels = get_spec(self.method), source.dataset.info.label_kind
        if not spec.n_bits.allows(self.n_bits):
            return Outcome(self.name, "skipped", f"lengths are {spec.n_bits}")
        if labels == "multi" and not spec.reads_multi_label:
            return Outcome(self.name, "skipped", spec.multi_label_note)
        config = make_config(
            *(self.dataset, self.method, self.n_bits, self.seed),
            backbone=self.backbone,
            mode=self.mode,
            short=self.mode == "finetune",
        )
        place = (self.dataset, self.method, self.n_bits, self.seed, self.backbone, self.mode)
        folder = RunStore(self.root / "runs").folder(*place)
        if not self.force and self._is_current(folder, config, run_keys(config, source)):
            return Outcome(self.name, "current")
        score = 0.0
        for event in run(config, folder, source, figures_only=self.figures_only, with_health=False):
            if isinstance(event, Stored):
                score = event.result["metrics"]["map"]["expected"]
        return Outcome(self.name, "made", f"mAP {score:.3f}")

    def _is_current(self, folder: Path, config: RunConfig, keys: dict[str, str]) -> bool:
        try:
            result = read_json(folder / "result.json")
        except (OSError, CheckpointError):
            return False
        there = self.figures_only or all((folder / name).is_file() for name in WHOLE_RUN)
        return there and all(result.get(name) == value for name, value in keys.items())


class Task(Protocol):
    """A piece of work that a worker process can be sent."""

    @property
    def name(self) -> str:
        """For a progress line."""

    def do(self) -> Outcome:
        """Do it; raises what goes wrong."""


AnyTask = TypeVar("AnyTask", bound=Task)


def in_processes(tasks: Sequence[AnyTask], jobs: int) -> Generator[tuple[AnyTask, Outcome], None, None]:
    """Do tasks in worker processes of one thread each, and tell each as it ends.

    Closing the iterator waits for the tasks under way and drops the others.
    """
    context = multiprocessing.get_context("spawn")  # forking a process that has threads may hang
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=start_worker)
    try:
        futures = {pool.submit(work, task): task for task in tasks}
        for future in as_completed(futures):
            yield futures[future], _outcome(future, futures[future])
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _outcome(future: Future[Outcome], task: Task) -> Outcome:
    try:
        return future.result()
    except BrokenProcessPool:
        return Outcome(
            task.name, "failed", "The worker died; out of memory is the usual reason. Try fewer jobs."
        )


def start_worker() -> None:
    """Prepare a worker: one thread in every library, and Ctrl-C left to the process that gives out work."""
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Read by libraries that are not loaded yet; NumPy's is, and is told directly.
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"))
    threadpool_limits(1)


def work(task: Task) -> Outcome:
    """Do a task in a worker process; what goes wrong is told, not raised, so that the others go on."""
    began = time.monotonic()
    try:
        outcome = task.do()
    except HashingError as error:
        outcome = Outcome(task.name, "failed", str(error))
    except Exception:
        outcome = Outcome(task.name, "failed", traceback.format_exc())
    return dataclasses.replace(outcome, seconds=time.monotonic() - began)


@lru_cache(maxsize=4)
def open_shared_source(dataset: str, backbone: str, weights_file: Path | None = None) -> Source:
    """A worker reads a data set once."""
    from models.engine.run import open_source

    return open_source(dataset, backbone, weights_file)
