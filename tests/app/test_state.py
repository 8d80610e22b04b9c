"""The choice of a session: read from the address, checked, written back, with a trail."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.selection import QueryRef, Selection
from app.services import catalog
from app.state import TRAIL_LENGTH


def _script() -> None:
    import streamlit as st

    from app import state

    def act() -> None:
        # What a callback does; the test says what in a text box.
        exec(st.session_state["act"], {"state": state})

    state.begin()
    st.text_input("act", key="act", on_change=act)
    st.session_state["seen"] = state.current()
    st.session_state["seen_trail"] = [str(ref) for ref in state.trail()]
    st.session_state["seen_notes"] = state.take_notes()
    st.session_state["seen_share"] = state.share_query()


def opened(**address: str) -> AppTest:
    app = AppTest.from_function(_script, default_timeout=30)
    for key, value in address.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def act(app: AppTest, code: str) -> AppTest:
    app.text_input[0].set_value(code).run()
    assert not app.exception
    return app


def address(app: AppTest) -> dict[str, str]:
    values = dict(app.query_params.items())
    return {key: value if isinstance(value, str) else value[-1] for key, value in values.items()}


def seen(app: AppTest) -> Selection:
    selection: Selection = app.session_state["seen"]
    return selection


@pytest.mark.parametrize("text", ["q0", "d345", "upload", "q999999999"])
def test_a_query_is_read_as_it_is_written(text: str) -> None:
    assert str(QueryRef.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "q", "q-1", "x3", "q1.5", "q٣", "q1234567890", "3", "q3 or 1=1", "uploads"]
)
def test_what_is_no_query_is_refused(text: str) -> None:
    assert QueryRef.parse(text) is None


def test_a_plain_address_opens_a_view_and_stays_plain(stored: Path) -> None:
    app = opened()
    opening = catalog.default_query("toyscenes")
    assert seen(app) == Selection("toyscenes", "dpsh", 32, QueryRef("query", opening), 60)
    assert address(app) == {}
    assert app.session_state["seen_notes"] == []
    assert app.session_state["seen_share"] == f"db=toyscenes&method=dpsh&bits=32&q=q{opening}&n=60"


def test_an_address_opens_its_view(stored: Path) -> None:
    app = opened(db="digits", method="lsh", bits="16", q="d345", n="120")
    assert seen(app) == Selection("digits", "lsh", 16, QueryRef("database", 345), 120)
    assert app.session_state["seen_notes"] == []


def test_a_shared_link_opens_the_same_view(stored: Path) -> None:
    first = opened(db="digits", method="dpq", bits="16", q="q7", n="20")
    link = dict(part.split("=") for part in first.session_state["seen_share"].split("&"))
    assert seen(opened(**link)) == seen(first)


@pytest.mark.parametrize(
    ("key", "value", "instead"),
    [
        ("db", "nowhere", "toyscenes"),
        ("method", "<script>alert(1)</script>", "dpsh"),
        ("bits", "33", "32"),
        ("bits", "-1", "32"),
        ("bits", "９９", "32"),
        ("q", "q99999", "opening"),
        ("q", "upload", "opening"),
        ("n", "7", "60"),
        ("n", "r9999", "r32"),
    ],
)
def test_a_bad_value_falls_back_with_a_note(stored: Path, key: str, value: str, instead: str) -> None:
    app = opened(**{key: value})
    if instead == "opening":
        instead = f"q{catalog.default_query('toyscenes')}"
    assert seen(app).params()[key] == instead
    assert len(app.session_state["seen_notes"]) == 1
    assert instead in app.session_state["seen_notes"][0]
    assert address(app)[key] == instead


def test_names_are_found_whatever_their_case(stored: Path) -> None:
    app = opened(db="Digits", method="DPSH")
    assert (seen(app).dataset, seen(app).method) == ("digits", "dpsh")
    assert app.session_state["seen_notes"] == []


def test_codes_without_bits_have_no_radius(stored: Path) -> None:
    app = opened(db="digits", method="dpq", bits="16", n="r2")
    assert (seen(app).n, seen(app).radius) == (60, None)
    assert app.session_state["seen_notes"]


def test_a_picked_query_reaches_the_address_and_the_trail(stored: Path) -> None:
    app = act(opened(q="q3"), "state.pick(state.QueryRef('database', 5))")
    assert address(app)["q"] == "d5"
    assert app.session_state["seen_trail"] == ["q3"]
    act(app, "state.back()")
    assert address(app)["q"] == "q3"
    assert app.session_state["seen_trail"] == []


def test_picking_the_same_query_again_changes_nothing(stored: Path) -> None:
    app = act(opened(q="q3"), "state.pick(state.QueryRef('query', 3))")
    assert app.session_state["seen_trail"] == []


def test_a_row_that_does_not_exist_is_passed_over(stored: Path) -> None:
    app = act(opened(q="q3"), "state.pick(state.QueryRef('database', 10**6))")
    assert address(app)["q"] == "q3"
    assert app.session_state["seen_trail"] == []


def test_the_trail_is_bounded_and_leads_back_any_number_of_steps(stored: Path) -> None:
    app = act(opened(), "[state.pick(state.QueryRef('database', row)) for row in range(1, 31)]")
    assert len(app.session_state["seen_trail"]) == TRAIL_LENGTH
    act(app, "state.back(3)")
    assert address(app)["q"] == "d27"
    act(app, "state.back(99)  # more than there are")
    assert address(app)["q"] == "d10"
    assert app.session_state["seen_trail"] == []
    act(app, "state.back()")
    assert address(app)["q"] == "d10"


def test_another_data_set_keeps_what_makes_sense(stored: Path) -> None:
    app = opened(db="digits", method="lsh", bits="16", q="q9", n="20")
    act(app, "state.pick(state.QueryRef('database', 5)); state.choose(dataset='toyscenes')")
    assert seen(app) == Selection(
        "toyscenes", "lsh", 16, QueryRef("query", catalog.default_query("toyscenes")), 20
    )
    assert app.session_state["seen_trail"] == []


def test_another_method_takes_the_nearest_length(stored: Path) -> None:
    app = act(opened(db="digits", method="lsh", bits="32"), "state.choose(method='dpq')")
    assert (seen(app).method, seen(app).n_bits) == ("dpq", 16)


def test_the_radius_is_chosen_and_left(stored: Path) -> None:
    app = act(opened(), "state.choose(n='r3')")
    assert (seen(app).radius, address(app)["n"]) == (3, "r3")
    act(app, "state.choose(n=20)")
    assert (seen(app).n, seen(app).radius) == (20, None)


def test_an_edited_address_wins(stored: Path) -> None:
    app = act(opened(q="q3"), "state.pick(state.QueryRef('database', 5))")
    app.query_params["q"] = "q8"
    app.run()
    assert str(seen(app).query) == "q8"


def test_an_address_that_lags_behind_does_not_undo_a_click(stored: Path) -> None:
    """A second interaction may leave the browser before it has heard of the first one's new address."""
    app = act(opened(q="q3"), "state.pick(state.QueryRef('database', 5))")
    app.query_params["q"] = "q3"
    app.run()
    assert str(seen(app).query) == "d5"


def test_an_index_stands_in_the_address_with_its_settings(stored: Path) -> None:
    app = act(opened(db="digits", method="lsh", bits="32"), "state.choose(index='ivf')")
    assert seen(app).index.kind == "ivf"
    assert address(app)["index"] == "ivf"
    act(app, "state.choose(probe=2)")
    assert address(app)["probe"] == "2"
    assert seen(opened(**address(app))) == seen(app)
    assert "index=ivf&probe=2" in app.session_state["seen_share"]
    act(app, "state.choose(index='hnsw')")
    assert "probe" not in address(app)
    assert address(app)["ef"] == "64"
    act(app, "state.choose(index='exhaustive')")
    assert not {"index", "ef", "links"} & set(address(app))
    assert app.session_state["seen_notes"] == []


def test_exhaustive_search_leaves_the_address_as_it_is(stored: Path) -> None:
    app = opened(db="digits", method="lsh", bits="32", q="q3", n="60")
    assert set(address(app)) == {"db", "method", "bits", "q", "n"}


@pytest.mark.parametrize(
    ("asked", "index", "word"),
    [
        ({"index": "nothing"}, {}, "no index “nothing”"),
        ({"index": "<b>"}, {}, "no index “?b?”"),
        ({"index": "ivf", "probe": "9999"}, {"index": "ivf"}, "not on offer as probe"),
        ({"index": "hnsw", "ef": "deep"}, {"index": "hnsw", "ef": "64", "links": "16"}, "it is 64"),
    ],
)
def test_a_bad_index_falls_back_with_a_note(
    stored: Path, asked: dict[str, str], index: dict[str, str], word: str
) -> None:
    app = opened(db="digits", method="lsh", bits="32", **asked)
    (note,) = app.session_state["seen_notes"]
    assert word in note
    assert index.items() <= seen(app).index.params().items()
    assert {key: value for key, value in address(app).items() if key in asked or key == "index"} == {
        key: value for key, value in seen(app).index.params().items() if key in asked or key == "index"
    }


def test_an_index_goes_with_the_kind_of_code(stored: Path) -> None:
    app = opened(db="digits", method="lsh", bits="16", index="ivf", probe="2")
    act(app, "state.choose(method='dpq')")
    assert seen(app).index.params() == {"index": "ivf-adc", "probe": "2"}
    assert app.session_state["seen_notes"] == []
    act(app, "state.choose(method='lsh'); state.choose(index='hnsw'); state.choose(method='dpq')")
    assert seen(app).index.exhaustive
    (note,) = app.session_state["seen_notes"]
    assert "HNSW" in note
    assert "exhaustive" in note


def test_a_run_on_another_input_stands_in_the_address(inputs: Path) -> None:
    app = opened(db="digits", method="dpsh~finetune", bits="32")
    assert seen(app).method == "dpsh~finetune"
    assert app.session_state["seen_notes"] == []
    assert "method=dpsh~finetune&" in app.session_state["seen_share"]


@pytest.mark.parametrize(
    ("asked", "given", "note"),
    [
        ("lsh~hog", "lsh", "LSH on HOG has no codes on digits: its runs here keep their figures only"),
        (
            "lsh~finetune",
            "lsh",
            "LSH, fine-tuned has no codes on digits: nobody has run it on these data yet",
        ),
        ("dsh", "dpsh", "DSH has no codes on digits: its runs here keep their figures only"),
        ("dpsh~![x](a)", "dpsh", "Method “dpsh???x??a?” has no codes"),
    ],
)
def test_another_run_of_the_method_comes_first(inputs: Path, asked: str, given: str, note: str) -> None:
    app = opened(db="digits", method=asked)
    assert seen(app).method == given
    (told,) = app.session_state["seen_notes"]
    assert told.startswith(note)
    assert "~" not in told


def test_another_data_set_keeps_the_method_where_it_has_not_the_input(inputs: Path) -> None:
    app = act(opened(db="digits", method="dpsh~finetune"), "state.choose(dataset='toyscenes')")
    assert seen(app).method == "dpsh"
    (told,) = app.session_state["seen_notes"]
    assert told.startswith("DPSH, fine-tuned has no codes on toyscenes")
    assert told.endswith("This is DPSH.")
