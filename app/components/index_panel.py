"""Below the headline while another index than exhaustive search answers: its settings, and what it misses."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components import error_box
from app.components.frontend import component
from app.components.prose import section
from app.services import cards, indexes, search, trial

_report = component("index_report", scripts=("shared.js", "index_report.js"))
SEGMENTS = 6  # values up to here stand side by side; more become a slider


def try_index(asked: search.Asked, chosen: state.Selection) -> trial.Trial | None:
    """Ask the chosen index; None for exhaustive search, and where the index is not ready or not to be had."""
    if chosen.index.exhaustive:
        return None
    with error_box.guard(), st.spinner(f"Opening the index ({indexes.NAMES[chosen.index.kind]})"):
        opened = indexes.opened(chosen.dataset, chosen.method, chosen.n_bits, chosen.index)
        if opened is not None:
            return trial.ask_index(asked, opened, chosen.n, chosen.radius)
        _wait(chosen)
    return None


@st.fragment(run_every=1.0)
def _wait(chosen: state.Selection) -> None:
    """Say that the index is being built, and draw the page again when it is."""
    if not indexes.being_built(chosen.dataset, chosen.method, chosen.n_bits, chosen.index):
        st.rerun()
    st.info(section("search", "building").format(name=indexes.NAMES[chosen.index.kind]))


def index_panel(
    asked: search.Asked, answer: search.Answer, chosen: state.Selection, tried: trial.Trial | None
) -> None:
    """Draw the settings of the index, its figures, and the images that it missed."""
    if chosen.index.exhaustive:
        return
    with st.container(key="index_panel", gap="small"):
        _settings(chosen, None if tried is None else tried.complete_radius)
        if tried is None:
            return
        _report(
            key="index_report",
            data={
                **cards.missed(asked, search.answer(asked, chosen.n, places=tried.missed)),
                "figures": figures(tried),
                "title": missed_title(tried),
            },
            on_pick_change=_picked,
        )
        if not len(answer.rows):
            st.info(nothing_found(tried, chosen.radius))


def _picked() -> None:
    ref = state.QueryRef.parse(state.triggered("index_report", "pick") or "")
    if ref is not None:
        state.pick(ref)


def _settings(chosen: state.Selection, complete_radius: int | None) -> None:
    """What the index is, and its settings if it has any."""
    text = section("search", f"index_{chosen.index.kind}")
    if complete_radius is not None:
        text += " " + section("search", "complete").format(radius=complete_radius)
    knobs = indexes.knobs(chosen.dataset, chosen.method, chosen.n_bits, chosen.index.kind)
    if not knobs:
        st.caption(text)
        return
    controls, words = st.columns([3, 2], gap="medium", vertical_alignment="center")
    with controls, st.container(horizontal=True, gap="medium"):
        for knob in knobs:
            if len(knob.options) == 1:
                st.caption(f"{knob.label}: {knob.options[0]}", width="content")
            elif len(knob.options) <= SEGMENTS:
                st.segmented_control(
                    knob.label,
                    knob.options,
                    format_func=str,
                    required=True,
                    help=knob.help,
                    wrap=False,
                    **state.widget(knob.key),
                )
            else:
                st.select_slider(
                    knob.label, knob.options, help=knob.help, width=260, **state.widget(knob.key)
                )
    words.caption(text)


def figures(tried: trial.Trial) -> list[tuple[str, str, str, str]]:
    """What the index found, what it looked at, and what that took: name, value, unit and meaning."""
    n_found = tried.n_wanted - len(tried.missed)
    looked, what = tried.looked, tried.looked.what
    return [
        (
            f"Recall@{tried.n}" if tried.n_wanted == tried.n else "Recall within the radius",
            "none" if tried.recall is None else f"{tried.recall:.2f}",
            "",
            f"{n_found:,} of the {tried.n_wanted:,} that exhaustive search returns",
        ),
        (
            "Looked at",
            f"{looked.share:.1%}" if 0 < looked.share < 0.1 else f"{looked.share:.0%}",
            f"of the {what}",
            f"{looked.n:,} of {looked.total:,} compared with the query",
        ),
        (
            "Time of a search",
            _ms(tried.query_ms),
            "ms",
            f"exhaustive {_ms(tried.exhaustive_ms)} ms; median of {tried.n_repeats}, measured here just now",
        ),
    ]


def missed_title(tried: trial.Trial) -> str:
    """The line above the missed images."""
    n = len(tried.missed)
    return f"Missed by this index: {n:,} of the {tried.n_wanted:,} nearest"


def nothing_found(tried: trial.Trial, radius: int | None) -> str:
    """Why there are no results."""
    if not tried.n_wanted:
        return section("search", "empty")
    if tried.looked.n and radius is not None:
        return section("search", "nothing_within").format(n=tried.looked.n, radius=radius)
    name = "nothing_lists" if tried.choice.kind in ("ivf", "ivf-adc") else "nothing_slots"
    return section("search", name)


def _ms(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.0f}"
