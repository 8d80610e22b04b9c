"""Who is query, train and database in an imported pool, under each protocol that fits it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.data.importing.records import Entry, Plan
from models.data.leak import find_leaks
from models.data.library import DATABASE, QUERY, TRAIN, ProtocolCard
from models.data.protocols import (
    SAME_CLASS,
    SHARED_LABEL,
    EvaluationProtocol,
    fraction_protocol,
    protocols_of,
)
from models.data.splits import split_rows
from models.errors import DataError
from models.types import Bool, UInt8

BITS = {"query": QUERY, "train": TRAIN, "database": DATABASE}


def roles_of_all(
    plan: Plan, pool: str, entries: Sequence[Entry], labels: Bool
) -> tuple[dict[str, ProtocolCard], dict[str, UInt8], list[str]]:
    """Cards and roles by protocol, the default first; and sentences about protocols that do not fit.

    Args:
        plan: fractions and seed.
        pool: the name whose protocols are meant.
        entries: in the order of the rows.
        labels: of all rows.

    Raises:
        DataError: the images are too few for the default protocol.
    """
    cards: dict[str, ProtocolCard] = {}
    roles: dict[str, UInt8] = {}
    notes: list[str] = []
    relevance = SAME_CLASS if plan.label_kind == "single" else SHARED_LABEL
    protocols = protocols_of(pool, relevance=relevance)
    if plan.roles_given:
        given = next(protocol for protocol in protocols if protocol.name == "given")
        cards[given.name], roles[given.name] = _card(given), _given(plan, entries)
    elif protocols[0].name == "fraction":
        drawn = fraction_protocol(plan.query_fraction, plan.train_fraction, pool=pool, relevance=relevance)
        cards[drawn.name], roles[drawn.name] = _card(drawn), _drawn(drawn, entries, labels, plan.seed)
    # Split files name few images of the whole set: its other protocols are not drawn from a part.
    published = protocols[0].name != "fraction"
    others = [protocol for protocol in protocols if protocol.name not in ("fraction", "given")]
    for protocol in () if plan.roles_given and published else others:
        try:
            roles[protocol.name] = _drawn(protocol, entries, labels, plan.seed)
            cards[protocol.name] = _card(protocol)
        except DataError as error:
            if not cards and protocol is others[-1]:
                raise
            if published or protocol.n_unseen == 0:
                notes.append(f"Protocol {protocol.name} is left out. {error}")
    return cards, roles, notes


def _card(protocol: EvaluationProtocol) -> ProtocolCard:
    return ProtocolCard(protocol.title, protocol.k, protocol.normalize_by)


def _drawn(protocol: EvaluationProtocol, entries: Sequence[Entry], labels: Bool, seed: int) -> UInt8:
    roles = np.zeros(len(entries), dtype=np.uint8)
    for split, rows in split_rows(protocol, labels, [entry.part for entry in entries], seed).items():
        roles[rows] |= BITS[split]
    return roles


def _given(plan: Plan, entries: Sequence[Entry]) -> UInt8:
    roles = np.array([entry.roles for entry in entries], dtype=np.uint8)
    for name, bit in BITS.items():
        if name != "train" and not (roles & bit).any():
            raise DataError(f"No image that can be read has the role {name}. Give some images that role.")
    if not (roles & TRAIN).any():
        database = np.flatnonzero(roles & DATABASE)
        n_train = max(1, round(plan.train_fraction * len(database)))
        train = np.random.default_rng(plan.seed).permutation(database)[:n_train]
        roles[train] |= TRAIN
    return roles


def without_leaks(roles: UInt8, hashes: UInt8) -> UInt8:
    """Roles in which no query is held by the database or the train images; those queries lose their role."""
    cleaned = roles.copy()
    leaks = find_leaks(hashes, roles)
    cleaned[leaks.rows] &= ~np.uint8(QUERY)
    return cleaned


def split_warnings(roles: UInt8, labels: Bool, class_names: Sequence[str]) -> list[str]:
    """Classes without an image in a split, and images without a label."""
    warnings = []
    present = labels.any(axis=0)
    for split, bit in BITS.items():
        inside = labels[(roles & bit) > 0].any(axis=0) if labels.shape[1] else present
        missing = [class_names[int(i)] for i in np.flatnonzero(present & ~inside)]
        if missing:
            warnings.append(f"No {split} image shows {_some(missing)}.")
    if not present.all():
        nowhere = [class_names[int(i)] for i in np.flatnonzero(~present)]
        warnings.append(f"No image at all shows {_some(nowhere)}.")
    unlabelled = int((~labels.any(axis=1)).sum())
    if class_names and unlabelled:
        warnings.append(f"Images without a label: {unlabelled:,}. They are right for no query.")
    return warnings


def leak_warnings(roles: UInt8, hashes: UInt8, names: Sequence[str], pool: str) -> list[str]:
    """How many queries the database or the train images hold too, with an example."""
    leaks = find_leaks(hashes, roles)
    if len(leaks.rows) == 0:
        return []
    query, twin = names[int(leaks.rows[0])], names[int(leaks.twins[0])]
    example = f"{query} twice" if query == twin else f"{query} and {twin}"
    n_query = int((roles & QUERY > 0).sum())
    return [
        f"{len(leaks.rows):,} of {n_query:,} queries have their pixels in the database too "
        f"({leaks.n_in_database:,}) or in train ({leaks.n_in_train:,}), for example {example}. That makes "
        f"scores too good. To take those queries out, run `python -m models forget {pool}` and import again "
        "with --drop-leaks."
    ]


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
