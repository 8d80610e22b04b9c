"""Register a Components-v2 element whose script and style lie in files of their own beside the Python."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

FOLDER = Path(__file__).parent


def component(name: str, *, html: str = "<div class='root'></div>", scripts: tuple[str, ...] = ()) -> ComponentRenderer:
    """The mounting command of the element `name`, made of `<name>.css` and of `<name>.js` or of `scripts`, joined.

    The texts are passed inline, because file-backed components do not load under AppTest; an inline text is told
    from a path by its line breaks, which every file here has.
    """
    sources = scripts or (f"{name}.js",)
    js = "\n".join((FOLDER / source).read_text("utf-8") for source in sources)
    css = (FOLDER / "tokens.css").read_text("utf-8") + (FOLDER / f"{name}.css").read_text("utf-8")
    return st.components.v2.component(f"hashlens_{name}", html=html, css=css, js=js)
