"""Notice what was trained, read or forgotten since the caches were filled, here or from the command line.

The services keep what they read. Data sets of one's own come and go while the server runs, so a cheap stamp
of the library (the times of its small files, no content) is compared at every run of a page; when it has
changed, all that is kept is dropped.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from models.data.library import library_root

_PATTERNS = ("datasets/*/dataset.json", "datasets/*/images.zip", "runs/*/*/*/result.json")
_looking = threading.Lock()
_seen: frozenset[Any] | None = None


def stamp() -> frozenset[Any]:
    """Names and times of the files whose presence means that a data set or a run is there."""
    root = library_root()
    return frozenset(
        (str(path), path.stat().st_mtime_ns) for pattern in _PATTERNS for path in root.glob(pattern)
    )


def changed() -> bool:
    """True, once, when the library is not what it was; all that the services kept is dropped by then."""
    global _seen
    with _looking:
        before, now = _seen, _stamp_or_none()
        if now is None or now == before:
            return False
        _seen = now
        if before is None:  # the first look: nothing is older than it
            return False
        forget_all()
        return True


def _stamp_or_none() -> frozenset[Any] | None:
    """The stamp; None when a file went away while it was taken, which the next look will notice."""
    try:
        return stamp()
    except FileNotFoundError:
        return None


def forget_all() -> None:
    """Empty every cache of the services and of the library's data sets."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("app.services", "models.data")):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
