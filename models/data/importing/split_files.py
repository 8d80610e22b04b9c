"""The split files that hashing papers share: `train.txt`, `test.txt`, `database.txt` and a folder of images.

A line is the path of an image and a vector of 0 and 1, one number per class, separated by blanks. An image
may stand in train.txt and in database.txt. The images stay where they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from models.data.importing.known import SPLIT_FILES, KnownSet
from models.data.importing.records import Entry, Skipped, most_common_reasons
from models.data.importing.trees import printable
from models.data.library import DATABASE, QUERY, TRAIN
from models.errors import DataError

_ROLES = dict(zip(SPLIT_FILES, (TRAIN, QUERY, DATABASE), strict=True))
_PARTS = dict(zip(SPLIT_FILES, ("train", "test", "database"), strict=True))
_LOOKED_AT = 200  # lines that decide how wide the label vectors are, and images that must be there


class SplitFiles:
    """Images that split files name; see `models.data.importing.records.Source`."""

    def __init__(self, folder: Path, root: Path, known: KnownSet | None = None) -> None:
        """Read the split files.

        Args:
            folder: where the three files are.
            root: the folder that the paths in them start from.
            known: the published set they belong to, which fixes the width of the vectors.

        Raises:
            DataError: files are missing, no line can be used, or no image is below `root`.
        """
        missing = [name for name in SPLIT_FILES if not (folder / name).is_file()]
        if missing:
            raise DataError(
                f"{' and '.join(missing)} not found in {folder}. {known.how_to_get if known else ''} "
                "A line of them is the path of an image and a 0 or 1 for each class."
            )
        if not root.is_dir():
            raise DataError(
                f"{root} is no folder. Name the one that the paths in the split files start from."
            )
        self.linked_root = root.resolve()
        self.notes: list[str] = []
        self.skipped: list[Skipped] = []
        self.n_bytes = 0
        width = known.n_classes if known and known.n_classes else _usual_width(folder)
        self.class_names = known.labels if known and known.n_classes else _numbered(width)
        self.entries = self._read(folder, width)
        self._check_root()

    def read(self, position: int) -> bytes:
        """The image file of an entry."""
        name = self.entries[position].name
        try:
            return (self.linked_root / name).read_bytes()
        except FileNotFoundError:
            raise DataError(f"It was looked for in {self.linked_root} and is not there.") from None
        except OSError as error:
            raise DataError(f"The file cannot be read: {error.strerror or error}.") from None

    def close(self) -> None:
        """Nothing is open."""

    def _read(self, folder: Path, width: int) -> list[Entry]:
        found: dict[str, Entry] = {}
        for file, role in _ROLES.items():
            for number, line in _lines(folder / file):
                where = f"{file}, line {number}"
                parsed = _parse(line, width)
                if isinstance(parsed, str):
                    self.skipped.append(Skipped(where, parsed))
                    continue
                name, labels = parsed
                entry = found.get(name)
                if entry is None:
                    found[name] = Entry(name, labels, role, (), _PARTS[file])
                    continue
                if entry.roles & role:
                    how = "" if entry.labels == labels else ", with other labels"
                    self.skipped.append(
                        Skipped(where, f"{name} is listed twice{how}; the first line counts.")
                    )
                elif entry.labels != labels:
                    self.skipped.append(
                        Skipped(where, f"{name} was listed before with other labels; those count.")
                    )
                found[name] = Entry(name, entry.labels, entry.roles | role, (), entry.part)
        if not found:
            raise DataError(
                f"No line of the split files in {folder} can be used. {most_common_reasons(self.skipped)}"
            )
        return list(found.values())

    def _check_root(self) -> None:
        first = [entry.name for entry in self.entries[:_LOOKED_AT]]
        if not any((self.linked_root / name).is_file() for name in first):
            raise DataError(
                f"None of the first {len(first)} images of the split files is where it is looked for; the "
                f"first one is {self.linked_root / first[0]}. Name the folder that the paths "
                "in the files start from."
            )


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8-sig") as file:
        try:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.rstrip("\n")
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is no UTF-8 text ({error.reason}). Save it as UTF-8.") from None


def _vector_length(line: str) -> int:
    """How many zeros and ones stand at the end of a line."""
    length = 0
    for word in reversed(line.split()):
        if word not in ("0", "1"):
            break
        length += 1
    return length


def _usual_width(folder: Path) -> int:
    lengths: Counter[int] = Counter()
    for file in SPLIT_FILES:
        for number, line in _lines(folder / file):
            lengths[_vector_length(line)] += 1
            if number >= _LOOKED_AT:
                break
    return lengths.most_common(1)[0][0] if lengths else 0


def _parse(line: str, width: int) -> tuple[str, tuple[int, ...]] | str:
    """Path and classes of a line, or what is wrong with it."""
    length = _vector_length(line)
    if length != width:
        return f"{length} labels of 0 or 1 where {width} are expected; the image is left out."
    name, *values = line.rsplit(None, width) if width else (line.strip(),)
    path = PurePosixPath(name.strip().replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        return f"{printable(name)} leads out of the folder; paths start from the folder of the images."
    return path.as_posix(), tuple(i for i, value in enumerate(values) if value == "1")


def _numbered(width: int) -> tuple[str, ...]:
    return tuple(f"label {i}" for i in range(width))
