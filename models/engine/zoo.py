"""Every stored run, made again where it is not current: data sets x methods x lengths, some in several seeds.

The work is done by a few processes of one thread each, so that two cores are both busy and codes do not
depend on the number of cores. A run that fails does not stop the others. This module loads no torch before
a worker starts.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from models.data import embedded_names, load_dataset
from models.data.base import sample_data_root
from models.engine.zoo_manifest import write_manifest
from models.engine.zoo_tasks import BaselineTask, FeatureTask, Outcome, RunTask, Task, in_processes
from models.errors import ConfigError, NotAvailableError, UnknownNameError
from models.networks.names import DEFAULT_BACKBONE, DESCRIPTORS
from models.registry import method_family, method_names
from models.spec import Family

N_BITS = (16, 32, 48, 64)
SEEDS = (0, 1, 2)
# Spread over seeds is measured at one length; the others have the first seed alone.
SPREAD_BITS = (32,)
# Methods of this family are measured on inputs without a network, too: what they were published on.
DESCRIPTOR_FAMILY = Family.CLASSIC


@dataclass(frozen=True)
class ZooStarted:
    """What is to be done."""

    n_tasks: int
    jobs: int


@dataclass(frozen=True)
class TaskDone:
    """One task is over: made, found current, or failed.

    Attributes:
        outcome: which, and how it went.
        n_done: tasks that are over, this one included.
        eta_s: expected seconds until all are.
    """

    outcome: Outcome
    n_done: int
    n_tasks: int
    eta_s: float


@dataclass(frozen=True)
class ZooFinished:
    """All is done; `failed` is empty when all went well."""

    seconds: float
    n_made: int
    n_current: int
    failed: tuple[Outcome, ...]


ZooEvent = ZooStarted | TaskDone | ZooFinished


def zoo(
    datasets: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    n_bits: Sequence[int] = N_BITS,
    seeds: Sequence[int] = SEEDS,
    jobs: int = 2,
    *,
    spread_bits: Sequence[int] = SPREAD_BITS,
    force: bool = False,
    backbone: str = DEFAULT_BACKBONE,
) -> Generator[ZooEvent, None, None]:
    """Make the stored runs of the sample data, its features, baselines, method cards and their manifest.

    Classic methods also run on pixels and on a hand-made descriptor, with the first seed, figures alone.

    Args:
        datasets: names; None is every one on this machine.
        methods: names; None is all.
        n_bits: code lengths; those that a method cannot produce are left out for it.
        seeds: the first is made at every length and kept whole; the others only at `spread_bits`, figures
            alone.
        jobs: worker processes.
        spread_bits: lengths with several seeds.
        force: make runs again that are current.
        backbone: whose features the heads are trained on.

    Yields:
        `ZooStarted`, a `TaskDone` per task, `ZooFinished`. Closing the iterator stops after the runs under
        way; what is finished is kept and found current the next time.

    Raises:
        UnknownNameError: no such data set or method.
        NotAvailableError: a data set that was asked for is not on this machine.
        ConfigError: no seed, no length or no worker.
    """
    chosen = _available(datasets)
    chosen_methods = known_methods(methods)
    if not seeds or not n_bits or jobs < 1:
        raise ConfigError("The zoo needs at least one seed, one code length and one job.")
    if min(seeds) < 0 or min(n_bits) < 1:
        raise ConfigError("Seeds are not negative, and a code has at least 1 bit.")
    root = sample_data_root()
    first: list[Task] = [FeatureTask(root, name, backbone) for name in chosen]
    then: list[Task] = [BaselineTask(root, name, backbone, tuple(n_bits), force) for name in chosen]
    then += [
        RunTask(root, dataset, method, length, seed, backbone, figures_only=i > 0, force=force)
        for i, seed in enumerate(seeds)
        for length in sorted(n_bits, reverse=True)  # the longest first, so that no worker ends alone with it
        for dataset in chosen
        for method in chosen_methods
        if i == 0 or length in spread_bits
    ]
    shallow = [name for name in chosen_methods if method_family(name) is DESCRIPTOR_FAMILY]
    if shallow:
        first += [FeatureTask(root, dataset, name) for name in DESCRIPTORS for dataset in chosen]
    then += [
        RunTask(root, dataset, method, length, seeds[0], descriptor, figures_only=True, force=force)
        for descriptor in DESCRIPTORS
        for dataset in chosen
        for length in sorted(n_bits, reverse=True)
        for method in shallow
    ]
    yield from carried_out((first, then), jobs, root)  # runs read the features that the first stage makes


def carried_out(stages: Sequence[Sequence[Task]], jobs: int, root: Path) -> Generator[ZooEvent, None, None]:
    """Do tasks in worker processes, one stage after the other, then write the manifest of shipped runs.

    Args:
        stages: tasks of a stage may be done in any order.
        jobs: worker processes.
        root: where the tasks write; a manifest is kept of the sample data alone.

    Yields:
        As `zoo`.
    """
    began = time.monotonic()
    n_tasks = sum(map(len, stages))
    outcomes: list[Outcome] = []
    yield ZooStarted(n_tasks, jobs)
    for stage in stages:
        stage_began, n_before = time.monotonic(), len(outcomes)
        with closing(in_processes(stage, jobs)) as done:
            for _, outcome in done:
                outcomes.append(outcome)
                made = sum(o.state in ("made", "failed") for o in outcomes[n_before:]) or 1
                pace = (time.monotonic() - stage_began) / made
                yield TaskDone(outcome, len(outcomes), n_tasks, pace * (n_tasks - len(outcomes)))
    if root == sample_data_root():
        write_manifest(root)
    count = Counter(outcome.state for outcome in outcomes)
    failed = tuple(outcome for outcome in outcomes if outcome.state == "failed")
    yield ZooFinished(time.monotonic() - began, count["made"], count["current"], failed)


def _available(datasets: Sequence[str] | None) -> list[str]:
    if datasets is None:
        return [name for name in embedded_names() if load_dataset(name).info.available]
    for name in datasets:
        info = load_dataset(name).info
        if not info.available:
            raise NotAvailableError(f"Data set {name} is not on this machine. {info.note}")
    return list(datasets)


def known_methods(methods: Sequence[str] | None) -> list[str]:
    """The methods of these names; all for None.

    Raises:
        UnknownNameError: no such method.
    """
    for name in methods or ():
        if name not in method_names():
            raise UnknownNameError("method", name, method_names())
    return list(methods or method_names())
