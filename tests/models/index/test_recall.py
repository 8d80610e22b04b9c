"""Recall by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.errors import DataError
from models.index import SearchResult, recall_at_k


def result(
    distances: list[list[float]], fewer: list[int] | None = None, dtype: type = np.int32
) -> SearchResult:
    d = np.array(distances, dtype=dtype)
    ids = np.arange(d.size).reshape(d.shape)
    return SearchResult(
        d, ids, lambda: np.zeros(len(d), np.int64), None if fewer is None else np.array(fewer)
    )


def test_an_item_as_near_as_the_last_is_as_good() -> None:
    exact = result([[0, 1, 2, 2]])
    assert recall_at_k(result([[0, 1, 2, 2]]), exact).tolist() == [1.0]
    assert recall_at_k(result([[0, 2, 3, 3]]), exact).tolist() == [0.5]
    # Four of many items at distance 2 fill the two places there, not those of the two nearer items.
    assert recall_at_k(result([[2, 2, 2, 2]]), exact).tolist() == [0.5]
    assert recall_at_k(result([[0, 1, 2, 9]], fewer=[3]), exact).tolist() == [0.75]
    assert recall_at_k(result([[9, 9, 9, 9]], fewer=[0]), exact).tolist() == [0.0]


def test_rounding_is_no_miss() -> None:
    exact = result([[0.5, 100.0]], dtype=np.float32)
    assert recall_at_k(result([[0.5, 100.00001]], dtype=np.float32), exact).tolist() == [1.0]
    assert recall_at_k(result([[0.5, 100.1]], dtype=np.float32), exact).tolist() == [0.5]


def test_unequal_searches() -> None:
    with pytest.raises(DataError, match="same queries and k"):
        recall_at_k(result([[0, 1]]), result([[0]]))
    with pytest.raises(DataError, match="exhaustive"):
        recall_at_k(result([[0, 1]]), result([[0, 1]], fewer=[1]))
