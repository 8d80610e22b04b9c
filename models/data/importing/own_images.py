"""Somebody's own images: a folder or zip, with labels from sub-folders, from a table, or without labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from models.data.importing.records import Entry, Skipped, most_common_reasons
from models.data.importing.tables import ROLES, Line, read_captions, read_labels
from models.data.importing.trees import case_clashes, open_tree
from models.data.library import DATABASE, TRAIN
from models.errors import DataError

LABELS, CAPTIONS = "labels.csv", "captions.csv"


class OwnImages:
    """Images of a folder or zip; see `models.data.importing.records.Source`.

    Classes come from `labels.csv` where there is one, else from the names of the sub-folders. Sub-folders
    named query, database and train (or test and train) give roles, and their own sub-folders the classes.
    """

    def __init__(self, images: Path, labels: Path | None = None, *, link: bool = False) -> None:
        """Look at the images.

        Args:
            images: a folder or zip archive.
            labels: a label file, on disk or a name within `images`; None takes the one that lies there.
            link: leave the images where they are.

        Raises:
            DataError: there is no image, the label file does not fit, or a zip is to be linked.
        """
        if link and not images.is_dir():
            raise DataError(f"Only the images of a folder can be linked; {images} is none. Leave out --link.")
        self.tree = open_tree(images)
        self.linked_root = images.resolve() if link else None
        self.class_names: tuple[str, ...] = ()
        self.notes: list[str] = []
        self._skipped: list[Skipped] = []
        try:
            if not self.tree.images:
                raise DataError(
                    f"{self.tree.title} holds no image that can be taken. PNG, JPEG, WebP, GIF, BMP and TIFF "
                    f"files are taken. {most_common_reasons(self.tree.skipped)}".rstrip()
                )
            table = self._table(labels)
            self.entries: list[Entry] = self._from_table(*table) if table else self._from_folders()
        except BaseException:
            self.close()
            raise
        self._tell_clashes()

    @property
    def skipped(self) -> Sequence[Skipped]:
        """Files and lines that are left out."""
        return (*self.tree.skipped, *self._skipped)

    @property
    def n_bytes(self) -> int:
        """Size of the images."""
        return self.tree.n_bytes

    def read(self, position: int) -> bytes:
        """The image file of an entry."""
        return self.tree.read(self.entries[position].name)

    def close(self) -> None:
        """Let go of the archive."""
        self.tree.close()

    # Labels from a table

    def _table(self, labels: Path | None) -> tuple[bytes, str, PurePosixPath] | None:
        """Content and title of the label file, and the folder that its names start from."""
        if labels is not None and labels.is_file():
            return labels.read_bytes(), labels.name, PurePosixPath(".")
        wanted = LABELS if labels is None else labels.as_posix()
        for name in sorted(self.tree.tables, key=lambda name: (name.count("/"), name)):
            if name == wanted or (labels is None and PurePosixPath(name).name == LABELS):
                return self.tree.read(name), name, PurePosixPath(name).parent
        if labels is not None:
            raise DataError(
                f"The label file {labels} is neither on this machine nor within {self.tree.title}."
            )
        return None

    def _from_table(self, content: bytes, title: str, folder: PurePosixPath) -> list[Entry]:
        table = read_labels(content, title)
        unusable = list(table.skipped)
        captions = self._captions(folder)
        found = _Finder(self.tree.images, folder)
        by_image: dict[str, Line] = {}
        for line in table.lines:
            where = f"{title}, line {line.number}"
            name = found.find(line.image)
            if name is None:
                unusable.append(
                    Skipped(
                        where,
                        f"There is no image {line.image!r} in {self.tree.title}. Names start from the folder "
                        "of the label file, or are file names that occur once.",
                    )
                )
            elif name in by_image:
                first = by_image[name]
                same = (
                    "with the same labels" if set(first.labels) == set(line.labels) else "with other labels"
                )
                unusable.append(
                    Skipped(
                        where, f"{line.image} stands in line {first.number} too, {same}; that one counts."
                    )
                )
            else:
                by_image[name] = line
        if not by_image:
            raise DataError(
                f"No line of {title} names an image of {self.tree.title}. Names are paths from "
                f"{folder if folder.parts else self.tree.title}, such as {self.tree.images[0]}. "
                + most_common_reasons(unusable)
            )
        self._skipped += sorted(unusable, key=lambda item: int(item.file.rpartition(" ")[2]))
        self._skipped += [
            Skipped(name, f"No line of {title} that can be used names it.")
            for name in self.tree.images
            if name not in by_image
        ]
        self.class_names = tuple(sorted({label for line in by_image.values() for label in line.labels}))
        number = {label: i for i, label in enumerate(self.class_names)}
        entries = []
        for name, line in sorted(by_image.items()):
            sentences = captions.get(line.image) or ([line.caption] if line.caption else [])
            entries.append(
                Entry(
                    name,
                    tuple(sorted(number[label] for label in line.labels)),
                    line.roles if table.has_roles else 0,
                    tuple(sentences),
                )
            )
        return entries

    def _captions(self, folder: PurePosixPath) -> dict[str, list[str]]:
        name = (folder / CAPTIONS).as_posix()
        return read_captions(self.tree.read(name), name) if name in self.tree.tables else {}

    # Labels from sub-folders

    def _from_folders(self) -> list[Entry]:
        depth = _shared_depth(self.tree.images)
        parts = [PurePosixPath(name).parts[depth:] for name in self.tree.images]
        tops = {part[0].lower() for part in parts if len(part) > 1}
        has_roles = (
            tops <= set(ROLES)
            and bool(tops & {"query", "test"})
            and bool(tops & {"database", "train"})
            and all(len(part) > 1 for part in parts)
        )
        # Without a folder of its own, the database is what is trained on.
        trained = TRAIN if "database" in tops else TRAIN | DATABASE
        if has_roles:
            roles = [trained if (bit := ROLES[part[0].lower()]) == TRAIN else bit for part in parts]
            parts = [part[1:] for part in parts]
        else:
            roles = [0] * len(parts)
        labels = [part[0] if len(part) > 1 else None for part in parts]
        self.class_names = tuple(sorted({label for label in labels if label is not None}))
        unlabelled = labels.count(None)
        if self.class_names and unlabelled:
            self.notes.append(
                f"{unlabelled} of {len(parts)} images lie in no class's folder; they have no label."
            )
        number = {label: i for i, label in enumerate(self.class_names)}
        return [
            Entry(name, () if label is None else (number[label],), role)
            for name, label, role in zip(self.tree.images, labels, roles, strict=True)
        ]

    def _tell_clashes(self) -> None:
        for what, names in (("Classes", list(self.class_names)), ("Images", self.tree.images)):
            clashes = list(case_clashes(names))
            if clashes:
                first, second = clashes[0]
                more = f" ({len(clashes)} such pairs)" if len(clashes) > 1 else ""
                self.notes.append(
                    f"{what} {first} and {second} differ in upper and lower case alone{more}; both are kept."
                )
        if len(self.class_names) == 1:
            self.notes.append("There is one class, so every database image with it is right for every query.")


class _Finder:
    """Images by the name that a table gives: from the table's folder, from the top, or the bare file name."""

    def __init__(self, images: list[str], folder: PurePosixPath) -> None:
        self._known, self._folder = set(images), folder
        bare = Counter(PurePosixPath(name).name for name in images)
        self._bare = {base: name for name in images if bare[base := PurePosixPath(name).name] == 1}

    def find(self, given: str) -> str | None:
        path = PurePosixPath(given.replace("\\", "/"))
        for name in ((self._folder / path).as_posix(), path.as_posix()):
            if name in self._known:
                return name
        return self._bare.get(path.as_posix())


def _shared_depth(images: list[str]) -> int:
    """How many folders all images share; an archive of one folder says nothing by that folder's name."""
    folders = [PurePosixPath(name).parts[:-1] for name in images]
    first, depth = folders[0], 0
    while depth < len(first) and all(len(f) > depth and f[depth] == first[depth] for f in folders):
        depth += 1
    return depth
