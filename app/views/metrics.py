"""The Metrics page."""

import streamlit as st

from app import state

chosen = state.current()
st.header("Metrics")
st.write(chosen)
