"""Pages on data of one's own: images without labels, and codes without images, labelled and not."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.services import catalog, images, maps, own_data, search
from tests.app.own import image_zip, read_images
from tests.app.pages import alts, open_page, words
from tests.app.test_routes import answer
from tests.app.test_shell import SHELL

BARE = {"db": "bare", "method": "lsh", "bits": "16"}
GIVEN = {"db": "given", "method": "own", "bits": "16"}
PLAIN = {"db": "plain", "method": "own", "bits": "16"}
PAGES = ("search", "methods", "compare", "map", "codes", "metrics", "scale")


@pytest.mark.parametrize("address", [BARE, GIVEN, PLAIN], ids=lambda a: str(a["db"]))
@pytest.mark.parametrize("view", PAGES)
def test_every_page_opens(own: Path, view: str, address: dict[str, str]) -> None:
    app = open_page(view, **address)
    assert not app.exception
    assert not app.error, [box.value for box in app.error]
    if view != "methods":
        assert app.session_state["selection"].dataset == address["db"]


def without_labels(view: str) -> AppTest:
    app = open_page(view, **BARE)
    assert "no labels" in words(app) + " ".join(box.value for box in app.info)
    return app


def test_search_without_labels_marks_and_scores_nothing(own: Path) -> None:
    without_labels("search")
    asked = search.ask("bare", "lsh", 16, "query", 0)
    answer = search.answer(asked, 20)
    assert asked.tags is None and answer.relevant is None and answer.scores is None
    assert len(answer.rows) == 20


def test_queries_are_offered_without_classes_and_scores(own: Path) -> None:
    app = open_page("search", **BARE)
    assert app.segmented_control(key="picker_mode").options == ["Samples", "Upload"]


def test_a_way_of_choosing_that_needs_labels_is_left(own: Path) -> None:
    app = open_page("search", db="digits", method="dpsh", bits="32")
    app.segmented_control(key="picker_mode").set_value("worst").run()
    app.query_params["db"] = "bare"
    app.run()
    assert not app.exception
    assert app.segmented_control(key="picker_mode").value == "samples"


def test_compare_without_labels_declares_no_winner(own: Path) -> None:
    app = without_labels("compare")
    assert not app.get("plotly_chart")
    assert "paired bootstrap" not in words(app)


def test_map_without_labels_is_coloured_by_bits_alone(own: Path) -> None:
    without_labels("map")
    assert maps.colours("bare", "lsh", 16) == ("plain", "bit")
    assert maps.find("bare", "lsh", 16, maps.address("bare", "lsh", 16).rpartition("/")[2]) is not None


def test_codes_without_labels_shows_what_needs_none(own: Path) -> None:
    app = without_labels("codes")
    keys = alts(app, "plotly_chart")
    assert any(text.startswith("Share of images with +1") for text in keys)
    assert not any("Histogram of distances" in text or "band that shuffled" in text for text in keys)


def test_metrics_without_labels_says_why_it_is_empty(own: Path) -> None:
    app = without_labels("metrics")
    assert not app.get("plotly_chart") and not app.get("arrow_data_frame")


def test_given_codes_have_figures_where_they_have_labels(own: Path) -> None:
    app = open_page("metrics", **GIVEN)
    assert alts(app, "plotly_chart")
    assert "backbone unknown" in words(app)
    app = open_page("search", **GIVEN)
    asked = search.ask("given", "own", 16, "query", 0)
    assert search.answer(asked, 10).scores is not None


def test_words_stand_for_pictures(own: Path) -> None:
    status, headers, body = answer("/" + images.thumb_url("given", "database", 0))
    assert status == 200 and b"class" in body
    assert headers["content-type"].startswith("image/svg+xml")
    assert headers["x-content-type-options"] == "nosniff"
    assert b">d3<" in answer("/" + images.thumb_url("plain", "database", 3))[2]


def test_no_browser_keeps_the_words_once_the_images_are_here(own: Path) -> None:
    key = catalog.open_dataset("given").content_key
    assert key in images.thumb_url("given", "query", 0).split("/")[2]
    for path in (f"/thumb/given/{key}/query/0", "/" + images.thumb_url("given", "query", 10**6)):
        assert answer(path)[0] == 404


def test_an_image_without_a_caption_is_named_all_the_same(
    library: Path, tmp_path: Path, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = image_zip(tmp_path / "some.zip", each=4, folders=False)
    table = ["image,labels,caption", "red-000.png,red,A red square", "red-001.png,red,", "blue-000.png,,"]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.csv", "\n".join(table))
    read_images("some", path)
    data = catalog.open_dataset("some")
    for split in ("query", "database"):
        for row in range(data.info.n_rows(split)):
            told = catalog.describe("some", split, row)
            caption = (data.captions(split) or ())[row]
            names = ", ".join(catalog.label_names("some", split, row))
            assert told == (caption or names or f"{split} image {row}") and told


def test_a_page_that_is_open_when_its_data_set_is_forgotten(own: Path) -> None:
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    for key, value in BARE.items():
        app.query_params[key] = value
    app.run()
    assert app.selectbox(key="bar_db").value == "bare"
    own_data.forget("bare")
    app.run()
    assert not app.exception and not app.error
    assert "bare are not here any more" in app.info[0].value
    assert app.selectbox(key="bar_db").value != "bare"
    assert "bare" not in app.selectbox(key="bar_db").options
    app.run()
    assert not app.info, "it is said once"
