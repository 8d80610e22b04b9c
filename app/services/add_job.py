"""Adding data in the background: one job at a time on a server, kept outside every session.

Whoever opens the page sees the job that runs, whether or not this session started it.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from app.services.add_worker import CODES, FEATURES, FETCH, GRACE_S, READ, TRAIN, Request
from models import errors
from models.errors import HashingError, NotAvailableError

ROOT = Path(__file__).resolve().parents[2]
TITLES = {
    FETCH: "Download",
    READ: "Read",
    FEATURES: "Compute features",
    TRAIN: "Train",
    CODES: "Open codes",
}

State = Literal["waiting", "running", "done", "stopped"]


@dataclass
class Step:
    """One step of a job.

    Attributes:
        done, total: units of work, bytes of a download; total is 0 where it is not known.
        eta_s: expected seconds until its end, None where nobody knows.
        per_s: images or bytes per second, None where neither is counted.
        doing: what is being done, in words; may be empty.
        seconds: what it took so far, or in all.
    """

    name: str
    state: State = "waiting"
    done: int = 0
    total: int = 0
    eta_s: float | None = None
    per_s: float | None = None
    doing: str = ""
    seconds: float = 0.0

    @property
    def title(self) -> str:
        """What the step is called."""
        return TITLES[self.name]

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1."""
        if self.state == "done":
            return 1.0
        return min(1.0, self.done / self.total) if self.total else 0.0


@dataclass(frozen=True)
class Report:
    """What was read, and what was not.

    Attributes:
        label_kind: `single`, `multi` or `none`.
        skipped: file and reason.
        warnings: sentences about leaks and the like.
    """

    n: int
    n_query: int
    n_train: int
    n_database: int
    n_classes: int
    label_kind: str
    n_bytes: int
    n_duplicates: int
    warnings: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    seconds: float


@dataclass(frozen=True)
class Stored:
    """A run that can be opened now."""

    dataset: str
    method: str
    n_bits: int


@dataclass
class _Told:
    steps: list[Step]
    skipped: list[tuple[str, str]] = field(default_factory=list)
    report: Report | None = None
    stored: Stored | None = None
    error: HashingError | None = None
    ended: Literal["", "finished", "cancelled"] = ""
    last_words: str = ""


class Job:
    """One request under way, or done."""

    def __init__(self, request: Request, scratch: tuple[Path, ...] = ()) -> None:
        """Begin. `scratch` names uploaded files, which are removed at the end."""
        self.request = request
        self._scratch = scratch
        self._cancelled = False
        self._lock = threading.Lock()
        self._told = _Told([Step(name) for name in request.steps])
        self._step_began = time.monotonic()
        self._process = subprocess.Popen(
            command(),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(request.to_json() + "\n")
            self._process.stdin.flush()
        self._errors = threading.Thread(target=self._listen, name="add data, errors", daemon=True)
        self._reader = threading.Thread(target=self._read, name="add data, reader", daemon=True)
        self._errors.start()
        self._reader.start()
        atexit.register(self._end)

    @property
    def running(self) -> bool:
        """Not all is told yet."""
        return self._reader.is_alive()

    @property
    def cancelled(self) -> bool:
        """Ended because somebody asked for it."""
        return not self.running and self._cancelled and not self.finished

    @property
    def finished(self) -> bool:
        """All steps are done."""
        return not self.running and self._told.ended == "finished"

    @property
    def cancelling(self) -> bool:
        """Asked to stop, and not there yet."""
        return self.running and self._cancelled

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps as they stand now."""
        with self._lock:
            for step in self._told.steps:
                if step.state == "running":
                    step.seconds = time.monotonic() - self._step_began
            return tuple(Step(**vars(step)) for step in self._told.steps)

    @property
    def report(self) -> Report | None:
        """What was read; None before that."""
        return self._told.report

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]:
        """Files left out so far, each with the reason."""
        with self._lock:
            return tuple(self._told.report.skipped if self._told.report else self._told.skipped)

    @property
    def stored(self) -> Stored | None:
        """The run that was made; None before it is there."""
        return self._told.stored

    @property
    def error(self) -> HashingError | None:
        """Why it could not go on, where a person can mend that."""
        return self._told.error

    @property
    def bug(self) -> str:
        """The last words of a process that ended as it should not; empty otherwise."""
        if self.running or self._cancelled or self._told.error is not None or self._told.ended:
            return ""
        if self._process.returncode == -signal.SIGKILL:
            return (
                "The process was ended from outside, most often because the machine's memory ran out. "
                "What earlier steps made is kept."
            )
        return self._told.last_words or f"The process ended with code {self._process.returncode}."

    def cancel(self) -> None:
        """Ask it to stop; what earlier steps made stays. It is ended if it does not stop by itself."""
        self._cancelled = True
        if self._process.poll() is None:
            self._process.terminate()
            threading.Thread(target=self._insist, name="add data, end", daemon=True).start()

    def _insist(self) -> None:
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._end()

    def _end(self) -> None:
        with contextlib.suppress(OSError, AttributeError):  # with what it started itself
            os.killpg(self._process.pid, signal.SIGKILL)
        if self._process.poll() is None:
            self._process.kill()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as said:
            for line in said:
                if line.strip():
                    self._told.last_words = line.strip()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as told:
            for line in told:
                with self._lock:
                    self._take(json.loads(line))
        self._process.wait()
        self._errors.join(GRACE_S)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        with self._lock:
            self._close_steps("done" if self._told.ended == "finished" else "stopped")
        for path in self._scratch:
            path.unlink(missing_ok=True)
        atexit.unregister(self._end)

    def _take(self, event: dict[str, Any]) -> None:
        told, kind = self._told, event.pop("event")
        if kind == "step":
            self._close_steps("done")
            self._step_began = time.monotonic()
            next(step for step in told.steps if step.name == event["step"]).state = "running"
        elif kind == "progress":
            for step in told.steps:
                if step.state == "running":
                    vars(step).update(event)
        elif kind == "skipped":
            told.skipped.append((event["file"], event["reason"]))
        elif kind == "report":
            pairs = tuple((str(file), str(reason)) for file, reason in event.pop("skipped"))
            told.report = Report(**{**event, "warnings": tuple(event["warnings"])}, skipped=pairs)
        elif kind == "stored":
            told.stored = Stored(self.request.name, event["method"], event["n_bits"])
        elif kind == "failed":
            # A message is all that crossed over; the title of the box follows the class.
            made = HashingError.__new__(getattr(errors, event["kind"], HashingError))
            Exception.__init__(made, event["message"])
            told.error = made
        else:
            told.ended = kind

    def _close_steps(self, state: State) -> None:
        for step in self._told.steps:
            if step.state == "running":
                step.state, step.seconds = state, time.monotonic() - self._step_began


def command() -> list[str]:
    """The program of the process."""
    return [sys.executable, "-m", "app.services.add_worker"]


_starting = threading.Lock()
_current: Job | None = None


def current() -> Job | None:
    """The job that runs on this server, or the last one until it is dismissed."""
    return _current


def start(request: Request, scratch: tuple[Path, ...] = ()) -> Job:
    """Begin a job.

    Raises:
        NotAvailableError: one is running already.
    """
    global _current
    with _starting:
        if _current is not None and _current.running:
            raise NotAvailableError(
                f"This server is busy with {_current.request.name}; it adds one thing at a time. Wait until "
                "that is done, or cancel it."
            )
        _current = Job(request, scratch)
        return _current


def dismiss() -> None:
    """Forget a job that has ended."""
    global _current
    with _starting:
        if _current is not None and not _current.running:
            _current = None
