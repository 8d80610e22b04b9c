"""Drawing the splits of a pool by the rules of a protocol. NumPy only; nothing is read or written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from models.data.protocols import Draw, EvaluationProtocol, Part
from models.errors import DataError
from models.types import Bool, Int64, Split


def split_rows(
    protocol: EvaluationProtocol, labels: Bool, origin: Sequence[str] | None = None, seed: int = 0
) -> dict[Split, Int64]:
    """Which rows of a pool are what.

    The same seed draws the same queries and train images for protocols that ask for the same numbers, so that
    I and I-disjoint differ in the database alone.

    Args:
        protocol: the rules.
        labels: bool (n, n_classes); no columns for data without labels.
        origin: part of the published set that each image comes from. None, or "train" alone: there are no
            parts, and rules on them are passed over.
        seed: 0 or more.

    Returns:
        Rows of `query`, `train` and `database`, int64, ascending.

    Raises:
        DataError: too few images for the protocol, or a protocol that draws nothing.
    """
    if protocol.name == "given":
        raise DataError("The splits of this data set come with its files; there is nothing to draw.")
    if origin is not None and len(origin) != len(labels):
        raise DataError(f"There are {len(labels)} labelled images, and the parts of {len(origin)}.")
    rng = np.random.default_rng(seed)
    left = np.ones(len(labels), dtype=bool)
    to_train: Bool = left.copy()
    to_search: Bool = left.copy()
    if protocol.n_unseen:
        unseen = unseen_classes(protocol, labels.shape[1], seed)
        known = labels.any(axis=1)
        to_train = known & np.logical_not(labels[:, unseen].any(axis=1))
        to_search = known & np.logical_not(np.delete(labels, unseen, axis=1).any(axis=1))

    in_train: Bool = np.asarray(origin or (), dtype=np.str_) == "train"
    has_parts = in_train.any() and not in_train.all()

    def in_part(part: Part | None) -> Bool:
        if part is None or not has_parts:
            return np.ones(len(labels), dtype=bool)
        return in_train if part == "train" else ~in_train

    query = _drawn(protocol, "query", labels, to_search & in_part(protocol.query.part), rng)
    left[query] = False
    train = _drawn(protocol, "train", labels, left & to_train & in_part(protocol.train.part), rng)
    if not protocol.train_in_database:
        left[train] = False
    database = np.flatnonzero(left & to_search & in_part(protocol.database_part))
    for split, rows in (("query", query), ("train", train), ("database", database)):
        if len(rows) == 0:
            raise DataError(
                f"Protocol {protocol.full_name} leaves no {split} image of these {len(labels)}. "
                "Take another protocol, or give more images."
            )
    return {"query": query, "train": train, "database": database}


def unseen_classes(protocol: EvaluationProtocol, n_classes: int, seed: int = 0) -> Int64:
    """Classes that are queried and never trained on, ascending; empty for protocols without such classes.

    Raises:
        DataError: so many unseen classes leave fewer than two to train on.
    """
    if not protocol.n_unseen:
        return np.empty(0, dtype=np.int64)
    n_unseen = protocol.n_unseen if protocol.n_unseen > 0 else max(2, math.floor(0.3 * n_classes + 0.5))
    if n_classes - n_unseen < 2:
        raise DataError(
            f"Protocol {protocol.full_name} keeps {n_unseen} classes for the queries and needs two more to "
            f"train on; these data have {n_classes}."
        )
    # A generator of its own: the choice of classes does not depend on how many images are drawn.
    drawn = np.random.default_rng([seed, n_classes]).permutation(n_classes)[:n_unseen]
    return np.sort(drawn).astype(np.int64)


def _drawn(
    protocol: EvaluationProtocol,
    split: Literal["query", "train"],
    labels: Bool,
    allowed: Bool,
    rng: Generator,
) -> Int64:
    """Rows of a split, ascending, from the rows that are `allowed`."""
    draw = protocol.query if split == "query" else protocol.train
    order = rng.permutation(len(labels))
    order = order[allowed[order]]
    if draw.per_class is not None or draw.first_and_others is not None:
        return _of_each_class(protocol, split, draw, labels, order)
    if draw.total is not None:
        if draw.total > len(order):
            raise DataError(_too_few(protocol, split, f"{draw.total} images", len(order)))
        return np.sort(order[: draw.total])
    if draw.fraction is None or len(order) == 0:
        return np.sort(order)
    # In the order of the first class, every so many-th image: classes in proportion, the number exact.
    wanted = max(1, round(draw.fraction * len(order)))
    by_class = order[np.argsort(_first_class(labels[order]), kind="stable")]
    places = np.floor((np.arange(wanted) + 0.5) * len(order) / wanted).astype(np.int64)
    return np.sort(by_class[places])


def _of_each_class(protocol: EvaluationProtocol, split: str, draw: Draw, labels: Bool, order: Int64) -> Int64:
    free = np.zeros(len(labels), dtype=bool)
    free[order] = True
    # Classes that no image may be drawn from are not part of this split (unseen or seen ones).
    asked = np.flatnonzero(labels[order].any(axis=0))
    taken = []
    for place, label in enumerate(asked):
        if draw.first_and_others is not None:
            wanted = draw.first_and_others[min(place, 1)]
        else:
            wanted = draw.per_class or 0
        rows = order[labels[order, label] & free[order]][:wanted]
        if len(rows) < wanted:
            raise DataError(_too_few(protocol, split, f"{wanted} images of class {label}", len(rows)))
        free[rows] = False
        taken.append(rows)
    return np.sort(np.concatenate(taken)) if taken else np.empty(0, dtype=np.int64)


def _first_class(labels: Bool) -> npt.NDArray[np.intp]:
    """Number of the first class of each image; images without any come last."""
    n_classes = labels.shape[1]
    if n_classes == 0:
        return np.zeros(len(labels), dtype=np.intp)
    classes: npt.NDArray[np.intp] = np.where(labels.any(axis=1), labels.argmax(axis=1), n_classes)
    return classes


def _too_few(protocol: EvaluationProtocol, split: str, wanted: str, n: int) -> str:
    return (
        f"Protocol {protocol.full_name} takes {wanted} for the {split} split, and only {n} can be drawn. "
        "Take a protocol by fraction, or give more images."
    )
