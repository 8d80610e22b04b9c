"""The script behind every page: look, navigation, bar. No logic."""

from pathlib import Path

import streamlit as st

from app import state
from app.components import error_box
from app.components.bar import bar
from app.components.frontend import FOLDER
from app.components.image_offer import image_offer
from app.services import freshness

VIEWS = Path(__file__).resolve().with_name("views")
SEARCH = str(VIEWS / "search.py")
WITH_IMAGES = ("Search", "Compare", "Map", "Codes")

st.set_page_config(page_title="Hashlens", page_icon=str(FOLDER / "icon.svg"), layout="wide")
st.html(f"<style>{(FOLDER / 'tokens.css').read_text()}{(FOLDER / 'page.css').read_text()}</style>")

st.logo(str(FOLDER / "icon.svg"), size="medium")

page = st.navigation(
    [
        st.Page(SEARCH, title="Search", default=True),
        st.Page(VIEWS / "methods.py", title="Methods"),
        st.Page(VIEWS / "compare.py", title="Compare"),
        st.Page(VIEWS / "map.py", title="Map"),
        st.Page(VIEWS / "codes.py", title="Codes"),
        st.Page(VIEWS / "metrics.py", title="Metrics"),
        st.Page(VIEWS / "scale.py", title="Scale"),
        st.Page(VIEWS / "add_data.py", title="Add data"),
    ],
    position="top",
)
if freshness.changed():
    st.cache_data.clear()
with error_box.guard():
    state.begin()
    bar(SEARCH)
    if notes := state.take_notes():
        st.info("  \n".join(notes), icon=":material/info:")
    if page.title in WITH_IMAGES:
        image_offer(state.current().dataset)
    page.run()
