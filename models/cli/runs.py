"""What a person may write for RUN."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import ConfigError

if TYPE_CHECKING:
    from models.engine.store import StoredRun

_NAME = re.compile(
    r"(?P<dataset>[^/]+)/(?P<method>[^/]+)/(?P<n_bits>\d+)"
    r"(-s(?P<seed>\d+)(-(?!finetune$)(?P<backbone>\w+))?(-(?P<mode>finetune))?)?"
)


def stored_run(given: str) -> StoredRun:
    """A run's folder, or a stored run by name.

    Raises:
        ConfigError: neither.
        NotAvailableError: the run is not stored here.
    """
    from models.engine.store import RunStore, StoredRun
    from models.networks.names import DEFAULT_BACKBONE

    if Path(given, "result.json").is_file():
        return StoredRun(Path(given))
    if match := _NAME.fullmatch(given):
        return RunStore().open(
            match["dataset"],
            match["method"],
            int(match["n_bits"]),
            int(match["seed"] or 0),
            match["backbone"] or DEFAULT_BACKBONE,
            "finetune" if match["mode"] else "head",
        )
    raise ConfigError(
        f"{given} is no run: neither a folder with a result.json nor the name of a stored one, "
        "DATASET/METHOD/N_BITS. `python -m models leaderboard` lists them."
    )


def checkpoint_of(given: str) -> StoredRun | Path:
    """The same, or a checkpoint file.

    Raises:
        ConfigError: none of them.
        NotAvailableError: the run is not stored here.
    """
    return Path(given) if Path(given).is_file() else stored_run(given)
