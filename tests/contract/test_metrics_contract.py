"""Laws that hold for every metric, whatever the codes: order of rows, collapsed codes, bounds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.codes.packing import pack
from models.metrics import (
    Evaluation,
    RankingHistogram,
    acg_at_k,
    average_precision,
    distance_histogram,
    evaluate,
    ndcg_at_k,
    precision_at_k,
    radius_lookup,
    recall_at_k,
    weighted_average_precision,
)
from models.types import Bool, CodebookCodes, Codes, Float64, Queries

METRICS: dict[str, Callable[[RankingHistogram, int], Float64]] = {
    **{
        f"ap {rule} {divisor}": lambda h, k, r=rule, d=divisor: average_precision(h, k, r, d)
        for rule in ("expected", "optimistic", "pessimistic")
        for divisor in ("relevant", "min_k_relevant", "retrieved")
    },
    "precision": lambda h, k: precision_at_k(h, [k])[:, 0],
    "recall": lambda h, k: recall_at_k(h, [k])[:, 0],
    "ndcg": lambda h, k: ndcg_at_k(h, [k])[:, 0],
    "acg": lambda h, k: acg_at_k(h, [k])[:, 0],
    "wap": lambda h, k: weighted_average_precision(h, k),
    "radius precision": lambda h, k: radius_lookup(h, k).precision,
    "radius recall": lambda h, k: radius_lookup(h, k).recall,
}
Case = tuple[Queries, Codes, Bool, Bool]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Random labelled codes of either kind, with many ties."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_query, n_database, n_classes = (
        draw(st.integers(1, 4)),
        draw(st.integers(1, 40)),
        draw(st.integers(1, 5)),
    )
    ql, dl = rng.random((n_query, n_classes)) < 0.5, rng.random((n_database, n_classes)) < 0.3
    if draw(st.booleans()):
        n_bits = draw(st.integers(1, 70))
        query, database = rng.integers(0, 2, (n_query, n_bits)), rng.integers(0, 2, (n_database, n_bits))
        return pack(query), pack(database), ql, dl
    metric = draw(st.sampled_from(["l2", "ip"]))
    structure = draw(st.sampled_from(["product", "additive"]))
    books = rng.standard_normal((2, 4, 3)).astype(np.float32)
    indices = rng.integers(0, 4, (n_database, 2)).astype(np.uint8)
    queries = rng.standard_normal((n_query, 6 if structure == "product" else 3)).astype(np.float32)
    return queries, CodebookCodes(indices, books, structure, metric), ql, dl


@pytest.mark.parametrize("name", METRICS)
@given(case=cases(), seed=st.integers(0, 1000))
def test_permuting_the_database_changes_nothing(name: str, case: Case, seed: int) -> None:
    queries, database, ql, dl = case
    rng = np.random.default_rng(seed)
    order, k = rng.permutation(len(database)), int(rng.integers(1, len(database) + 1))
    before = METRICS[name](distance_histogram(queries, database, ql, dl, graded=True), k)
    after = METRICS[name](distance_histogram(queries, database[order], ql, dl[order], graded=True), k)
    assert np.array_equal(before, after)


@given(cases())
def test_pessimistic_expected_optimistic(case: Case) -> None:
    h = distance_histogram(*case)
    for divisor in ("relevant", "min_k_relevant", "retrieved"):
        for k in (1, h.n_database // 2 + 1, h.n_database):
            worst, middle, best = (
                average_precision(h, k, rule, divisor)  # type: ignore[arg-type]
                for rule in ("pessimistic", "expected", "optimistic")
            )
            assert (worst <= middle + 1e-12).all()
            assert (middle <= best + 1e-12).all()
            assert (worst >= 0).all()
            assert (best <= 1 + 1e-12).all()


@given(cases())
def test_row_order_lies_between_the_bounds(case: Case) -> None:
    for divisor in ("relevant", "min_k_relevant", "retrieved"):
        out = evaluate(*case, k=len(case[1]) // 2 + 1, normalize_by=divisor)  # type: ignore[arg-type]
        assert (out.ap_pessimistic <= out.ap_row_order + 1e-12).all()
        assert (out.ap_row_order <= out.ap_optimistic + 1e-12).all()


@pytest.mark.parametrize("name", METRICS)
@given(case=cases())
def test_scores_are_finite_and_in_range(name: str, case: Case) -> None:
    h = distance_histogram(*case, graded=True)
    scores = METRICS[name](h, h.n_database)
    assert scores.shape == (h.n_query,)
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    if name not in ("acg", "wap"):
        assert (scores <= 1 + 1e-12).all()


@given(st.integers(1, 30), st.integers(0, 30), st.integers(1, 64))
def test_collapsed_codes_score_chance(n_relevant: int, n_other: int, n_bits: int) -> None:
    """One tie holds everything, so every metric is that of a random order; stored class by class to tempt."""
    n = n_relevant + n_other
    database_labels = np.arange(n)[:, None] < n_relevant
    out: Evaluation = evaluate(
        pack(np.ones((1, n_bits), bool)),
        pack(np.ones((n, n_bits), bool)),
        np.ones((1, 1), bool),
        database_labels,
    )
    share = n_relevant / n
    # The j-th item of a random order is relevant with probability `share`, and then meets (j - 1) others of
    # which (n_relevant - 1) / (n - 1) are relevant.
    other = (n_relevant - 1) / (n - 1) if n > 1 else 0.0
    chance = sum(share * (1 + (j - 1) * other) / j for j in range(1, n + 1)) / n_relevant
    assert out.map["expected"] == pytest.approx(chance)
    assert out.map["optimistic"] == pytest.approx(1.0)
    assert list(out.precision_at_k.values()) == pytest.approx([share] * len(out.precision_at_k))
    assert out.pr_precision == pytest.approx([share] * 101)
    assert out.pn_precision == pytest.approx([share] * len(out.pn_k))
    assert (out.radius_precision, out.radius_recall, out.radius_empty) == (pytest.approx(share), 1.0, 0)
    assert out.map["row_order"] == pytest.approx(1.0), "what storage order alone can give"


@given(cases())
def test_the_whole_ranking_has_one_divisor(case: Case) -> None:
    h = distance_histogram(*case)
    by = [average_precision(h, normalize_by=d) for d in ("relevant", "min_k_relevant", "retrieved")]  # type: ignore[arg-type]
    assert by[0] == pytest.approx(by[1])
    assert by[0] == pytest.approx(by[2])


@given(cases())
def test_binary_relevance_makes_wap_average_precision(case: Case) -> None:
    queries, database, ql, dl = case
    single = np.zeros_like(ql), np.zeros_like(dl)
    single[0][:, 0], single[1][:, 0] = True, dl[:, 0]
    h = distance_histogram(queries, database, *single, graded=True)
    assert weighted_average_precision(h) == pytest.approx(average_precision(h))


@given(cases())
def test_inputs_are_left_alone(case: Case) -> None:
    arrays = [getattr(part, "packed", getattr(part, "indices", part)) for part in case]
    before = [np.copy(a) for a in arrays]
    for array in arrays:
        array.setflags(write=False)
    evaluate(*case)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))
