"""The Map page as a script: what it marks, what it says, what its address keeps."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from app.components import frontend
from tests.app.pages import open_page, words
from tests.app.test_routes import answer
from tests.app.test_search_view import sent

DIGITS = {"db": "digits", "method": "dpsh", "bits": "32", "q": "q3"}
SCENES = {"db": "toyscenes", "method": "lsh", "bits": "16", "q": "d5"}
WORDS = {"db": "digits", "method": "dpq", "bits": "16", "q": "q3"}


@pytest.mark.parametrize("address", [DIGITS, SCENES, WORDS])
def test_the_query_and_its_neighbours_are_marked(stored: Path, address: dict[str, str]) -> None:
    app = open_page("map", **address)
    assert not app.exception
    assert not app.error
    message, gallery = sent(app, "map_canvas"), sent(app, "gallery")
    assert message["query"] == address["q"]
    assert len(message["hits"]) == 60
    assert message["hits"][:12] == gallery["rows"]
    assert address["q"] in message["label"]
    assert "nearest neighbours are marked" in message["label"]


def test_a_message_is_small(stored: Path) -> None:
    proto = next(
        p.proto
        for p in open_page("map", **DIGITS).get("bidi_component")
        if "map_canvas" in p.proto.component_name
    )
    assert len(proto.SerializeToString()) < 8_000


def test_the_geometry_is_served_at_the_address_of_the_message(stored: Path) -> None:
    status, headers, body = answer("/" + sent(open_page("map", **DIGITS), "map_canvas")["geometry"])
    assert status == 200
    assert "immutable" in headers["cache-control"]
    assert body.startswith(b"HLM1")
    assert answer("/codemap/digits/dpsh/32/0000000000000000")[0] == 404


def test_colours_follow_the_address_and_the_code(stored: Path) -> None:
    app = open_page("map", **DIGITS, colour="Bit", bit="7")
    assert sent(app, "map_canvas")["colour"] == {"mode": "bit", "index": 7}
    assert "asks one question" in words(app)
    assert sent(open_page("map", **DIGITS, colour="AP"), "map_canvas")["colour"]["mode"] == "ap"
    # A bit that the code does not have, and a colour that does not exist.
    assert sent(open_page("map", **DIGITS, colour="Bit", bit="99"), "map_canvas")["colour"]["index"] == 0
    assert sent(open_page("map", **DIGITS, colour="nonsense"), "map_canvas")["colour"]["mode"] == "class"
    words_only = open_page("map", **WORDS, colour="Bit")
    assert sent(words_only, "map_canvas")["colour"]["mode"] == "class"
    assert "bits are not on offer" in words(words_only)
    assert sent(open_page("map", **SCENES, tag="tag 4"), "map_canvas")["colour"] == {
        "mode": "tag",
        "index": 4,
    }


def test_the_page_says_how_far_the_map_can_be_trusted(stored: Path) -> None:
    text = words(open_page("map", **DIGITS))
    for part in (
        "neighbours kept",
        "50%",
        "distinct codes",
        "scattered at random",
        "Distances between far clusters",
    ):
        assert part in text


def test_a_run_without_a_map_says_what_to_do(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from models.engine.store import StoredRun
    from models.errors import NotAvailableError

    def gone(_: object) -> None:
        raise NotAvailableError("There is no map. Rebuild it with `make zoo`.")

    monkeypatch.setattr(StoredRun, "map", gone)
    app = open_page("map", **DIGITS)
    assert "make zoo" in app.exception[0].message  # the shell's guard, absent here, turns it into a box


def test_the_share_link_keeps_the_colour(stored: Path) -> None:
    def script() -> None:
        import streamlit as st

        from app import state

        state.begin()
        st.text(state.share_query())

    app = AppTest.from_function(script)
    for key, value in (DIGITS | {"colour": "AP"}).items():
        app.query_params[key] = value
    assert dict(parse_qsl(app.run().text[0].value)) == DIGITS | {"colour": "AP", "n": "60"}


def test_the_script_of_the_map_is_fetched_once(stored: Path) -> None:
    open_page("map", **DIGITS)
    key = next(key for key, text in frontend._modules.items() if "class CodeMap" in text)
    status, headers, body = answer(f"/part/{key}.js")
    assert status == 200
    assert headers["content-type"].startswith("text/javascript")
    assert b"export const style" in body
    assert answer("/part/0000000000000000.js")[0] == 404
