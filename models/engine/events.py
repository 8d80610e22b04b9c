"""What a training run tells while it runs; read by the command line's progress bar and the app's charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.engine.config import RunConfig

if TYPE_CHECKING:
    from models.engine.model import HashModel
    from models.engine.state import TrainingState


@dataclass(frozen=True)
class Started:
    """Training begins, or goes on after `epochs_done` epochs. `n_epochs` is 0 for closed-form methods."""

    config: RunConfig
    n_epochs: int
    n_steps: int
    n_parameters: int
    epochs_done: int = 0


@dataclass(frozen=True)
class StepDone:
    """One optimiser step. Not every step is told, see `step_interval_s` of `train`.

    Attributes:
        epoch: from 1.
        step: from 1, within the epoch.
        n_steps: steps per epoch.
        terms: value of each loss term on this batch; their sum was minimised.
    """

    epoch: int
    n_epochs: int
    step: int
    n_steps: int
    terms: Mapping[str, float]


@dataclass(frozen=True)
class EpochDone:
    """One pass over the train split.

    Attributes:
        epoch: from 1.
        terms: mean of each loss term over the epoch's steps.
        health: state of the train split's codes, see `models.engine.health.train_health`.
        seconds: since training began, in this process.
        eta_s: expected seconds until the end.
    """

    epoch: int
    n_epochs: int
    terms: Mapping[str, float]
    health: Mapping[str, float]
    seconds: float
    eta_s: float


@dataclass(frozen=True)
class Stopped:
    """The run was cancelled or interrupted; `state` continues it exactly, `state_file` holds the same."""

    epochs_done: int
    n_epochs: int
    state: TrainingState | None
    state_file: Path | None
    interrupted: bool  # by Ctrl-C, rather than by `cancel`

    @property
    def message(self) -> str:
        """One sentence for the person who stopped it."""
        done = f"Stopped after epoch {self.epochs_done} of {self.n_epochs}."
        if self.epochs_done == 0:
            return f"{done} Nothing is kept, as no epoch was finished."
        kept = f" in {self.state_file}" if self.state_file else ""
        return f"{done} Its state is kept{kept}; resuming from it gives what an undisturbed run gives."


@dataclass(frozen=True)
class Finished:
    """Training is over; `model` is on the CPU, in evaluation mode, its weights rounded as stored."""

    model: HashModel
    seconds: float


@dataclass(frozen=True)
class Stored:
    """The files of a run are written; `result` is what `StoredRun.result` will read."""

    folder: Path
    result: Mapping[str, Any]


Event = Started | StepDone | EpochDone | Stopped | Finished | Stored
