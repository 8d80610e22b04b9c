"""What a page says where nothing is known of the images' classes."""

from __future__ import annotations

import streamlit as st

from app.components.prose import section
from app.services import catalog


def no_labels(dataset: str, what: str) -> bool:
    """Say what a page leaves out where labels are missing, and why; `what` names the sentence."""
    if catalog.has_labels(dataset):
        return False
    st.caption(section("unlabelled", what))
    return True
