"""Vectors that say what labels mean, read from a file of the user: word vectors of the class names.

Two kinds of file: `.npz` with the arrays `names` and `vectors`, and `.txt` as word2vec and GloVe write them,
a word and its numbers per line. Text is read line by line, since such files often hold millions of words.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.errors import DataError
from models.types import Float32


@dataclass(frozen=True)
class LabelVectors:
    """One vector per class.

    Attributes:
        vectors: float32 (n_classes, width), in the order of the classes.
        sha256: of the file that they were read from, 64 hex digits.
    """

    vectors: Float32
    sha256: str


def read_label_vectors(path: Path, class_names: Sequence[str]) -> LabelVectors:
    """Find the vector of every class by its name.

    A name is looked for as it is; then without regard to capitals, with "_" and "-" for spaces; a name of
    several words that is not there is the mean of its words' vectors.

    Args:
        path: `.npz` or `.txt`.
        class_names: of the data set.

    Raises:
        DataError: no such file, another kind of file or content, or names without a vector; they are listed.
    """
    try:
        suffix = path.suffix.lower()
        if suffix == ".npz":
            known, sha256 = _read_npz(path)
        elif suffix == ".txt":
            known, sha256 = _read_text(path, class_names)
        else:
            raise DataError(f"Label vectors are read from a .npz or a .txt file; got {path.name}.")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    loosely: dict[str, Float32] = {}
    for name, vector in known.items():
        loosely.setdefault(_loose(name), vector)
    found = [_vector_of(name, known, loosely) for name in class_names]
    missing = [name for name, vector in zip(class_names, found, strict=True) if vector is None]
    if missing:
        raise DataError(
            f"{path.name} has no vector for {len(missing)} of {len(class_names)} classes: "
            f"{', '.join(missing)}. Add them; capitals do not matter, and '_' or '-' may stand for a space."
        )
    kept = [vector for vector in found if vector is not None]
    if len({len(vector) for vector in kept}) != 1:
        raise DataError(f"The vectors of {path.name} differ in length. All have to be equally long.")
    vectors = np.stack(kept)
    if not np.isfinite(vectors).all() or (vectors == 0).all(axis=1).any():
        raise DataError(f"A class's vector in {path.name} is zero or not finite; it points nowhere.")
    return LabelVectors(vectors, sha256)


def _vector_of(name: str, known: Mapping[str, Float32], loosely: Mapping[str, Float32]) -> Float32 | None:
    for vector in (known.get(name), loosely.get(_loose(name))):
        if vector is not None:
            return vector
    words = [loosely.get(word) for word in _loose(name).split()]
    there = [word for word in words if word is not None]
    if len(words) < 2 or len(there) < len(words) or len({len(vector) for vector in there}) != 1:
        return None
    mean: Float32 = np.mean(there, axis=0, dtype=np.float32)
    return mean


def _loose(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())


def _read_npz(path: Path) -> tuple[dict[str, Float32], str]:
    content = path.read_bytes()
    expected = "Expected a .npz with the arrays `names`, text (n,), and `vectors`, numbers (n, width)"
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            names, vectors = arrays["names"], arrays["vectors"]
    except (KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path.name} holds no label vectors ({reason}). {expected}.") from None
    shapes = f"got names {names.dtype} {names.shape} and vectors {vectors.dtype} {vectors.shape}"
    if names.dtype.kind != "U" or vectors.dtype.kind not in "iuf" or names.ndim != 1 or vectors.ndim != 2:
        raise DataError(f"{path.name}: {shapes}. {expected}.")
    if len(names) != len(vectors) or not vectors.size:
        raise DataError(f"{path.name}: {shapes}. {expected}.")
    listed = [str(name) for name in names]
    twice = sorted({name for name in listed if listed.count(name) > 1})
    if twice:
        raise DataError(f"{path.name} has more than one vector for {', '.join(twice)}. Keep one of them.")
    rows = vectors.astype(np.float32)
    return dict(zip(listed, rows, strict=True)), hashlib.sha256(content).hexdigest()


def _read_text(path: Path, class_names: Sequence[str]) -> tuple[dict[str, Float32], str]:
    """Vectors of the words that any class could need; the first line may hold two counts instead."""
    wanted = {_loose(name) for name in class_names}
    wanted |= {word for name in wanted for word in name.split()}
    known: dict[str, Float32] = {}
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            digest.update(line)
            first, _, rest = line.strip().partition(b" ")
            word = first.decode("utf-8", "replace")
            counts = number == 1 and first.isdigit() and rest.strip().isdigit()
            if counts or word in known or _loose(word) not in wanted:
                continue
            try:
                vector = np.array(rest.split(), dtype=np.float32)
            except ValueError:
                vector = np.empty(0, dtype=np.float32)
            if not vector.size:
                raise DataError(
                    f"{path.name}, line {number}: {word!r} is not followed by numbers. "
                    "Expected a word and its numbers on every line, separated by spaces."
                )
            known[word] = vector
    return known, digest.hexdigest()
