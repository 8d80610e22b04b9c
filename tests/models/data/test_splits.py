"""What a protocol draws: the counts that it states, no image twice, the same again with the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.protocols import (
    fraction_protocol,
    given_protocol,
    protocol_of,
    protocols_of,
)
from models.data.splits import split_rows, unseen_classes
from models.errors import DataError
from models.types import Bool


def one_hot(classes: np.ndarray, n_classes: int) -> Bool:
    return classes[:, None] == np.arange(n_classes)


@pytest.fixture(scope="module")
def ten() -> Bool:
    """Labels of CIFAR-10: 5,000 train and 1,000 test images a class."""
    classes = np.concatenate([np.arange(50_000) % 10, np.arange(10_000) % 10])
    return one_hot(classes, 10)


def counts(rows: dict[str, np.ndarray]) -> tuple[int, int, int]:
    return len(rows["query"]), len(rows["train"]), len(rows["database"])


@pytest.mark.parametrize("name", [p.full_name for p in protocols_of("cifar10") if p.name != "given"])
def test_every_cifar_protocol_has_the_counts_it_states(name: str, ten: Bool) -> None:
    protocol = protocol_of(name)
    origin = ("train",) * 50_000 + ("test",) * 10_000
    rows = split_rows(protocol, ten, origin)
    assert counts(rows) == (protocol.n_query, protocol.n_train, protocol.n_database)
    query, train, database = (set(rows[split].tolist()) for split in ("query", "train", "database"))
    assert not query & (train | database)
    assert train <= database if protocol.train_in_database else not train & database
    for split in rows.values():
        assert split.dtype == np.int64 and (np.diff(split) > 0).all()


def test_classes_are_drawn_evenly(ten: Bool) -> None:
    rows = split_rows(protocol_of("cifar10"), ten)
    assert ten[rows["query"]].sum(axis=0).tolist() == [100] * 10
    assert ten[rows["train"]].sum(axis=0).tolist() == [500] * 10
    assert ten[rows["database"]].sum(axis=0).tolist() == [5_400] * 10


def test_the_forms_of_protocol_one_differ_in_the_database_alone(ten: Bool) -> None:
    disjoint, whole = (split_rows(protocol_of(name), ten, seed=4) for name in ("cifar10", "cifar10@I"))
    assert (disjoint["query"] == whole["query"]).all() and (disjoint["train"] == whole["train"]).all()
    assert (whole["database"] == np.union1d(disjoint["database"], disjoint["train"])).all()


def test_the_full_protocol_keeps_to_the_publishers_parts(ten: Bool) -> None:
    origin = np.tile(["test", "train", "train", "train", "train", "train"], 10_000)
    labels = np.repeat(np.eye(10, dtype=bool), 6_000, axis=0)
    rows = split_rows(protocol_of("cifar10@II"), labels, origin.tolist())
    assert (origin[rows["query"]] == "test").all() and len(rows["query"]) == 10_000
    assert (rows["train"] == rows["database"]).all() and (origin[rows["train"]] == "train").all()
    for no_parts in (None, ["train"] * 60_000):
        without = split_rows(protocol_of("cifar10@II"), labels, no_parts)
        assert counts(without) == (10_000, 50_000, 50_000)


def test_unseen_classes_are_never_trained_on(ten: Bool) -> None:
    protocol = protocol_of("cifar10@unseen")
    rows, unseen = split_rows(protocol, ten, seed=3), unseen_classes(protocol, 10, seed=3)
    assert len(unseen) == 3
    assert not ten[rows["train"]][:, unseen].any()
    seen = np.setdiff1d(np.arange(10), unseen)
    for split in ("query", "database"):
        assert not ten[rows[split]][:, seen].any()
        assert ten[rows[split]][:, unseen].any(axis=1).all()
    others = {tuple(unseen_classes(protocol, 10, seed)) for seed in range(8)}
    assert len(others) > 1


def test_an_image_with_seen_and_unseen_classes_is_in_no_split() -> None:
    rng = np.random.default_rng(1)
    labels = rng.random((900, 10)) < 0.15
    protocol = protocol_of("mine@unseen")
    unseen = unseen_classes(protocol, 10)
    mixed = labels[:, unseen].any(axis=1) & np.delete(labels, unseen, axis=1).any(axis=1)
    assert mixed.any()
    for split in split_rows(protocol, labels).values():
        assert not mixed[split].any() and labels[split].any(axis=1).all()


def test_images_with_several_labels_are_drawn_once() -> None:
    labels = np.random.default_rng(2).random((40_000, 21)) < 0.2
    rows = split_rows(protocol_of("nuswide21"), labels)
    assert counts(rows) == (2_100, 10_500, 37_900)
    assert len(np.unique(rows["query"])) == 2_100
    assert (labels[rows["query"]].sum(axis=0) >= 100).all()
    assert np.isin(rows["train"], rows["database"]).all()


def test_djsrh_takes_twice_as_many_of_the_first_label() -> None:
    labels = one_hot(np.arange(24_000) % 24, 24)
    rows = split_rows(protocol_of("mirflickr@djsrh"), labels)
    assert labels[rows["query"]].sum(axis=0).tolist() == [160] + [80] * 23
    assert len(rows["query"]) == protocol_of("mirflickr@djsrh").n_query


def test_cross_modal_mirflickr_has_its_published_database() -> None:
    rows = split_rows(protocol_of("mirflickr@crossmodal"), one_hot(np.arange(20_015) % 24, 24))
    assert counts(rows) == (2_000, 10_000, 18_015)


@given(
    seed=st.integers(0, 2**32), n=st.integers(20, 200), query=st.floats(0.05, 0.5), train=st.floats(0.1, 1.0)
)
def test_own_data_are_split_by_fraction(seed: int, n: int, query: float, train: float) -> None:
    labels = one_hot(np.random.default_rng(seed).integers(0, 4, n), 4)
    protocol = fraction_protocol(query, train)
    rows = split_rows(protocol, labels, seed=seed)
    assert len(rows["query"]) == max(1, round(query * n))
    assert np.union1d(rows["query"], rows["database"]).tolist() == list(range(n))
    assert np.isin(rows["train"], rows["database"]).all()
    assert len(rows["train"]) == max(1, round(train * len(rows["database"])))
    again = split_rows(protocol, labels, seed=seed)
    assert all((rows[split] == again[split]).all() for split in rows)


def test_fractions_keep_the_proportions_of_classes() -> None:
    labels = one_hot(np.repeat([0, 1, 2], [700, 200, 100]), 3)
    rows = split_rows(fraction_protocol(0.1, 0.5), labels)
    assert labels[rows["query"]].sum(axis=0).tolist() == [70, 20, 10]


def test_data_without_labels_are_split_too() -> None:
    rows = split_rows(fraction_protocol(0.2, 1.0), np.empty((50, 0), dtype=bool))
    assert counts(rows) == (10, 40, 40)


def test_another_seed_draws_other_images(ten: Bool) -> None:
    one, two = (split_rows(protocol_of("cifar10"), ten, seed=seed)["query"] for seed in (0, 1))
    assert (one != two).any()


def test_too_few_images_are_told_with_class_and_number() -> None:
    with pytest.raises(
        DataError, match=r"cifar10@I-disjoint takes 100 images of class 0 .* only 60 can be drawn"
    ):
        split_rows(protocol_of("cifar10"), one_hot(np.arange(600) % 10, 10))
    with pytest.raises(DataError, match=r"coco@standard takes 5000 images .* only 600"):
        split_rows(protocol_of("coco"), one_hot(np.arange(600) % 10, 10))
    with pytest.raises(DataError, match="leaves no database image"):
        split_rows(protocol_of("cifar10"), one_hot(np.arange(6_000) % 10, 10))
    with pytest.raises(DataError, match="needs two more to train on; these data have 3"):
        split_rows(protocol_of("mine@unseen"), one_hot(np.arange(60) % 3, 3))


def test_given_splits_are_not_drawn_and_parts_must_fit() -> None:
    labels = one_hot(np.arange(60) % 3, 3)
    with pytest.raises(DataError, match="come with its files"):
        split_rows(given_protocol(), labels)
    with pytest.raises(DataError, match="60 labelled images, and the parts of 59"):
        split_rows(fraction_protocol(), labels, ["test"] * 59)
