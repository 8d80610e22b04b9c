"""Bring images into the library: look first (`plan_import`, `plan_fetch`), then read them (`run_import`).

A published set that is not on this machine is downloaded before (`download`).
"""

from models.data.importing.downloading import Downloaded, download
from models.data.importing.forgetting import forget
from models.data.importing.planning import check_free, plan_fetch, plan_import
from models.data.importing.reading import run_import
from models.data.importing.records import (
    ForgetReport,
    ImportEvent,
    ImportReport,
    Plan,
    Read,
    Skipped,
)

__all__ = [
    "Downloaded",
    "ForgetReport",
    "ImportEvent",
    "ImportReport",
    "Plan",
    "Read",
    "Skipped",
    "check_free",
    "download",
    "forget",
    "plan_fetch",
    "plan_import",
    "run_import",
]
