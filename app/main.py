"""Entry point of the server: the app's script, and the binary routes beside it.

`streamlit run app/main.py` finds the `st.App` below by reading this file, so it has to stay a plain
assignment.
"""

import sys
from pathlib import Path

# `streamlit run` puts app/ on the path, `python -m streamlit run` the working directory; both need the root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import streamlit as st

from app.latency import without_delay
from app.routes import ROUTES

app = st.App(Path(__file__).with_name("shell.py"), routes=ROUTES, lifespan=without_delay)
