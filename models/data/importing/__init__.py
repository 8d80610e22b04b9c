"""Bring images into the library: look first (`plan_import`), then read them (`run_import`)."""

from __future__ import annotations

import threading
from collections.abc import Generator
from pathlib import Path

from models.data.importing.records import (
    ForgetReport,
    ImportEvent,
    ImportReport,
    Plan,
    Read,
    Skipped,
)

__all__ = [
    "ForgetReport",
    "ImportEvent",
    "ImportReport",
    "Plan",
    "Read",
    "Skipped",
    "forget",
    "plan_import",
    "run_import",
]


def plan_import(
    name: str,
    images: Path,
    labels: Path | None = None,
    query_fraction: float = 0.1,
    train_fraction: float = 0.5,
    seed: int = 0,
) -> Plan:
    """Look at a folder or zip of images: count, check names, find labels and roles. Nothing is written.

    Raises:
        DataError: the name is taken or not allowed, there is no image, or the label file does not fit.
    """
    raise NotImplementedError


def run_import(
    plan: Plan, cancel: threading.Event | None = None, *, drop_leaks: bool = False
) -> Generator[ImportEvent, None, ImportReport]:
    """Read the planned images into the library; the data set appears whole at the end, or not at all.

    Raises:
        DataError: no image could be read.
        StorageError: the disk is full, or the library cannot be written.
    """
    yield Read(0, plan.n_images, 0.0)
    raise NotImplementedError


def forget(name: str) -> ForgetReport:
    """Remove an imported data set with its features and runs.

    Raises:
        DataError: it is not in the library.
    """
    raise NotImplementedError
