"""Protocols by name: which images are queries, train and database, and down to which rank a score counts.

A protocol travels with every score. Figures under two protocols do not compare: on CIFAR-10 the same method
differs by more than 0.1 mAP between I and II. Counts are those that papers and public code state; where no
source was found, `verified` is False. NumPy only; nothing is read or written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from models.errors import ConfigError, DataError, UnknownNameError
from models.types import Bool, Int64, NormalizeBy, Split

AT = "@"  # between the pool and the protocol in the name of a data set
SAME_CLASS, SHARED_LABEL = "same class", "at least one shared label"
# The part of the published set that an image comes from. What is not "train" is test, by whatever name.
Part = Literal["train", "test"]


@dataclass(frozen=True)
class Draw:
    """How many images are drawn for a split. One of the four is given; none of them is: all that are left.

    Attributes:
        per_class: of each class; an image that has several classes counts for the first that asks for it.
        total: over all classes.
        first_and_others: of the first class, and of each other one.
        fraction: share of the images that may be drawn, 0 to 1, classes in proportion.
        part: only from this part of the published set, where the data have parts.
    """

    per_class: int | None = None
    total: int | None = None
    first_and_others: tuple[int, int] | None = None
    fraction: float | None = None
    part: Part | None = None


@dataclass(frozen=True)
class EvaluationProtocol:
    """A protocol as a value.

    Attributes:
        name: unique within a pool; the part behind the @ in the name of a data set.
        title: in a few words.
        pool: the data it is for; "" for any.
        query: how queries are drawn.
        train: how train images are drawn, from what the queries leave.
        train_in_database: whether the database holds the train images; with `train` drawing all that is
            left, they are the database.
        database_part: the part of the published set that the database is taken from; None is both.
        n_query, n_train, n_database: as the source states them for all images; 0 where the data decide.
        k: rank down to which average precision counts; None is the whole ranking.
        normalize_by: divisor of average precision, as `models.metrics` takes it.
        relevance: when a database image is right.
        n_unseen: classes that are queried and searched and never trained on; 0 is all classes in all splits;
            -1 is three of ten, rounded, at least two.
        source: where the counts were read.
        verified: False when they are recalled, second hand, or ours.
    """

    name: str
    title: str
    pool: str = ""
    query: Draw = field(default_factory=Draw)
    train: Draw = field(default_factory=Draw)
    train_in_database: bool = True
    database_part: Part | None = None
    n_query: int = 0
    n_train: int = 0
    n_database: int = 0
    k: int | None = None
    normalize_by: NormalizeBy = "relevant"
    relevance: str = SAME_CLASS
    n_unseen: int = 0
    source: str = ""
    verified: bool = True

    @property
    def full_name(self) -> str:
        """Pool and protocol, as the name of a data set has them."""
        return f"{self.pool}{AT}{self.name}" if self.pool else self.name


_SURVEY = "survey, Table 4"
_DEEPHASH = "swuxyj/DeepHash-pytorch"
_OURS = "ours, no source"
_SABLAYROLLES = "after Sablayrolles et al. 2017; number of classes and images (unverified)"

_I = EvaluationProtocol(
    "I",
    "I, train images in the database",
    query=Draw(per_class=100),
    train=Draw(per_class=500),
    n_query=1_000,
    n_train=5_000,
    n_database=59_000,
    source=_SURVEY,
)
_I_DISJOINT = replace(
    _I,
    name="I-disjoint",
    title="I, train images not in the database",
    train_in_database=False,
    n_database=54_000,
    source=f"{_DEEPHASH}; thuml/HashGAN config",
)
_II = EvaluationProtocol(
    "II",
    "II, full: the train images are the database",
    query=Draw(per_class=1_000, part="test"),
    train=Draw(part="train"),
    database_part="train",
    n_query=10_000,
    n_train=50_000,
    n_database=50_000,
    source=_DEEPHASH,
)
_UNSEEN = EvaluationProtocol(
    "unseen",
    "unseen classes: trained on some, queried and searched on the others",
    query=Draw(fraction=0.1),
    train=Draw(),
    train_in_database=False,
    n_unseen=-1,
    source=_SABLAYROLLES,
    verified=False,
)
_OFFICIAL = EvaluationProtocol(
    "official",
    "the publisher's test images search its train images",
    query=Draw(part="test"),
    train=Draw(per_class=500, part="train"),
    database_part="train",
    n_query=10_000,
    n_train=5_000,
    n_database=60_000,
    source=_OURS,
    verified=False,
)


def _of(pool: str, *protocols: EvaluationProtocol) -> tuple[EvaluationProtocol, ...]:
    return tuple(replace(protocol, pool=pool) for protocol in protocols)


def _by_analogy(protocol: EvaluationProtocol, n_database: int) -> EvaluationProtocol:
    return replace(protocol, n_database=n_database, source="as for CIFAR-10 (ours)", verified=False)


def _unseen(n_unseen: int, n_query: int, n_train: int, n_database: int, per_class: int) -> EvaluationProtocol:
    return replace(
        _UNSEEN,
        query=Draw(per_class=per_class),
        train=Draw(per_class=500),
        n_unseen=n_unseen,
        n_query=n_query,
        n_train=n_train,
        n_database=n_database,
    )


_CIFAR10 = _of(
    "cifar10",
    _I_DISJOINT,
    _I,
    _II,
    replace(
        _II,
        name="II-1000",
        title="II, first 1,000 ranks (unsupervised methods)",
        k=1_000,
        normalize_by="retrieved",
        source="kevinlin311tw/cvpr16-deepbit; liyunqianggyn/Deep-Unsupervised-Image-Hashing (I)",
    ),
    replace(
        _II,
        name="bihalf-II",
        title="bi-half (II): 5,000 of the database train",
        train=Draw(per_class=500, part="train"),
        n_train=5_000,
        k=1_000,
        normalize_by="retrieved",
        source="liyunqianggyn/Deep-Unsupervised-Image-Hashing",
    ),
    replace(
        _II,
        name="cibhash",
        title="CIBHash: half of the test images are queries",
        query=Draw(total=5_000, part="test"),
        train=Draw(per_class=500, part="train"),
        n_query=5_000,
        n_train=5_000,
        k=1_000,
        normalize_by="retrieved",
        source="zexuanqiu/CIBHash",
    ),
    _unseen(3, n_query=1_500, n_train=3_500, n_database=16_500, per_class=500),
)
_NUS_21 = EvaluationProtocol(
    "standard",
    "21 most frequent concepts",
    query=Draw(per_class=100),
    train=Draw(per_class=500),
    n_query=2_100,
    n_train=10_500,
    n_database=193_734,
    k=5_000,
    normalize_by="retrieved",
    relevance=SHARED_LABEL,
    source="survey, Table 4; 193,734 in TreezzZ/LSH_PyTorch",
)

# The first protocol of a pool is meant where only the pool is named.
_PROTOCOLS: Mapping[str, tuple[EvaluationProtocol, ...]] = {
    "cifar10": _CIFAR10,
    "cifar100": _of(
        "cifar100",
        replace(_OFFICIAL, n_train=50_000, n_database=50_000),
        _unseen(25, n_query=2_500, n_train=37_500, n_database=12_500, per_class=100),
    ),
    "mnist": _of("mnist", _OFFICIAL, _by_analogy(_I_DISJOINT, 64_000), _by_analogy(_I, 69_000), _UNSEEN),
    "fashionmnist": _of(
        "fashionmnist", _OFFICIAL, _by_analogy(_I_DISJOINT, 64_000), _by_analogy(_I, 69_000), _UNSEEN
    ),
    "nuswide21": _of("nuswide21", _NUS_21),
    "nuswide81": _of(
        "nuswide81",
        replace(
            _NUS_21,
            title="81 concepts, the copy with 223,496 images",
            query=Draw(total=5_000),
            train=Draw(total=10_000),
            n_query=5_000,
            n_train=10_000,
            n_database=218_496,
            source=f"{_DEEPHASH} for the size of the copy; query and train (unverified)",
            verified=False,
        ),
    ),
    "nuswide10": _of(
        "nuswide10",
        replace(
            _NUS_21,
            title="10 most frequent concepts",
            query=Draw(per_class=200),
            train=Draw(per_class=500),
            n_query=2_000,
            n_train=5_000,
            n_database=0,
            k=50,
            source="zzs1994/DJSRH",
        ),
    ),
    "imagenet100": _of(
        "imagenet100",
        EvaluationProtocol(
            "standard",
            "100 random classes",
            query=Draw(part="test"),
            train=Draw(per_class=100, part="train"),
            database_part="train",
            n_query=5_000,
            n_train=10_000,
            k=1_000,
            normalize_by="retrieved",
            source="survey; counts in TreezzZ/LSH_PyTorch, database about 130,000",
        ),
    ),
    "coco": _of(
        "coco",
        EvaluationProtocol(
            "standard",
            "80 classes",
            query=Draw(total=5_000),
            train=Draw(total=10_000),
            n_query=5_000,
            n_train=10_000,
            n_database=117_218,
            k=5_000,
            normalize_by="retrieved",
            relevance=SHARED_LABEL,
            source=f"survey; first 5,000 ranks in {_DEEPHASH}; train in the database (unverified)",
        ),
    ),
    "mirflickr": _of(
        "mirflickr",
        EvaluationProtocol(
            "image",
            "images only",
            query=Draw(total=1_000),
            train=Draw(total=4_000),
            train_in_database=False,
            n_query=1_000,
            n_train=4_000,
            n_database=20_000,
            relevance=SHARED_LABEL,
            source=f"{_DEEPHASH}; train outside the database (unverified)",
        ),
        EvaluationProtocol(
            "crossmodal",
            "cross-modal, as DCMH and SSAH",
            query=Draw(total=2_000),
            train=Draw(total=10_000),
            n_query=2_000,
            n_train=10_000,
            n_database=18_015,
            relevance=SHARED_LABEL,
            source="WendellGul/DCMH; lelan-li/SSAH",
        ),
        EvaluationProtocol(
            "djsrh",
            "cross-modal, as DJSRH",
            query=Draw(first_and_others=(160, 80)),
            train=Draw(total=5_000),
            n_query=2_000,
            n_train=5_000,
            k=50,
            normalize_by="retrieved",
            relevance=SHARED_LABEL,
            source="zzs1994/DJSRH",
        ),
    ),
    "voc": _of(
        "voc",
        EvaluationProtocol(
            "standard",
            "a tenth queries, 4,000 train images in the database",
            query=Draw(fraction=0.1),
            train=Draw(total=4_000),
            n_train=4_000,
            relevance=SHARED_LABEL,
            source=_OURS,
            verified=False,
        ),
    ),
}

QUERY_FRACTION, TRAIN_FRACTION = 0.1, 0.5


def fraction_protocol(
    query_fraction: float = QUERY_FRACTION,
    train_fraction: float = TRAIN_FRACTION,
    *,
    pool: str = "",
    relevance: str = SAME_CLASS,
) -> EvaluationProtocol:
    """Own data: a share of the images are queries, the others the database, and a share of those train.

    Raises:
        ConfigError: a share that leaves a split empty whatever the data.
    """
    if not 0 < query_fraction < 1:
        raise ConfigError(f"The share of queries lies between 0 and 1; got {query_fraction:g}.")
    if not 0 < train_fraction <= 1:
        raise ConfigError(f"The share of train images is above 0 and at most 1; got {train_fraction:g}.")
    return EvaluationProtocol(
        "fraction",
        f"{query_fraction:.3g} queries, {train_fraction:.3g} of the database train",
        pool,
        query=Draw(fraction=query_fraction),
        train=Draw(fraction=train_fraction),
        relevance=relevance,
        source="given with the data",
    )


def given_protocol(
    *,
    pool: str = "",
    k: int | None = None,
    relevance: str = SAME_CLASS,
    train_in_database: bool = True,
) -> EvaluationProtocol:
    """Data whose own files say which image is what: `split_rows` has nothing to draw."""
    return EvaluationProtocol(
        "given",
        "the splits that came with the data",
        pool,
        train_in_database=train_in_database,
        k=k,
        normalize_by="relevant" if k is None else "retrieved",
        relevance=relevance,
        source="given with the data",
    )


def pool_and_protocol(name: str) -> tuple[str, str]:
    """The two parts of a data set's name; the second is "" where the pool's default is meant."""
    pool, _, protocol = name.partition(AT)
    return pool, protocol


def protocols_of(pool: str, *, relevance: str = SAME_CLASS) -> tuple[EvaluationProtocol, ...]:
    """All protocols of a pool, its default first; a pool that nobody named has those of own data.

    `given` is among them: split files may stand in for what a published set's own protocols draw, and then
    score down to the rank that its default has.
    """
    if pool in _PROTOCOLS:
        default = _PROTOCOLS[pool][0]
        return (
            *_PROTOCOLS[pool],
            given_protocol(pool=pool, k=default.k, relevance=default.relevance),
        )
    return (
        fraction_protocol(pool=pool, relevance=relevance),
        given_protocol(pool=pool, relevance=relevance),
        replace(_UNSEEN, pool=pool, relevance=relevance),
    )


def protocol_of(name: str) -> EvaluationProtocol:
    """The protocol that a data set's name stands for, as `cifar10@II` or `cifar10`.

    Raises:
        UnknownNameError: the pool has no protocol of that name.
    """
    pool, wanted = pool_and_protocol(name)
    known = {protocol.name: protocol for protocol in protocols_of(pool)}
    if not wanted:
        return next(iter(known.values()))
    if wanted not in known:
        raise UnknownNameError(f"protocol of {pool}", wanted, known)
    return known[wanted]


def family_of(name: str) -> str:
    """What protocols share that differ only in whether the database holds the train images.

    Figures of one family may stand beside each other, each in a column under its own protocol.

    Raises:
        UnknownNameError: the pool has no protocol of that name.
    """
    return protocol_of(name).full_name.removesuffix("-disjoint")


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
