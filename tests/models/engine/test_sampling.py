from __future__ import annotations

import numpy as np
import pytest

from models.engine.sampling import epoch_batches
from models.errors import ConfigError

LABELS = np.repeat(np.eye(4, dtype=bool), [40, 20, 5, 1], axis=0)


def test_shuffled_visits_every_row_once() -> None:
    batches = epoch_batches("shuffled", LABELS, 16, seed=0, epoch=0)
    assert [len(rows) for rows in batches] == [16, 16, 16, 16, 2]
    assert sorted(np.concatenate(batches)) == list(range(66))


def test_class_balanced_draws_every_class_equally_often() -> None:
    batches = epoch_batches("class_balanced", LABELS, 16, seed=0, epoch=0)
    assert [len(rows) for rows in batches] == [16] * 5
    for rows in batches:
        assert LABELS[rows].sum(axis=0).tolist() == [4, 4, 4, 4]
    rows = np.concatenate(batches)
    assert len(set(rows[rows < 40])) == 20, (
        "no row of a large class comes twice while others have not come at all"
    )
    assert (np.bincount(rows[(rows >= 60) & (rows < 65)] - 60) == 4).all()


def test_class_balanced_skips_classes_without_images_and_reads_multi_labels() -> None:
    labels = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 1, 1, 0]], dtype=bool)
    for rows in epoch_batches("class_balanced", labels, 3, seed=1, epoch=0):
        assert labels[rows].any(axis=1).all()


@pytest.mark.parametrize("sampler", ["shuffled", "class_balanced"])
def test_order_follows_from_seed_and_epoch(sampler: str) -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return np.concatenate(epoch_batches(sampler, LABELS, 16, seed, epoch)).tolist()

    assert order(1, 2) == order(1, 2)
    assert order(1, 2) != order(1, 3)
    assert order(1, 2) != order(2, 2)


@pytest.mark.parametrize(("sampler", "batch_size"), [("random", 16), ("shuffled", 0)])
def test_unknown_samplers_and_empty_batches_are_refused(sampler: str, batch_size: int) -> None:
    with pytest.raises(ConfigError):
        epoch_batches(sampler, LABELS, batch_size, 0, 0)
