"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# The same examples at every run; a slow machine is not a failure.
settings.register_profile("hashlens", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("hashlens")


# A shell starts what it puts into the background deaf to Ctrl-C; tests that press it need to be heard.
signal.signal(signal.SIGINT, signal.default_int_handler)

if "PYTEST_XDIST_WORKER" in os.environ:
    # A process a core: libraries with a thread for every core in each of them would wait for one another.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Data sets that somebody imported on this machine are no part of the tests, nor of collecting them.
_LIBRARY = tempfile.TemporaryDirectory(prefix="hashlens-tests-")
os.environ["HASHLENS_LIBRARY"] = _LIBRARY.name


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove that library."""
    _LIBRARY.cleanup()


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty library for one test; the folder is made by the first import."""
    monkeypatch.setenv("HASHLENS_LIBRARY", str(tmp_path / "library"))
    return tmp_path / "library"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Development data beside the checkout; tests that need it are skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the development data folder shared/data does not lie beside this checkout")
    return folder
