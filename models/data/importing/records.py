"""What every importer hands over, and what is told while images are read. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from models.data.importing.known import KnownSet
from models.types import LabelKind


@dataclass(frozen=True, slots=True)
class Entry:
    """One image before it is read.

    Attributes:
        name: its path as a person knows it.
        labels: classes, as positions in the source's `class_names`.
        roles: sum of the bits of `models.data.library`; 0 where roles are to be drawn.
        captions: sentences about it.
        part: which part of a published set it comes from.
    """

    name: str
    labels: tuple[int, ...] = ()
    roles: int = 0
    captions: tuple[str, ...] = ()
    part: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is left out, and why."""

    file: str
    reason: str


def most_common_reasons(skipped: Sequence[Skipped], n: int = 3) -> str:
    """What stood in the way most often, each with a file as an example, for the case that nothing is left."""
    first = {item.reason: item.file for item in reversed(skipped)}
    counted = Counter(item.reason for item in skipped).most_common(n)
    return " ".join(
        f"{first[reason]}: {reason}" if times == 1 else f"{first[reason]} and {times - 1:,} more: {reason}"
        for reason, times in counted
    )


class Source(Protocol):
    """Images of one origin. Looking costs no decoding; `read` gives one image file at a time."""

    @property
    def entries(self) -> Sequence[Entry]:
        """Images in the order of the pool."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes."""

    @property
    def skipped(self) -> Sequence[Skipped]:
        """Files that were seen and are no image of the data set."""

    @property
    def notes(self) -> Sequence[str]:
        """Sentences about what was seen."""

    @property
    def n_bytes(self) -> int:
        """Size of the images on disk; what the copy in the library takes at most."""

    @property
    def linked_root(self) -> Path | None:
        """The folder that images are linked from, `Entry.name` a path below it; None: they are copied."""

    def read(self, position: int) -> bytes:
        """The image file of an entry.

        Raises:
            DataError: it cannot be read; the message says why.
        """

    def close(self) -> None:
        """Let go of open files."""


@dataclass(frozen=True)
class Plan:
    """What an import would do; made by looking, without decoding an image.

    Attributes:
        name: of the pool.
        n_images: images found, before any is opened.
        class_names: names of the classes.
        class_counts: images of each class, in the same order.
        label_kind: `multi` where an image has no class, or several.
        roles_given: the source says who is query, train and database; else they are drawn.
        query_fraction: share of all images that become queries.
        train_fraction: share of the database that is trained on.
        seed: of the draw.
        n_bytes: size of the images on disk.
        storage: `archive` copies the images into the library, `linked` leaves them where they are.
        skipped: files that are left out already.
        notes: sentences about what was seen.
        source: where images are read from.
        known: the published set that this is; None for somebody's own.
        downloaded: a folder that is removed when the data set is there; None: the files are somebody's own.
    """

    name: str
    n_images: int
    class_names: tuple[str, ...]
    class_counts: tuple[int, ...]
    label_kind: LabelKind
    roles_given: bool
    query_fraction: float
    train_fraction: float
    seed: int
    n_bytes: int
    storage: Literal["archive", "linked"]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    source: Source = field(repr=False)
    known: KnownSet | None = None
    downloaded: Path | None = None


@dataclass(frozen=True)
class Read:
    """So many images have been looked at; the rest takes about `eta_s` seconds more."""

    done: int
    total: int
    eta_s: float


ImportEvent = Read | Skipped


@dataclass(frozen=True)
class ImportReport:
    """What an import made.

    Attributes:
        name: of the pool.
        cancelled: it was stopped, and nothing was kept; the counts say how far it came.
        n: images in the pool.
        n_query, n_train, n_database: under the default protocol.
        n_classes: number of classes.
        skipped: files that were left out, those found while looking included.
        n_duplicates: images whose pixels another image before them has too.
        warnings: sentences about leaks, missing classes and the like.
        folder: where the data set lies; None when cancelled.
        n_bytes: its size on disk.
        seconds: what the import took.
    """

    name: str
    cancelled: bool
    n: int
    n_query: int
    n_train: int
    n_database: int
    n_classes: int
    skipped: tuple[Skipped, ...]
    n_duplicates: int
    warnings: tuple[str, ...]
    folder: Path | None
    n_bytes: int
    seconds: float


@dataclass(frozen=True)
class ForgetReport:
    """What `forget` removed: files, in how many bytes, and which stored things went with the data set."""

    name: str
    n_bytes: int
    removed: tuple[str, ...]
