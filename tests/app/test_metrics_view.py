"""The Metrics page: chance and protocol with every number."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

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
    assert set(published["method"]) == {"DPSH"}
    assert "published mAP" not in app.dataframe[0].value.columns
    app.toggle(key="published_all").set_value(True).run()
    published = next(t.value for t in app.dataframe if "published mAP" in t.value.columns)
    assert "0.757 (unverified)" in list(published["published mAP"])


def test_the_table_opens_at_the_length_of_the_bar_and_can_hold_all(many: Path) -> None:
    app = open_page("metrics", **DIGITS)
    table = app.dataframe[0].value
    assert set(table["bits"].dropna()) == {32}
    assert len(table) > 25
    app.segmented_control(key="lengths_32").set_value("all").run()
    assert set(app.dataframe[0].value["bits"].dropna()) == {16, 32}


def test_families_limit_the_table_and_fill_the_charts(many: Path) -> None:
    app = open_page("metrics", **DIGITS)
    app.pills(key="families").set_value(["multiwise"]).run()
    assert not app.exception
    ours = app.dataframe[0].value
    ours = ours[ours["source"] == "our run"]
    assert set(ours["family"]) == {"multiwise", "pairwise"}  # the chosen run stays
    assert ours["method"].iloc[0] == "DPSH"
    spec = json.loads(app.get("plotly_chart")[0].proto.spec)
    names = {trace.get("name") for trace in spec["data"]}
    assert {"<b>DPSH</b>", "DNNH", "DSRH", "LSH", "random codes"} <= names
    assert "DSH" not in names


def test_many_methods_leave_a_short_legend_and_all_numbers(many: Path) -> None:
    app = open_page("metrics", **DIGITS)
    for chart in app.get("plotly_chart")[:4]:
        names = {trace.get("name") for trace in json.loads(chart.proto.spec)["data"]}
        assert len(names) < 14
        assert any("other methods" in str(name) for name in names)
    app.multiselect(key="also").set_value(["vdsh"]).run()
    spec = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert "VDSH" in {trace.get("name") for trace in spec["data"]}
    points = next(t.value for t in app.dataframe if list(t.value.columns) == ["method", "bits", "mAP"])
    assert points["method"].nunique() > 30


def test_the_difference_to_the_best_without_labels(many: Path) -> None:
    from app.services import methods

    assert methods.reference("digits") == "lsh"
    table = open_page("metrics", **DIGITS).dataframe[0].value
    lsh = table[table["method"] == "LSH"].iloc[0]
    assert lsh["over LSH"] == pytest.approx(0)
    assert table.iloc[0]["over LSH"] == pytest.approx(table.iloc[0]["mAP"] - lsh["mAP"])


def test_of_many_methods_without_labels_only_the_best_comes_forward(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import catalog, methods

    blind = {"lsh", "dnnh", "drsch", "dsrh"}
    monkeypatch.setattr(methods, "_supervision", lambda m: "unsupervised" if m in blind else "labels")
    best = methods.reference("digits")
    assert best in blind
    families = {catalog.method_family(m) for m in catalog.methods("digits")}
    shown = methods.forward("digits", "vdsh", 32)
    assert {"vdsh", best} <= set(shown)
    assert len(shown) <= len(families) + 2


def ticked(row: int, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, object], list[str]]:
    """What a tick of a row of the leaderboard chooses, and what is said below the table."""
    from app import state
    from app.components import leaderboard
    from app.services import metrics

    given: dict[str, object] = {}
    said: list[str] = []
    entries = sorted(metrics.leaderboard("digits"), key=lambda e: (e.method, e.n_bits))
    rows = {"rows": [row]}

    def drawn(*_: object, **arguments: object) -> dict[str, object]:
        given.update(arguments)
        return {"selection": rows}

    monkeypatch.setattr(leaderboard.st, "dataframe", drawn)
    monkeypatch.setattr(leaderboard.st, "info", lambda text, **_: said.append(text))
    monkeypatch.setattr(state, "triggered", lambda *_: rows)
    monkeypatch.setattr(state, "choose", lambda **kw: given.update(chosen=kw))
    leaderboard.leaderboard({"method": [e.label for e in entries]}, entries)
    given["on_select"]()  # type: ignore[operator]
    return given, said


def test_a_ticked_row_becomes_the_choice(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, said = ticked(1, monkeypatch)
    assert given["chosen"] == {"method": "dpsh", "n_bits": 16}
    assert said == []


def test_a_ticked_row_of_figures_alone_says_so(inputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, said = ticked(2, monkeypatch)
    assert "chosen" not in given
    assert said[0].startswith("DPSH 24 bits keeps its figures only")


def test_a_tick_on_a_baseline_chooses_nothing(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, said = ticked(99, monkeypatch)
    assert ("chosen" in given, said) == (False, [])


def board(app: AppTest) -> Any:
    table = app.dataframe[0].value
    return table[table["source"] == "our run"]


def test_opens_with_the_main_input_and_what_was_fine_tuned(inputs: Path) -> None:
    app = open_page("metrics", **DIGITS)
    assert not app.exception
    table = board(app)
    assert list(zip(table["method"], table["input"], table["stored"], strict=True)) == [
        ("DPSH", "small_cnn features", "codes"),
        ("DPSH", "small_cnn, fine-tuned", "codes"),
        ("DSH", "small_cnn features", "figures only"),
        ("LSH", "small_cnn features", "codes"),
    ]
    assert "inputs: small_cnn, fine-tuned / small_cnn features, seed 0" in words(app)
    drawn = {trace.get("name") for trace in json.loads(app.get("plotly_chart")[0].proto.spec)["data"]}
    assert "DPSH, fine-tuned" in drawn
    assert not any("HOG" in str(name) for name in drawn)


def test_other_inputs_are_offered(inputs: Path) -> None:
    app = open_page("metrics", **DIGITS)
    pills = app.pills(key="inputs")
    assert pills.options == [
        "small_cnn features",
        "small_cnn, fine-tuned",
        "HOG",
        "pixels",
        "resnet18 features",
    ]
    pills.set_value(["HOG", "resnet18 features"]).run()
    assert not app.exception
    assert set(board(app)["input"]) == {
        "small_cnn features",
        "HOG",
        "resnet18 features",
    }  # the chosen run stays
    points = next(t.value for t in app.dataframe if list(t.value.columns) == ["method", "bits", "mAP"])
    assert {"LSH on HOG", "DPSH on resnet18", "DPSH"} <= set(points["method"])
    assert "DPSH, fine-tuned" not in set(points["method"])


def test_one_input_needs_no_column_and_no_choice(stored: Path) -> None:
    app = open_page("metrics", **DIGITS)
    assert not [part for part in app.get("pills") if part.key == "inputs"]
    assert not {"input", "stored"} & set(app.dataframe[0].value.columns)


def test_every_length_with_figures_is_offered(inputs: Path) -> None:
    app = open_page("metrics", **DIGITS)
    control = app.segmented_control(key="lengths_32")
    assert control.options == ["16 bits", "24 bits", "32 bits", "all lengths"]
    control.set_value("24").run()
    assert not app.exception
    table = board(app)
    assert list(zip(table["method"], table["bits"], strict=True)) == [("DPSH", 32), ("DPSH", 24)]
    assert table["rank"].isna().tolist() == [True, False], "its length is another one"
    assert "Precision against recall, 24 bits" in words(app)
    assert "AP by class, DPSH at 32 bits" in words(app)


def test_a_length_that_the_chosen_inputs_have_not_says_so(inputs: Path) -> None:
    app = open_page("metrics", db="digits", method="lsh", bits="32")
    app.pills(key="inputs").set_value(["HOG"]).run()
    app.segmented_control(key="lengths_32").set_value("24").run()
    assert not app.exception
    assert words(app).count("No run on the chosen inputs has 24 bits.") == 2


def test_figures_alone_can_be_brought_forward(inputs: Path) -> None:
    app = open_page("metrics", **DIGITS)
    app.multiselect(key="also").set_value(["lsh~pixels"]).run()
    drawn = {trace.get("name") for trace in json.loads(app.get("plotly_chart")[0].proto.spec)["data"]}
    assert "LSH on pixels" in drawn


def test_a_fine_tuned_run_has_its_page(inputs: Path) -> None:
    app = open_page("metrics", db="digits", method="dpsh~finetune", bits="32")
    assert not app.exception
    assert board(app).iloc[0]["input"] == "small_cnn, fine-tuned"
    assert "AP by class, DPSH, fine-tuned at 32 bits" in words(app)
    assert app.button(key="open_card").label == "Full card of DPSH"


def test_graded_scores_only_with_several_labels(stored: Path) -> None:
    assert "Graded relevance" in words(open_page("metrics", **SCENES))
    assert "Graded relevance" not in words(open_page("metrics", **DIGITS))


def test_another_graded_score_can_be_chosen(stored: Path) -> None:
    app = open_page("metrics", **SCENES)
    app.segmented_control(key="graded_score").set_value("WAP").run()
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


def test_learned_database_codes_are_named_in_the_protocol(many: Path) -> None:
    line = next(c.value for c in open_page("metrics", **DIGITS).caption if c.value.startswith("k: all"))
    assert "ADSH: codes of 80 database images learned in training" in line
    search = open_page("search", db="digits", method="adsh", bits="16")
    assert "ADSH: codes of 80 database images" in words(search)
    assert "learned in training" not in words(open_page("search", **DIGITS))
