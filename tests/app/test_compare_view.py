"""The Compare page as a script: columns, marks, scatter, protocol."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.app.pages import alts, open_page, words
from tests.app.test_search_view import sent

DIGITS = {"db": "digits", "method": "dpsh", "bits": "32", "q": "q3"}
SCENES = {"db": "toyscenes", "method": "lsh", "bits": "16", "q": "d5"}
WORDS = {"db": "digits", "method": "dpq", "bits": "16", "q": "q3"}


@pytest.mark.parametrize("address", [DIGITS, SCENES, WORDS])
def test_opens_against_the_features(stored: Path, address: dict[str, str]) -> None:
    app = open_page("compare", **address)
    assert not app.exception
    assert not app.error
    columns = sent(app, "compare_columns")["columns"]
    assert [c["title"] for c in columns] == [columns[0]["title"], "float features"]
    assert all(len(c["cards"]) == 24 for c in columns)
    assert columns[0]["figures"][0][0] == "AP"
    (chart,) = app.get("plotly_chart")
    assert "float features" in chart.proto.alt


def test_three_columns_stand_in_the_address(stored: Path) -> None:
    app = open_page("compare", **DIGITS, b="LSH 16 bits · classic", c="DPQ 16 bits · quantization", top="12")
    columns = sent(app, "compare_columns")["columns"]
    assert [c["title"] for c in columns] == ["DPSH 32 bits", "LSH 16 bits", "DPQ 16 bits"]
    assert [len(c["cards"]) for c in columns] == [12, 12, 12]
    assert len(app.get("plotly_chart")) == 2
    assert not app.info


def test_a_ranking_that_does_not_exist_gives_way_with_a_note(stored: Path) -> None:
    app = open_page("compare", **DIGITS, b="<nobody> 3 bits", c="LSH 99 bits", top="13")
    columns = sent(app, "compare_columns")["columns"]
    assert [column["title"] for column in columns] == ["DPSH 32 bits", "float features"]
    (note,) = (box.value for box in app.info)
    assert "“?nobody? 3 bits” is no choice for B here; shown: float features" in note
    assert "“LSH 99 bits” is no choice for C here; shown: no third ranking" in note
    assert "“13” is no choice for the number of images here; shown: 24" in note


def test_a_database_query_is_left_out_everywhere(stored: Path) -> None:
    app = open_page("compare", **SCENES)
    for column in sent(app, "compare_columns")["columns"]:
        assert 5 not in [card["row"] for card in column["cards"] + column["lost"]]


def test_the_scatter_has_every_query_and_the_one_in_view(stored: Path) -> None:
    app = open_page("compare", **DIGITS, b="LSH 16 bits · classic")
    (chart,) = app.get("plotly_chart")
    dots, ring = json.loads(chart.proto.spec)["data"]
    assert len(dots["customdata"]) == 400
    assert "circle-open" in ring["marker"]["symbol"]
    (alt,) = alts(app, "plotly_chart")
    assert "95 % interval" in alt
    assert "paired bootstrap over 400 queries" in words(app)


def test_the_protocol_stands_below(stored: Path) -> None:
    text = words(open_page("compare", **DIGITS))
    for part in ("k: all", "divided by all relevant images", "cosine distance, nothing trained"):
        assert part in text


def test_a_ranking_against_itself_says_so(stored: Path) -> None:
    app = open_page("compare", **DIGITS, b="DPSH 32 bits · pairwise")
    columns = sent(app, "compare_columns")["columns"]
    assert {card["kind"] for card in columns[1]["cards"]} <= {"same", "tied"}
    assert columns[1]["lost"] == []
    assert any("same ranking" in box.value for box in app.info)
    assert not app.get("plotly_chart")


def test_without_features_codes_are_compared_with_codes(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import float_ranking

    monkeypatch.setattr(float_ranking, "available", lambda _: False)
    columns = sent(open_page("compare", **DIGITS), "compare_columns")["columns"]
    assert "float features" not in [c["title"] for c in columns]
    assert len(columns) == 2


def test_a_method_stands_beside_itself_fine_tuned(inputs: Path) -> None:
    app = open_page("compare", **DIGITS, b="DPSH 32 bits, fine-tuned · pairwise")
    assert not app.exception
    columns = sent(app, "compare_columns")["columns"]
    assert [c["title"] for c in columns] == ["DPSH 32 bits", "DPSH 32 bits, fine-tuned"]
    text = words(app)
    assert "inputs: small_cnn, fine-tuned / small_cnn features" in text
    assert "A: small_cnn features; B: small_cnn, fine-tuned." in text


def test_figures_alone_rank_nothing(inputs: Path) -> None:
    options = open_page("compare", **DIGITS).selectbox(key="b").options
    assert "DPSH 32 bits on resnet18 · pairwise" in options
    assert not any("24 bits" in option or "HOG" in option for option in options)
