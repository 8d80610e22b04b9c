"""The section "Beside the survey" of the Metrics page."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.app.services.test_published import measured, put, runs

__all__ = ["measured", "runs"]


def section_of(dataset: str) -> AppTest:
    def script(dataset: str) -> None:
        from app.components.published_table import beside_the_survey

        beside_the_survey(dataset)

    return AppTest.from_function(script, kwargs={"dataset": dataset}, default_timeout=60).run()


def test_sources_stand_in_columns_of_their_own_with_protocol_and_source(measured: Path) -> None:
    app = section_of("cifar10")
    assert not app.exception
    table = app.dataframe[0].value
    heads = [
        "Ours, mobilenet_v2 [I-disjoint]",
        "Survey, Table 4 [I]",
        "DeepHash-pytorch [I-disjoint]",
        "DeepHash-pytorch [I]",
    ]
    assert [name for name in table.columns if "[" in name and "range" not in name] == heads
    row = table[table["method"] == "DPSH"].iloc[0]
    assert (round(row[heads[0]], 3), row[heads[1]], row[heads[2]]) == (0.71, 0.757, 0.775)
    assert row[f"range, {heads[0]}"] == "0.700–0.720, 2 seeds"
    captions = " ".join(caption.value for caption in app.caption)
    for head in heads:
        assert f"**{head}**: " in captions
    assert "ACM TKDD 17(1), 2023, Table 4" in captions and "54,000 database" in captions
    assert any(
        "share 4 methods at 48 bits: Spearman's ρ = 1.00, Kendall's τ = 1.00" in m.value for m in app.markdown
    )


def test_a_length_without_our_runs_says_how_to_make_them(measured: Path) -> None:
    app = section_of("cifar10")
    app.segmented_control(key="beside_bits").set_value(24).run()
    assert not app.exception
    assert "No run of ours is stored on cifar10 at 24 bits" in app.info[0].value
    assert not any("Spearman" in m.value for m in app.markdown)


def test_nothing_is_drawn_where_nobody_published_anything(runs: Path) -> None:
    put(runs, "itq", 0.5)
    app = section_of("digits")
    assert not app.subheader and not app.dataframe and not app.exception
