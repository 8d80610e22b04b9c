"""Where words stand for pictures: why, and the offer to download the images."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components.error_box import error_box
from app.components.prose import section
from app.services import HashingError, add_job, catalog, own_data, scale
from app.services.add_worker import Request


def image_offer(dataset: str) -> None:
    """Draw the line; nothing where the images are here."""
    info = catalog.open_dataset(dataset).info
    if info.has_images:
        return
    if not info.download_bytes:
        st.caption(info.note)
        return
    job = add_job.current()
    running = job is not None and job.running and job.request.fetch
    st.fragment(_offer, run_every=1.0 if running else None)(
        info.pool, info.title.partition(":")[0], info.download_bytes, running
    )


def _offer(pool: str, title: str, n_bytes: int, was_running: bool) -> None:
    job = add_job.current()
    running = job is not None and job.running and job.request.fetch
    if was_running and not running:
        st.rerun()
    refused = state.recall("fetch_refused")
    if refused is not None:
        state.remember("fetch_refused", None)
        error_box(refused)
    if job is not None and not job.running and job.request.fetch and job.error is not None:
        error_box(job.error)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="image_offer"):
        st.caption(section("add_data", "no_images").format(title=title, pool=pool), width="stretch")
        if running and job is not None:
            step = job.steps[0]
            left = f", about {scale.written_s(step.eta_s)} left" if step.eta_s else ""
            st.progress(step.share, text=f"{step.doing or 'downloading'}{left}", width=320)
            st.button("Cancel", icon=":material/stop:", key="fetch_cancel", on_click=job.cancel)
            return
        st.button(
            f"Download the images, {own_data.written_bytes(n_bytes)}",
            icon=":material/download:",
            key="fetch_images",
            on_click=_begin,
            args=(pool,),
        )


def _begin(pool: str) -> None:
    try:
        add_job.start(Request(pool, fetch=True))
    except HashingError as error:
        state.remember("fetch_refused", error)
