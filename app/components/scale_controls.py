"""What to measure, the button that starts it, and the progress of what is under way."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components import error_box
from app.components.prose import section
from app.figures.scale import short
from app.services import HashingError, catalog, scale

BOTH = "both"
_MODELS = {
    scale.CLUSTERED: (scale.CLUSTERED,),
    scale.UNIFORM: (scale.UNIFORM,),
    BOTH: (scale.CLUSTERED, scale.UNIFORM),
}
JOB = "scale_job"
NOISE_BITS = (32, 64, 128, 256)


def job() -> scale.Job | None:
    """The measurement that this session started last."""
    found: scale.Job | None = state.recall(JOB)
    return found


def scale_controls(chosen: state.Selection) -> None:
    """Draw the choice and the button."""
    running = job()
    busy = running is not None and running.running
    label = catalog.method_label(chosen.method)
    has_bits = catalog.has_bits(chosen.dataset, chosen.method, chosen.n_bits)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        sizes = st.pills(
            "Items",
            scale.SIZES,
            selection_mode="multi",
            default=scale.SIZES[:2],
            format_func=short,
            key="scale_sizes",
            wrap=True,
            disabled=busy,
        )
        kinds = st.pills(
            "Indexes",
            scale.kinds_here(),
            selection_mode="multi",
            default=[kind for kind in scale.kinds_here() if kind not in ("milvus", "multi-table")],
            format_func=scale.NAMES.__getitem__,
            key="scale_kinds",
            wrap=True,
            disabled=busy,
        )
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        names = {scale.CLUSTERED: f"like those of {label}", scale.UNIFORM: "uniform noise", BOTH: "both"}
        codes = st.segmented_control(
            "Codes to measure",
            list(names) if has_bits else [scale.UNIFORM],
            default=BOTH if has_bits else scale.UNIFORM,
            format_func=names.__getitem__,
            required=True,
            key=f"scale_codes_{has_bits}",
            disabled=busy,
        )
        codes = codes or scale.UNIFORM
        lengths = NOISE_BITS if codes == scale.UNIFORM else catalog.lengths(chosen.dataset, chosen.method)
        n_bits = st.selectbox(
            "Bits",
            lengths,
            index=lengths.index(chosen.n_bits) if chosen.n_bits in lengths else 0,
            width=90,
            key=f"scale_bits_{codes == scale.UNIFORM}_{chosen.method}_{chosen.n_bits}",
            disabled=busy,
        )
        settings = scale.Settings(
            tuple(sorted(sizes)),
            tuple(kinds),
            n_bits,
            _MODELS[codes],
            None if codes == scale.UNIFORM else (chosen.dataset, chosen.method),
        )
        st.button(
            "Measure here",
            icon=":material/play_arrow:",
            type="primary",
            key="scale_measure",
            disabled=busy or not (sizes and kinds),
            on_click=_start,
            args=(settings,),
        )
    refused = scale.too_large(settings.sizes, settings.kinds, n_bits)
    if refused:
        st.caption(f"Too large for the free memory of this machine, will be left out: {', '.join(refused)}.")
    st.caption(section("scale", "controls"))


def _start(settings: scale.Settings) -> None:
    try:
        state.remember(JOB, scale.start(settings))
        state.put(scale_source=True)
    except HashingError as error:
        state.remember("scale_refused", error)


def refusal() -> None:
    """Say why a measurement could not begin, once."""
    error = state.recall("scale_refused")
    if error is not None:
        state.remember("scale_refused", None)
        error_box.error_box(error)


def scale_progress(running: scale.Job) -> None:
    """Draw how far the measurement is, and Cancel."""
    share, doing = running.progress
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        st.progress(min(1.0, share), text=f"{doing}; {running.elapsed_s:.0f} s so far")
        st.button("Cancel", icon=":material/stop:", key="scale_cancel", on_click=running.cancel)


def scale_ended(done: scale.Job) -> None:
    """Say how the measurement ended, where it did not just finish."""
    if done.problem:
        st.error(done.problem, title="The measurement stopped", icon=":material/error:")
    elif done.cancelled:
        st.info("Cancelled. What was measured before stays.", icon=":material/info:")
