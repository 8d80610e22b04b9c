"""The learning rate of every method, by one search of the same size for all, on train images alone.

A fifth of the train split is held out and asks; the other four fifths are trained on and answer. Queries of
the data set take no part. Three rates on the three embedded data sets at one length, and nothing else: no
method owes its place to more tries than another.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.data import embedded_names, load_dataset
from models.data.base import sample_data_root
from models.engine.run_files import read_json, write_json
from models.engine.zoo_tasks import Outcome, in_processes, open_shared_source
from models.registry import get_spec, method_names

if TYPE_CHECKING:
    from models.engine.config import RunConfig
    from models.engine.run import Source

LEARNING_RATES = (1e-3, 3e-3, 1e-2)
DEFAULT_RATE = 3e-3
N_BITS, SEED = 32, 0
HELD_OUT = 0.2
# A rate has to beat the default by this much, mean over data sets, to be taken: less is noise between seeds.
LEAST_GAIN = 0.003


@dataclass(frozen=True)
class Trial:
    """One method with one rate on one data set, scored on the held-out fifth."""

    method: str
    dataset: str
    lr: float
    backbone: str = "small_cnn"

    @property
    def name(self) -> str:
        """For a progress line."""
        return f"{self.method} {self.dataset} lr {self.lr:g}"

    def do(self) -> Outcome:
        """Train and score; nothing is written."""
        from models.engine.build import make_config

        config = make_config(self.dataset, self.method, N_BITS, SEED, backbone=self.backbone, lr=self.lr)
        score = held_out_map(config, open_shared_source(self.dataset, self.backbone))
        return Outcome(self.name, "made", f"mAP {score:.4f}", score=score)


def held_out_map(config: RunConfig, source: Source) -> float:
    """Expected mAP of held-out train images against the rest of the train split, which was trained on."""
    from models.codes.packing import pack
    from models.engine.events import Finished
    from models.engine.inputs import FeatureInputs, TrainData
    from models.engine.trainer import train
    from models.metrics import average_precision, distance_histogram
    from models.types import BinaryCodes

    info, labels = source.dataset.info, source.dataset.labels("train")
    features = source.features.of("train")
    order = np.random.default_rng([config.seed, len(labels)]).permutation(len(labels))
    asks, answers = np.split(order, [round(HELD_OUT * len(labels))])
    kept = TrainData(FeatureInputs(features[answers]), labels[answers], info.label_kind, features[answers])
    model = next(event.model for event in train(config, kept) if isinstance(event, Finished))
    queries, database = model.encode(features[asks]).queries, model.encode(features[answers]).codes
    learned = model.method.learned_codes()
    if learned is not None:
        assert isinstance(database, BinaryCodes)
        database = pack(learned.cpu().numpy())
    histogram = distance_histogram(queries, database, labels[asks], labels[answers])
    return float(average_precision(histogram).mean())


def search_recipes(methods: Sequence[str] | None = None, jobs: int = 2) -> Generator[Outcome, None, Path]:
    """Try every rate for every method that is trained, and write `recipe_search.json`.

    Args:
        methods: names; None is all. What the record says of the others stays.
        jobs: worker processes.

    Yields:
        One outcome per trial.

    Returns:
        The record's path.

    Raises:
        UnknownNameError: no such method.
    """
    datasets = [name for name in embedded_names() if load_dataset(name).info.available]
    trials = []
    for name in methods or method_names():
        spec = get_spec(name)
        fitting = [d for d in datasets if _takes(name, d)]
        trials += [Trial(name, d, lr) for lr in LEARNING_RATES for d in fitting if spec.recipe.epochs]
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for trial, outcome in in_processes(trials, jobs):
        if outcome.score is not None:
            by_rate = scores.setdefault(trial.method, {})
            by_rate.setdefault(f"{trial.lr:g}", {})[trial.dataset] = round(outcome.score, 4)
        yield outcome
    path = sample_data_root() / "recipe_search.json"
    found = read_json(path)["methods"] if path.is_file() else {}
    found |= {name: {"held_out_map": tried, "chosen_lr": choose(tried)} for name, tried in scores.items()}
    write_json(path, _rules() | {"methods": {name: found[name] for name in method_names() if name in found}})
    return path


def choose(tried: Mapping[str, Mapping[str, float]]) -> float:
    """The rate with the best mean over data sets, or the default where it is as good within noise.

    Args:
        tried: rate as text, to data set, to held-out mAP; a rate that failed somewhere is not taken.
    """
    n_datasets = max(len(by_dataset) for by_dataset in tried.values())
    means = {
        float(rate): float(np.mean(list(by_dataset.values())))
        for rate, by_dataset in tried.items()
        if len(by_dataset) == n_datasets
    }
    best = max(means, key=lambda rate: means[rate])
    # Rounded, so that the order in which scores are added cannot decide.
    if DEFAULT_RATE in means and round(means[best] - means[DEFAULT_RATE], 6) < LEAST_GAIN:
        return DEFAULT_RATE
    return best


def _takes(method: str, dataset: str) -> bool:
    return load_dataset(dataset).info.label_kind == "single" or get_spec(method).reads_multi_label


def _rules() -> dict[str, Any]:
    return {
        "searched": "learning rate alone; every other setting is the method's default",
        "learning_rates": list(LEARNING_RATES),
        "n_bits": N_BITS,
        "seed": SEED,
        "scored_on": f"{HELD_OUT:.0%} of the train split, held out, against the rest of it, trained on",
        "rule": (
            f"best mean of expected mAP over the data sets; the default {DEFAULT_RATE:g} unless beaten by "
            f"{LEAST_GAIN:g}"
        ),
    }
