"""`import`, `fetch` and `forget`: own and published data sets, into the library and out of it."""

from __future__ import annotations

import argparse
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from models.cli.output import Answer, Table, progress_bar, say

if TYPE_CHECKING:
    from models.data.importing import Downloaded, ImportReport, Plan, Skipped

REPORT_KEYS = (
    "name", "n", "n_query", "n_train", "n_database", "n_classes", "n_duplicates", "n_bytes", "seconds",
)  # fmt: skip
SHOWN_SKIPPED = 20
TELL_EVERY_S = 10.0  # where there is no terminal to draw a bar on


def import_images(chosen: argparse.Namespace) -> Answer:
    """Bring a folder or zip of images into the library."""
    from models.data.importing import plan_import

    plan = plan_import(
        chosen.name,
        Path(chosen.images),
        Path(chosen.labels) if chosen.labels else None,
        chosen.query_fraction,
        chosen.train_fraction,
        chosen.seed,
        link=chosen.link,
        split_files=Path(chosen.split_files) if chosen.split_files else None,
    )
    return _carried_out(plan, drop_leaks=chosen.drop_leaks)


def fetch(chosen: argparse.Namespace) -> Answer:
    """Get a published data set, by download or from files."""
    from models.data.importing import check_free, plan_fetch

    files = Path(chosen.files) if chosen.files else None
    if files is None:
        check_free(chosen.save_as or chosen.name)  # better now than after the download
        _download(chosen.name)
    plan = plan_fetch(chosen.name, files, save_as=chosen.save_as, seed=chosen.seed)
    return _carried_out(plan, drop_leaks=chosen.drop_leaks)


def forget(chosen: argparse.Namespace) -> Answer:
    """Remove an imported data set with its features and runs."""
    from models.data.importing import forget as remove

    report = remove(chosen.name)
    document = {"name": report.name, "n_bytes": report.n_bytes, "removed": list(report.removed)}
    freed = f"{report.n_bytes / 2**20:,.1f} MB are free again. Removed from the library:"
    return Answer(document, lines=[freed, *(f"  {path}" for path in report.removed)])


def _download(name: str) -> None:
    """Get the files of a published set, and tell how far it is."""
    from models.data.importing import download

    last: Downloaded | None = None
    told = time.monotonic()
    try:
        with progress_bar() as progress, closing(download(name)) as events:
            task = progress.add_task(f"MB of {name}", total=None)
            for last in events:
                progress.update(task, completed=round(last.done / 1e6), total=round(last.total / 1e6))
                if progress.disable and time.monotonic() - told > TELL_EVERY_S:
                    told = time.monotonic()
                    left = "" if last.eta_s is None else f", {last.eta_s:.0f} s to go"
                    say(f"{last.done / 1e6:.0f} of {last.total / 1e6:.0f} MB{left}")
    except KeyboardInterrupt:
        so_far = f" after {last.done / 1e6:.0f} of {last.total / 1e6:.0f} MB" if last else ""
        raise KeyboardInterrupt(f"Stopped{so_far}. The file under way was not kept.") from None


def _carried_out(plan: Plan, *, drop_leaks: bool) -> Answer:
    from models.data.importing import Read, run_import

    done = 0
    report: ImportReport | None = None
    try:
        with progress_bar() as progress, closing(run_import(plan, drop_leaks=drop_leaks)) as events:
            task = progress.add_task(f"images of {plan.name}", total=plan.n_images)
            while report is None:
                try:
                    event = next(events)
                except StopIteration as end:
                    report = end.value
                else:
                    if isinstance(event, Read):
                        done = event.done
                        progress.update(task, completed=done)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"Stopped after {done} of {plan.n_images} images. Nothing was kept."
        ) from None
    return _told(report)


def _told(report: ImportReport) -> Answer:
    document = {key: getattr(report, key) for key in REPORT_KEYS}
    document["skipped"] = [{"file": item.file, "reason": item.reason} for item in report.skipped]
    document["warnings"] = list(report.warnings)
    document["folder"] = str(report.folder)
    row = [getattr(report, key) for key in REPORT_KEYS[:-2]]
    size = f"{report.n_bytes / 2**20:,.1f} MB, {report.seconds:,.1f} s."
    return Answer(
        document,
        [Table("Imported", REPORT_KEYS[:-2], [row], size)],
        [*_left_out(report.skipped), *(f"warning: {warning}" for warning in report.warnings)],
    )


def _left_out(skipped: tuple[Skipped, ...]) -> list[str]:
    if not skipped:
        return []
    lines = [f"left out: {item.file}: {item.reason}" for item in skipped[:SHOWN_SKIPPED]]
    if len(skipped) > SHOWN_SKIPPED:
        lines.append(f"left out: {len(skipped) - SHOWN_SKIPPED} more; --json lists them all.")
    return lines
