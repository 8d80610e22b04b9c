"""Where images or codes come from: a dropped file, a folder of the server, or what is here already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from app import state
from app.components.error_box import guard
from app.components.prose import section
from app.services import adding

ZIP, FOLDER, HERE, CODES = "zip", "folder", "here", "codes"
_WORDS = {
    ZIP: "A zip of images",
    FOLDER: "A folder",
    HERE: "Images that are here",
    CODES: "Codes of another system",
}


@dataclass(frozen=True)
class Origin:
    """Where images are, and what is to be made of them.

    Attributes:
        images, labels: paths; `labels` may be "".
        given: what the person called the images, a file's name or a path.
        link: leave the images where they are.
    """

    name: str
    images: str
    labels: str
    query_fraction: float
    train_fraction: float
    seed: int
    link: bool
    given: str


def source_control(has_own: bool) -> str:
    """Draw the choice of what to add."""
    options = [option for option in _WORDS if option != HERE or has_own]
    state.keep_among("add_source", options)
    chosen = st.segmented_control(
        "What to add",
        options,
        default=ZIP,
        format_func=_WORDS.__getitem__,
        required=True,
        label_visibility="collapsed",
        key="add_source",
        persist_state="session",
    )
    return chosen or ZIP


def images_control(kind: str) -> Origin | None:
    """Draw the choice of images and how they are used; None until there are some."""
    why_not = why_no_folder()
    if kind == FOLDER and why_not:
        st.info(why_not, icon=":material/lock:")
        st.code(adding.command_line("NAME", "FOLDER"), language="bash")
        return None
    found = _folder() if kind == FOLDER else _zip()
    if found is None:
        return None
    images, given_name = found
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        suggested = adding.suggested_name(given_name)
        name = st.text_input("Name", suggested, width=240, max_chars=40, key=f"add_name_{suggested}")
        queries = st.number_input("Queries, share", 0.01, 0.9, 0.1, 0.05, width=130, key="add_queries")
        train = st.number_input("Train, share of the rest", 0.01, 1.0, 0.5, 0.05, width=180, key="add_train")
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, width=110, key="add_seed")
    labels, is_folder = _labels(kind), kind == FOLDER and not images.lower().endswith(".zip")
    link = is_folder and st.checkbox("Leave the images where they are", key="add_link")
    return Origin(name.strip(), images, labels, float(queries), float(train), int(seed), link, given_name)


def why_no_folder() -> str:
    """Why nobody may name a folder here; "" when they may."""
    return adding.why_no_folder(str(st.get_option("server.address") or ""), dict(st.context.headers or {}))


def _zip() -> tuple[str, str] | None:
    file = st.file_uploader(
        f"A zip of images, at most {adding.CAP_MB} MB",
        type=["zip"],
        max_upload_size=adding.CAP_MB,
        key="add_zip",
    )
    st.caption(section("add_data", "zip"))
    if file is None:
        st.caption(section("add_data", "cap").format(cap=adding.CAP_MB))
        st.code("python -m models import NAME --images FILE.zip", language="bash")
        return None
    path = _kept("zip", file)
    return None if path is None else (path, file.name)


def _folder() -> tuple[str, str] | None:
    path = st.text_input(
        "Folder or zip on the server's machine", key="add_folder", placeholder="the whole path"
    ).strip()
    st.caption(section("add_data", "zip"))
    return (path, path) if path else None


def _labels(kind: str) -> str:
    with st.expander("A labels.csv of its own", type="compact"):
        if kind == FOLDER:
            return st.text_input("Path of labels.csv", key="add_labels_path").strip()
        file = st.file_uploader("labels.csv", type=["csv"], max_upload_size=20, key="add_labels")
    return "" if file is None else _kept("labels", file) or ""


def _kept(what: str, file: Any) -> str | None:
    """Path of a dropped file, written down once; None when it could not be."""
    before = state.recall(f"add_{what}")
    if before is not None and before[0] == file.file_id:
        return str(before[1])
    with guard():
        path = str(adding.keep_upload(file.getvalue(), file.name))
        state.remember(f"add_{what}", (file.file_id, path))
        return path
    return None


@dataclass(frozen=True)
class CodesOrigin:
    """Two files of codes, the system that made them, and the data set that they become."""

    name: str
    system: str
    query: str
    database: str


def codes_control() -> CodesOrigin | None:
    """Draw the choice of two code files; None until both are there."""
    st.caption(section("add_data", "codes"))
    left, right = st.columns(2, gap="medium")
    given = {}
    for column, what in ((left, "query"), (right, "database")):
        with column:
            file = st.file_uploader(
                f"Codes of the {'queries' if what == 'query' else 'database'}",
                type=["npz"],
                max_upload_size=adding.CAP_MB,
                key=f"add_codes_{what}",
            )
        if file is not None and (path := _kept(f"codes_{what}", file)):
            given[what] = (path, file.name)
    if len(given) < 2:
        return None
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        suggested = adding.suggested_name(given["database"][1])
        name = st.text_input("Name", suggested, width=240, max_chars=40, key=f"add_codes_name_{suggested}")
        system = st.text_input("System", "own", width=160, max_chars=24, key="add_codes_system")
    return CodesOrigin(name.strip(), system.strip(), given["query"][0], given["database"][0])
