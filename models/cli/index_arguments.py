"""Options of `search` and of the commands under `index`."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_search(search: argparse.ArgumentParser) -> None:
    """`search`."""
    search.add_argument("--query", required=True, metavar="q.npz", help="codes of the queries")
    search.add_argument("--database", metavar="db.npz", help="codes of the database")
    search.add_argument("--index", metavar="FOLDER", help="instead of a database: a folder of `index build`")
    search.add_argument("-k", type=int, default=10, help="results a query (default 10)")
    search.add_argument(
        "--kind", help="an index made for this search, see `index kinds` (default exhaustive)"
    )
    _add_set(search)
    search.add_argument("--recall", action="store_true", help="compare with exhaustive search")


def add_index(command: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    """The commands under `index`; `command` adds one by name, handler and help."""
    command("kinds", "models.cli.indexing:kinds", "List the kinds of index and their settings.")

    build = command("build", "models.cli.indexing:build", "Build an index and store it.")
    build.add_argument("--database", required=True, metavar="db.npz", help="codes of the database")
    build.add_argument("--kind", default="exhaustive", help="see `index kinds` (default exhaustive)")
    build.add_argument("--out", required=True, metavar="FOLDER", help="where the index goes")
    build.add_argument("--uri", help="of Milvus: a .db file (default: in FOLDER) or a cluster's address")
    build.add_argument("--collection", help="of Milvus (default hashlens)")
    _add_set(build)

    info = command("info", "models.cli.indexing:info", "Describe a stored index.")
    info.add_argument("folder", metavar="FOLDER", help="made by `index build`")
    info.add_argument("--query", metavar="q.npz", help="measure recall and speed with these queries")
    info.add_argument("-k", type=int, default=10, help="results a query (default 10)")

    export = command("export", "models.cli.indexing:export", "Write an index for use without Hashlens.")
    export.add_argument("folder", metavar="FOLDER", help="made by `index build`")
    export.add_argument("--out", required=True, metavar="FOLDER", help="a new folder")
    export.add_argument("--run", dest="run_name", metavar="RUN", help="with the encoder of this run")
    export.add_argument("--weights-file", metavar="FILE", help="weights of its backbone, if not downloadable")

    drop = command("drop", "models.cli.indexing:drop", "Remove a Milvus collection made by `index build`.")
    drop.add_argument("--uri", required=True, help="a .db file or a cluster's address")
    drop.add_argument("--collection", default="hashlens", help="default hashlens")


def _add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the kind; may be repeated",
    )
