"""Items with equal codes as one entry, against a dictionary of codes."""

from __future__ import annotations

import numpy as np
import pytest

from models.codes.packing import as_words
from models.index.buckets import Buckets


@pytest.mark.parametrize("width", [1, 3, 8, 9, 16])
@pytest.mark.parametrize("n_distinct", [1, 7, 400])
def test_buckets_hold_the_items_of_equal_codes(width: int, n_distinct: int) -> None:
    """Widths up to 8 bytes fit one word and are sorted as numbers, longer ones as rows."""
    rng = np.random.default_rng(width)
    rows = rng.integers(0, 256, (n_distinct, width), dtype=np.uint8)[rng.integers(n_distinct, size=400)]
    buckets = Buckets(rows)
    by_code: dict[bytes, list[int]] = {}
    for item, row in enumerate(rows):
        by_code.setdefault(row.tobytes(), []).append(item)
    assert len(buckets) == len(by_code)
    for first, begin, n in zip(buckets.first, buckets.begins, buckets.n_items, strict=True):
        assert buckets.items[begin : begin + n].tolist() == by_code[rows[first].tobytes()]
        assert buckets.items[begin] == first


@pytest.mark.parametrize("width", [1, 5, 8])
def test_one_word_is_sorted_like_rows_of_words(width: int) -> None:
    """Entries of stored FAISS indexes count on this order."""
    rng = np.random.default_rng(width)
    rows = rng.integers(0, 256, (600, width), dtype=np.uint8)[rng.integers(600, size=900)]
    distinct, first, code_of_item, n_items = np.unique(
        as_words(rows), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    buckets = Buckets(rows)
    assert np.array_equal(as_words(rows)[buckets.first], distinct)
    assert np.array_equal(buckets.first, first)
    assert np.array_equal(buckets.n_items, n_items)
    assert np.array_equal(buckets.items, np.argsort(code_of_item.reshape(-1), kind="stable"))
