"""Figures of a measurement, redrawn as they arrive."""

from __future__ import annotations

import streamlit as st

from app.components.prose import section
from app.components.scale_charts import measured
from app.components.scale_controls import job, scale_ended, scale_progress
from app.services import scale


def scale_results() -> None:
    """Draw the figures; while a measurement runs, once a second."""
    under_way = job()
    busy = under_way is not None and under_way.running
    st.fragment(_results, run_every=1.0 if busy else None)(busy)


def _results(was_busy: bool) -> None:
    """The measurement under way, the last one of this session, or the one that comes with the app."""
    mine = job()
    running = mine is not None and mine.running
    if was_busy and not running:  # the controls wait for it, and nothing needs to be redrawn any more
        st.rerun()
    own = mine.result() if mine is not None else None
    if mine is not None:
        (scale_progress if running else scale_ended)(mine)
    shipped = scale.shipped()
    shown = own or shipped
    if own and shipped and not running:
        here = st.segmented_control(
            "Figures",
            (True, False),
            default=True,
            format_func={True: "measured here", False: "measured elsewhere"}.__getitem__,
            required=True,
            key="scale_source",
        )
        shown = own if here else shipped
    if shown is None:
        st.info(section("scale", "empty"))
        return
    st.markdown(section("scale", "here") if shown.here else section("scale", "elsewhere"))
    measured(shown)
    st.caption(" ".join((section("scale", "kinds"), section("scale", "protocol"), section("scale", "float"))))
    st.caption(scale.machine_line(shown))
    st.download_button(
        "All figures, CSV",
        scale.result_csv(shown),
        "hashlens-scale.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="scale_csv",
    )
