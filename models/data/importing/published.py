"""Sets that torchvision knows: MNIST, FashionMNIST, CIFAR10, CIFAR100 and VOC, from its files or from images.

Rows of the pool are the train images by class, then the test images by class; within a class they keep the
order of the published files. A folder or zip with `train/<class>/<number>` and `test/<class>/<number>` gives
the same order when its numbers count the images of a class in the published order. For the JPEG copy of
CIFAR-10 that is how its maker's script numbers them; against the published pickles it is unverified here.
Where it is another order, `models.data.importing.signature` finds every image its row.
"""

from __future__ import annotations

import errno
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from models.data.importing.known import KnownSet
from models.data.importing.records import Entry, Skipped
from models.data.importing.trees import open_tree
from models.errors import DataError, NotAvailableError, StorageError

_CLASSES = {"mnist": "MNIST", "fashionmnist": "FashionMNIST", "cifar10": "CIFAR10", "cifar100": "CIFAR100"}
_DIGITS, _NO_LETTER = re.compile(r"(\d+)"), re.compile(r"[\W_]+")


class ImagesByPart:
    """`train/<class>/*` and `test/<class>/*` in a folder or zip; see `importing.records.Source`."""

    linked_root = None

    def __init__(self, path: Path, known: KnownSet) -> None:
        """Look at the images.

        Raises:
            DataError: no such folders, or classes are missing.
        """
        self.tree = open_tree(path)
        self.class_names = known.class_names
        self.notes: list[str] = []
        skipped: list[Skipped] = []
        number = {_plain(name): i for i, name in enumerate(known.class_names)}
        number |= {str(i): i for i in range(len(known.class_names))}
        found: list[tuple[int, int, list[Any], str]] = []
        parts = [part for part, _ in known.counts]
        for name in self.tree.images:
            *_, part, label, _ = ("", "", *PurePosixPath(name).parts)
            if part not in parts or _plain(label) not in number:
                skipped.append(Skipped(name, "It does not lie in train/<class> or test/<class>."))
            else:
                found.append((parts.index(part), number[_plain(label)], _natural(name), name))
        missing = _missing(found, parts, known.class_names)
        if missing:
            self.tree.close()
            raise DataError(
                f"{path} lacks {len(missing)} of the folders of {known.short_title}, such as {missing[0]}. "
                f"Expected are train/<class> and test/<class> for the classes {', '.join(known.class_names)}."
            )
        found.sort()
        self.skipped = (*self.tree.skipped, *skipped)
        self.entries = [Entry(name, (label,), 0, (), parts[part]) for part, label, _, name in found]
        self.n_bytes = self.tree.n_bytes
        for part, expected in known.counts:
            n = sum(entry.part == part for entry in self.entries)
            if n != expected:
                self.notes.append(f"{n:,} {part} images where the published set has {expected:,}.")

    def read(self, position: int) -> bytes:
        """The image file of an entry."""
        return self.tree.read(self.entries[position].name)

    def close(self) -> None:
        """Let go of the archive."""
        self.tree.close()


def _missing(
    found: Sequence[tuple[int, int, list[Any], str]], parts: Sequence[str], class_names: Sequence[str]
) -> list[str]:
    seen = {(part, label) for part, label, _, _ in found}
    return [
        f"{part}/{name}"
        for i, part in enumerate(parts)
        for j, name in enumerate(class_names)
        if (i, j) not in seen
    ]


def _plain(name: str) -> str:
    """A class's name without what folder names cannot hold: T-shirt/top is tshirttop."""
    return _NO_LETTER.sub("", name.casefold())


def _natural(name: str) -> list[Any]:
    """A key that sorts 2.jpg before 10.jpg."""
    return [(int(text), "") if text.isdecimal() else (0, text) for text in _DIGITS.split(name)]


class TorchvisionSet:
    """The files that torchvision downloads; see `models.data.importing.records.Source`.

    The arrays of a set (180 MB at most) are held while it is imported; the photographs of VOC are not.
    """

    linked_root = None
    skipped: Sequence[Skipped] = ()
    notes: Sequence[str] = ()

    def __init__(self, known: KnownSet, root: Path, *, unpack: bool) -> None:
        """Open the set.

        Args:
            known: its card.
            root: torchvision's root folder.
            unpack: the archives lie there as `importing.downloading` leaves them, not unpacked yet.

        Raises:
            NotAvailableError: files are missing or damaged.
            StorageError: the disk has no room for what is unpacked.
        """
        self.class_names = known.class_names
        opened = {part: _open(known, root, part, unpack) for part, _ in known.counts}
        found: list[tuple[Any, Entry]] = []
        for part, files in opened.items():
            found += (
                _photographs(files, part, known.class_names)
                if known.name == "voc"
                else _by_class(files, part)
            )
        self._images = [image for image, _ in found]
        self.entries = [entry for _, entry in found]
        self.n_bytes = sum(
            image.nbytes if isinstance(image, np.ndarray) else image.stat().st_size if image.is_file() else 0
            for image in self._images
        )

    def read(self, position: int) -> bytes:
        """The photograph as it is, or the array as PNG."""
        from PIL import Image

        image = self._images[position]
        if isinstance(image, Path):
            try:
                return image.read_bytes()
            except OSError as error:
                raise DataError(f"{image} cannot be read: {error.strerror or error}.") from None
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()

    def close(self) -> None:
        """Let go of the arrays."""
        self._images = []


def _open(known: KnownSet, root: Path, part: str, unpack: bool) -> Any:
    from models.torchvision_ops import declare_missing_ops

    declare_missing_ops()
    from torchvision import datasets

    try:
        if known.name == "voc":
            image_set = "trainval" if part == "train" else "test"
            return datasets.VOCDetection(str(root), year="2007", image_set=image_set, download=unpack)
        return getattr(datasets, _CLASSES[known.name])(str(root), train=part == "train", download=unpack)
    except (OSError, RuntimeError, ValueError, EOFError, AssertionError) as error:
        if unpack and isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(
                f"The disk of {root} is full, so {known.short_title} could not be unpacked there. The "
                "download is kept. Free some space, then fetch it again."
            ) from None
        if unpack:
            raise NotAvailableError(
                f"The download of {known.short_title} in {root} could not be unpacked: {_line(error)} Remove "
                "that folder, then fetch it again."
            ) from None
        # torchvision says only that something is not found; the folder and the way out are said here.
        raise NotAvailableError(
            f"The {part} files of {known.short_title} are not in {root} as torchvision lays them out: "
            f"{_line(error)} It comes from: {known.source}. Run `python -m models fetch {known.name}` where "
            "there is a network."
        ) from None


def _by_class(opened: Any, part: str) -> Iterator[tuple[Any, Entry]]:
    targets = np.asarray(opened.targets, dtype=np.int64)
    images = np.asarray(opened.data)
    for row in np.argsort(targets, kind="stable"):
        yield images[row], Entry(f"{part} {row}", (int(targets[row]),), 0, (), part)


def _photographs(opened: Any, part: str, class_names: Sequence[str]) -> Iterator[tuple[Path, Entry]]:
    from xml.etree import ElementTree

    number = {name: i for i, name in enumerate(class_names)}
    for image, annotation in zip(opened.images, opened.annotations, strict=True):
        try:
            tree = ElementTree.parse(annotation)
        except (OSError, ElementTree.ParseError) as error:
            raise DataError(f"{annotation} is no annotation that can be read: {error}.") from None
        names = {node.text for node in tree.iterfind("object/name")}
        labels = tuple(sorted(number[name] for name in names if name in number))
        yield Path(image), Entry(Path(image).name, labels, 0, (), part)


def _line(error: Exception) -> str:
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return text if text.endswith(".") else f"{text}."
