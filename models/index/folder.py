"""An index as a folder: built once, opened many times.

    index.json     kind, settings, sizes, fingerprints; written last, so that an interrupted build is no index
    codes.npz      the database, see `models.codes.exchange`
    index.faiss    what took long to build, for the kinds that keep it

An index in Milvus is a folder with index.json only: codes and names are in the collection.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.codes.exchange import CodeFile, read_codes, write_codes
from models.errors import ConfigError, DataError, StorageError
from models.files import sha256_of, write_atomically
from models.index.base import Index
from models.index.kinds import IndexKind, index_class, index_kind, open_index
from models.types import BinaryCodes, Int64

FORMAT = "hashlens index 1"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class StoredIndex:
    """An index and what is known of its items.

    Attributes:
        index: to be searched.
        card: what index.json says: kind, settings, n_database, n_bits, code_kind, fingerprints, versions.
        file: the database with ids and file names; None where Milvus has them.
    """

    index: Index
    card: dict[str, Any]
    file: CodeFile | None

    def names(self, rows: Int64) -> list[dict[str, Any]]:
        """What is known of some items: `row`, and `id` and `filename` where there are any."""
        if self.file is not None:
            return [item_names(self.file, row) for row in rows.tolist()]
        from models.index.milvus import MilvusIndex

        assert isinstance(self.index, MilvusIndex), "only Milvus keeps the names itself"
        return self.index.names(rows)


def item_names(file: CodeFile, row: int) -> dict[str, Any]:
    """What is known of one item of a code file."""
    known: dict[str, Any] = {"row": row}
    if file.ids is not None:
        known["id"] = file.ids[row].item()
    if file.filenames is not None:
        known["filename"] = file.filenames[row].item()
    return known


def build_folder(folder: Path, file: CodeFile, kind: str, settings: dict[str, Any]) -> StoredIndex:
    """Build an index over a code file and store it.

    Args:
        folder: new or empty, or one that held an index before.
        file: the database.
        kind: a name of `KINDS`, not Milvus.
        settings: of that kind.

    Raises:
        ConfigError, DataError, UnknownNameError: as in `open_index`; DataError also where the folder holds
            other files.
        StorageError: the folder cannot be written.
    """
    if file.codes is None:
        raise DataError("These are query vectors only; a database needs codes.")
    check_folder(folder)
    chosen = index_kind(kind)
    index = open_index(file.codes, kind, **settings)
    (folder / "index.json").unlink(missing_ok=True)
    write_code_file(folder / "codes.npz", file)
    kept = [folder / "codes.npz"]
    if chosen.keeps_file:
        kept.append(folder / "index.faiss")
        write_atomically(kept[-1], faiss_bytes(index, binary=isinstance(file.codes, BinaryCodes)))
    card = {
        **_sizes(file, chosen, chosen.checked(settings)),
        "files": {path.name: sha256_of(path) for path in kept},
        "versions": _versions(),
    }
    write_card(folder, card)
    return StoredIndex(index, card, file)


def build_in_milvus(
    folder: Path, file: CodeFile, settings: dict[str, Any], progress: Progress | None = None
) -> StoredIndex:
    """Put a code file into Milvus, or go on where that was broken off, and store where it is.

    Args:
        folder: as in `build_folder`.
        file: binary codes.
        settings: of the kind "milvus"; a .db file that is not named lies in the folder.
        progress: told items stored and items in all.

    Raises:
        ConfigError, DataError, NotAvailableError: as in `MilvusIndex`.
        StorageError: the folder cannot be written.
    """
    from models.index.milvus import MilvusIndex
    from models.index.milvus_client import check_address

    if file.codes is None:
        raise DataError("These are query vectors only; a database needs codes.")
    check_folder(folder)
    kind = index_kind("milvus")
    index_class(kind, file.codes)
    if "uri" in settings:
        in_a_file = settings["uri"].endswith(".db")
        settings = {**settings, "uri": str(Path(settings["uri"]).resolve()) if in_a_file else settings["uri"]}
    chosen = kind.checked(settings)
    check_address(chosen["uri"])
    make_folder(folder)
    opened = {**chosen, "uri": _address(folder, chosen["uri"])}
    assert isinstance(file.codes, BinaryCodes), "other codes were refused above"
    index = MilvusIndex(file.codes, **opened, file=file, progress=progress)
    card = {**_sizes(file, kind, chosen), "files": {}, "versions": _versions("pymilvus")}
    write_card(folder, card)
    return StoredIndex(index, card, None)


def _address(folder: Path, uri: str) -> str:
    """A .db file without a folder lies beside index.json, so that the two can be moved together."""
    return str(folder / uri) if uri.endswith(".db") and "://" not in uri else uri


def read_folder(folder: Path, **settings: Any) -> StoredIndex:
    """Open a stored index.

    Args:
        folder: made by `build_folder`, or for Milvus by the command line.
        **settings: those that may be changed at search; others keep the values of the build.

    Raises:
        DataError: no index, or damaged.
        ConfigError: a setting that needs another build, or out of range.
        NotAvailableError: Milvus is not installed, or cannot be reached.
    """
    card = read_card(folder)
    kind = index_kind(card["kind"])
    for name in settings:
        if name in card["settings"] and not any(s.name == name and s.at_search for s in kind.settings):
            raise ConfigError(f"{name} is fixed when the index is built. Build it again with another value.")
    chosen = kind.checked({**card["settings"], **settings})
    if not card["files"]:
        from models.index.milvus import open_collection

        return StoredIndex(open_collection(_address(folder, chosen["uri"]), chosen["collection"]), card, None)
    for name, sha256 in card["files"].items():
        if not (folder / name).is_file() or sha256_of(folder / name) != sha256:
            raise DataError(
                f"{folder / name} is missing or not the one that was built. Build the index again."
            )
    file = read_codes(folder / "codes.npz")
    assert file.codes is not None, "the fingerprint says that these are the codes of the build"
    if kind.keeps_file:
        chosen["stored"] = folder / "index.faiss"
    return StoredIndex(index_class(kind, file.codes)(file.codes, **chosen), card, file)


def read_card(folder: Path) -> dict[str, Any]:
    """What index.json says.

    Raises:
        DataError: there is none, or it is of another program.
    """
    try:
        card = json.loads((folder / "index.json").read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(
            f"{folder} holds no finished index. Make one with `python -m models index build`."
        ) from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise DataError(f"{folder / 'index.json'} was not written by this program. Build the index again.")
    return card


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write index.json."""
    write_atomically(folder / "index.json", (json.dumps(card, indent=1) + "\n").encode())


def make_folder(folder: Path) -> None:
    """Make the folder, or raise StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"Could not make {folder}: {error.strerror}. Choose another folder.") from error


def check_folder(folder: Path) -> None:
    """Raise DataError unless the folder is new, empty, or one that this program fills."""
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file. Give a folder.")
    ours = ("index.json", "codes.npz", "index.faiss", "milvus.db")  # and the journal beside milvus.db
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    if foreign := [name for name in names if not name.startswith((".", *ours))]:
        raise DataError(f"{folder} holds other files, as {min(foreign)}. Choose a new or empty folder.")


def write_code_file(path: Path, file: CodeFile) -> None:
    """Write a code file as it was read."""
    write_codes(
        path,
        file.codes,
        embeddings=file.embeddings,
        labels=file.labels,
        ids=file.ids,
        filenames=file.filenames,
    )


def faiss_bytes(index: Any, *, binary: bool) -> bytes:
    """The FAISS index inside one of ours, as a file's content."""
    import faiss

    serialize = faiss.serialize_index_binary if binary else faiss.serialize_index
    return bytes(serialize(index.faiss_index).tobytes())


def _sizes(file: CodeFile, kind: IndexKind, settings: dict[str, Any]) -> dict[str, Any]:
    assert file.codes is not None
    return {
        "format": FORMAT,
        "kind": kind.name,
        "settings": settings,
        "code_kind": "binary" if isinstance(file.codes, BinaryCodes) else "codebook",
        "n_database": len(file.codes),
        "n_bits": file.codes.n_bits,
    }


def _versions(*more: str) -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("numpy", "faiss-cpu", *more)}
