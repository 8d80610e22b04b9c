"""`train`, `zoo` and `table`: long work, with progress on stderr and a word on what is kept after Ctrl-C."""

from __future__ import annotations

import argparse
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.cli.output import Answer, Table, progress_bar
from models.errors import ConfigError

if TYPE_CHECKING:
    from lightning_fabric import Fabric
    from rich.progress import Progress

    from models.engine.label_vectors import LabelVectors
    from models.engine.zoo import TaskDone, ZooEvent

STATE_FILE = "training-state.pt"


def train(chosen: argparse.Namespace) -> Answer:
    """Train one run into a folder."""
    from models.data import embedded_names, load_dataset
    from models.data.library import library_root
    from models.engine.build import make_config
    from models.engine.events import EpochDone, Finished, Started, StepDone, Stored
    from models.engine.run import open_source, run
    from models.engine.store import RunStore

    vectors = _label_vectors(chosen)
    config = make_config(
        load_dataset(chosen.dataset).info.name,  # a pool's default protocol has two names
        chosen.method,
        chosen.n_bits,
        chosen.seed,
        backbone=chosen.backbone,
        mode=chosen.mode,
        epochs=chosen.epochs,
        batch_size=chosen.batch_size,
        lr=chosen.lr,
        weight_decay=chosen.weight_decay,
        params=_settings(chosen.set),
        label_vectors=vectors.sha256 if vectors else None,
        short=chosen.short,
    )
    # A run that is shipped stays as it is: the library's comes before it.
    store = RunStore(Path("runs") if config.dataset in embedded_names() else library_root() / "runs")
    default = store.folder(
        config.dataset, config.method, config.n_bits, config.seed, config.backbone, config.mode
    )
    folder = Path(chosen.out) if chosen.out else default
    state_file = folder / STATE_FILE
    _check_folder(folder)
    if chosen.resume and not state_file.is_file():
        raise ConfigError(f"There is nothing to resume: {state_file} does not exist. Leave out --resume.")

    fabric = _fabric(chosen)
    stored: Stored | None = None
    name = f"{config.method}, {config.n_bits} bits"
    try:
        with progress_bar() as progress:
            task = progress.add_task(f"features of {config.dataset}", total=None)
            source = open_source(
                config.dataset,
                config.backbone,
                Path(chosen.weights_file) if chosen.weights_file else None,
                lambda done, total: progress.update(task, completed=done, total=total),
            )
            source = replace(source, label_vectors=vectors.vectors if vectors else None)
            resume_from = state_file if chosen.resume else None
            # Closed in any case: an iterator that is given up half way keeps the state of training.
            events = run(
                config, folder, source, resume_from=resume_from, state_file=state_file, fabric=fabric
            )
            with closing(events):
                for event in events:
                    if isinstance(event, Started):
                        steps = event.n_epochs * event.n_steps
                        done = event.epochs_done * event.n_steps
                        progress.update(task, description=name, completed=done, total=steps)
                    elif isinstance(event, StepDone):
                        done = (event.epoch - 1) * event.n_steps + event.step
                        progress.update(task, description=f"{name}: {_terms(event.terms)}", completed=done)
                    elif isinstance(event, EpochDone):
                        progress.update(task, description=f"{name}: {_terms(event.terms)}")
                    elif isinstance(event, Finished):
                        progress.update(task, description=f"{name}: encode, score, lay out the map")
                    elif isinstance(event, Stored):
                        stored = event
                    else:
                        hint = "" if event.state is None else " Go on with the same command and --resume."
                        raise KeyboardInterrupt(event.message + hint)
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(str(interrupt) or _kept(state_file)) from None
    if stored is None:  # a further process of a run on several devices; the first one stores and answers
        return Answer(None, silent=True)
    return _trained(stored.folder, stored.result)


def zoo(chosen: argparse.Namespace) -> Answer:
    """Make all stored runs."""
    from models.engine.zoo import N_BITS, SEEDS
    from models.engine.zoo import zoo as make_all

    events = make_all(
        chosen.datasets,
        chosen.methods,
        tuple(chosen.n_bits or N_BITS),
        tuple(chosen.seeds or SEEDS),
        chosen.jobs,
        force=chosen.force,
    )
    return _followed(events, "zoo")


def _followed(events: Generator[ZooEvent, None, None], name: str) -> Answer:
    """Show the progress of many runs and answer with their count."""
    from models.engine.zoo import TaskDone, ZooFinished, ZooStarted

    finished: ZooFinished | None = None
    try:
        with progress_bar() as progress:
            task = progress.add_task(name, total=None)
            for event in events:
                if isinstance(event, ZooStarted):
                    progress.update(task, total=event.n_tasks)
                elif isinstance(event, TaskDone):
                    progress.update(task, description=event.outcome.name, completed=event.n_done)
                    _tell(event, progress)
                else:
                    finished = event
    except KeyboardInterrupt:
        events.close()
        raise KeyboardInterrupt(
            "Interrupted. Finished runs are kept; the same command goes on with the rest."
        ) from None
    assert finished is not None, "the zoo ends with ZooFinished"
    failed = [{"name": outcome.name, "detail": outcome.detail} for outcome in finished.failed]
    document = {
        "seconds": finished.seconds,
        "n_made": finished.n_made,
        "n_current": finished.n_current,
        "failed": failed,
    }
    counts = f"{finished.n_made} made, {finished.n_current} current, {len(failed)} failed"
    return Answer(document, lines=[f"{counts} in {finished.seconds:.0f} s."], exit_code=1 if failed else 0)


def table(chosen: argparse.Namespace) -> Answer:
    """Make the runs of one large data set."""
    from models.engine.table import N_BITS, SEEDS
    from models.engine.table import table as make_table

    events = make_table(
        chosen.dataset,
        chosen.backbone,
        chosen.methods,
        tuple(chosen.n_bits or N_BITS),
        tuple(chosen.seeds or SEEDS),
        chosen.jobs,
        weights_file=Path(chosen.weights_file) if chosen.weights_file else None,
        mode=chosen.mode,
        force=chosen.force,
    )
    return _followed(events, "table")


def ship(chosen: argparse.Namespace) -> Answer:
    """Copy the runs of a data set of the library into the sample data."""
    from models.engine.ship import ship_runs

    shipped = ship_runs(chosen.dataset, chosen.whole or ())
    n_whole = len(shipped.whole)
    document = {"dataset": chosen.dataset, "n_runs": shipped.n_runs, "n_bytes": shipped.n_bytes}
    document["whole"] = list(shipped.whole)
    line = (
        f"{shipped.n_runs} runs on {chosen.dataset} in the sample data, {n_whole} of them with their codes, "
        f"{shipped.n_bytes / 1e6:.1f} MB."
    )
    return Answer(document, lines=[line])


def tune(chosen: argparse.Namespace) -> Answer:
    """Search learning rates on train images alone, and write the record."""
    from models.engine.recipe_search import search_recipes
    from models.engine.run_files import read_json

    events, failed = search_recipes(chosen.methods, chosen.jobs), []
    with progress_bar() as progress:
        task = progress.add_task("tune", total=None)
        try:
            while True:
                outcome = next(events)
                progress.update(task, description=f"{outcome.name}: {outcome.detail}", advance=1)
                if progress.disable:
                    progress.console.print(f"{outcome.name}: {outcome.detail}", soft_wrap=True)
                if outcome.state == "failed":
                    failed.append({"name": outcome.name, "detail": outcome.detail})
        except StopIteration as stop:
            path: Path = stop.value
    document = read_json(path)
    rows = [[name, found["chosen_lr"]] for name, found in document["methods"].items()]
    table = Table("Learning rates", ("method", "chosen"), rows, document["rule"])
    return Answer(document | {"failed": failed}, [table], [f"Written to {path}"], 1 if failed else 0)


def _label_vectors(chosen: argparse.Namespace) -> LabelVectors | None:
    if not chosen.label_vectors:
        return None
    from models.data import load_dataset
    from models.engine.label_vectors import read_label_vectors

    return read_label_vectors(Path(chosen.label_vectors), load_dataset(chosen.dataset).info.class_names)


def _fabric(chosen: argparse.Namespace) -> Fabric | None:
    """Devices and processes, when something other than one CPU process is asked for."""
    asked = (chosen.accelerator, chosen.devices, chosen.num_nodes, chosen.strategy, chosen.precision)
    if asked == (None, None, 1, "auto", "32-true"):
        return None
    from models.engine.devices import make_fabric

    devices = chosen.devices or ("auto" if chosen.accelerator else "1")
    return make_fabric(
        chosen.accelerator or ("auto" if chosen.devices else "cpu"),
        int(devices) if devices.isdecimal() else devices,
        chosen.num_nodes,
        chosen.strategy,
        chosen.precision,
    )


def _check_folder(folder: Path) -> None:
    """Raise ConfigError when a run could not be stored in `folder`: better now than after training."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise ConfigError(f"The run cannot be stored in {folder}: {there} is no folder that can be written.")


def _tell(event: TaskDone, progress: Progress) -> None:
    """A line per task where no bar is drawn; on a terminal only what went wrong."""
    outcome = event.outcome
    if progress.disable or outcome.state == "failed":
        line = f"{event.n_done}/{event.n_tasks} {outcome.name}: {outcome.state} {outcome.detail}"
        progress.console.print(" ".join(line.split()), soft_wrap=True)


def _settings(given: Sequence[str]) -> dict[str, str]:
    """`--set key=value`, as often as it was given."""
    settings = {}
    for text in given:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise ConfigError(f"--set takes KEY=VALUE; got {text!r}.")
        settings[key] = value
    return settings


def _trained(folder: Path, result: Mapping[str, Any]) -> Answer:
    keys = ("config", "protocol", "metrics", "health", "seconds", "peak_memory_bytes")
    document = {"run": str(folder), **{key: result[key] for key in keys if key in result}}
    scores = result.get("metrics", {}).get("map", {})  # none for images without labels
    rows = [[rule, score] for rule, score in scores.items()]
    seconds = ", ".join(f"{name} {value:.1f} s" for name, value in result["seconds"].items())
    table = Table(f"{result['config']['method']}, {result['config']['n_bits']} bits", ("ties", "mAP"), rows)
    return Answer(document, [table], [f"{seconds}. Stored in {folder}"])


def _terms(terms: Mapping[str, float]) -> str:
    return " ".join(f"{name} {value:.3g}" for name, value in terms.items())


def _kept(state_file: Path) -> str:
    """For a Ctrl-C outside the training loop."""
    if state_file.is_file():
        return f"Interrupted. The state of training is kept in {state_file}; go on with --resume."
    return "Interrupted before a state of training was kept; nothing was written."
