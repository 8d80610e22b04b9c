"""A classifier as a hashing method: codes of its classes, and what they are worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.data.base import DatasetInfo
from models.engine.classifier_baseline import (
    DECAY,
    class_numbers,
    classifier_codes,
    one_hot,
    train_classifier,
    with_one,
)
from models.engine.features import stacked
from models.types import Bool, Float32, Split

N_CLASSES, WIDTH = 5, 12


class Blobs:
    """Classes around centres; the train split lies inside the database or outside."""

    def __init__(self, query: list[int], train: list[int], kind: Any = "single") -> None:
        rng = np.random.default_rng(0)
        centres = 2 * rng.normal(size=(N_CLASSES, WIDTH))
        self.classes = {"query": query, "train": train, "database": train if query == train else query * 3}
        self.x: dict[str, Float32] = {
            split: (centres[c] + rng.normal(size=(len(c), WIDTH))).astype(np.float32)
            for split, c in self.classes.items()
        }
        n = {split: len(c) for split, c in self.classes.items()}
        self.info = DatasetInfo(
            "blobs", "", n["train"], n["query"], n["database"], N_CLASSES, kind, ("a",) * N_CLASSES, 8,
            "", "", protocol="test", train_in_database=False,
        )  # fmt: skip

    def labels(self, split: Split) -> Bool:
        return np.array(self.classes[split])[:, None] == np.arange(N_CLASSES)

    def features(self) -> Any:
        found = stacked(self.x["query"], np.concatenate([self.x["database"], self.x["train"]]), "")
        n_query, n_database = len(self.x["query"]), len(self.x["database"])
        rows = {
            "query": np.arange(n_query),
            "database": n_query + np.arange(n_database),
            "train": n_query + n_database + np.arange(len(self.x["train"])),
        }
        return type(found)(found.pool, rows, "")


def test_on_known_classes_the_class_number_is_nearly_all_there_is_to_find() -> None:
    known = Blobs(query=[0, 1, 2, 3, 4] * 20, train=[0, 1, 2, 3, 4] * 60)
    record = classifier_codes(known, known.features())  # type: ignore[arg-type]
    assert {name: found["n_bits"] for name, found in record.items()} == {
        "signs of logits": 5,
        "class number": 3,
        "one bit per class": 5,
    }
    assert record["class number"]["map_expected"] > 0.95
    assert record["one bit per class"]["map_expected"] > 0.95
    assert record["class number"]["metrics"]["n_database"] == 300


def test_on_unseen_classes_it_codes_only_seen_ones_and_cannot_keep_the_others_apart() -> None:
    unseen = Blobs(query=[2, 3, 4] * 40, train=[0, 1] * 60)
    record = classifier_codes(unseen, unseen.features())  # type: ignore[arg-type]
    assert {name: found["n_bits"] for name, found in record.items()} == {
        "signs of logits": 2,
        "class number": 1,
        "one bit per class": 2,
    }
    assert record["class number"]["map_expected"] < 0.8


def test_several_labels_have_signs_alone() -> None:
    several = Blobs(query=[0, 1, 2, 3, 4] * 10, train=[0, 1, 2, 3, 4] * 30, kind="multi")
    assert set(classifier_codes(several, several.features())) == {"signs of logits"}  # type: ignore[arg-type]


@pytest.mark.parametrize("single", [True, False])
def test_weights_are_a_minimum(single: bool) -> None:
    data = Blobs(query=[0], train=[0, 1, 2, 3, 4] * 12)
    x, y = data.x["train"], data.labels("train")
    weights = train_classifier(x, y, single=single)
    assert weights.shape == (WIDTH + 1, N_CLASSES)

    def loss(w: Any) -> float:
        z = with_one(x).astype(float) @ w
        if single:
            p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
            value = -np.log(p[y]).sum()
        else:
            p = 1 / (1 + np.exp(-z))
            value = -np.log(np.where(y, p, 1 - p)).sum()
        return float(value / len(x) + 0.5 * DECAY * (w[:-1] ** 2).sum())

    rng, least = np.random.default_rng(1), loss(weights.astype(float))
    assert least < loss(np.zeros(weights.shape))
    for _ in range(20):
        assert loss(weights + 0.05 * rng.normal(size=weights.shape)) > least


def test_codings_by_hand() -> None:
    logits = np.array([[0.0, 3, 1, 0, 0], [5, 0, 0, 0, 0], [0, 0, 0, 0, 9]])
    assert class_numbers(logits).astype(int).tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert one_hot(logits).argmax(axis=1).tolist() == [1, 0, 4]
    assert one_hot(logits).sum(axis=1).tolist() == [1, 1, 1]
    assert class_numbers(np.zeros((2, 1))).shape == (2, 1)
