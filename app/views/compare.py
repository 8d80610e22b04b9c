"""The Compare page."""

import streamlit as st

from app import state

chosen = state.current()
st.header("Compare")
st.write(chosen)
