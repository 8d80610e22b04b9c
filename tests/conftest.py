"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# The same examples at every run; a slow machine is not a failure.
settings.register_profile("hashlens", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("hashlens")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Development data beside the checkout; tests that need it are skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the development data folder shared/data does not lie beside this checkout")
    return folder
