"""The Search page as a script: it answers, follows the address, and says what cannot be."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from app.components import asking
from app.components.query_card import figures
from app.components.result_controls import headline
from app.services import NotAvailableError, catalog, indexes, search
from app.services.upload import EncodedUpload
from tests.app.pages import open_page, words

DIGITS = {"db": "digits", "method": "dpsh", "bits": "32", "q": "q3"}
SCENES = {"db": "toyscenes", "method": "lsh", "bits": "16", "q": "d5"}
WORDS = {"db": "digits", "method": "dpq", "bits": "16", "q": "q3"}


def sent(app: AppTest, component: str) -> dict[str, Any]:
    """Data that a component of the page was given."""
    found = [
        part.proto for part in app.get("bidi_component") if part.proto.component_name.endswith(component)
    ]
    data: dict[str, Any] = json.loads(found[0].mixed.json if found[0].HasField("mixed") else found[0].json)
    return data


@pytest.mark.parametrize("address", [DIGITS, SCENES, WORDS])
def test_opens_with_an_answer(stored: Path, address: dict[str, str]) -> None:
    app = open_page("search", **address)
    assert not app.exception
    assert not app.error
    gallery, card = sent(app, "gallery"), sent(app, "query_card")
    assert len(gallery["rows"]) == 60
    assert card["figures"][0][0] == "AP"
    assert gallery["query"] == card["query"]
    assert gallery["kind"] == ("codebook" if address is WORDS else "binary")
    assert len(app.get("plotly_chart")) == 1


def test_the_chart_has_words_and_a_protocol(stored: Path) -> None:
    app = open_page("search", **DIGITS)
    assert "relevant ones above the line" in app.get("plotly_chart")[0].proto.alt
    text = words(app)
    for part in ("k: all", "divided by all", "orders of ties", "database"):
        assert part in text


def test_what_counts_as_right_is_said(stored: Path) -> None:
    assert "an image of the query's class" in words(open_page("search", **DIGITS))
    assert "shares at least one tag" in words(open_page("search", **SCENES))


def test_a_database_query_says_that_it_is_left_out(stored: Path) -> None:
    app = open_page("search", **SCENES)
    assert 5 not in sent(app, "gallery")["rows"]
    assert any("left out" in note for note in sent(app, "query_card")["notes"])


def test_the_number_of_results_is_chosen(stored: Path) -> None:
    app = open_page("search", **DIGITS)
    control = next(group for group in app.segmented_control if group.label == "Results to show")
    control.set_value(20).run()
    assert len(sent(app, "gallery")["rows"]) == 20
    assert app.query_params["n"] in ("20", ["20"])


def test_a_radius_may_hold_nothing_and_says_so(stored: Path) -> None:
    app = open_page("search", **{**DIGITS, "method": "lsh", "n": "r0"})
    assert not app.exception
    assert "No image lies within this radius" in " ".join(info.value for info in app.info)


@pytest.mark.parametrize("mode", ["worst", "best", "tied"])
def test_queries_are_offered_by_score(stored: Path, mode: str) -> None:
    app = open_page("search", **DIGITS)
    app.segmented_control(key="picker_mode").set_value(mode).run()
    assert not app.exception
    assert all(item["word"] for item in sent(app, "picker")["items"])


def test_queries_are_offered_by_class(stored: Path) -> None:
    app = open_page("search", **DIGITS)
    app.segmented_control(key="picker_mode").set_value("class").run()
    app.selectbox(key="picker_class").set_value("seven").run()
    assert {item["alt"] for item in sent(app, "picker")["items"]} == {"seven"}


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs of the small tree have no network; a test that needs one says that it is there."""
    monkeypatch.setattr(catalog, "why_no_network", lambda *_: "")


@pytest.mark.usefixtures("network")
def test_an_upload_that_is_no_image_is_an_error_box_and_the_answer_stays(stored: Path) -> None:
    app = open_page("search", **DIGITS)
    app.segmented_control(key="picker_mode").set_value("upload").run()
    app.file_uploader[0].upload("broken.png", b"this is no picture", "image/png").run()
    assert not app.exception
    assert "no image that can be read" in app.error[0].value
    assert len(sent(app, "gallery")["rows"]) == 60


@pytest.mark.usefixtures("network")
def test_an_upload_becomes_the_query(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.services import upload

    def encode(received: upload.Upload, *run: Any) -> EncodedUpload:
        known = search.ask(*run, "query", 3)
        return EncodedUpload(known.queries, known.code, "data:image/png;base64,")

    monkeypatch.setattr(upload, "encode", encode)
    buffer = io.BytesIO()
    Image.new("RGBA", (20, 20), (200, 0, 0, 90)).save(buffer, "PNG")
    app = open_page("search", **DIGITS)
    app.segmented_control(key="picker_mode").set_value("upload").run()
    app.file_uploader[0].upload("mine.png", buffer.getvalue(), "image/png").run()
    assert not app.exception
    card = sent(app, "query_card")
    assert card["title"] == "Uploaded image"
    assert any("Outside the world" in note for note in card["notes"])
    assert any("white" in note for note in card["notes"])
    assert card["figures"] == []
    assert sent(app, "gallery")["right"] is None
    assert len(app.get("plotly_chart")) == 0


def test_a_run_without_its_network_takes_no_upload_and_says_why(inputs: Path) -> None:
    app = open_page("search", db="digits", method="dpsh~finetune", bits="32", q="q3")
    assert sent(app, "gallery")["rows"]
    app.segmented_control(key="picker_mode").set_value("upload").run()
    assert not app.get("file_uploader")
    assert "DPSH, fine-tuned at 32 bits on digits cannot encode" in app.info[0].value
    assert sent(app, "gallery")["rows"], "the stored query is answered as before"


def test_an_upload_under_a_run_without_its_network_is_refused_in_words(
    inputs: Path,
) -> None:
    from app import state

    chosen = state.Selection("digits", "dpsh~finetune", 32, state.QueryRef("upload"))
    with pytest.raises(NotAvailableError, match="python -m models train dpsh"):
        asking.ask(chosen)


def test_figures_say_when_ties_do_not_matter(stored: Path) -> None:
    answer = search.answer(search.ask("digits", "dpq", 16, "query", 3), 60)
    rows = {name: (value, more) for name, value, more in figures(answer)}
    assert "Radius 2" not in rows
    assert set(rows) == {"AP", "P@10", "P@50", "P@100"}


def test_the_headline_counts(stored: Path) -> None:
    answer = search.answer(search.ask("digits", "lsh", 16, "query", 3), 20)
    assert answer.relevant is not None
    assert headline(answer) == f"**20** nearest of 1,397 images, **{answer.relevant.sum()}** right"


INDEXED = [
    (DIGITS, {"index": "ivf", "probe": "1"}),
    (DIGITS, {"index": "multi-hash", "tables": "2", "flips": "1"}),
    (SCENES, {"index": "hnsw"}),
    (SCENES, {"index": "multi-table", "tables": "8"}),
    (WORDS, {"index": "ivf-adc", "probe": "1"}),
]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages wait for an index however busy the machine is."""
    opened = indexes.opened
    monkeypatch.setattr(indexes, "opened", lambda *args, **_: opened(*args, patience_s=60))


@pytest.mark.parametrize(("address", "index"), INDEXED)
def test_an_index_answers_and_says_what_it_missed(
    stored: Path, patient: None, address: dict[str, str], index: dict[str, str]
) -> None:
    app = open_page("search", **address, **index)
    assert not app.exception
    assert not app.error
    report = sent(app, "index_report")
    recall, looked, took = report["figures"]
    assert recall[0] == "Recall@60"
    assert recall[1] == f"{1 - len(report['rows']) / 60:.2f}"
    assert looked[0] == "Looked at"
    assert "measured here just now" in took[3]
    missed, shown = set(report["rows"]), set(sent(app, "gallery")["rows"])
    exact = set(sent(open_page("search", **address), "gallery")["rows"])
    assert not missed & shown
    assert missed <= exact
    assert len(report["d"]) == len(report["right"]) == len(report["alts"]) == len(missed)
    assert any("exhaustive ranking" in note for note in sent(app, "query_card")["notes"])


def test_exhaustive_search_shows_nothing_of_indexes_but_the_choice(stored: Path) -> None:
    app = open_page("search", **DIGITS)
    choice = next(box for box in app.selectbox if box.label == "Index")
    assert choice.value == "exhaustive"
    assert not [part for part in app.get("bidi_component") if "index_report" in part.proto.component_name]
    assert not any("exhaustive ranking" in note for note in sent(app, "query_card")["notes"])


def test_the_index_and_its_settings_are_chosen(stored: Path, patient: None) -> None:
    app = open_page("search", **DIGITS)
    app.selectbox(key="bar_index").set_value("ivf").run()
    assert not app.exception
    assert sent(app, "index_report")["figures"][1][1] != "100%"
    slider = app.select_slider(key="bar_probe")
    slider.set_value(max(map(int, slider.options))).run()
    assert not app.exception
    recall, looked, _ = sent(app, "index_report")["figures"]
    assert (recall[1], looked[1]) == ("1.00", "100%")
    assert sent(app, "index_report")["rows"] == []
    app.selectbox(key="bar_index").set_value("multi-hash").run()
    app.segmented_control(key="bar_flips").set_value(3).run()
    assert not app.exception
    assert app.query_params["flips"] in ("3", ["3"])


def test_a_look_up_that_finds_nothing_says_why(stored: Path, patient: None) -> None:
    for row in range(40):
        address = {**DIGITS, "method": "lsh", "q": f"q{row}", "index": "multi-table", "tables": "1"}
        app = open_page("search", **address)
        assert not app.exception
        if any("every slot that it visited is empty" in box.value for box in app.info):
            report = sent(app, "index_report")
            assert report["figures"][0][1] == "0.00"
            assert len(report["rows"]) == 60
            return
    raise AssertionError("no query of 40 found nothing")


def test_an_index_that_is_still_being_built_does_not_hold_up_the_page(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "opened", lambda *_, **__: None)
    monkeypatch.setattr(indexes, "being_built", lambda *_: True)
    app = open_page("search", **DIGITS, index="ivf")
    assert not app.exception
    assert any("IVF is being built" in box.value for box in app.info)
    assert len(sent(app, "gallery")["rows"]) == 60


def test_an_index_that_is_not_to_be_had_is_an_error_box(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.errors import NotAvailableError

    def refuse(*_: Any, **__: Any) -> None:
        raise NotAvailableError("Milvus is away. Start it.")

    monkeypatch.setattr(indexes, "opened", refuse)
    app = open_page("search", **DIGITS, index="ivf")
    assert not app.exception
    assert "Milvus is away" in app.error[0].value
    assert len(sent(app, "gallery")["rows"]) == 60
