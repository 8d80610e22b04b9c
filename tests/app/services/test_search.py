"""Rankings, tie groups and scores of one query, against slow obvious ways to get them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.services import catalog, search, ties
from app.services.upload import EncodedUpload
from models.codes.packing import unpack
from models.types import BinaryCodes

RUNS = [("digits", "lsh", 16), ("toyscenes", "dpsh", 32), ("digits", "dpq", 16)]


def slow_distances(asked: search.Asked) -> np.ndarray:
    if isinstance(asked.codes, BinaryCodes) and isinstance(asked.queries, BinaryCodes):
        return (unpack(asked.queries) != unpack(asked.codes)).sum(axis=1)
    assert not isinstance(asked.queries, BinaryCodes)
    return np.square(asked.queries.astype(np.float64) - asked.codes.decode()).sum(axis=1)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("split", ["query", "database"])
def test_ranks_by_distance_then_by_lot(stored: Path, run: tuple[str, str, int], split: str) -> None:
    asked = search.ask(*run, split, 4)
    answer = search.answer(asked, 10_000)
    distances = slow_distances(asked)
    assert np.allclose(answer.distances, distances[answer.rows], rtol=1e-5)
    lot = np.argsort(ties.drawn(len(asked.codes)))[answer.rows]
    pairs = list(zip(answer.distances.tolist(), lot.tolist(), strict=True))
    assert pairs == sorted(pairs)
    assert set(answer.rows.tolist()) | ({4} if split == "database" else set()) == set(range(len(asked.codes)))


def test_a_database_image_is_left_out_of_its_own_ranking(stored: Path) -> None:
    answer = search.answer(search.ask("digits", "lsh", 16, "database", 4), 10_000)
    assert answer.excluded
    assert 4 not in answer.rows
    assert answer.n_ranked == catalog.n_rows("digits", "database") - 1


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("n", [1, 20, 60, 10_000])
def test_groups_cover_what_is_shown_and_count_all_of_their_ties(
    stored: Path, run: tuple[str, str, int], n: int
) -> None:
    asked = search.ask(*run, "query", 2)
    answer, whole = search.answer(asked, n), search.answer(asked, 10_000)
    assert sum(group.n_shown for group in answer.groups) == len(answer.rows) == min(n, whole.n_ranked)
    assert whole.relevant is not None
    for group in answer.groups:
        here = whole.distances == group.distance
        assert group.n_total == here.sum()
        assert group.n_relevant == whole.relevant[here].sum()
        assert 1 <= group.n_shown <= group.n_total


@pytest.mark.parametrize("run", RUNS)
def test_the_histogram_holds_every_image_once(stored: Path, run: tuple[str, str, int]) -> None:
    answer = search.answer(search.ask(*run, "query", 2), 5)
    assert answer.n_total.sum() == answer.n_ranked
    assert answer.scores is not None
    assert answer.n_relevant.sum() == answer.scores.n_relevant
    assert (np.diff(answer.levels) > 0).all()


@pytest.mark.parametrize("run", RUNS)
def test_scores_of_stored_queries_are_those_of_the_evaluation(
    stored: Path, run: tuple[str, str, int]
) -> None:
    figures = catalog.open_run(*run).per_query
    # Embeddings are stored in half precision, which moves a real distance now and then past another.
    near = 1e-6 if catalog.has_bits(*run) else 1e-3
    for row in range(12):
        scores = search.answer(search.ask(*run, "query", row), 5).scores
        assert scores is not None
        assert scores.ap_expected == pytest.approx(figures["ap_expected"][row], abs=near)
        assert scores.ap_optimistic == pytest.approx(figures["ap_optimistic"][row], abs=near)
        assert scores.ap_pessimistic == pytest.approx(figures["ap_pessimistic"][row], abs=near)
        assert scores.ap_pessimistic - 1e-9 <= scores.ap_expected <= scores.ap_optimistic + 1e-9


def test_several_labels_count_as_right_when_one_is_shared(stored: Path) -> None:
    asked = search.ask("toyscenes", "lsh", 16, "query", 3)
    answer = search.answer(asked, 200)
    labels = catalog.open_dataset("toyscenes").labels("database")
    assert answer.relevant is not None
    assert asked.tags is not None
    for row, right in zip(answer.rows, answer.relevant, strict=True):
        assert right == bool((labels[row] & asked.tags).any())


def test_a_radius_ends_the_results(stored: Path) -> None:
    asked = search.ask("digits", "dpsh", 16, "query", 0)
    answer = search.answer(asked, 240, radius=3)
    whole = search.answer(asked, 10_000)
    assert len(answer.rows) == min(240, (whole.distances <= 3).sum())
    assert (answer.distances <= 3).all()
    assert answer.scores == whole.scores


def test_an_empty_radius_shows_nothing_and_still_scores(stored: Path) -> None:
    asked = search.ask("digits", "lsh", 32, "query", 0)
    closest = int(search.answer(asked, 1).distances[0])
    assert closest > 0
    answer = search.answer(asked, 240, radius=closest - 1)
    assert len(answer.rows) == 0
    assert answer.groups == ()
    assert answer.scores is not None


def test_codes_without_bits_ignore_the_radius(stored: Path) -> None:
    asked = search.ask("digits", "dpq", 16, "query", 0)
    answer = search.answer(asked, 20, radius=0)
    assert len(answer.rows) == 20
    assert answer.scores is not None
    assert answer.scores.radius_precision is None


def test_an_upload_is_ranked_without_a_verdict(stored: Path) -> None:
    stored_query = search.ask("digits", "dpsh", 32, "query", 6)
    upload = EncodedUpload(stored_query.queries, stored_query.code, "data:,")
    answer = search.answer(search.ask_with_upload("digits", "dpsh", 32, upload), 60)
    same = search.answer(stored_query, 60)
    assert np.array_equal(answer.rows, same.rows)
    assert answer.relevant is None
    assert answer.scores is None
    assert {group.n_relevant for group in answer.groups} == {None}


def test_shared_rankings_cannot_be_changed(stored: Path) -> None:
    ranked = search.ranking("digits", "lsh", 16, "query", 0)
    with pytest.raises(ValueError, match="read-only"):
        ranked.order[0] = 1
