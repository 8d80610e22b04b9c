"""The Metrics page: every stored run of the data set beside the chosen one, protocol with every number."""

import streamlit as st

from app import state
from app.components import method_charts as charts
from app.components.leaderboard import chosen_first, leaderboard, leaderboard_rows
from app.components.method_card import published_rows
from app.components.method_link import method_link
from app.components.metrics_filters import brought_forward, table_filters
from app.components.prose import section
from app.components.protocol_line import protocol_line
from app.components.published_table import beside_the_survey
from app.components.reading import reading_style
from app.services import baselines, catalog, methods, metrics, metrics_csv

chosen = state.current()
dataset, method, n_bits = chosen.dataset, chosen.method, chosen.n_bits
label = catalog.method_label(method)
entries = metrics.leaderboard(dataset)
base = methods.reference(dataset)

reading_style()
st.header("Metrics")
if not catalog.has_labels(dataset):
    st.info(section("unlabelled", "metrics" if catalog.has_images(dataset) else "metrics_codes"))
    st.stop()
st.markdown(section("metrics", "intro"))

st.subheader("All runs")
filters = table_filters(dataset, n_bits)
shown_bits = filters.n_bits or n_bits  # of the curves that hold one length
kept = filters.keep(entries, method=method, n_bits=n_bits)
leaderboard(
    leaderboard_rows(
        kept,
        [r for r in baselines.references(dataset) if not r.has_lengths or filters.n_bits in (None, r.n_bits)],
        method=method,
        n_bits=n_bits,
        base=methods.reference_map(dataset),
        base_label=catalog.method_label(base) if base else "reference",
    ),
    chosen_first(kept, method, n_bits),
)
protocol_line(metrics.common_protocol(kept))
st.caption(section("metrics", "leaderboard"))
with st.container(horizontal=True, gap="small"):
    st.download_button(
        "Leaderboard, CSV",
        metrics_csv.leaderboard_csv(dataset),
        f"hashlens-{dataset}-leaderboard.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="leaderboard_csv",
    )
    st.download_button(
        f"Curves at {shown_bits} bits, CSV",
        metrics_csv.curves_csv(dataset, shown_bits),
        f"hashlens-{dataset}-{shown_bits}-bits-curves.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="curves_csv",
    )

st.subheader("Curves")
names, front = brought_forward(dataset, method, shown_bits, filters, entries)
st.caption(section("metrics", "forward"))
left, right = st.columns(2, gap="medium")
with left:
    st.subheader("mAP against code length")
    charts.against_bits(dataset, method, front, names)
with right:
    st.subheader(f"Precision against recall, {shown_bits} bits")
    charts.precision_recall(dataset, method, shown_bits, front, names)

left, right = st.columns(2, gap="medium")
with left:
    st.subheader("Lookup within radius 2")
    charts.radius(dataset, method, front, names)
with right:
    st.subheader(f"Precision among the first N, {shown_bits} bits")
    charts.precision_at(dataset, method, shown_bits, front, names)

graded = sorted({name for entry in entries for name in entry.graded})
if graded:
    st.subheader("Graded relevance")
    st.caption(section("metrics", "graded"))
    score = st.segmented_control("Score", graded, default=graded[0], required=True, key="graded_score")
    charts.graded_against_bits(dataset, method, score or graded[0], front, names)

beside_the_survey(dataset)

left, right = st.columns(2, gap="medium")
with left:
    st.subheader(f"AP by class, {label} at {n_bits} bits")
    charts.class_ap(dataset, method, n_bits)
with right:
    st.subheader("Published elsewhere")
    st.caption(section("metrics", "published"))
    everyone = st.toggle("Of all methods", key="published_all")
    # The chosen method's own figures first.
    own = catalog.method_of(method)
    everybody = dict.fromkeys((own, *map(catalog.method_of, catalog.scored(dataset))))
    published = published_rows([catalog.method_card(name) for name in (everybody if everyone else [own])])
    if published["method"]:
        st.dataframe(
            published, hide_index=True, key="published", alt="Published figures, with source and protocol"
        )
    else:
        st.caption("None was found.")

st.subheader(f"About {catalog.method_label(catalog.method_of(method))}")
if idea := catalog.method_card(method).get("idea"):
    st.markdown(idea)
method_link(method)
