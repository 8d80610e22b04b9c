"""The job that adds data, step by step while it runs, and what came of it."""

from __future__ import annotations

from html import escape

import streamlit as st

from app import state
from app.components import error_box
from app.components.add_plan import left_out, n_files
from app.components.headline import Headline, headlines
from app.components.prose import section
from app.services import add_job, catalog, own_data, scale

# By the first step.
_DOES = {"read": "Adding", "features": "Training on", "codes": "Opening", "fetch": "Downloading"}
_STATE = {"waiting": "waits", "running": "", "done": "done", "stopped": "stopped"}


def add_progress(search_page: str) -> None:
    """Draw the job of this server, once a second while it runs; nothing when there is none."""
    job = add_job.current()
    if job is None:
        return
    running = job.running
    st.fragment(_progress, run_every=1.0 if running else None)(job, running)
    if not running:
        _ended(job, search_page)


def _progress(job: add_job.Job, was_running: bool) -> None:
    if was_running and not job.running:
        st.rerun()  # the pickers and the list below wait for it
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.subheader(_title(job), width="stretch")
        if job.running:
            st.button(
                "Cancel",
                icon=":material/stop:",
                key="add_cancel",
                on_click=job.cancel,
                disabled=job.cancelling,
            )
    st.html(f'<ol class="hl-steps">{"".join(_row(step) for step in job.steps)}</ol>')
    if job.running:
        so_far = f" Left out so far: {n_files(len(job.skipped))}." if job.skipped else ""
        told = section("add_data", "cancelling") if job.cancelling else section("add_data", "running")
        st.caption(told + so_far)


def _title(job: add_job.Job) -> str:
    name = job.request.name
    if job.running:
        return f"{_DOES[job.steps[0].name]} {name}"
    return f"{name} is ready" if job.finished else f"{name} was not finished"


def _row(step: add_job.Step) -> str:
    percent = round(100 * step.share)
    bar = (
        f'<div class="hl-track" role="progressbar" aria-label="{escape(step.title)}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{percent}"><i style="width: {percent}%"></i></div>'
    )
    return f'<li class="{step.state}"><b>{step.title}</b>{bar}<span>{escape(_said(step))}</span></li>'


def _said(step: add_job.Step) -> str:
    """How far a step is, in words."""
    if step.state == "waiting":
        return "waits"
    what = rate = left = ""
    if step.name == "fetch" and step.total:
        what, rate = downloaded(step), f"{own_data.written_bytes(round(step.per_s or 0))}/s"
    elif step.name in ("read", "features") and step.total:
        what, rate = f"{step.done:,} of {step.total:,} images", f"{step.per_s or 0:,.0f} images/s"
    if step.state != "running" or not step.per_s:
        rate = ""
    if step.state == "running" and step.eta_s:
        left = f"about {scale.written_s(step.eta_s)} left"
    took = f"{step.seconds:,.0f} s" if step.seconds >= 1 else "less than 1 s"
    doing = step.doing if step.state == "running" else ""
    return " · ".join(filter(None, (_STATE[step.state], what, doing, rate, left, took)))


def downloaded(step: add_job.Step) -> str:
    """How much of a download is there, in words."""
    return f"{own_data.written_bytes(step.done)} of {own_data.written_bytes(step.total)}"


def _ended(job: add_job.Job, search_page: str) -> None:
    """Say how it ended, what was read and left out, and where to go."""
    if job.error is not None:
        error_box.error_box(job.error)
    elif job.bug:
        st.error(job.bug, title="It stopped unexpectedly", icon=":material/error:")
    if not job.finished:
        st.info(_kept(job).format(name=job.request.name), icon=":material/info:")
    if job.report is not None:
        _report(job.report)
    left_out(job.skipped)
    made, name = job.stored, job.request.name
    with st.container(horizontal=True, gap="small"):
        opens = made is not None and name in {info.name for info in catalog.datasets()}
        if opens and made is not None:
            chosen = {"dataset": name, "method": made.method, "n_bits": made.n_bits}
            if st.button(
                f"Search {name}",
                icon=":material/search:",
                type="primary",
                key="add_search",
                on_click=state.choose,
                kwargs=chosen,
            ):
                st.switch_page(search_page)
        st.button("Close", key="add_dismiss", on_click=add_job.dismiss)


def _kept(job: add_job.Job) -> str:
    """What there is of a job that was not finished."""
    if job.report is not None:
        return section("add_data", "kept_images")
    if job.request.fetch and job.steps[0].state == "done":
        return section("add_data", "kept_download")
    return section("add_data", "nothing_kept")


def _report(report: add_job.Report) -> None:
    headlines(
        [
            Headline("Read", f"{report.n:,}", "images", f"in {max(1, round(report.seconds))} s"),
            Headline("Queries", f"{report.n_query:,}", "", ""),
            Headline("Database", f"{report.n_database:,}", "", f"{report.n_train:,} to train on"),
            Headline(
                "Labels" if report.label_kind == "multi" else "Classes", f"{report.n_classes:,}", "", ""
            ),
            Headline("Listed twice", f"{report.n_duplicates:,}", "images", "pixel for pixel"),
            Headline("On disk", own_data.written_bytes(report.n_bytes), "", "in the library"),
        ]
    )
    if report.warnings:
        st.warning("\n".join(f"- {warning}" for warning in report.warnings), icon=":material/warning:")
