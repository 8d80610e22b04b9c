"""What was found before anything is read: counts, classes with a few pictures, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from app import state
from app.components.add_source import Origin
from app.components.headline import Headline, headlines
from app.components.prose import section
from app.components.reading import thumbs
from app.services import adding, own_data

N_REASONS = 200  # rows of the table of what is left out


def looked(origin: Origin) -> adding.Preview:
    """The preview of what is asked for; looked for once for each change.

    Raises:
        DataError: what stands in the way.
    """
    asked = (
        origin.name,
        origin.images,
        origin.labels,
        origin.query_fraction,
        origin.train_fraction,
        origin.seed,
        origin.link,
    )
    before = state.recall("add_looked")
    if before is None or before[0] != asked:
        with st.spinner("Looking"):
            before = (asked, adding.look(*asked))
        state.remember("add_looked", before)
    found: adding.Preview = before[1]
    return found


def add_plan(found: adding.Preview) -> None:
    """Draw the preview."""
    about = "" if found.roles_given else "about "
    kind = {"multi": "several labels or none for an image", "single": "one class for each image"}
    headlines(
        [
            Headline("Images", f"{found.n_images:,}", own_data.written_bytes(found.n_bytes), _storage(found)),
            Headline("Queries", f"{about}{found.n_query:,}", "", "They ask, and are not in the database."),
            Headline("Database", f"{about}{found.n_database:,}", "", "What is searched."),
            Headline("Train", f"{about}{found.n_train:,}", "", "What the method learns from."),
            Headline(
                "Classes" if found.label_kind == "single" else "Labels",
                f"{found.n_classes:,}",
                "",
                kind[found.label_kind] if found.n_classes else "nothing can be scored",
            ),
            Headline(
                "Left out",
                f"{len(found.left_out):,}",
                "file" if len(found.left_out) == 1 else "files",
                "Listed below, each with its reason." if found.left_out else "All files are taken.",
            ),
        ]
    )
    st.caption(section("add_data", "given") if found.roles_given else section("add_data", "drawn"))
    for note in found.notes:
        st.caption(note)
    if not found.n_classes:
        st.info(section("add_data", "unlabelled"), icon=":material/info:")
        st.html(thumbs([(src, "one of the images found", "") for src in found.pictures], 12))
    else:
        st.html(_classes(found))
        hidden = found.n_classes - len(found.classes)
        if hidden:
            st.caption(
                f"These are the most frequent; {hidden:,} more {'is' if hidden == 1 else 'are'} rarer."
            )
    left_out(found.left_out)


def n_files(n: int) -> str:
    """So many files, in words."""
    return f"{n:,} file" if n == 1 else f"{n:,} files"


def left_out(files: Sequence[tuple[str, str]]) -> None:
    """A table of files that were left out, each with its reason; nothing where there are none."""
    if not files:
        return
    shown = files[:N_REASONS]
    rest = f", the first {N_REASONS} of them" if len(files) > N_REASONS else ""
    with st.expander(f"Left out: {n_files(len(files))}{rest}", type="compact"):
        st.dataframe(
            {"file": [file for file, _ in shown], "reason": [reason for _, reason in shown]},
            hide_index=True,
            column_config={
                "file": st.column_config.TextColumn("file", width="medium"),
                "reason": st.column_config.TextColumn("reason", width="large"),
            },
            alt="Files that are left out, each with its reason",
        )


def _storage(found: adding.Preview) -> str:
    size = own_data.written_bytes(found.n_bytes)
    return section("add_data", "copied").format(size=size) if found.copied else section("add_data", "linked")


def _classes(found: adding.Preview) -> str:
    cells = "".join(
        f'<li><span class="hl-few">{"".join(_picture(src) for src in shown.pictures)}</span>'
        f'<span class="hl-name" title="{escape(shown.name, quote=True)}">{escape(shown.name)}</span>'
        f'<span class="hl-count">{shown.count:,}</span></li>'
        for shown in found.classes
    )
    return f'<ul class="hl-classes">{cells}</ul>'


def _picture(src: str) -> str:
    return f'<img src="{src}" alt="">'  # the name beside it says what it is
