"""Which queries are offered to choose from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.services import cards, catalog, queries


@pytest.mark.parametrize("dataset", ["digits", "toyscenes"])
def test_samples_show_every_class_once_before_any_twice(stored: Path, dataset: str) -> None:
    rows = queries.samples(dataset, 0).rows
    labels = catalog.open_dataset(dataset).labels("query")
    n_classes = int(labels.any(axis=0).sum())
    assert len(set(rows)) == len(rows) == min(queries.PER_STRIP, len(labels))
    assert labels[list(rows[:n_classes])].any(axis=0).sum() == n_classes


def test_pages_go_through_all_queries(stored: Path) -> None:
    n = catalog.n_rows("digits", "query")
    seen = [row for page in range(-(-n // queries.PER_STRIP)) for row in queries.samples("digits", page).rows]
    assert set(seen) == set(range(n))


def test_a_class_offers_only_its_own(stored: Path) -> None:
    labels = catalog.open_dataset("digits").labels("query")
    for page in (0, 1, 7):
        rows = queries.of_class("digits", "four", page).rows
        assert rows
        assert labels[list(rows), 4].all()


def test_a_tag_that_no_query_has_offers_nothing(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = catalog.open_dataset("toyscenes")
    empty = np.zeros_like(data.labels("query"))
    monkeypatch.setattr(type(data), "labels", lambda *_: empty)
    assert queries.of_class("toyscenes", "tag 3", 2).rows == ()


def test_scores_order_the_strip_and_stand_below_it(stored: Path) -> None:
    figures = catalog.open_run("digits", "lsh", 16).per_query
    worst = queries.by_score("digits", "lsh", 16, "worst")
    best = queries.by_score("digits", "lsh", 16, "best")
    tied = queries.by_score("digits", "lsh", 16, "tied")
    assert worst.words[0] == f"{figures['ap_expected'].min():.2f}"
    assert best.words[0] == f"{figures['ap_expected'].max():.2f}"
    assert tied.words[0] == f"{(figures['ap_optimistic'] - figures['ap_pessimistic']).max():.2f}"
    for strip in (worst, best, tied):
        assert len(strip.words) == len(strip.rows) == queries.PER_STRIP


def test_the_strip_travels_as_ids_and_words(stored: Path) -> None:
    data = cards.picker("digits", (3, 5), ("0.10", "0.20"), "q5")
    assert [item["ref"] for item in data["items"]] == ["q3", "q5"]
    assert [item["word"] for item in data["items"]] == ["0.10", "0.20"]
    assert all(item["alt"] for item in data["items"])
    assert data["pixelated"]
