"""Where words stand for pictures: why, and the offer to download the images."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components.add_progress import downloaded
from app.components.error_box import error_box
from app.components.prose import section
from app.services import HashingError, add_job, catalog, own_data, scale
from app.services.add_worker import FETCH, Request


def image_offer(dataset: str) -> None:
    """Draw the line; nothing where the images are here."""
    info = catalog.open_dataset(dataset).info
    if info.has_images:
        return
    if not info.download_bytes:
        st.caption(info.note)
        return
    running = _job(info.pool) is not None
    st.fragment(_offer, run_every=1.0 if running else None)(
        info.pool, info.title.partition(":")[0], info.download_bytes, running
    )


def _job(pool: str) -> add_job.Job | None:
    """The download of these images, while it runs."""
    job = add_job.current()
    return job if job is not None and job.running and job.request == Request(pool, fetch=True) else None


def _offer(pool: str, title: str, n_bytes: int, was_running: bool) -> None:
    job = _job(pool)
    if was_running != (job is not None):
        st.rerun()  # the page decides how often this is drawn, and shows the images when they are here
    _failed(pool)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="image_offer"):
        st.caption(section("add_data", "no_images").format(title=title, pool=pool), width="stretch")
        if job is None:
            st.button(
                f"Download the images, {own_data.written_bytes(n_bytes)}",
                icon=":material/download:",
                key="fetch_images",
                on_click=_begin,
                args=(pool,),
            )
            return
        step = next((step for step in job.steps if step.state == "running"), job.steps[0])
        st.progress(step.share, text="Stopping" if job.cancelling else _said(step), width=320)
        st.button(
            "Cancel",
            icon=":material/stop:",
            key="fetch_cancel",
            on_click=job.cancel,
            disabled=job.cancelling,
        )


def _said(step: add_job.Step) -> str:
    """How far it is, in words."""
    if step.state != "running":
        return "Starting"
    left = f", about {scale.written_s(step.eta_s)} left" if step.eta_s else ""
    if not step.total:
        return f"{step.title}: {step.doing}" if step.doing else step.title
    if step.name == FETCH:
        return downloaded(step) + left
    return f"Reading {step.done:,} of {step.total:,} images{left}"


def _failed(pool: str) -> None:
    """Why the last try did not work, until it is closed."""
    refused = state.recall("fetch_refused")
    if refused is not None:
        state.remember("fetch_refused", None)
        error_box(refused)
    job = add_job.current()
    if job is None or job.running or job.request != Request(pool, fetch=True) or job.finished:
        return
    if job.error is not None:
        error_box(job.error)
    elif job.bug:
        st.error(job.bug, title="It stopped unexpectedly", icon=":material/error:")
    else:
        return
    st.button("Close", key="fetch_dismiss", on_click=add_job.dismiss)


def _begin(pool: str) -> None:
    try:
        add_job.start(Request(pool, fetch=True))
    except HashingError as error:
        state.remember("fetch_refused", error)
