from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.metrics.rank_correlation import rank_correlation

SCORES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 5).map(float), min_size=8, max_size=8)


def tau_b(x: list[float], y: list[float]) -> float:
    """Kendall's tau-b from every pair."""
    signs = [
        ((x[i] > x[j]) - (x[i] < x[j]), (y[i] > y[j]) - (y[i] < y[j]))
        for i, j in itertools.combinations(range(len(x)), 2)
    ]
    total = sum(a * b for a, b in signs)
    return total / math.sqrt(sum(a * a for a, _ in signs) * sum(b * b for _, b in signs))


def mean_ranks(x: list[float]) -> list[float]:
    return [sum(v < a for v in x) + (sum(v == a for v in x) + 1) / 2 for a in x]


def pearson(x: list[float], y: list[float]) -> float:
    mx, my = sum(x) / len(x), sum(y) / len(y)
    top = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    return top / math.sqrt(sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y))


@given(ours=SCORES, theirs=SCORES)
def test_ties_share_their_mean_rank(ours: dict[str, float], theirs: dict[str, float]) -> None:
    found = rank_correlation(ours, theirs)
    x, y = ([scores[name] for name in sorted(scores)] for scores in (ours, theirs))
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert (found.spearman, found.kendall) == (None, None)
        return
    assert found.kendall == pytest.approx(tau_b(x, y))
    assert found.spearman == pytest.approx(pearson(mean_ranks(x), mean_ranks(y)))


def test_only_shared_names_count() -> None:
    found = rank_correlation({"a": 1, "b": 2, "c": 3, "z": 0}, {"c": 30, "b": 20, "a": 10, "y": 90})
    assert (found.n, found.spearman, found.kendall) == (3, pytest.approx(1), pytest.approx(1))
    turned = rank_correlation({"a": 1, "b": 2, "c": 3}, {"a": 3, "b": 2, "c": 1})
    assert (turned.spearman, turned.kendall) == (pytest.approx(-1), pytest.approx(-1))


def test_two_methods_or_none_have_no_correlation() -> None:
    assert rank_correlation({"a": 1, "b": 2}, {"a": 1, "b": 2}).spearman is None
    assert rank_correlation({}, {"a": 1}).n == 0
