"""The section "Beside the survey" of the Metrics page."""

from __future__ import annotations

from pathlib import Path

import pytest
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
        "Ours, head [I-disjoint]",
        "Survey, Table 4 [I]",
        "DeepHash-pytorch [I-disjoint]",
        "DeepHash-pytorch [I]",
    ]
    assert list(table.columns) == ["method", heads[0], f"seeds of {heads[0]}", *heads[1:]]
    row = table[table["method"] == "DPSH"].iloc[0]
    assert (round(row[heads[0]], 3), row[heads[1]], row[heads[2]]) == (0.71, 0.757, 0.775)
    assert row[f"seeds of {heads[0]}"] == "0.700–0.720, 2 seeds"
    captions = " ".join(caption.value for caption in app.caption)
    for head in heads:
        assert f"**{head}**: " in captions
    assert "ACM TKDD 17(1), 2023, Table 4" in captions and "54,000 database" in captions
    ranks = app.dataframe[1].value
    assert ranks.to_dict("records") == [
        {
            "ours": "head",
            "theirs": heads[1],
            "in both": 4,
            "Spearman ρ": pytest.approx(1),
            "Kendall τ": pytest.approx(1),
        }
    ]


def test_without_further_seeds_there_is_no_range(runs: Path) -> None:
    put(runs, "dpsh", 0.7)
    app = section_of("cifar10")
    assert not any("seeds" in name for name in app.dataframe[0].value.columns)
    assert len(app.dataframe) == 1, "one method alone has no rank"


def test_a_length_without_our_runs_says_how_to_make_them(measured: Path) -> None:
    app = section_of("cifar10")
    app.segmented_control(key="beside_bits").set_value(24).run()
    assert not app.exception
    assert "No run of ours is stored on cifar10 at 24 bits" in app.info[0].value
    assert len(app.dataframe) == 1, "no rank correlation"


def test_nothing_is_drawn_where_nobody_published_anything(runs: Path) -> None:
    put(runs, "itq", 0.5)
    app = section_of("digits")
    assert not app.subheader and not app.dataframe and not app.exception
