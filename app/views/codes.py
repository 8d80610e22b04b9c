"""The Codes page: what the stored codes of the chosen run look like."""

import streamlit as st

from app import state
from app.components import bit_charts, code_charts, word_charts
from app.components.asking import ask
from app.components.headline import headlines
from app.components.look_up_charts import look_up_table
from app.components.loss_charts import losses, vectors_button
from app.components.no_labels import no_labels
from app.components.prose import section
from app.components.reading import reading_style
from app.components.rounding_charts import roundings
from app.services import catalog, codes

chosen = state.current()
run = (chosen.dataset, chosen.method, chosen.n_bits)
info = catalog.open_dataset(chosen.dataset).info

reading_style()
st.header(f"Codes of {catalog.method_label(chosen.method)} at {chosen.n_bits} bits")

if codes.has_single_bits(*run):
    weighted = codes.run_weights(*run) is not None
    st.markdown(section("codes", "intro_weighted") if weighted else section("codes", "intro"))
    headlines(bit_charts.numbers(*run))
    bit_charts.one_bit(*run)
    if weighted:
        st.subheader("Weights of the bits")
        bit_charts.weights(*run)
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Correlation of bits")
        bit_charts.correlation(*run)
    with right:
        st.subheader("Same class against different class")
        code_charts.pairs(*run, chosen.query)
else:
    st.markdown(
        section("codes", "intro_one_hot") if codes.is_one_hot(*run) else section("codes", "intro_codebook")
    )
    word_charts.form(*run)
    headlines(word_charts.numbers(*run))
    vectors_button(*run)
    word_charts.one_word(*run)
    asked = ask(chosen)
    look_up_table(asked)
    roundings(asked)
    losses(*run)
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("What each book is worth")
        word_charts.worth(*run)
    with right:
        st.subheader("Same class against different class")
        code_charts.pairs(*run, chosen.query)

no_labels(chosen.dataset, "codes")
st.subheader("Buckets: images with one code")
code_charts.buckets(*run)
