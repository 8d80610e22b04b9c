"""The Scale page: how search cost grows, measured, and what a look-up by code visits."""

import streamlit as st

from app import state
from app.components.prose import section
from app.components.reading import reading_style
from app.components.scale_calculator import scale_calculator
from app.components.scale_charts import model_fit
from app.components.scale_controls import refusal, scale_controls
from app.components.scale_results import scale_results
from app.services import catalog

chosen = state.current()

reading_style()
st.header("Scale")
st.markdown(section("scale", "intro"))
scale_controls(chosen)
refusal()
scale_results()

st.subheader("Where the codes come from")
model_fit(chosen.dataset, chosen.method, catalog.method_label(chosen.method), chosen.n_bits)

st.subheader("Buckets within a radius")
st.markdown(section("scale", "calculator"))
scale_calculator(chosen.n_bits)
