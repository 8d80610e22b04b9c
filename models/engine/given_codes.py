"""Codes of another system as a data set of the library, without images, and one stored run on it."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.codes.exchange import CodeFile, read_codes
from models.codes.labels import agree_on_labels
from models.data import load_dataset
from models.data.importing import check_free
from models.data.library import (
    CARD,
    DATABASE,
    QUERY,
    Card,
    ProtocolCard,
    datasets_root,
    library_root,
)
from models.engine.config import RunConfig
from models.engine.maps import map_codes
from models.engine.results import per_query, result_record, score
from models.engine.run_files import RunCodes, write_json, write_map, write_run_codes
from models.engine.store import RunStore
from models.errors import DataError
from models.files import npz_bytes, write_atomically
from models.types import BinaryCodes, Bool, CodebookCodes, UInt8

_SYSTEM = re.compile(r"[a-z0-9][a-z0-9_]{0,23}")


def open_given_codes(name: str, query: Path, database: Path, system: str) -> Iterator[str | int]:
    """Make the data set `name` of two `codes.npz` files and store their codes as the run of `system`.

    Args:
        name: of the data set, new.
        query: codes of the queries.
        database: codes of the database, of the same kind and length.
        system: what made the codes; a word of small letters, digits and _.

    Yields:
        What is being done, in words; at the end the code length in bits, when the run is stored.

    Raises:
        DataError: a file cannot be used, the two do not fit each other, or the name is taken.
        StorageError: the library cannot be written.
    """
    check_free(name)
    if not _SYSTEM.fullmatch(system):
        raise DataError(
            f"{system!r} cannot be the name of a system. It has 1 to 24 small letters, digits and _, and "
            "starts with a letter or digit."
        )
    yield "reading the files"
    asked, searched = read_codes(query), read_codes(database)
    codes = run_codes(asked, searched)
    labels = _labels(asked, searched, len(codes.query) + len(codes.database))
    try:
        _write_pool(name, labels, codes, system)
        yield from _store(name, system, codes)
    except BaseException:  # an iterator that is given up half way as well
        shutil.rmtree(datasets_root() / name, ignore_errors=True)
        raise


def _store(name: str, system: str, codes: RunCodes) -> Iterator[str | int]:
    """Score, lay out and write the run of a data set that is there."""
    dataset = load_dataset(name)
    n_bits = codes.database.n_bits
    config = RunConfig(name, system, n_bits, 0, "unknown", "given", 0, 1, 1.0, 0.0, "shuffled")
    key = hashlib.sha256(codes_bytes(codes)).hexdigest()[:16]
    keys = {"key": config.key, "data_key": key, "method_key": key[:12]}
    yield "scoring"
    evaluation = score(codes, dataset) if dataset.info.n_classes else None
    yield "laying out the map"
    laid_out = map_codes(codes.database, codes.query)
    folder = RunStore(library_root() / "runs").folder(name, system, n_bits)
    write_run_codes(folder / "codes.npz", codes, per_query(evaluation))
    write_map(folder / "map.npz", laid_out)
    write_json(folder / "result.json", result_record(config, dataset, codes, evaluation, keys))
    yield n_bits


def run_codes(query: CodeFile, database: CodeFile) -> RunCodes:
    """Both files as one run's codes.

    Raises:
        DataError: codes are missing, or of different kind, length or books.
    """
    if database.codes is None:
        raise DataError(
            "The database file holds vectors alone. It needs codes: `packed`, `b`, `u` or `indices`."
        )
    if not len(query) or not len(database.codes):
        raise DataError(
            f"There are {len(query)} queries and {len(database.codes)} database items; both files need one "
            "at least."
        )
    if isinstance(database.codes, BinaryCodes):
        if not isinstance(query.codes, BinaryCodes) or query.codes.n_bits != database.codes.n_bits:
            raise DataError(
                f"The database has binary codes of {database.codes.n_bits} bits, the queries {_kind(query)}. "
                "Both files need codes of one kind and length."
            )
        return RunCodes(database.codes, query.codes)
    if query.embeddings is None:
        raise DataError(
            "The database has codebook codes; queries are compared with them as vectors. Add `embeddings`, "
            "(n, size), to the query file."
        )
    size = database.codes[[0]].decode().shape[1] if len(database.codes) else query.embeddings.shape[1]
    if query.embeddings.shape[1] != size:
        raise DataError(
            f"The queries' `embeddings` are {query.embeddings.shape[1]} numbers long, the database's words "
            f"decode to {size}. Both come from one system."
        )
    if query.codes is None:
        own = nearest_words(query.embeddings, database.codes)
    elif isinstance(query.codes, CodebookCodes) and np.array_equal(
        query.codes.codebooks, database.codes.codebooks
    ):
        own = query.codes
    else:
        raise DataError("The queries' codes are not of the database's books. Both files need the same books.")
    return RunCodes(database.codes, own, query.embeddings)


def nearest_words(vectors: np.ndarray, codes: CodebookCodes) -> CodebookCodes:
    """The words that stand nearest to vectors, book by book: what the queries' own codes would be.

    Raises:
        DataError: the words are added up, so that the nearest ones cannot be found book by book.
    """
    if codes.structure == "additive":
        raise DataError("Queries of additive codes need their own `indices` beside `embeddings`. Add them.")
    n_books, _, dim = codes.codebooks.shape
    parts = vectors.reshape(len(vectors), n_books, dim)
    indices = np.empty((len(vectors), n_books), dtype=np.uint8)
    for book, words in enumerate(codes.codebooks):
        likeness = parts[:, book] @ words.T
        if codes.metric == "l2":
            likeness = likeness - np.square(words).sum(axis=1) / 2
        indices[:, book] = likeness.argmax(axis=1)
    return CodebookCodes(indices, codes.codebooks, codes.structure, codes.metric)


def codes_bytes(codes: RunCodes) -> bytes:
    """All stored bytes of both splits."""
    return b"".join(_stored(part).tobytes() for part in (codes.query, codes.database))


def _stored(codes: BinaryCodes | CodebookCodes) -> UInt8:
    return codes.packed if isinstance(codes, BinaryCodes) else codes.indices


def _kind(file: CodeFile) -> str:
    if isinstance(file.codes, BinaryCodes):
        return f"binary codes of {file.codes.n_bits} bits"
    return "no codes" if file.codes is None else "codebook codes"


def _labels(query: CodeFile, database: CodeFile, n_items: int) -> Bool:
    """Labels of all items, queries first; without a column where neither file has any.

    Raises:
        DataError: one file has labels and the other has not, or they are of different classes.
    """
    if query.labels is None and database.labels is None:
        return np.zeros((n_items, 0), dtype=np.bool_)
    return np.concatenate(agree_on_labels(query, database))


def _write_pool(name: str, labels: Bool, codes: RunCodes, system: str) -> None:
    """The data set's files, its card last, so that its presence means that all is there."""
    folder, n_query = datasets_root() / name, len(codes.query)
    buffer = io.BytesIO()
    np.save(buffer, labels)
    write_atomically(folder / "labels.npy", buffer.getvalue())
    roles = np.full(len(labels), DATABASE, dtype=np.uint8)
    roles[:n_query] = QUERY
    write_atomically(folder / "splits-given.npz", npz_bytes({"roles": roles}))
    several = bool(labels.shape[1]) and bool((labels.sum(axis=1) != 1).any())
    card = Card(
        name=name,
        title=name,
        class_names=tuple(f"class {c}" for c in range(labels.shape[1])),
        label_kind="multi" if several else "single",
        licence="",
        source=f"codes of {system}",
        n=len(labels),
        image_size=0,
        mirror_is_same=True,
        protocols={"given": ProtocolCard("queries and database as given")},
        origin=(("", len(labels)),),
        pool_key=hashlib.sha256(codes_bytes(codes)).hexdigest()[:16],
        labels_key=hashlib.sha256(labels.tobytes()).hexdigest()[:16],
        how_to_get="These are codes without images: words stand for the pictures.",
    )
    write_json(folder / CARD, card.to_json())
