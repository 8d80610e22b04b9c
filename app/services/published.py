"""Our figures beside published ones of the same family of protocols, each source in a column of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.services import catalog
from app.services import chance as chances
from app.services.catalog import Input
from models.data.protocols import family_of, pool_and_protocol, protocol_of
from models.engine.comparable import same_protocol
from models.engine.config import RunConfig
from models.engine.store import RunStore
from models.errors import HashingError
from models.metrics.rank_correlation import RankCorrelation, rank_correlation
from models.networks.names import DESCRIPTORS
from models.published import BLOCKS, PublishedBlock, blocks_of

OPENING_BITS = 48
_SOURCE_LABELS = {row.method: row.label for block in BLOCKS for row in block.rows if row.method}


@dataclass(frozen=True)
class Score:
    """mAP of one method, its range over seeds or the printed figure alone."""

    mean: float
    low: float
    high: float
    n_seeds: int


@dataclass(frozen=True)
class Column:
    """Figures that compare among themselves.

    Attributes:
        key: unique.
        title: whose they are.
        protocol: short name of the protocol ("I-disjoint").
        protocol_text: its numbers.
        backbone: in front of the codes.
        source: where they come from.
        scores: by row (a method's name, or a label that we have no method for).
        is_ours: measured here.
        verified: read in the source.
        note: what to know before comparing.
    """

    key: str
    title: str
    protocol: str
    protocol_text: str
    backbone: str
    source: str
    scores: dict[str, Score]
    is_ours: bool = False
    verified: bool = True
    note: str = ""


@dataclass(frozen=True)
class Agreement:
    """How far two columns put the same methods on top."""

    ours: Column
    theirs: Column
    correlation: RankCorrelation


def blocks(dataset: str) -> tuple[PublishedBlock, ...]:
    """Published figures under the data set's family of protocols; none where nobody published any."""
    try:
        return blocks_of(family_of(dataset))
    except HashingError:  # a protocol of the data set's own
        return ()


def lengths(dataset: str) -> tuple[int, ...]:
    """Code lengths that have a published figure, ascending."""
    return tuple(sorted({n for block in blocks(dataset) for row in block.rows for n in row.maps}))


@lru_cache(maxsize=32)
def columns(dataset: str, n_bits: int) -> tuple[Column, ...]:
    """Ours by input, heads first, then the published ones, the survey first.

    Raises:
        ProtocolError: our runs of one column were scored under different protocols.
    """
    found = []
    for block in blocks(dataset):
        scores = {
            row.method or row.label: Score(row.maps[n_bits], row.maps[n_bits], row.maps[n_bits], 1)
            for row in block.rows
            if n_bits in row.maps
        }
        if scores:
            found.append(
                Column(
                    block.key,
                    block.title,
                    pool_and_protocol(protocol_of(block.protocol).full_name)[1],
                    block.protocol_text,
                    block.backbone,
                    block.source,
                    scores,
                    verified=block.verified,
                    note=block.note,
                )
            )
    return (*_ours(dataset, n_bits), *found)


def rows(found: tuple[Column, ...]) -> list[str]:
    """Methods with a published figure, the best of the first published column first, then the others."""
    published = [column for column in found if not column.is_ours]
    names = list(dict.fromkeys(name for column in published for name in column.scores))

    def place(name: str) -> tuple[int, float]:
        for i, column in enumerate(published):
            if name in column.scores:
                return i, -column.scores[name].mean
        return len(published), 0.0

    return sorted(names, key=place)


def chance(dataset: str) -> float | None:
    """Expected mAP of random codes; None where the data set's labels are not on this machine."""
    try:
        n_database = catalog.open_dataset(dataset).info.n_database
        return float(chances.average_precision(chances.n_relevant(dataset), n_database).mean())
    except HashingError:
        return None


def label(name: str) -> str:
    """How a row is written: a method's label, or the source's own word."""
    return catalog.method_label(name) if name in catalog.carded() else _SOURCE_LABELS.get(name, name)


def agreements(found: tuple[Column, ...]) -> list[Agreement]:
    """Rank correlation of each of our columns with each published one; without those that have none.

    None is there where two columns share fewer than three methods, or where all figures are alike.
    """
    made = [
        Agreement(ours, theirs, rank_correlation(_means(ours), _means(theirs)))
        for ours in found
        for theirs in found
        if ours.is_ours and not theirs.is_ours
    ]
    return [agreement for agreement in made if agreement.correlation.spearman is not None]


def _means(column: Column) -> dict[str, float]:
    return {name: score.mean for name, score in column.scores.items()}


def _what(given: Input, among: Iterable[Input]) -> str:
    """An input in a word or two; its backbone is named where there are several."""
    if given.backbone in DESCRIPTORS:
        return given.label
    backbones = {other.backbone for other in among if other.backbone not in DESCRIPTORS}
    return ("fine-tuned" if given.mode == "finetune" else "head") + (
        f", {given.backbone}" if len(backbones) > 1 else ""
    )


def _ours(dataset: str, n_bits: int) -> list[Column]:
    store = RunStore()
    groups: dict[Input, dict[str, list[dict[str, Any]]]] = {}
    for run in store.runs(dataset, every_backbone=True, every_mode=True):
        if run.n_bits == n_bits:
            opened = store.open(dataset, run.method, n_bits, run.seed, run.backbone, run.mode)
            groups.setdefault(Input(run.backbone, run.mode), {}).setdefault(run.method, []).append(
                opened.result
            )
    found = []
    for given in sorted(groups, key=lambda i: (i.backbone in DESCRIPTORS, i.mode == "finetune", i)):
        by_method = groups[given]
        rules = same_protocol(
            {
                f"{method}, seed {result['config']['seed']}": result["protocol"]
                for method, results in by_method.items()
                for result in results
            }
        )
        scores = {}
        modes = sorted({RunConfig(**r["config"]).mode_text for found in by_method.values() for r in found})
        for method, results in by_method.items():
            maps = [float(result["metrics"]["map"]["expected"]) for result in results]
            scores[method] = Score(sum(maps) / len(maps), min(maps), max(maps), len(maps))
        found.append(
            Column(
                f"ours-{given.mode}-{given.backbone}",
                f"Ours, {_what(given, groups)}",
                str(rules.get("name", "")),
                f"{rules['n_query']:,} queries, {rules['n_train']:,} train "
                f"{'inside' if rules['train_in_database'] else 'outside'} the database, "
                f"{rules['n_database']:,} database",
                given.label
                if given.backbone in DESCRIPTORS
                else f"{given.backbone}, mode {' or '.join(modes)}",
                "our runs",
                scores,
                is_ours=True,
            )
        )
    return found
