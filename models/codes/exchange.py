"""`codes.npz`: codes in and out of any hashing system. One file holds one set of items, queries or database.

The codes, in one of these forms (n items):

    packed      uint8 (n, ceil(n_bits / 8)), NumPy's big bit order, zero padded    with n_bits (one whole
    number) b           (n, n_bits), {0, 1}, {-1, +1} or bool
    u           (n, n_bits), real; binarized on reading, 0 becoming +1
    indices     (n, n_codebooks), whole numbers: the chosen word of each book
                with codebooks, real (n_codebooks, n_centroids, dim); metric, "l2" (default) or "ip";
                structure, "product" (default) or "additive"
    embeddings  (n, size), real: query vectors for a database of codebook codes; alone, or beside `indices`

and what is known of the items, each optional:

    labels      class ids, whole numbers (n,), or multi-hot, bool or {0, 1}, (n, n_classes)
    ids         (n,), whole numbers or text: the items' own names
    filenames   (n,), text

Nothing is unpickled. Other members are ignored.
"""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from models.codes.packing import binarize_array, pack
from models.errors import DataError
from models.files import npz_bytes, write_atomically
from models.types import BinaryCodes, Bool, CodebookCodes, Codes, Float32, Int64, Queries

Array = npt.NDArray[Any]
FORMS = ("packed", "b", "u", "indices", "embeddings")
_MEMBERS = (*FORMS, "n_bits", "codebooks", "metric", "structure", "labels", "ids", "filenames")
# A member that unpacks to more than this, and to more than 200 times its size on disk, is no honest array.
_SUSPICIOUS_BYTES, _SUSPICIOUS_RATIO = 2**30, 200


@dataclass(frozen=True)
class CodeFile:
    """The content of a `codes.npz`.

    Attributes:
        codes: binary or codebook codes; None when the file holds query vectors only.
        embeddings: float32 (n, size), query vectors for codebook codes, or None.
        labels: class ids, int64 (n,), or multi-hot, bool (n, n_classes), or None; see `models.codes.labels`.
        ids: (n,), whole numbers or text, or None.
        filenames: text (n,), or None.
    """

    codes: Codes | None
    embeddings: Float32 | None = None
    labels: Int64 | Bool | None = None
    ids: Array | None = None
    filenames: Array | None = None

    def __post_init__(self) -> None:
        if self.codes is None and self.embeddings is None:
            raise DataError(f"There are no codes: one of {', '.join(FORMS)} is needed.")
        lengths = {
            name: len(part)
            for name in ("codes", "embeddings", "labels", "ids", "filenames")
            if (part := getattr(self, name)) is not None
        }
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{name} {n}" for name, n in lengths.items())
            raise DataError(f"Every part describes the same items, in one order; got lengths {counts}.")

    def __len__(self) -> int:
        return len(self.queries)

    @property
    def queries(self) -> Queries:
        """What these items are compared by as queries: their vectors where there are any, else their codes.

        Raises:
            DataError: codebook codes without vectors.
        """
        if self.embeddings is not None:
            return self.embeddings
        if isinstance(self.codes, BinaryCodes):
            return self.codes
        raise DataError(
            "Queries against codebook codes are real vectors: add them as `embeddings`, (n, size)."
        )


def read_codes(path: Path | str) -> CodeFile:
    """Read a `codes.npz`.

    Raises:
        DataError: no such file, truncated, another format, or content that breaks the rules above; one line
            that names the file.
    """
    path = Path(path)
    try:
        return _parse(_members(path))
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def write_codes(
    path: Path | str,
    codes: Codes | None,
    *,
    embeddings: Float32 | None = None,
    labels: npt.NDArray[Any] | None = None,
    ids: npt.NDArray[Any] | None = None,
    filenames: npt.NDArray[Any] | None = None,
) -> None:
    """Write a `codes.npz`, whole or not at all. The same content gives the same bytes.

    Args:
        path: where to; an existing file is replaced only by a complete new one.
        codes: binary or codebook codes; None for query vectors alone.
        embeddings: float32 (n, size), query vectors.
        labels: class ids (n,) or multi-hot (n, n_classes).
        ids: (n,), whole numbers or text.
        filenames: (n,), text.

    Raises:
        DataError: parts of different length, or not of the form above.
        StorageError: the disk is full, or the folder cannot be written.
    """
    arrays: dict[str, Array] = {}
    if isinstance(codes, BinaryCodes):
        arrays |= {"packed": codes.packed, "n_bits": np.asarray(codes.n_bits)}
    elif codes is not None:
        arrays |= {"indices": codes.indices, "codebooks": codes.codebooks}
        arrays |= {"metric": np.asarray(codes.metric), "structure": np.asarray(codes.structure)}
    optional = {"embeddings": embeddings, "labels": labels, "ids": ids, "filenames": filenames}
    arrays |= {name: np.asarray(part) for name, part in optional.items() if part is not None}
    _parse(arrays)
    write_atomically(Path(path), npz_bytes(arrays))


def _members(path: Path) -> dict[str, Array]:
    """The arrays of an npz file that have a meaning here."""
    if not path.exists():
        raise DataError("There is no such file.")
    if not path.is_file() and not path.is_dir():  # a device or a pipe may never end
        raise DataError("Cannot be read: not a regular file.")
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                bound = max(_SUSPICIOUS_BYTES, _SUSPICIOUS_RATIO * member.compress_size)
                if member.file_size > bound:
                    raise DataError(f"{member.filename} would unpack to {member.file_size} bytes.")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in _MEMBERS if name in arrays}
    except OSError as error:
        raise DataError(f"Cannot be read: {error.strerror or error}.") from None
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, tokenize.TokenError):
        raise DataError("Not a complete npz file; it is truncated, damaged or of another format.") from None
    except (ValueError, KeyError, NotImplementedError, RuntimeError, MemoryError):
        raise DataError(
            "Holds something other than plain arrays. Save numbers and text with numpy.savez, no objects."
        ) from None


def _parse(members: dict[str, Array]) -> CodeFile:
    """Check and convert raw members."""
    forms = [name for name in FORMS if name in members]
    if not forms:
        found = ", ".join(members) or "nothing known"
        raise DataError(f"There are no codes: one of {', '.join(FORMS)} is needed; found {found}.")
    if len(forms) > 1 and forms != ["indices", "embeddings"]:
        raise DataError(f"Codes come in one form; found {' and '.join(forms)}. Keep one of them.")
    codes: Codes | None = None
    if "packed" in members:
        codes = _packed(members)
    elif "b" in members:
        codes = pack(members["b"])
    elif "u" in members:
        _matrix(members["u"], "u")
        codes = pack(binarize_array(members["u"]))
    elif "indices" in members:
        codes = _codebook(members)
    embeddings = _matrix(members["embeddings"], "embeddings") if "embeddings" in members else None
    return CodeFile(
        codes,
        embeddings,
        _labels(members["labels"]) if "labels" in members else None,
        _names(members["ids"], "ids", "iuU") if "ids" in members else None,
        _names(members["filenames"], "filenames", "U") if "filenames" in members else None,
    )


def _packed(members: dict[str, Array]) -> BinaryCodes:
    n_bits = members.get("n_bits")
    if n_bits is None or n_bits.size != 1 or n_bits.dtype.kind not in "iu":
        raise DataError("`packed` codes need `n_bits`, one whole number: the padding hides the code length.")
    codes = BinaryCodes(members["packed"], int(n_bits.item()))
    padding = codes.packed.shape[1] * 8 - codes.n_bits
    if len(codes) and (codes.packed[:, -1] & ((1 << padding) - 1)).any():
        raise DataError(
            f"`packed` has set bits behind the {codes.n_bits}th. Pack with numpy.packbits(bits, axis=1) "
            "(big bit order), and check n_bits."
        )
    return codes


def _codebook(members: dict[str, Array]) -> CodebookCodes:
    if "codebooks" not in members:
        raise DataError("`indices` need `codebooks`, (n_codebooks, n_centroids, dim).")
    indices, books = members["indices"], members["codebooks"]
    if indices.dtype.kind not in "iu" or (indices.size and not 0 <= indices.min() <= indices.max() <= 255):
        raise DataError(f"`indices` are whole numbers from 0 to 255; got {indices.dtype} values outside.")
    if books.dtype.kind not in "fiu" or not np.isfinite(books).all():
        raise DataError("`codebooks` must hold finite real numbers.")
    metric, structure = str(members.get("metric", "l2")), str(members.get("structure", "product"))
    if metric not in ("l2", "ip") or structure not in ("product", "additive"):
        raise DataError(
            f"`metric` is l2 or ip and `structure` is product or additive; got {metric!r} and {structure!r}."
        )
    return CodebookCodes(
        indices.astype(np.uint8),
        books.astype(np.float32),
        cast(Literal["product", "additive"], structure),
        cast(Literal["l2", "ip"], metric),
    )


def _matrix(values: Array, name: str) -> Float32:
    """Real (n, size) as float32, all finite."""
    if values.ndim != 2 or values.shape[1] == 0 or values.dtype.kind not in "fiu":
        raise DataError(
            f"`{name}` holds real numbers, (n, size); got {values.dtype} of shape {values.shape}."
        )
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is refused with the rest
        matrix = values.astype(np.float32)
    if not np.isfinite(matrix).all():
        rows = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
        raise DataError(f"`{name}` has NaN or infinity in {len(rows)} rows, the first is row {rows[0]}.")
    return matrix


def _labels(labels: Array) -> Int64 | Bool:
    if labels.ndim == 1 and labels.dtype.kind in "iu":
        if labels.size and labels.min() < 0:
            raise DataError(f"Class ids are 0 or more; `labels` holds {int(labels.min())}.")
        return labels.astype(np.int64)
    is_multi_hot = labels.dtype == np.bool_ or (labels.dtype.kind in "iuf" and np.isin(labels, (0, 1)).all())
    if labels.ndim == 2 and labels.shape[1] > 0 and is_multi_hot:
        return labels.astype(np.bool_)
    raise DataError(
        "`labels` are class ids, whole numbers of shape (n,), or multi-hot, 0 or 1, of shape (n, n_classes); "
        f"got {labels.dtype} of shape {labels.shape}."
    )


def _names(names: Array, member: str, kinds: str) -> Array:
    if names.ndim != 1 or names.dtype.kind not in kinds:
        wanted = "text" if kinds == "U" else "whole numbers or text"
        raise DataError(f"`{member}` holds {wanted}, (n,); got {names.dtype} of shape {names.shape}.")
    return names
