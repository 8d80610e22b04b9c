"""`encode` and `evaluate`: images to codes, codes to scores."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.cli.output import Answer, Table, progress_bar
from models.cli.runs import checkpoint_of, stored_run
from models.errors import ConfigError, DataError
from models.types import BinaryCodes, CodebookCodes, Codes, UInt8

if TYPE_CHECKING:
    from models.codes.exchange import CodeFile
    from models.metrics import Evaluation

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
# Files on the own disk may be larger than what a page takes.
MAX_BYTES, MAX_PIXELS = 500 * 2**20, 400_000_000
IMAGES_AT_ONCE = 512


def encode(chosen: argparse.Namespace) -> Answer:
    """Codes of image files, in the order of their names."""
    files = _image_files([Path(path) for path in chosen.images])
    checkpoint = checkpoint_of(chosen.run_name)
    from models.codes.exchange import write_codes
    from models.data.image_file import read_image
    from models.engine.encode import encode_images, open_encoder

    encoder = open_encoder(checkpoint, Path(chosen.weights_file) if chosen.weights_file else None)
    parts, names, unreadable = [], [], []
    with progress_bar() as progress:
        task = progress.add_task("images", total=len(files))
        for chunk in batched(files, IMAGES_AT_ONCE):
            images = []
            for name in chunk:
                try:
                    image = read_image(_content(files[name]), MAX_BYTES, MAX_PIXELS)[0]
                except DataError as error:
                    unreadable.append(f"{files[name]}: {error}")
                else:
                    names.append(name)
                    images.append(image)
                progress.advance(task)
            # Nothing will be written when a file is bad, but the reader wants to know of all of them at once.
            if images and (chosen.skip_unreadable or not unreadable):
                parts.append(encode_images(encoder, images))
    if unreadable and (not chosen.skip_unreadable or not names):
        raise DataError(_all_unreadable(unreadable, n_files=len(files)))
    codes: Codes
    first = parts[0].codes
    if isinstance(first, BinaryCodes):
        packed = [part.codes.packed for part in parts if isinstance(part.codes, BinaryCodes)]
        codes = BinaryCodes(np.concatenate(packed), first.n_bits)
    else:
        indices = [part.codes.indices for part in parts if isinstance(part.codes, CodebookCodes)]
        codes = CodebookCodes(np.concatenate(indices), first.codebooks, first.structure, first.metric)
    vectors = [part.embeddings for part in parts if part.embeddings is not None]
    write_codes(
        chosen.out,
        codes,
        embeddings=np.concatenate(vectors) if vectors else None,
        filenames=np.array(names),
    )
    document: dict[str, Any] = {"out": str(chosen.out), "n_images": len(names), "n_bits": codes.n_bits}
    if chosen.skip_unreadable:
        document["unreadable"] = unreadable
    lines = [f"{len(names)} images, {codes.n_bits} bits each, written to {chosen.out}"]
    return Answer(document, lines=[f"Left out: {reason}" for reason in unreadable] + lines)


def evaluate(chosen: argparse.Namespace) -> Answer:
    """All metrics, of two files or of a stored run."""
    from models.metrics import evaluate as score

    rules: dict[str, Any] = {"k": None, "normalize_by": "relevant"}
    if chosen.run_name is not None:
        if chosen.query or chosen.database:
            raise ConfigError("Give --run, or --query and --database, not both.")
        from models.data import load_dataset
        from models.engine.comparable import same_protocol
        from models.engine.results import protocol

        run = stored_run(chosen.run_name)
        dataset = load_dataset(run.config.dataset)
        now = protocol(dataset.info)
        # Codes of other splits would be scored against the wrong labels.
        rules = same_protocol({"the run": run.result["protocol"], "the data set as it is now": now})
        parts: tuple[Any, ...] = (
            run.queries("query"),
            run.codes("database"),
            dataset.labels("query"),
            dataset.labels("database"),
        )
    else:
        if not chosen.query or not chosen.database:
            raise ConfigError("Give --query and --database, or --run.")
        from models.codes.labels import agree_on_labels

        query, database = _two_files(chosen.query, chosen.database)
        _refuse_the_same(query, database)
        parts = (query.queries, database.codes, *agree_on_labels(query, database))
    asked = {"k": chosen.k, "normalize_by": chosen.normalize_by}
    rules = rules | {name: value for name, value in asked.items() if value is not None}
    result = score(*parts, k=rules["k"], normalize_by=rules["normalize_by"], radius=chosen.radius)
    document = result.to_json() | {"tie_rule": chosen.tie_rule}
    if "name" in rules and asked == {"k": None, "normalize_by": None}:
        document["protocol"] = rules["name"]
    return Answer(document, _evaluation_tables(result, chosen.tie_rule))


def _two_files(query_path: str, database_path: str) -> tuple[CodeFile, CodeFile]:
    from models.codes.exchange import read_codes

    query, database = read_codes(query_path), read_codes(database_path)
    if database.codes is None:
        raise DataError(f"{database_path} holds query vectors only; a database needs codes.")
    return query, database


def _refuse_the_same(query: CodeFile, database: CodeFile) -> None:
    """Scoring a set against itself would count every query's own copy as its best result."""
    if query.codes is None or database.codes is None or len(query) < 2:
        return
    asked, stored = (_stored(codes) for codes in (query.codes, database.codes))
    # Codes that have all collapsed into one are equal without being the same images.
    if np.array_equal(asked, stored) and (asked != asked[0]).any():
        raise DataError(
            f"Query and database are the same: both hold the same {len(query)} codes in the same order, and "
            "every query would find itself first. Give a database without the queries."
        )


def _stored(codes: Codes) -> UInt8:
    return codes.packed if isinstance(codes, BinaryCodes) else codes.indices


def _all_unreadable(reasons: list[str], n_files: int, n_shown: int = 10) -> str:
    if len(reasons) == 1:
        return f"{reasons[0]} Or leave it out with --skip-unreadable."
    more = f" And {len(reasons) - n_shown} more." if len(reasons) > n_shown else ""
    return (
        f"{len(reasons)} of {n_files} files cannot be read. {' '.join(reasons[:n_shown])}{more} "
        "Take them away, or give --skip-unreadable."
    )


def batched(names: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lists of up to `size` names (`itertools.batched` comes with Python 3.12)."""
    rest = iter(names)
    while chunk := list(islice(rest, size)):
        yield chunk


def _image_files(paths: list[Path]) -> dict[str, Path]:
    """Files by the name that goes into the code file: relative to a given folder, else as given."""
    files: dict[str, Path] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
            if not inside:
                raise DataError(f"There are no images in {path}. Known endings: {', '.join(SUFFIXES)}.")
            files |= {str(p.relative_to(path) if len(paths) == 1 else p): p for p in inside}
        elif path.is_file():
            files[str(path)] = path
        else:
            raise DataError(f"There is no file or folder {path}.")
    return files


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"Larger than the {MAX_BYTES // 2**20} MB that are taken. Make it smaller.")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"Cannot be read: {error.strerror}.") from None


def _evaluation_tables(result: Evaluation, tie_rule: str) -> list[Table]:
    scores = result.map
    order = [tie_rule, *(rule for rule in scores if rule != tie_rule)]
    ranks = "the whole ranking" if result.k is None else f"the first {result.k} ranks"
    caption = (
        f"{result.n_query} queries, {result.n_database} items, {result.n_bits} bits; over {ranks}, "
        f"divided by {result.normalize_by}. {result.n_without_relevant} queries have no relevant item"
    )
    tables = [
        Table("Mean average precision", ("ties", "mAP"), [[rule, scores[rule]] for rule in order], caption)
    ]
    by_rank: dict[str, dict[int, float] | None] = {
        "precision": result.precision_at_k,
        "recall": result.recall_at_k,
        "NDCG": result.ndcg_at_k,
        "ACG": result.acg_at_k,
    }
    shown = {name: values for name, values in by_rank.items() if values is not None}
    rows = [[k, *(values[k] for values in shown.values())] for k in result.precision_at_k]
    tables.append(Table("At rank k", ("k", *shown), rows))
    if result.radius_precision is not None:
        row = [result.radius, result.radius_precision, result.radius_recall, result.radius_empty]
        tables.append(
            Table("Within a Hamming radius", ("bits", "precision", "recall", "empty queries"), [row])
        )
    if result.wap is not None:
        tables.append(Table("Weighted average precision", ("WAP",), [[result.wap]]))
    return tables
