"""The Codes page."""

import streamlit as st

from app import state

chosen = state.current()
st.header("Codes")
st.write(chosen)
