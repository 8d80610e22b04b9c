"""The Compare page: the same query under two or three rankings, and which of them is better over all."""

import streamlit as st

from app import state
from app.components.asking import rank
from app.components.compare_columns import compare_columns
from app.components.compare_controls import compare_controls
from app.components.compare_protocol import compare_protocol
from app.components.compare_scatter import compare_scatters
from app.components.no_labels import no_labels
from app.components.prose import section
from app.services import compare_cards

chosen = state.current()
line = compare_controls(chosen)
ranked = [rank(chosen, side) for side in line.sides]
compare_columns(compare_cards.columns(chosen.dataset, ranked, line.n))
st.caption(section("compare", "marks"))
if any(side.is_float for side in line.sides):
    st.caption(section("compare", "float"))

if not no_labels(chosen.dataset, "compare"):
    compare_scatters(chosen, line.sides)
    compare_protocol(chosen.dataset, line.sides)
