"""Look at images before anything is read or written: what would be imported, and what stands in the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from models.data import embedded_names
from models.data.importing.downloading import download, download_folder
from models.data.importing.known import KnownSet, fetchable, known_set
from models.data.importing.own_images import OwnImages
from models.data.importing.published import ImagesByPart, TorchvisionSet
from models.data.importing.records import Plan, Source, most_common_reasons
from models.data.importing.split_files import SplitFiles
from models.data.importing.storing import check_space
from models.data.library import CARD, check_name, datasets_root
from models.data.protocols import QUERY_FRACTION, TRAIN_FRACTION, fraction_protocol
from models.errors import DataError, NotAvailableError


def plan_import(
    name: str,
    images: Path,
    labels: Path | None = None,
    query_fraction: float = QUERY_FRACTION,
    train_fraction: float = TRAIN_FRACTION,
    seed: int = 0,
    *,
    link: bool = False,
    split_files: Path | None = None,
) -> Plan:
    """Look at a folder or zip of images: count, check names, find labels and roles. Nothing is written.

    Args:
        name: the data set's name from now on.
        images: a folder or zip archive; with `split_files` the folder that their paths start from.
        labels: a label file, on disk or within `images`; None takes the `labels.csv` that lies there.
        query_fraction: share of all images that become queries, where no roles are given.
        train_fraction: share of the database that is trained on, where no train images are given.
        seed: of the draw.
        link: leave the images of a folder where they are.
        split_files: folder of `train.txt`, `test.txt` and `database.txt`; images are linked.

    Raises:
        DataError: the name is taken or not allowed, there is no image, or the label file does not fit.
        ConfigError: a fraction outside its range.
        StorageError: the disk has too little room.
    """
    check_free(name)
    fraction_protocol(query_fraction, train_fraction)
    known = known_set(name)
    source: Source
    if split_files is not None:
        if labels is not None:
            raise DataError("Split files hold the labels already. Leave out --labels.")
        if known is not None and known.torchvision:
            raise DataError(_use_fetch(known))
        source = SplitFiles(split_files, images, known)
    else:
        if known is not None:
            raise DataError(_use_fetch(known) if known.torchvision else _use_split_files(known))
        source = OwnImages(images, labels, link=link)
    return _plan(name, source, known, query_fraction, train_fraction, seed)


def plan_fetch(name: str, files: Path | None = None, *, save_as: str | None = None, seed: int = 0) -> Plan:
    """Get a published set: from `files`, or by download where its files are not in the library yet.

    Args:
        name: one of `models.data.importing.known`.
        files: torchvision's root folder, or a folder or zip with `train/<class>` and `test/<class>`.
        save_as: another name for the data set.
        seed: of the splits of its protocols.

    Raises:
        UnknownNameError: no set of that name can be fetched.
        DataError: the name is taken, or the files are others.
        NotAvailableError: files are missing, or could not be downloaded.
        StorageError: the disk has no room for the download.
    """
    known = fetchable(name)
    target = save_as or name
    check_free(target)
    if save_as is not None and known_set(save_as) is not None:
        raise DataError(f"{save_as} is the name of another published set. Choose a name of your own.")
    source: Source
    if files is None:
        for _ in download(name):
            pass  # whoever wants to be told has called it before, and there is nothing left to do
        source = TorchvisionSet(known, download_folder(name), unpack=True)
    elif not files.exists():
        raise NotAvailableError(
            f"{files} does not exist. --from takes torchvision's root folder, or a folder or zip with "
            f"train/<class> and test/<class>. {known.short_title} comes from: {known.source}."
        )
    elif files.is_file() or (files / "train").is_dir():
        source = ImagesByPart(files, known)
    else:
        source = TorchvisionSet(known, files, unpack=False)
    plan = _plan(target, source, known, QUERY_FRACTION, TRAIN_FRACTION, seed)
    return plan if files is not None else replace(plan, downloaded=download_folder(name))


def check_free(name: str) -> None:
    """Raise DataError when `name` is not allowed, or is the name of a data set that is here."""
    check_name(name)
    if name in embedded_names():
        raise DataError(f"{name} is the name of an embedded data set. Choose another name.")
    if (datasets_root() / name / CARD).exists():
        raise DataError(
            f"There is a data set {name} already. Choose another name, or remove it with "
            f"`python -m models forget {name}`."
        )


def _use_fetch(known: KnownSet) -> str:
    return (
        f"{known.name} is the name of a published set: get it with `python -m models fetch {known.name}`, or "
        "choose another name for your images."
    )


def _use_split_files(known: KnownSet) -> str:
    return (
        f"{known.name} is the name of a published set that is imported with --split-files. "
        f"{known.how_to_get} Or choose another name for your images."
    )


def _plan(
    name: str,
    source: Source,
    known: KnownSet | None,
    query_fraction: float,
    train_fraction: float,
    seed: int,
) -> Plan:
    try:
        entries = source.entries
        if len(entries) < 2:
            raise DataError(
                f"{len(entries)} image was found; a query and a database need at least two. Give more. "
                f"{most_common_reasons(source.skipped)}".rstrip()
            )
        if source.linked_root is None:
            check_space(source.n_bytes)
    except BaseException:
        source.close()
        raise
    counts = [0] * len(source.class_names)
    for entry in entries:
        for label in entry.labels:
            counts[label] += 1
    single = bool(source.class_names) and all(len(entry.labels) == 1 for entry in entries)
    return Plan(
        name=name,
        n_images=len(entries),
        class_names=source.class_names,
        class_counts=tuple(counts),
        label_kind="single" if single else "multi",
        roles_given=any(entry.roles for entry in entries),
        query_fraction=query_fraction,
        train_fraction=train_fraction,
        seed=seed,
        n_bytes=source.n_bytes,
        storage="archive" if source.linked_root is None else "linked",
        skipped=tuple(source.skipped),
        notes=tuple(source.notes),
        source=source,
        known=known,
    )
