"""Which rows of the train split share a batch. The order of an epoch follows from seed and epoch alone."""

from __future__ import annotations

import numpy as np

from models.errors import ConfigError
from models.types import Bool, Int64

SAMPLERS = ("shuffled", "class_balanced")


def epoch_batches(sampler: str, labels: Bool, batch_size: int, seed: int, epoch: int) -> list[Int64]:
    """Rows of each step of one epoch; both samplers make ceil(n_train / batch_size) steps.

    Args:
        sampler: `shuffled` visits every row once. `class_balanced` goes round the classes, so that each
            batch holds equally many images of each (a multi-label image stands for the class it was drawn
            for); within a class every row is visited before any comes again.
        labels: bool (n_train, n_classes).
        batch_size: rows per step; the last shuffled batch may be smaller.
        seed: the run's seed.
        epoch: from 0.

    Raises:
        ConfigError: unknown sampler, or a batch size below 1.
    """
    if batch_size < 1:
        raise ConfigError(f"A batch holds at least one image; batch_size={batch_size} was given.")
    rng = np.random.default_rng([seed, epoch])
    if sampler == "shuffled":
        order = rng.permutation(len(labels)).astype(np.int64)
        return [order[start : start + batch_size] for start in range(0, len(labels), batch_size)]
    if sampler == "class_balanced":
        n_steps = -(-len(labels) // batch_size)
        return np.split(_class_balanced(labels, n_steps * batch_size, rng), n_steps)
    raise ConfigError(f"Unknown sampler {sampler!r}. Known: {', '.join(SAMPLERS)}.")


def _class_balanced(labels: Bool, n_rows: int, rng: np.random.Generator) -> Int64:
    """`n_rows` rows: round after round of one row from each class, the classes in random order."""
    present = np.flatnonzero(labels.any(axis=0))
    n_rounds = -(-n_rows // len(present))
    columns = []
    for c in present:
        members = np.flatnonzero(labels[:, c])
        n_passes = -(-n_rounds // len(members))
        columns.append(np.concatenate([rng.permutation(members) for _ in range(n_passes)])[:n_rounds])
    rounds = rng.permuted(np.stack(columns, axis=1), axis=1)
    return rounds.ravel()[:n_rows].astype(np.int64)
