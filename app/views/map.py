"""The Map page."""

import streamlit as st

from app import state

chosen = state.current()
st.header("Map")
st.write(chosen)
