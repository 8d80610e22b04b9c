"""What is told while features are computed."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class FeatureEvent:
    """A batch more is done.

    Attributes:
        done: images that have features, those of an earlier, broken-off attempt included.
        total: images in all.
        eta_s: expected seconds until all have.
        images_per_s: pace since this attempt began.
    """

    done: int
    total: int
    eta_s: float
    images_per_s: float


class Pace:
    """Counts images and tells how fast they go."""

    def __init__(self, total: int, done: int = 0) -> None:
        """`done` images were there before this attempt."""
        self._total, self._done, self._before, self._began = total, done, done, time.monotonic()

    def advanced(self, n: int) -> FeatureEvent:
        """`n` images more are done."""
        self._done += n
        per_s = (self._done - self._before) / max(time.monotonic() - self._began, 1e-9)
        return FeatureEvent(self._done, self._total, (self._total - self._done) / per_s, per_s)
