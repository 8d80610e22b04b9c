"""The Methods page: all methods as cards, and the full card of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.components import method_gallery
from app.components.method_card import formula_lines
from app.services import catalog, methods
from tests.app.pages import alts, open_page, words

DIGITS = {"db": "digits", "method": "dpsh", "bits": "32"}
SCENES = {"db": "toyscenes", "method": "dpsh", "bits": "32"}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the gallery was given, call by call."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(method_gallery, "_gallery", lambda **given: calls.append(given["data"]))
    return calls


def names(data: dict[str, Any]) -> list[str]:
    return [card["name"] for part in data["sections"] for card in part["cards"]]


def test_every_method_is_listed_with_its_family(many: Path, drawn: list[dict[str, Any]]) -> None:
    app = open_page("methods", **DIGITS)
    assert not app.exception
    assert sorted(names(drawn[-1])) == sorted(catalog.carded())
    assert [part["title"] for part in drawn[-1]["sections"]] == [
        *("classic", "pairwise", "multiwise", "implicit", "classification", "quantization"),
    ]


def test_a_method_that_refuses_the_data_is_there_with_its_reason(
    many: Path, drawn: list[dict[str, Any]]
) -> None:
    open_page("methods", **SCENES)
    cards = {card["name"]: card for part in drawn[-1]["sections"] for card in part["cards"]}
    assert cards["orthohash"]["map"] is None
    assert "exactly one class per image" in cards["orthohash"]["whyNot"]
    assert cards["dpsh"]["whyNot"] == ""


def test_filters_narrow_the_list(many: Path, drawn: list[dict[str, Any]]) -> None:
    app = open_page("methods", **DIGITS)
    app.multiselect(key="learns").set_value(["triplets"]).run()
    assert set(names(drawn[-1])) == {"dnnh", "drsch"}
    app.multiselect(key="loss").set_value(["likelihood"]).run()
    assert drawn[-1]["sections"] == []
    assert app.info


def test_by_map_the_best_comes_first(many: Path, drawn: list[dict[str, Any]]) -> None:
    app = open_page("methods", **DIGITS)
    app.segmented_control(key="order").set_value("by mAP").run()
    scores = [card["map"] for part in drawn[-1]["sections"] for card in part["cards"]]
    assert scores == sorted(scores, reverse=True)


def test_the_card_says_who_what_and_how_it_differs(stored: Path) -> None:
    app = open_page("methods", card="dpsh", **DIGITS)
    assert not app.exception
    text = words(app)
    for part in (
        "A. Author",
        "A title",
        "Venue, 2016",
        "pairwise",
        "ranking-based",
        "One idea.",
        "A difference.",
    ):
        assert part in text
    assert "relaxed code" in text
    assert any(r"\min_u \sum_{ij} \ell(u_i, u_j)" in part.value for part in app.latex)
    published = next(t.value for t in app.dataframe if "published mAP" in t.value.columns)
    assert {"protocol", "source"} <= set(published.columns)


def test_the_card_shows_its_picture_with_the_numbers_as_a_table(many: Path) -> None:
    app = open_page("methods", card="dsh", **DIGITS)
    assert any("a slider sets margin m to 1, 2, 4" in alt for alt in alts(app, "plotly_chart"))
    assert any("margin m" in table.value.columns for table in app.dataframe)


def test_own_runs_stand_against_the_reference(many: Path) -> None:
    app = open_page("methods", card="dpsh", **DIGITS)
    table = next(t.value for t in app.dataframe if "over LSH" in t.value.columns)
    main = catalog.main_input("digits")
    scores = methods.reference_map("digits")
    base = {n_bits: score for (given, n_bits), score in scores.items() if given == main}
    assert list(table["over LSH"]) == pytest.approx(
        [m - base[b] for m, b in zip(table["mAP"], table["bits"], strict=True)]
    )
    assert any(c.value.startswith("k: all") for c in app.caption)


def test_a_refusing_method_still_has_a_card(many: Path) -> None:
    app = open_page("methods", card="orthohash", **SCENES)
    assert not app.exception
    assert "exactly one class per image" in app.info[0].value


def test_the_way_back_to_the_list(stored: Path) -> None:
    app = open_page("methods", card="dpsh", **DIGITS)
    app.button(key="all_methods").click().run()
    assert "card" not in app.query_params
    assert app.header[0].value == "Methods"


def test_an_unknown_card_is_the_list(stored: Path) -> None:
    app = open_page("methods", card="nonsense", **DIGITS)
    assert not app.exception
    assert app.header[0].value == "Methods"


def test_the_card_follows_the_bar(stored: Path) -> None:
    app = AppTest.from_file(str(Path(__file__).parents[2] / "app/shell.py"), default_timeout=60)
    for key, value in {**DIGITS, "card": "dpsh"}.items():
        app.query_params[key] = value
    app.switch_page("views/methods.py").run()
    app.selectbox(key="bar_method").set_value("lsh").run()
    assert not app.exception
    assert app.header[0].value == "LSH"


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("likelihood of pairs, and a linear classifier on discrete codes", "likelihood"),
        ("product of similarity and distance (contrastive, with a margin)", "product"),
        ("difference of similarity and inner product, asymmetric", "difference"),
        ("average precision with ties", "ranking measure"),
        ("binary cross-entropy to a hash centre", "centre or target"),
        ("hinge on triplets, with a graph term", "margin"),
        ("hinge to a target code", "centre or target"),
        ("softmax of angles with a margin, and spread of class codes", "class loss"),
        ("none: random projections", "none"),
        ("something else", "other"),
    ],
)
def test_kinds_of_loss(text: str, group: str) -> None:
    assert methods.loss_group(text) == group


def test_a_long_formula_is_broken_where_definitions_begin() -> None:
    assert formula_lines(r"a+b,\qquad a=1,\qquad b=\tfrac12") == ["a+b", "a=1", r"b=\tfrac12"]
    assert formula_lines(r"\text{x\qquad y}") == [r"\text{x\qquad y}"]
    assert formula_lines("x") == ["x"]


def test_the_card_lists_every_input_and_what_is_stored(inputs: Path) -> None:
    app = open_page("methods", card="lsh", **DIGITS)
    table = next(t.value for t in app.dataframe if "over LSH" in t.value.columns)
    assert list(table["input"]) == ["small_cnn features"] * 2 + ["HOG"] * 2 + ["pixels"] * 2
    assert list(table["stored"]) == ["codes"] * 2 + ["figures only"] * 4
    assert list(table["over LSH"]) == [0] * 6, "against itself on the same input"


def test_figures_alone_are_shown_on_the_small_card(inputs: Path) -> None:
    listed = {m.name: m for m in methods.listed("digits", 32)}
    assert listed["dsh"].entry is not None
    assert listed["dsh"].entry.map_expected == 0.5
    assert listed["dpsh"].entry is not None
    assert listed["dpsh"].entry.method == "dpsh"
    assert not any("~" in name for name in listed)


def test_the_card_of_a_fine_tuned_run_is_that_of_its_method(inputs: Path) -> None:
    app = AppTest.from_file(str(Path(__file__).parents[2] / "app/shell.py"), default_timeout=60)
    for key, value in {**DIGITS, "card": "lsh"}.items():
        app.query_params[key] = value
    app.switch_page("views/methods.py").run()
    app.selectbox(key="bar_method").set_value("dpsh~finetune").run()
    assert not app.exception
    assert app.header[0].value == "DPSH"
    assert app.query_params["card"] in ("dpsh", ["dpsh"])
