"""The table of one large data set: every method at every length, under one recipe.

Runs are kept whole (codes, map, checkpoint) at one length and for one seed; the others keep their figures.
In mode `finetune` each method trains the backbone along, by one short schedule for all.
The work is done like the zoo's, by a few processes of one thread each; what is current is not made again.
This module loads no torch before a worker starts.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.data import embedded_names, load_dataset
from models.data.library import library_root
from models.engine.config import Mode
from models.engine.zoo import ZooEvent, carried_out, known_methods
from models.engine.zoo_tasks import BaselineTask, Outcome, RunTask, Task, open_shared_source
from models.errors import ConfigError, NotAvailableError

N_BITS = (12, 16, 24, 32, 48, 64)
SEEDS = (0, 1, 2)
# Kept whole, and measured with all seeds.
WHOLE_BITS = 48
BACKBONE = "mobilenet_v2"


@dataclass(frozen=True)
class SourceTask:
    """Open a data set and its features, which are computed if nobody has yet."""

    dataset: str
    backbone: str
    weights_file: Path | None = None

    @property
    def name(self) -> str:
        """For a progress line."""
        return f"features {self.dataset} {self.backbone}"

    def do(self) -> Outcome:
        """Open them once, so that no two workers compute the same features."""
        source = open_shared_source(self.dataset, self.backbone, self.weights_file)
        return Outcome(self.name, "current", f"{source.features.n('database')} database images")


def table(
    dataset: str,
    backbone: str = BACKBONE,
    methods: Sequence[str] | None = None,
    n_bits: Sequence[int] = N_BITS,
    seeds: Sequence[int] = SEEDS,
    jobs: int = 2,
    *,
    weights_file: Path | None = None,
    mode: Mode = "head",
    force: bool = False,
) -> Generator[ZooEvent, None, None]:
    """Make the runs of the table that are not current.

    Features are best computed before (`python -m models features`), by all cores at once.

    Args:
        dataset: name, with the protocol where it is not the default one.
        backbone: whose features the heads are trained on; `NAME@PIXELS` for a size of one's own, as
            `squeezenet1_0@64`.
        methods: names; None is all.
        n_bits: code lengths; those that a method cannot produce are left out for it.
        seeds: the first at every length, the others at `WHOLE_BITS` alone.
        jobs: worker processes.
        weights_file: of the backbone, where it cannot be downloaded.
        mode: `head`, or `finetune`.
        force: make runs again that are current.

    Yields:
        As `models.engine.zoo.zoo`.

    Raises:
        UnknownNameError: no such data set or method.
        NotAvailableError: the data set is not on this machine.
        ConfigError: no seed, no length or no worker, or a data set that belongs to the zoo.
    """
    info = load_dataset(dataset).info
    if dataset in embedded_names():
        raise ConfigError(f"The runs of {dataset} are made by `python -m models zoo --datasets {dataset}`.")
    if not info.available:
        raise NotAvailableError(f"Data set {dataset} is not on this machine. {info.note}")
    chosen = known_methods(methods)
    if not seeds or not n_bits or jobs < 1:
        raise ConfigError("The table needs at least one seed, one code length and one job.")
    if min(seeds) < 0 or min(n_bits) < 1:
        raise ConfigError("Seeds are not negative, and a code has at least 1 bit.")
    root = library_root()
    work: list[Task] = [
        RunTask(
            root,
            dataset,
            method,
            length,
            seed,
            backbone,
            figures_only=not is_whole(length, seed, seeds),
            force=force,
            weights_file=weights_file,
            mode=mode,
        )
        for length, seed in cells(n_bits, seeds)
        for method in chosen
    ]
    if info.has_images and mode == "head":
        work.append(BaselineTask(root, dataset, backbone, tuple(n_bits), force, weights_file))
    yield from carried_out(([SourceTask(dataset, backbone, weights_file)], work), jobs, root)


def cells(n_bits: Sequence[int], seeds: Sequence[int]) -> list[tuple[int, int]]:
    """(length, seed) in the order of work: the whole runs, then the other lengths, then the other seeds."""
    lengths = sorted(set(n_bits), key=lambda n: (n != WHOLE_BITS, -n))
    others = [(WHOLE_BITS, seed) for seed in seeds[1:]] if WHOLE_BITS in lengths else []
    return [(length, seeds[0]) for length in lengths] + others


def is_whole(length: int, seed: int, seeds: Sequence[int]) -> bool:
    """Whether a run keeps its codes, map and checkpoint."""
    return (length, seed) == (WHOLE_BITS, seeds[0])
