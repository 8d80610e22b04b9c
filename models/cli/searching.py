"""`search`: the nearest items of each query, by any index."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.cli.output import Answer, Table
from models.errors import ConfigError, DataError

if TYPE_CHECKING:
    from models.codes.exchange import CodeFile
    from models.index import SearchResult
    from models.index.folder import StoredIndex


def search(chosen: argparse.Namespace) -> Answer:
    """The k nearest items of each query; of exhaustive search unless --kind or --index say otherwise."""
    from models.codes.exchange import read_codes
    from models.index.folder import item_names

    _refuse_contradictions(chosen)
    query = read_codes(chosen.query)
    stored = opened(chosen)
    found = stored.index.search(query.queries, chosen.k)
    rows = [_items(stored, found, row) for row in range(len(found.ids))]
    queries = [item_names(query, row) for row in range(len(rows))]
    beyond = found.n_tied_beyond.tolist()
    results = [
        {"query": asked, "items": items, "tied_beyond": tied}
        for asked, items, tied in zip(queries, rows, beyond, strict=True)
    ]
    document = {
        "n_query": len(rows),
        "n_database": stored.index.n_database,
        "n_bits": stored.card["n_bits"],
        "k": chosen.k,
        "results": results,
    }
    lines = []
    if chosen.kind or chosen.index:
        for result, n_found in zip(results, found.n_found.tolist(), strict=True):
            result["n_found"] = n_found
        document["index"] = {name: stored.card[name] for name in ("kind", "settings")}
        document["tied_beyond_is"] = found.ties
    if chosen.recall:
        document["recall"] = recall = compared_with_exhaustive(stored, query, found)
        lines = [f"Recall at {chosen.k} against exhaustive search: {recall['mean']:.4f}"]
    tables = [
        Table(
            f"query {_name(asked)}",
            ("rank", "item", "distance"),
            [[item["rank"], _name(item), item["distance"]] for item in items],
            _caption(len(items), chosen.k, tied, found.ties),
        )
        for asked, items, tied in zip(queries, rows, beyond, strict=True)
    ]
    return Answer(document, tables, lines)


def opened(chosen: argparse.Namespace) -> StoredIndex:
    """The index that --index, or --database and --kind, name."""
    from models.cli.indexing import parsed_settings
    from models.codes.exchange import read_codes
    from models.index import open_index
    from models.index.folder import StoredIndex, read_card, read_folder
    from models.index.kinds import index_kind

    if chosen.index:
        folder = Path(chosen.index)
        return read_folder(folder, **parsed_settings(read_card(folder)["kind"], chosen.set))
    database = read_codes(chosen.database)
    if database.codes is None:
        raise DataError(f"{chosen.database} holds query vectors only; a database needs codes.")
    kind = chosen.kind or "exhaustive"
    if kind == "milvus":
        raise ConfigError("Codes go into Milvus once: `index build --kind milvus`, then `search --index`.")
    settings = index_kind(kind).checked(parsed_settings(kind, chosen.set))
    card = {"kind": kind, "settings": settings, "n_bits": database.codes.n_bits}
    return StoredIndex(open_index(database.codes, kind, **settings), card, database)


def compared_with_exhaustive(stored: StoredIndex, query: CodeFile, found: SearchResult) -> dict[str, Any]:
    """Recall of a search, as a document.

    Raises:
        ConfigError: the codes are in Milvus, and not here.
    """
    from models.index import open_index, recall_at_k

    if stored.file is None or stored.file.codes is None:
        raise ConfigError("Codes in Milvus are searched exhaustively already; leave --recall out.")
    k = found.ids.shape[1]
    recall = recall_at_k(found, open_index(stored.file.codes).search(query.queries, k))
    return {"k": k, "mean": float(recall.mean()), "lowest": float(recall.min()), "n_query": len(recall)}


def _refuse_contradictions(chosen: argparse.Namespace) -> None:
    if not chosen.database and not chosen.index:
        raise ConfigError("One of these is required: --database db.npz, or --index FOLDER.")
    if chosen.index and (chosen.database or chosen.kind):
        raise ConfigError("A stored index has its own database and kind: give --index without the other two.")


def _items(stored: StoredIndex, found: SearchResult, row: int) -> list[dict[str, Any]]:
    distances, ids = found.row(row)
    pairs: Sequence[tuple[Any, dict[str, Any]]] = list(
        zip(distances.tolist(), stored.names(ids), strict=True)
    )
    return [{"rank": rank, "distance": distance, **item} for rank, (distance, item) in enumerate(pairs, 1)]


def _caption(n_found: int, k: int, tied: int, ties: str) -> str:
    parts = []
    if n_found < k:
        parts.append(f"the index found {n_found} of {k}")
    if tied:
        parts.append(f"{'at least ' if ties == 'at least' else ''}{tied} more at the last distance")
    return "; ".join(parts)


def _name(item: dict[str, Any]) -> str:
    return str(item.get("filename", item.get("id", item["row"])))
