"""What is trained on data of one's own: method, code length and backbone."""

from __future__ import annotations

import streamlit as st

from app.components.prose import section
from app.services import adding, catalog


def training_control(label_kind: str, *, labelled: bool) -> tuple[str, int, str] | None:
    """Draw the choice; method, length and backbone, or None while it cannot be trained."""
    offered = {choice.name: choice for choice in adding.choices(label_kind, labelled=labelled)}
    if not offered:
        st.info("No method has a card here. Run `make zoo`.")
        return None
    names = list(offered)
    first = adding.suggested_method(labelled=labelled)
    ready, missing = adding.backbones()

    def entry(name: str) -> str:
        return catalog.method_entry(name) + (" · cannot take these" if offered[name].why_not else "")

    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        method = st.selectbox(
            "Train with",
            names,
            index=names.index(first) if first in offered and not offered[first].why_not else 0,
            format_func=entry,
            width=320,
            key=f"add_method_{label_kind}_{labelled}",
        )
        choice = offered[method]
        lengths = choice.lengths or adding.LENGTHS
        n_bits = st.segmented_control(
            "Bits",
            lengths,
            default=min(lengths, key=lambda n: abs(n - catalog.OPENING_BITS)),
            required=True,
            format_func=str,
            key=f"add_bits_{'_'.join(map(str, lengths))}",
        )
        backbone = st.selectbox("Backbone", ready, width=200, key="add_backbone")
    if choice.why_not:
        st.warning(choice.why_not, icon=":material/block:")
        return None
    left = ", ".join(missing)
    st.caption(
        section("add_data", "backbone")
        + (" " + section("add_data", "no_weights").format(names=left, first=missing[0]) if missing else "")
    )
    return method, int(n_bits or lengths[0]), backbone
