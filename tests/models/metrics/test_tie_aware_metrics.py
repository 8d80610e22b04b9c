"""Metrics of rankings with ties against brute force over every order, and against published numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import ConfigError, DataError
from models.metrics import (
    RankingHistogram,
    acg_at_k,
    average_precision,
    histogram_of_distances,
    ndcg_at_k,
    precision_at_k,
    precision_recall_curve,
    radius_lookup,
    recall_at_k,
    weighted_average_precision,
)
from tests.oracles import rankings as oracle

DIVISORS = ("relevant", "min_k_relevant", "retrieved")
# The worked example of methods/2, section 1.
DISTANCES, AFFINITY = [0, 1, 1, 2, 2, 2], [2, 1, 0, 0, 1, 0]


def histogram(distances: list[float], affinity: list[int]) -> RankingHistogram:
    return histogram_of_distances(np.array([distances], float), np.array([affinity]), graded=True)


@pytest.fixture
def example() -> RankingHistogram:
    return histogram(DISTANCES, AFFINITY)


@st.composite
def small_rankings(draw: st.DrawFn) -> tuple[list[int], list[int], int]:
    """Up to 6 items with few distinct distances, their affinities, and a cut-off."""
    n = draw(st.integers(1, 6))
    distances = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    affinity = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    return distances, affinity, draw(st.integers(1, n))


def test_average_precision_of_the_worked_example(example: RankingHistogram) -> None:
    assert average_precision(example)[0] == pytest.approx(0.8166667, abs=1e-7)
    assert average_precision(example, tie_rule="pessimistic")[0] == pytest.approx(0.7222222, abs=1e-7)
    assert average_precision(example, tie_rule="optimistic")[0] == pytest.approx(0.9166667, abs=1e-7)


@pytest.mark.parametrize(("k", "expected"), [(3, 0.6111111), (4, 0.6944444), (5, 0.7611111)])
def test_cut_average_precision_of_the_worked_example(
    example: RankingHistogram, k: int, expected: float
) -> None:
    assert average_precision(example, k, normalize_by="min_k_relevant")[0] == pytest.approx(
        expected, abs=1e-7
    )


@pytest.mark.parametrize(("k", "expected"), [(3, 0.9166667), (5, 0.8629630)])
def test_average_precision_over_found_items(example: RankingHistogram, k: int, expected: float) -> None:
    assert average_precision(example, k, normalize_by="retrieved")[0] == pytest.approx(expected, abs=1e-7)


def test_ndcg_of_the_worked_example(example: RankingHistogram) -> None:
    assert ndcg_at_k(example, [6, 2, 3])[0] == pytest.approx([0.9578256, 0.9131173, 0.8631144], abs=1e-7)


def test_four_tied_items_two_relevant() -> None:
    assert average_precision(histogram([7, 7, 7, 7], [1, 0, 0, 1]))[0] == pytest.approx(0.6805556, abs=1e-7)


def test_rank_one_is_counted() -> None:
    """Two published implementations lose it and give 0.75 and 0.472222."""
    assert average_precision(histogram([0, 1, 2, 3], [1, 1, 1, 1]))[0] == pytest.approx(1.0)
    assert average_precision(histogram([0, 1, 2, 3], [1, 0, 1, 1]))[0] == pytest.approx(0.805556, abs=1e-6)


@given(small_rankings())
def test_average_precision_against_every_order(case: tuple[list[int], list[int], int]) -> None:
    distances, affinity, k = case
    h = histogram(distances, affinity)
    for divisor in DIVISORS:
        brute = oracle.over_orders(
            distances, affinity, lambda ranked, d=divisor: oracle.average_precision(ranked, k, d)
        )
        ours = [
            average_precision(h, k, rule, divisor)[0] for rule in ("expected", "optimistic", "pessimistic")
        ]
        assert ours == pytest.approx(brute, abs=1e-12), divisor


@given(small_rankings())
def test_weighted_average_precision_against_every_order(case: tuple[list[int], list[int], int]) -> None:
    distances, affinity, k = case
    h = histogram(distances, affinity)
    for divisor in DIVISORS:
        brute, _, _ = oracle.over_orders(
            distances, affinity, lambda ranked, d=divisor: oracle.weighted_average_precision(ranked, k, d)
        )
        assert weighted_average_precision(h, k, divisor)[0] == pytest.approx(brute, abs=1e-12), divisor


@pytest.mark.parametrize("name", ["precision_at_k", "recall_at_k", "acg_at_k", "ndcg_at_k"])
@given(case=small_rankings())
def test_metrics_at_k_against_every_order(name: str, case: tuple[list[int], list[int], int]) -> None:
    distances, affinity, k = case
    fast = {
        "precision_at_k": precision_at_k,
        "recall_at_k": recall_at_k,
        "acg_at_k": acg_at_k,
        "ndcg_at_k": ndcg_at_k,
    }[name]
    brute, _, _ = oracle.over_orders(distances, affinity, lambda ranked: getattr(oracle, name)(ranked, k))
    assert fast(histogram(distances, affinity), [k])[0, 0] == pytest.approx(brute, abs=1e-12)


@given(small_rankings(), st.integers(0, 4))
def test_radius_lookup_against_a_loop(case: tuple[list[int], list[int], int], radius: int) -> None:
    distances, affinity, _ = case
    lookup = radius_lookup(histogram(distances, affinity), radius)
    ours = (lookup.precision[0], lookup.recall[0], bool(lookup.is_empty[0]))
    assert ours == pytest.approx(oracle.radius_lookup(distances, affinity, radius))


@given(st.permutations(range(8)), st.lists(st.integers(0, 1), min_size=8, max_size=8).filter(any))
def test_precision_recall_curve_without_ties(distances: list[int], affinity: list[int]) -> None:
    ranked = [affinity[i] for i in np.argsort(distances)]
    n_relevant = sum(affinity)
    recall, precision = precision_recall_curve(histogram(distances, affinity), n_relevant + 1)
    assert recall == pytest.approx(np.arange(n_relevant + 1) / n_relevant)
    assert precision == pytest.approx([oracle.precision_at_recall(ranked, x) for x in recall])


def test_precision_recall_curve_weighs_queries_alike_and_leaves_out_hopeless_ones() -> None:
    distances = np.array([[0, 1, 2], [0, 1, 2], [0, 1, 2]], float)
    relevance = np.array([[1, 0, 0], [0, 0, 1], [0, 0, 0]])
    _, precision = precision_recall_curve(histogram_of_distances(distances, relevance), 2)
    assert precision == pytest.approx([(1 + 1 / 3) / 2] * 2)


@given(small_rankings())
def test_levels_are_the_distinct_distances(case: tuple[list[int], list[int], int]) -> None:
    distances, affinity, _ = case
    h = histogram(distances, affinity)
    assert h.levels[0].tolist() == sorted(set(distances))
    assert h.n_total[0].tolist() == [distances.count(d) for d in sorted(set(distances))]
    assert h.n_database == len(distances)


def test_queries_with_fewer_levels_are_padded() -> None:
    h = histogram_of_distances(np.array([[1.0, 1.0], [3.0, 2.0]]), np.array([[1, 0], [1, 0]]))
    assert np.isnan(h.levels[0, 1])
    assert h.n_total.tolist() == [[2, 0], [1, 1]]
    assert average_precision(h).tolist() == pytest.approx([0.75, 0.5])
    assert not radius_lookup(h, 1).is_empty[0]
    assert radius_lookup(h, 1).is_empty[1]


def test_a_query_without_a_relevant_item_scores_zero_everywhere() -> None:
    h = histogram([0, 1, 1], [0, 0, 0])
    for divisor in DIVISORS:
        for rule in ("expected", "optimistic", "pessimistic"):
            assert average_precision(h, 2, rule, divisor)[0] == 0
        assert weighted_average_precision(h, 2, divisor)[0] == 0
    for metric in (precision_at_k, recall_at_k, ndcg_at_k, acg_at_k):
        assert metric(h, [1, 3]).tolist() == [[0, 0]]
    assert precision_recall_curve(h)[1].tolist() == [0] * 101


@pytest.mark.parametrize("k", [0, -1, 7, 2.0, True])
def test_a_cut_off_that_is_no_rank_is_refused(example: RankingHistogram, k: int) -> None:
    for call in (
        lambda: average_precision(example, k),
        lambda: weighted_average_precision(example, k),
        lambda: precision_at_k(example, [k]),
        lambda: recall_at_k(example, [1, k]),
        lambda: ndcg_at_k(example, [k]),
        lambda: acg_at_k(example, [k]),
    ):
        with pytest.raises(DataError, match=str(k)):
            call()


def test_k_above_the_database_names_its_size(example: RankingHistogram) -> None:
    with pytest.raises(DataError, match="k=7 is not a rank of this database, which has 6 items"):
        average_precision(example, 7)


def test_unknown_conventions_name_the_choices(example: RankingHistogram) -> None:
    with pytest.raises(ConfigError, match="expected, optimistic, pessimistic, row_order"):
        average_precision(example, tie_rule="middle")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="min_k_relevant"):
        average_precision(example, normalize_by="found")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="row_order_average_precision"):
        average_precision(example, tie_rule="row_order")


def test_graded_metrics_need_a_graded_histogram() -> None:
    h = histogram_of_distances(np.array([[0.0, 1.0]]), np.array([[1, 0]]))
    for call in (lambda: ndcg_at_k(h, [1]), lambda: acg_at_k(h, [1]), lambda: weighted_average_precision(h)):
        with pytest.raises(DataError, match="graded=True"):
            call()


def test_distances_must_be_numbers_in_the_shape_of_relevance() -> None:
    with pytest.raises(DataError, match="1 of 2 distances are NaN"):
        histogram_of_distances(np.array([[np.nan, 1.0]]), np.array([[1, 0]]))
    with pytest.raises(DataError, match=r"\(1, 2\) and \(1, 3\)"):
        histogram_of_distances(np.zeros((1, 2)), np.zeros((1, 3), bool))
    with pytest.raises(DataError):
        histogram_of_distances(np.zeros((1, 0)), np.zeros((1, 0), bool))


def test_a_radius_is_not_negative_and_a_curve_has_two_points(example: RankingHistogram) -> None:
    with pytest.raises(DataError, match="-1"):
        radius_lookup(example, -1)
    with pytest.raises(DataError, match="n_points=1"):
        precision_recall_curve(example, 1)
