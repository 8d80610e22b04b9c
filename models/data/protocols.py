"""Protocols by name: which images are queries, train and database, and down to which rank a score counts.

A protocol travels with every score. Figures under two protocols do not compare: on CIFAR-10 the same method
differs by more than 0.1 mAP between I and II. Counts are those that papers and public code state; where no
source was found, `verified` is False. Values alone; `models.data.splits` draws by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from models.errors import ConfigError, UnknownNameError
from models.types import NormalizeBy

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
