"""The Metrics page: chance and protocol with every number."""

import json
from pathlib import Path

import pytest

from app.components.method_card import param_rows, published_rows
from app.components.protocol_line import protocol_text
from tests.app.pages import alts, open_page, words

DIGITS = {"db": "digits", "method": "dpsh", "bits": "32"}
SCENES = {"db": "toyscenes", "method": "lsh", "bits": "16"}


@pytest.mark.parametrize("address", [DIGITS, SCENES, {"db": "digits", "method": "dpq", "bits": "16"}])
def test_chance_is_drawn_in_every_chart(stored: Path, address: dict[str, str]) -> None:
    app = open_page("metrics", **address)
    assert not app.exception
    charts = app.get("plotly_chart")
    assert len(charts) >= 5
    for chart in charts:
        assert "random codes" in chart.proto.alt
        assert "random codes" in [trace.get("name") for trace in json.loads(chart.proto.spec)["data"]]


@pytest.mark.parametrize("address", [DIGITS, SCENES])
def test_the_protocol_stands_under_every_chart_and_the_leaderboard(
    stored: Path, address: dict[str, str]
) -> None:
    app = open_page("metrics", **address)
    lines = [c.value for c in app.caption if c.value.startswith("k: all")]
    assert len(lines) == len(app.get("plotly_chart")) + 1
    for part in (
        "divided by all relevant images",
        "expected value over all orders",
        "queries",
        "inside the database",
    ):
        assert all(part in line for line in lines)


def test_the_chosen_run_is_marked_and_stands_first(stored: Path) -> None:
    table = open_page("metrics", **DIGITS).dataframe[0].value
    first = table.iloc[0]
    assert (first["shown"], first["method"], first["bits"]) == ("●", "DPSH", 32)
    assert (table["shown"] == "●").sum() == 1


def test_the_leaderboard_holds_baselines_and_says_where_numbers_come_from(stored: Path) -> None:
    table = open_page("metrics", **DIGITS).dataframe[0].value
    assert {"random codes", "LSH on pixels", "float ranking, small_cnn"} <= set(table["method"])
    assert set(table["source"]) == {"our run", "our run, baseline"}


def test_published_numbers_keep_to_their_own_table(stored: Path) -> None:
    app = open_page("metrics", **DIGITS)
    published = next(t.value for t in app.dataframe if "published mAP" in t.value.columns)
    assert {"protocol", "source", "published mAP"} <= set(published.columns)
    assert "0.757 (unverified)" in list(published["published mAP"])
    assert "published mAP" not in app.dataframe[0].value.columns


def test_graded_scores_only_with_several_labels(stored: Path) -> None:
    assert "Graded relevance" in words(open_page("metrics", **SCENES))
    assert "Graded relevance" not in words(open_page("metrics", **DIGITS))


def test_another_graded_score_can_be_chosen(stored: Path) -> None:
    app = open_page("metrics", **SCENES)
    app.segmented_control[0].set_value("WAP").run()
    assert not app.exception
    assert any(alt.startswith("WAP of every method") for alt in alts(app, "plotly_chart"))


def test_both_files_can_be_downloaded(stored: Path) -> None:
    labels = [button.proto.label for button in open_page("metrics", **DIGITS).get("download_button")]
    assert labels == ["Leaderboard, CSV", "Curves at 32 bits, CSV"]


def test_the_page_leads_to_the_full_card(stored: Path) -> None:
    app = open_page("metrics", **DIGITS)
    assert "One idea." in words(app)
    assert app.button(key="open_card").label == "Full card of DPSH"


def test_a_method_without_a_card_still_opens(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.services import catalog

    monkeypatch.setattr(catalog, "_cards", dict)
    app = open_page("metrics", **DIGITS)
    assert not app.exception


def test_protocol_text_says_varies_where_runs_differ() -> None:
    text = protocol_text({"k": "all", "normalize_by": "relevant", "n_query": 1000, "seed": None})
    assert "k: all" in text
    assert "1,000 queries" in text
    assert "seed varies" in text


def test_param_rows_write_open_ranges() -> None:
    rows = param_rows([{"name": "a", "default": 1, "low": 0.5, "high": None}, {"name": "b", "default": True}])
    assert rows["range"] == ["0.5 to ", ""]


def test_published_rows_of_methods_without_any() -> None:
    assert published_rows([{"title": "X"}])["method"] == []
