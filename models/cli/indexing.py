"""`index`: the kinds there are; an index built, described, exported; a Milvus collection removed."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.cli.output import Answer, Table, progress_bar
from models.errors import ConfigError, DataError
from models.files import write_atomically

if TYPE_CHECKING:
    from models.codes.exchange import CodeFile
    from models.index.folder import StoredIndex

# Database items that stand for queries when an index is built.
SAMPLED_QUERIES, SAMPLED_K = 100, 10


def kinds(chosen: argparse.Namespace) -> Answer:
    """One row per setting of every kind of index."""
    from models.index import KINDS, IndexSetting

    document, rows = [], []
    for kind in KINDS.values():
        settings = []
        for setting in kind.settings:
            described: dict[str, Any] = {
                "name": setting.name,
                "default": setting.default,
                "help": setting.help,
            }
            if isinstance(setting, IndexSetting):
                described |= {"lowest": setting.lowest, "highest": setting.highest}
            settings.append({**described, "at_search": setting.at_search})
        document.append(
            {
                "name": kind.name,
                "help": kind.help,
                "code_kinds": [str(code_kind) for code_kind in kind.classes],
                "exhaustive": kind.exhaustive,
                "settings": settings,
            }
        )
        rows.append([kind.name, ", ".join(kind.classes), "", "", kind.help])
        rows += [
            ["", "", s["name"], "auto" if s["default"] is None else s["default"], s["help"]] for s in settings
        ]
    return Answer(document, [Table("Index kinds", ("kind", "codes", "setting", "default", ""), rows)])


def build(chosen: argparse.Namespace) -> Answer:
    """Build an index and store it in a folder; its recall is measured on some of its own items."""
    from models.codes.exchange import read_codes
    from models.index.folder import build_folder

    settings = parsed_settings(chosen.kind, chosen.set)
    for name in ("uri", "collection"):
        if (given := getattr(chosen, name)) is not None:
            settings[name] = given
    file = read_codes(chosen.database)
    if file.codes is None:
        raise DataError(f"{chosen.database} holds query vectors only; a database needs codes.")
    folder = Path(chosen.out)
    began = time.perf_counter()
    if chosen.kind == "milvus":
        stored = _into_milvus(folder, file, settings)
        recall = None
    else:
        stored = build_folder(folder, file, chosen.kind, settings)
        recall = _sampled_recall(stored)
    seconds = time.perf_counter() - began
    document = {"index": str(folder), **_described(stored), "seconds": seconds, "recall": recall}
    lines = [f"{stored.index.n_database} items, {seconds:.1f} s, stored in {folder}"]
    if recall is not None:
        lines.append(
            f"Recall at {recall['k']} against exhaustive search, {recall['n_query']} items of the database "
            f"as queries: {recall['mean']:.4f}"
        )
    return Answer(document, [_settings_table(stored)], lines)


def info(chosen: argparse.Namespace) -> Answer:
    """What a stored index is; with queries, its recall and speed beside exhaustive search."""
    from models.index.folder import read_folder

    stored = read_folder(Path(chosen.folder))
    document: dict[str, Any] = {"index": chosen.folder, **_described(stored)}
    tables = [_settings_table(stored)]
    if chosen.query:
        from models.codes.exchange import read_codes

        measured = _measured(stored, read_codes(chosen.query), chosen.k)
        document["search"] = measured
        tables.append(Table(f"{measured['n_query']} queries", list(measured), [list(measured.values())]))
    return Answer(document, tables)


def export(chosen: argparse.Namespace) -> Answer:
    """Write an index for people without this library."""
    from models.index.export import check_exportable, export_index
    from models.index.folder import read_folder

    out = Path(chosen.out)
    stored = read_folder(Path(chosen.folder))
    check_exportable(stored, out)
    more: dict[str, bytes] = {}
    if chosen.run_name:
        from models.cli.runs import checkpoint_of
        from models.engine.encode import open_encoder
        from models.engine.encoder_export import encoder_files

        assert stored.file is not None
        assert stored.file.codes is not None
        weights = Path(chosen.weights_file) if chosen.weights_file else None
        more = encoder_files(open_encoder(checkpoint_of(chosen.run_name), weights), stored.file.codes)
    files = export_index(stored, out)
    for name, content in more.items():
        write_atomically(out / name, content)
    files += more
    return Answer(
        {"index": chosen.folder, "out": str(out), "files": files},
        lines=[f"{', '.join(files)} written to {out}"]
        + ["python encode.py queries.npz IMAGE ..."] * bool(more)
        + ["python search.py queries.npz 10"],
    )


def drop(chosen: argparse.Namespace) -> Answer:
    """Remove a Milvus collection that this program made."""
    from models.index.milvus import drop_collection

    drop_collection(chosen.uri, chosen.collection)
    document = {"uri": chosen.uri, "collection": chosen.collection, "dropped": True}
    return Answer(document, lines=[f"{chosen.collection} is removed from {chosen.uri}"])


def parsed_settings(kind: str, given: Sequence[str]) -> dict[str, Any]:
    """`--set NAME=VALUE`, as often as it was given; numbers where the kind wants numbers.

    Raises:
        ConfigError: no NAME=VALUE, or no number.
        UnknownNameError: no such kind.
    """
    from models.index import TextSetting, index_kind

    texts = {s.name for s in index_kind(kind).settings if isinstance(s, TextSetting)}
    settings: dict[str, Any] = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise ConfigError(f"--set takes NAME=VALUE; got {text!r}.")
        try:
            settings[name] = value if name in texts else int(value)
        except ValueError:
            raise ConfigError(f"{name} is a whole number; got {value!r}.") from None
    return settings


def _into_milvus(folder: Path, file: CodeFile, settings: dict[str, Any]) -> StoredIndex:
    from models.index.folder import build_in_milvus

    with progress_bar() as bar:
        task = bar.add_task("items", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        try:
            return build_in_milvus(folder, file, settings, progress)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                "Interrupted. What Milvus has stays; the same command goes on where this one stopped."
            ) from None


def _sampled_recall(stored: StoredIndex) -> dict[str, Any]:
    """Recall with some items of the database as queries; they themselves are among what is found."""
    import numpy as np

    from models.index import open_index, recall_at_k
    from models.types import BinaryCodes

    assert stored.file is not None
    codes = stored.file.codes
    assert codes is not None
    n = len(codes)
    k = min(SAMPLED_K, n)
    rows = np.sort(np.random.default_rng(0).permutation(n)[:SAMPLED_QUERIES])
    queries = codes[rows] if isinstance(codes, BinaryCodes) else codes[rows].decode()
    recall = recall_at_k(stored.index.search(queries, k), open_index(codes).search(queries, k))
    return {"k": k, "mean": float(recall.mean()), "lowest": float(recall.min()), "n_query": len(rows)}


def _measured(stored: StoredIndex, query: CodeFile, k: int) -> dict[str, Any]:
    from models.cli.searching import compared_with_exhaustive

    stored.index.search(query.queries, k)  # the first search also touches memory for the first time
    began = time.perf_counter()
    found = stored.index.search(query.queries, k)
    ms = (time.perf_counter() - began) / len(found.ids) * 1e3
    measured: dict[str, Any] = {"n_query": len(found.ids), "k": k, "ms_a_query": ms}
    measured["fewest_found"] = int(found.n_found.min())
    if stored.file is not None:
        recall = compared_with_exhaustive(stored, query, found)
        measured |= {"recall": recall["mean"], "lowest_recall": recall["lowest"]}
    return measured


def _described(stored: StoredIndex) -> dict[str, Any]:
    return {key: stored.card[key] for key in ("kind", "settings", "code_kind", "n_database", "n_bits")}


def _settings_table(stored: StoredIndex) -> Table:
    card = stored.card
    rows = [["codes", card["code_kind"]], ["items", card["n_database"]], ["bits", card["n_bits"]]]
    rows += [[name, "auto" if value is None else value] for name, value in card["settings"].items()]
    return Table(f"index of kind {card['kind']}", ("", "value"), rows)
