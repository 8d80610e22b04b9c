"""What is shown when something a person can mend went wrong. Any other is a bug and stays visible."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from app.services import HashingError

_TITLES = {
    "NotAvailableError": "Not on this machine",
    "DataError": "These data cannot be used",
    "ConfigError": "This setting does not work",
    "CheckpointError": "A stored run cannot be read",
    "WeightsError": "The backbone's weights are missing",
    "TrainingError": "Training stopped",
    "UnknownNameError": "Unknown name",
}


def error_box(error: HashingError) -> None:
    """Say what happened and what to do."""
    title = _TITLES.get(type(error).__name__, "This did not work")
    st.error(str(error), title=title, icon=":material/error:")


@contextmanager
def guard() -> Iterator[None]:
    """Around a page or fragment: a HashingError becomes an error box, everything else passes."""
    try:
        yield
    except HashingError as error:
        error_box(error)
