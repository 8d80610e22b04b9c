"""The picture of a method's card: a chart whose slider works in the browser, its caption and its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.components.prose import section
from app.components.reading import chart
from app.figures.picture import picture_figure, picture_table


def method_picture(name: str, picture: Mapping[str, Any]) -> None:
    """Draw it under its title."""
    st.markdown(f"#### {picture['title']}")
    values = ", ".join(str(frame["label"]) for frame in picture["frames"])
    moved = f"; a slider sets {picture['slider']} to {values}" if picture["slider"] else ""
    chart(
        picture_figure(picture),
        key=f"picture_{name}",
        alt=f"{picture['title']}: {picture['y']} against {picture['x']}{moved}",
        table=picture_table(picture),
        below=" ".join((picture["caption"], section("methods", "picture"))),
    )
