"""Register a Components-v2 element whose script and style lie in files of their own beside the Python."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

FOLDER = Path(__file__).parent

# What an element sends with every change of its data, in place of its whole script and style.
_LOADER = """
const styled = new WeakSet()
export default async function (component) {
  const base = document.querySelector("base")?.href ?? `${location.origin}/`
  const { default: draw, style } = await import(new URL("%s", base).href)
  const root = component.parentElement
  if (!styled.has(root)) {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(style)
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet]
    styled.add(root)
  }
  return draw(component)
}
"""
_modules: dict[str, str] = {}


def module(key: str) -> str | None:
    """Script of an element by its content key; None when there is none."""
    return _modules.get(key)


def component(
    name: str,
    *,
    html: str = "<div class='root'></div>",
    scripts: tuple[str, ...] = (),
    styles: tuple[str, ...] = (),
) -> ComponentRenderer:
    """The mounting command of the element `name`, made of `<name>.js` and `<name>.css`.

    `scripts` and `styles` name other files, which are joined in the order given; the look's tokens always
    come first. The browser fetches the whole once, from the route for modules: Streamlit would send it again
    with every change of the data. The loader is passed inline, because file-backed components do not load
    under AppTest; an inline text is told from a path by its line breaks.
    """
    js = [(FOLDER / file).read_text("utf-8") for file in scripts or (f"{name}.js",)]
    css = [(FOLDER / file).read_text("utf-8") for file in ("tokens.css", *(styles or (f"{name}.css",)))]
    script, style = "\n".join(js), "\n".join(css)
    script += f"\nexport const style = {json.dumps(style)}\n"
    key = hashlib.sha256(script.encode()).hexdigest()[:16]
    _modules[key] = script
    return st.components.v2.component(f"hashlens_{name}", html=html, js=_LOADER % f"part/{key}.js")
