"""Run one page under AppTest, without the bar around it."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

VIEWS = Path(__file__).parents[2] / "app/views"


def _script(path: str) -> None:
    import runpy

    from app import state

    state.begin()
    runpy.run_path(path)


def open_page(view: str, **address: str) -> AppTest:
    """The page `app/views/<view>.py` at the address `?db=...&method=...`."""
    app = AppTest.from_function(_script, args=(str(VIEWS / f"{view}.py"),), default_timeout=60)
    for key, value in address.items():
        app.query_params[key] = value
    return app.run()


def words(app: AppTest) -> str:
    """All text of a page: prose, captions, headings and pieces of HTML."""
    kinds = ("markdown", "caption", "header", "subheader", "html")
    return " ".join(
        str(part.value if hasattr(part, "value") else part.proto) for k in kinds for part in app.get(k)
    )


def alts(app: AppTest, kind: str) -> list[str]:
    """Text alternatives of all charts or tables of a page."""
    return [part.proto.alt for part in app.get(kind)]
