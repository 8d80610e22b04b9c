"""The Search page."""

import streamlit as st

from app import state

chosen = state.current()
st.header("Search")
st.write(chosen)
