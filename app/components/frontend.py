"""Register a Components-v2 element whose script and style lie in files of their own beside the Python."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

FOLDER = Path(__file__).parent


def component(
    name: str,
    *,
    html: str = "<div class='root'></div>",
    scripts: tuple[str, ...] = (),
    styles: tuple[str, ...] = (),
) -> ComponentRenderer:
    """The mounting command of the element `name`, made of `<name>.js` and `<name>.css`.

    `scripts` and `styles` name other files, which are joined in the order given; the look's tokens always
    come first. The texts are passed inline, because file-backed components do not load under AppTest; an
    inline text is told from a path by its line breaks, which every file here has.
    """
    js = [(FOLDER / file).read_text("utf-8") for file in scripts or (f"{name}.js",)]
    css = [(FOLDER / file).read_text("utf-8") for file in ("tokens.css", *(styles or (f"{name}.css",)))]
    return st.components.v2.component(f"hashlens_{name}", html=html, css="\n".join(css), js="\n".join(js))
