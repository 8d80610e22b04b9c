"""Comparing rankings: moves that ties could explain are none, and figures equal slow counts."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.services import catalog, compare, compare_cards, float_ranking
from app.services.compare import Mark, Side, change, place, rank_by

A, B = Side("dpsh", 32), Side("lsh", 16)


def ranked(*distances: float, side: Side = A, left_out: int | None = None) -> compare.Ranked:
    return rank_by(side, np.array(distances), left_out=left_out, relevant=None)


def test_each_row_knows_the_ranks_its_ties_can_take() -> None:
    made = ranked(3, 1, 1, 0, 3, 3)
    order = made.order.tolist()
    assert order[0] == 3 and set(order[1:3]) == {1, 2} and set(order[3:]) == {0, 4, 5}
    assert made.first.tolist() == [4, 2, 2, 1, 4, 4]
    assert made.last.tolist() == [6, 3, 3, 1, 6, 6]
    assert (made.ranks(3), made.ranks(2)) == ("1", "2–3")


def test_the_query_itself_has_no_rank() -> None:
    made = ranked(0, 1, 2, left_out=0)
    assert made.order.tolist() == [1, 2]
    assert (made.first[0], made.last[0]) == (0, 0)


def test_marks_of_rankings_without_ties() -> None:
    a, b = ranked(0, 1, 2, 3, 4), ranked(0, 3, 1, 2, 4)
    changed = change(a, b, 3)
    assert changed.marks == (Mark("same"), Mark("up", 1), Mark("new"))
    assert changed.lost == (1,)
    assert change(a, b, 4).marks[3] == Mark("down", 2)


def test_what_ties_can_explain_is_no_move() -> None:
    everything_tied = ranked(5, 5, 5, 5)
    strict = ranked(3, 2, 1, 0)
    changed = change(everything_tied, strict, 2)
    assert {mark.kind for mark in changed.marks} == {"tied"}
    # A shows two of the rows, but only because ties have to be shown in some order.
    assert changed.lost == ()
    back = change(strict, everything_tied, 2)
    assert {mark.kind for mark in back.marks} == {"tied"}
    assert back.lost == ()


@given(st.lists(st.integers(0, 4), min_size=2, max_size=12), st.integers(1, 12))
def test_a_ranking_has_not_moved_against_itself(distances: list[int], n: int) -> None:
    made = ranked(*distances)
    changed = change(made, made, n)
    assert {mark.kind for mark in changed.marks} <= {"same", "tied"}
    assert changed.lost == ()


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=10),
    st.integers(1, 6),
    st.randoms(use_true_random=False),
)
def test_the_order_inside_ties_moves_no_mark(pairs: list[tuple[int, int]], n: int, random: object) -> None:
    away_a, away_b = (np.array(part) for part in zip(*pairs, strict=True))
    a, b = ranked(*away_a), ranked(*away_b)
    shuffled = np.lexsort((np.array([random.random() for _ in pairs]), away_b))  # type: ignore[attr-defined]
    other = place(B, shuffled, away_b[shuffled], len(pairs), None)
    kinds = dict(zip(b.order[:n].tolist(), change(a, b, n).marks, strict=True))
    for row, mark in zip(other.order[:n].tolist(), change(a, other, n).marks, strict=True):
        assert kinds.get(row, mark) == mark


def test_scores_equal_the_stored_ones(stored: Path) -> None:
    run = catalog.open_run("digits", "dpsh", 32)
    made = compare_ranked(Side("dpsh", 32), 4)
    found = compare.scores(made, 10)
    assert found is not None
    assert found.ap_expected == pytest.approx(run.per_query["ap_expected"][4], abs=1e-6)
    assert found.ap_optimistic == pytest.approx(run.per_query["ap_optimistic"][4], abs=1e-6)
    assert found.ap_pessimistic <= found.ap_expected <= found.ap_optimistic
    assert compare.scores(dataclasses.replace(made, relevant=None), 10) is None


def compare_ranked(side: Side, row: int) -> compare.Ranked:
    from app.services import search

    assert side.method is not None
    full = search.answer(search.ask("digits", side.method, side.n_bits, "query", row), 1397)
    return place(side, full.rows, full.distances, 1397, full.relevant)


def test_sides_are_the_stored_runs_and_the_features(stored: Path) -> None:
    labels = [side.label for side in compare.sides("digits")]
    assert labels[0] == "float features"
    assert len(labels) == len(set(labels)) == 6
    assert "DPQ 16 bits" in labels


def test_features_are_compared_by_cosine(stored: Path) -> None:
    from models.engine.features import read_features

    kept = read_features(stored / "digits/features-small_cnn.npz")
    q, d = kept.of("query")[4].astype(np.float64), kept.of("database").astype(np.float64)
    slow = 1 - d @ q / np.linalg.norm(d, axis=1) / np.linalg.norm(q)
    np.testing.assert_allclose(float_ranking.distances("digits", "query", 4), slow, atol=1e-5)
    assert float_ranking.distances("digits", "database", 9).argmin() == 9
    assert not float_ranking.available("toyworld")


def test_ap_of_the_features_equals_a_slow_count(stored: Path) -> None:
    data = catalog.open_dataset("digits")
    found = float_ranking.per_query_ap("digits")
    assert found.shape == (400,)
    assert not found.flags.writeable
    for row in (0, 5):
        order = np.argsort(float_ranking.distances("digits", "query", row), kind="stable")
        hits = (data.labels("database")[order] & data.labels("query")[row]).any(axis=1)
        slow = (np.cumsum(hits)[hits] / (np.flatnonzero(hits) + 1)).mean()
        assert found[row] == pytest.approx(slow, abs=1e-6)


def test_a_duel_counts_and_repeats(stored: Path) -> None:
    duel = compare.duel("digits", A, B)
    gain = duel.ap_b - duel.ap_a
    assert duel.n_above + duel.n_below + duel.n_equal == len(gain) == 400
    assert duel.difference == pytest.approx(gain.mean())
    assert duel.low < duel.difference < duel.high
    # The normal approximation of the interval, from the same differences.
    half = 1.96 * gain.std() / np.sqrt(len(gain))
    assert duel.low == pytest.approx(gain.mean() - half, abs=0.15 * half)
    assert duel.high == pytest.approx(gain.mean() + half, abs=0.15 * half)
    compare.duel.cache_clear()
    again = compare.duel("digits", A, B)
    assert (again.low, again.high) == (duel.low, duel.high)
    back = compare.duel("digits", B, A)
    assert (back.n_above, back.difference) == (duel.n_below, pytest.approx(-duel.difference))


def test_columns_carry_marks_and_what_was_lost(stored: Path) -> None:
    sides = [compare_ranked(Side("dpsh", 32), 4), compare_ranked(Side("lsh", 16), 4)]
    data = compare_cards.columns("digits", sides, 12)
    first, second = data["columns"]
    assert [c["letter"] for c in data["columns"]] == ["A", "B"]
    assert "kind" not in first["cards"][0]
    assert first["lost"] == []
    assert len(second["cards"]) == 12
    new = [card for card in second["cards"] if card["kind"] == "new"]
    assert second["summary"].startswith(f"{len(new)} new")
    if new:
        assert f", {sum(card['right'] for card in new)} right" in second["summary"]
    edge = sides[1].last[sides[1].order[11]]
    assert ("cut inside a tie" in second["summary"]) == (edge > 12)
    shown = {card["row"] for card in second["cards"]}
    for card in second["lost"]:
        assert card["row"] not in shown
        assert card["mark"].startswith("now ")


def test_an_upload_is_ranked_by_the_same_features(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.services.upload import receive

    seen: list[tuple[int, int]] = []

    def embed(_: object, pictures: list[Image.Image]) -> np.ndarray:
        seen.extend(picture.size for picture in pictures)
        return np.ones((1, 8), dtype=np.float32)

    monkeypatch.setattr("models.engine.features.embed_images", embed)
    monkeypatch.setattr(float_ranking, "_backbone", lambda _: None)
    file = io.BytesIO()
    Image.new("RGB", (20, 10), "teal").save(file, "PNG")
    away = float_ranking.distances_of_upload("digits", receive(file.getvalue()))
    assert seen == [(20, 10)]
    assert away.shape == (1397,)
    assert away.min() >= -1e-6
