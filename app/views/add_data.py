"""The Add data page: a zip, a folder or codes of one's own, from looking to a data set in every picker."""

from pathlib import Path

import streamlit as st

from app import state
from app.components import add_source, error_box
from app.components.add_plan import add_plan, looked
from app.components.add_progress import add_progress
from app.components.add_training import training_control
from app.components.frontend import FOLDER
from app.components.own_list import own_list
from app.components.prose import section
from app.components.reading import reading_style
from app.services import HashingError, add_job, adding, own_data
from app.services.add_worker import CodeFiles, Images, Request, Training

SEARCH = str(Path(__file__).with_name("search.py"))


def begin(request: Request, *files: str) -> None:
    """Start the job, in a callback."""
    try:
        add_job.start(request, adding.dropped(*files))
    except HashingError as error:
        state.remember("add_refused", error)


def start_button(label: str, request: Request | None, *files: str) -> None:
    """The button that begins."""
    st.button(
        label,
        type="primary",
        icon=":material/play_arrow:",
        key="add_start",
        disabled=request is None,
        on_click=begin,
        args=(request, *files),
    )


def from_images(kind: str) -> None:
    """A zip or folder: look, choose what to train, begin."""
    origin = add_source.images_control(kind)
    if origin is None:
        return
    with error_box.guard():
        found = looked(origin)
        add_plan(found)
        st.subheader("Train")
        chosen = training_control(found.label_kind, labelled=found.n_classes > 0)
        request = None
        if chosen is not None:
            images = Images(
                origin.images,
                origin.labels,
                origin.query_fraction,
                origin.train_fraction,
                origin.seed,
                origin.link,
            )
            method, n_bits, backbone = chosen
            request = Request(origin.name, images=images, training=Training(method, n_bits, backbone))
        start_button(f"Add {origin.name}", request, origin.images, origin.labels)
        with st.expander("The same on the command line", type="compact"):
            same = adding.command_line(
                origin.name,
                origin.given,
                "labels.csv" if origin.labels else "",
                query_fraction=origin.query_fraction,
                train_fraction=origin.train_fraction,
                seed=origin.seed,
                link=origin.link,
                training=chosen,
            )
            st.code(same, language="bash")


def from_here(own: list[own_data.OwnData]) -> None:
    """A data set that was read before: train another method on it."""
    name = st.selectbox("Data set", [one.name for one in own], width=320, key="add_here")
    one = next(one for one in own if one.name == name)
    chosen = training_control(one.label_kind, labelled=one.n_classes > 0)
    request = None
    if chosen is not None:
        method, n_bits, backbone = chosen
        request = Request(name, training=Training(method, n_bits, backbone))
    start_button(f"Train on {name}", request)


def from_codes() -> None:
    """Codes of another system become a data set without images."""
    given = add_source.codes_control()
    if given is not None:
        request = Request(given.name, codes=CodeFiles(given.query, given.database, given.system))
        start_button(f"Open {given.name}", request, given.query, given.database)


reading_style()
st.html(f"<style>{(FOLDER / 'add_data.css').read_text('utf-8')}</style>")
st.header("Add data")
st.markdown(section("add_data", "intro"))
refused = state.recall("add_refused")
if refused is not None:
    state.remember("add_refused", None)
    error_box.error_box(refused)
add_progress(SEARCH)
if add_job.current() is None:  # one thing at a time: what is being added has the page to itself
    trainable = [own for own in own_data.own_data() if own.has_images]
    source = add_source.source_control(bool(trainable))
    if source == add_source.CODES:
        from_codes()
    elif source == add_source.HERE:
        from_here(trainable)
    else:
        from_images(source)
own_list(SEARCH, may_forget=not add_source.why_no_folder())
