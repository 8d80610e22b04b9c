"""The data sets of one's own: what they are, what they take, Search and Forget."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components.error_box import error_box
from app.components.prose import section
from app.services import HashingError, catalog, own_data


def own_list(search_page: str, *, may_forget: bool) -> None:
    """Draw the list."""
    st.subheader("Your data sets")
    refused = state.recall("forget_refused")
    if refused is not None:
        state.remember("forget_refused", None)
        error_box(refused)
    found = own_data.own_data()
    if not found:
        st.caption(section("add_data", "none"))
    with st.container(key="own_data", gap="xsmall"):
        for own in found:
            st.divider()
            _row(own, search_page, may_forget=may_forget)


def _row(own: own_data.OwnData, search_page: str, *, may_forget: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{own.name}** · {_facts(own)}", width="stretch")
        opening = None if own.problem else own_data.opening_run(own.name)
        if opening is not None and st.button(
            "Search",
            icon=":material/search:",
            key=f"own_search_{own.name}",
            on_click=state.choose,
            kwargs={"dataset": own.name, "method": opening[0], "n_bits": opening[1]},
        ):
            st.switch_page(search_page)
        size = own_data.written_bytes(own.n_bytes)
        with st.popover("Forget", icon=":material/delete:", key=f"own_forget_{own.name}"):
            if may_forget:
                st.markdown(section("add_data", "forget").format(name=own.name, size=size))
                st.button(
                    f"Forget {own.name}",
                    type="primary",
                    key=f"own_forget_now_{own.name}",
                    on_click=_forget,
                    args=(own.name,),
                )
            else:
                st.markdown(section("add_data", "forget_elsewhere").format(name=own.name))
    if own.problem:
        st.caption(own.problem)


def _facts(own: own_data.OwnData) -> str:
    if own.problem:
        return f"cannot be opened · {own_data.written_bytes(own.n_bytes)}"
    runs = ", ".join(catalog.run_label(run, n_bits) for run, n_bits in own.runs[:4])
    more = f" and {len(own.runs) - 4} more" if len(own.runs) > 4 else ""
    labels = f"{own.n_classes:,} {'classes' if own.label_kind == 'single' else 'labels'}"
    return " · ".join(
        (
            f"{own.n_images:,} {'images' if own.has_images else 'items without images'}",
            f"{own.n_query:,} queries",
            labels if own.n_classes else "no labels",
            own_data.written_bytes(own.n_bytes),
            f"codes: {runs}{more}" if runs else "no codes yet",
        )
    )


def _forget(name: str) -> None:
    try:
        freed = own_data.forget(name)
        state.note(f"{name} is forgotten; {own_data.written_bytes(freed)} are free.")
    except HashingError as error:
        state.remember("forget_refused", error)
