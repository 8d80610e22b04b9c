"""`methods`, `datasets` and `leaderboard`."""

from __future__ import annotations

import argparse

from models.cli.output import Answer, Table

METHOD_KEYS = ("name", "title", "family", "supervision", "code_kind", "venue", "year", "n_bits_allowed")
DATASET_KEYS = (
    "name", "n_train", "n_query", "n_database", "n_classes", "label_kind", "available", "has_images",
    "protocol", "protocols", "licence",
)  # fmt: skip
LEADERBOARD_KEYS = (
    "method", "n_bits", "dataset", "protocol", "backbone", "mode", "n_seeds", "map_expected", "map_spread",
    "source",
)  # fmt: skip


def methods(chosen: argparse.Namespace) -> Answer:
    """One row per registered method."""
    from models.registry import all_specs, spec_to_json

    cards = [spec_to_json(spec) for spec in all_specs()]
    document = [{key: card[key] for key in METHOD_KEYS} for card in cards]
    rows = [
        [card[key] for key in METHOD_KEYS[:-2]] + [str(card["year"]), card["n_bits"]["text"]]
        for card in cards
    ]
    return Answer(document, [Table("Methods", (*METHOD_KEYS[:-1], "n_bits"), rows)])


def datasets(chosen: argparse.Namespace) -> Answer:
    """One row per data set, those not on this machine included."""
    from models.data import dataset_infos, protocol_names

    infos = dataset_infos()
    document = []
    for info in infos:
        record = {key: getattr(info, key) for key in DATASET_KEYS if key != "protocols"}
        protocols = list(protocol_names(info.name)) if info.available else []
        document.append({key: record.get(key, protocols) for key in DATASET_KEYS})
    rows = [list(record.values()) for record in document]
    notes = [f"{info.name}: {info.note}" for info in infos if info.note]
    return Answer(document, [Table("Data sets", DATASET_KEYS, rows)], notes)


def leaderboard(chosen: argparse.Namespace) -> Answer:
    """One row per method, length and data set, best first."""
    from models.engine.leaderboard import leaderboard as stored_rows

    found = [row.to_json() for row in stored_rows(chosen.dataset)]
    document = [{key: row[key] for key in LEADERBOARD_KEYS} for row in found]
    if not found:
        return Answer(document, lines=["No stored runs. Make them with `python -m models zoo`."])
    columns = [key for key in LEADERBOARD_KEYS if key not in ("dataset", "protocol")]
    tables = []
    for dataset, protocol in dict.fromkeys((row["dataset"], row["protocol"]) for row in document):
        rows = [
            [row[key] for key in columns]
            for row in document
            if (row["dataset"], row["protocol"]) == (dataset, protocol)
        ]
        tables.append(Table(dataset, columns, rows, protocol))
    return Answer(document, tables)
