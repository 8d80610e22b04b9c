"""Carry out a plan: open every image once, one at a time, and put the data set into the library."""

from __future__ import annotations

import hashlib
import shutil
import statistics
import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.data.image_file import read_image
from models.data.importing.records import (
    Entry,
    ImportEvent,
    ImportReport,
    Plan,
    Read,
    Skipped,
    most_common_reasons,
)
from models.data.importing.signature import SIDE, shipped_order, signature
from models.data.importing.splitting import leak_warnings, roles_of_all, split_warnings, without_leaks
from models.data.importing.storing import (
    MAX_SIDE,
    Images,
    runs_of,
    staging_folder,
    write_captions,
    write_card,
    write_labels,
    write_roles,
)
from models.data.importing.trees import MAX_BYTES, MAX_PIXELS
from models.data.leak import duplicates
from models.data.library import DATABASE, FORMAT, QUERY, TRAIN, Card, ProtocolCard, datasets_root
from models.errors import DataError
from models.types import Bool, UInt8

_TELL_EVERY_S = 0.2


def run_import(
    plan: Plan, cancel: threading.Event | None = None, *, drop_leaks: bool = False
) -> Generator[ImportEvent, None, ImportReport]:
    """Read the planned images into the library; the data set appears whole at the end, or not at all.

    Args:
        plan: from `plan_import` or `plan_fetch`; it can be carried out once.
        cancel: stops the import when it is set; the report then says so.
        drop_leaks: queries that the database or the train images hold too lose their role.

    Yields:
        `Read` a few times a second, `Skipped` for each image that is left out.

    Raises:
        DataError: no image could be read, or the images are too few for the splits.
        StorageError: the disk is full, or the library cannot be written.
    """
    began = time.monotonic()
    try:
        with staging_folder(plan.name) as folder:
            reader = _Reader(plan, folder)
            try:
                yield from reader.read(cancel)
            finally:
                reader.images.close()
            if cancel is not None and cancel.is_set():
                raise _CancelledError
            report = _finish(plan, reader, folder, drop_leaks=drop_leaks)
            yield Read(plan.n_images, plan.n_images, 0.0)
    except _CancelledError:
        return replace(reader.report(), cancelled=True, seconds=time.monotonic() - began)
    finally:
        plan.source.close()
    if plan.downloaded is not None:
        shutil.rmtree(plan.downloaded, ignore_errors=True)
    target = datasets_root() / plan.name
    n_bytes = sum(path.stat().st_size for path in target.iterdir())
    return replace(report, folder=target, n_bytes=n_bytes, seconds=time.monotonic() - began)


class _CancelledError(Exception):
    """Leaves the staging folder, which is then removed."""


class _Reader:
    """Opens every image and keeps what can be read."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.images = Images(folder, linked=plan.storage == "linked")
        self.entries: list[Entry] = []
        self.skipped: list[Skipped] = []
        self.cells: list[bytes] = []  # signatures of a published set's images

    def read(self, cancel: threading.Event | None) -> Generator[ImportEvent, None, None]:
        """All images, in order."""
        plan, began = self.plan, time.monotonic()
        told = began
        for done, entry in enumerate(plan.source.entries):
            if cancel is not None and cancel.is_set():
                return
            now = time.monotonic()
            if done and now - told >= _TELL_EVERY_S:
                told = now
                yield Read(done, plan.n_images, (now - began) / done * (plan.n_images - done))
            try:
                content = plan.source.read(done)
                image, notes = read_image(content, MAX_BYTES, MAX_PIXELS)
            except DataError as error:
                left_out = Skipped(entry.name, str(error))
                self.skipped.append(left_out)
                yield left_out
                continue
            self.images.add(entry.name, content, image, changed=bool(notes))
            self.entries.append(entry)
            if plan.known is not None:
                self.cells.append(signature(image).tobytes())

    def put_in_shipped_order(self) -> bool:
        """Give every image the row that shipped runs know it by; True when that changed anything.

        Raises:
            DataError: the images are others than those of shipped runs.
        """
        cells = np.frombuffer(b"".join(self.cells), dtype=np.uint8).reshape(-1, SIDE * SIDE)
        order = shipped_order(self.plan.name, cells, self.entries)
        if order is None:
            return False
        self.entries = [self.entries[position] for position in order]
        self.images.reorder(order)
        return True

    def report(self) -> ImportReport:
        """How far it came; splits, size and time are not known here."""
        return ImportReport(
            name=self.plan.name,
            cancelled=False,
            n=len(self.entries),
            n_query=0,
            n_train=0,
            n_database=0,
            n_classes=0,
            skipped=(*self.plan.skipped, *self.skipped),
            n_duplicates=0,
            warnings=(),
            folder=None,
            n_bytes=0,
            seconds=0.0,
        )


def _finish(plan: Plan, reader: _Reader, folder: Path, *, drop_leaks: bool) -> ImportReport:
    """Write everything but the images."""
    known = plan.known
    if len(reader.entries) < 2:
        raise DataError(
            f"{len(reader.entries)} of {plan.n_images} images could be read; a query and a database need at "
            f"least two. {most_common_reasons(reader.skipped)}"
        )
    reordered = known is not None and plan.name == known.name and reader.put_in_shipped_order()
    hashes = reader.images.write()
    entries = reader.entries
    class_names, columns, warnings = _classes(plan, entries)
    labels_key = write_labels(folder, entries, columns)
    write_captions(folder, entries)
    labels: Bool = np.load(folder / "labels.npy", mmap_mode="r", allow_pickle=False)
    pool = plan.name if known is None else known.name
    cards, roles, notes = roles_of_all(plan, pool, entries, labels)
    default = next(iter(cards))
    n_dropped = 0
    if drop_leaks:
        before = int((roles[default] & QUERY > 0).sum())
        roles = {name: without_leaks(of_rows, hashes) for name, of_rows in roles.items()}
        n_dropped = before - int((roles[default] & QUERY > 0).sum())
        if not (roles[default] & QUERY).any():
            raise DataError("Every query is in the database or in train too; without them none is left.")
    names = [entry.name for entry in entries]
    twins, firsts = duplicates(hashes)
    warnings = [
        *plan.notes,
        *warnings,
        *split_warnings(roles[default], labels, class_names),
        *leak_warnings(roles[default], hashes, names, plan.name),
        *notes,
    ]
    if reordered:
        warnings.append(
            f"These files hold the images of {plan.name} in another order than stored runs know; every image "
            "was put into the row that is its own, found by its brightness."
        )
    if n_dropped:
        warnings.append(f"Queries that lost their role, as other images have the same pixels: {n_dropped:,}.")
    if len(twins):
        pair = f"{names[int(twins[0])]} and {names[int(firsts[0])]}"
        warnings.append(f"Images with the pixels of an earlier one: {len(twins):,}, for example {pair}.")
    if reader.images.n_reduced:
        warnings.append(f"Images made smaller, to {MAX_SIDE} pixels: {reader.images.n_reduced:,}.")
    write_roles(folder, roles)
    write_card(folder, _card(plan, reader, class_names, cards, hashes, labels_key))
    return replace(
        reader.report(),
        n_query=_count(roles[default], QUERY),
        n_train=_count(roles[default], TRAIN),
        n_database=_count(roles[default], DATABASE),
        n_classes=len(class_names),
        n_duplicates=len(twins),
        warnings=tuple(warnings),
    )


def _classes(plan: Plan, entries: Sequence[Entry]) -> tuple[tuple[str, ...], dict[int, int], list[str]]:
    """Names of the classes, their columns, and a sentence about those that lost all their images.

    A published set keeps its classes whatever could be read, so that columns mean the same everywhere.
    """
    names = plan.class_names
    if plan.known is not None:
        return names, {i: i for i in range(len(names))}, []
    left = sorted({label for entry in entries for label in entry.labels})
    lost = [names[i] for i in range(len(names)) if i not in set(left)]
    warnings = [f"Left out as a class, as none of its images could be read: {name}." for name in lost]
    return tuple(names[i] for i in left), {label: column for column, label in enumerate(left)}, warnings


def _card(
    plan: Plan,
    reader: _Reader,
    class_names: tuple[str, ...],
    cards: dict[str, ProtocolCard],
    hashes: UInt8,
    labels_key: str,
) -> Card:
    known, root = plan.known, plan.source.linked_root
    return Card(
        name=plan.name,
        title=known.title if known else plan.name,
        class_names=class_names,
        label_kind=plan.label_kind if known is None else known.label_kind,
        licence=known.licence if known else "not stated; your own images",
        source=known.source if known else "imported on this machine",
        n=len(reader.entries),
        image_size=round(statistics.median(reader.images.long_sides)),
        mirror_is_same=known.mirror_is_same if known else True,
        protocols=cards,
        origin=runs_of([entry.part for entry in reader.entries]),
        pool_key=hashlib.sha256(hashes.tobytes() + bytes([FORMAT])).hexdigest()[:16],
        labels_key=labels_key,
        storage=plan.storage,
        root="" if root is None else str(root),
        how_to_get=known.how_to_get if known else "",
        download_bytes=known.download_bytes if known else 0,
    )


def _count(roles: UInt8, bit: int) -> int:
    return int((roles & bit > 0).sum())
