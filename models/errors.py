"""Errors a person can mend. Anything else that is raised is a bug and stays visible."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HashingError(Exception):
    """Base class: the message says what was given, what was expected and what to do."""


class ConfigError(HashingError):
    """A setting is outside what the method, data set or machine allows."""


class DataError(HashingError):
    """Arrays, labels, images or files do not have the promised form."""


class CheckpointError(HashingError):
    """A checkpoint or a stored run is truncated, foreign or of another configuration."""


class WeightsError(HashingError):
    """Backbone weights are not on this machine and could not be fetched."""


class ProtocolError(HashingError):
    """Figures under different protocols were about to be put together."""


class StorageError(HashingError):
    """A file could not be written (full disk, no permission); the file that stood there before is intact."""


class NotAvailableError(HashingError):
    """A data set, run or map is known but not present on this machine."""


class TrainingError(HashingError):
    """Training stopped: a loss term is not finite, or the run was cancelled."""


class UnknownNameError(HashingError):
    """A name that nobody registered; the message lists close matches."""

    def __init__(self, kind: str, given: str, known: Iterable[str]) -> None:
        names = sorted(known)
        # Swapped letters are the commonest slip, and difflib holds them for no better than a wrong letter.
        swapped = [name for name in names if sorted(name) == sorted(given.lower())]
        close = swapped + difflib.get_close_matches(given.lower(), names, n=4, cutoff=0.5)
        close = list(dict.fromkeys(close))[:4]
        hint = f"Did you mean {', '.join(close)}?" if close else f"Known: {', '.join(names)}."
        super().__init__(f"Unknown {kind} {given!r}. {hint}")
        self.kind, self.given, self.known = kind, given, tuple(names)
