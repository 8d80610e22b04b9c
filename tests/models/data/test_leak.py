from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.data.leak import duplicates, find_leaks
from models.data.library import DATABASE, QUERY, TRAIN


def hashes(numbers: list[int]) -> np.ndarray:
    """16 bytes that differ in the last one only, the place that a comparison of text would cut off at 0."""
    found = np.zeros((len(numbers), 16), dtype=np.uint8)
    found[:, 15] = numbers
    return found


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7)), max_size=30))
def test_leaks_and_duplicates_against_the_obvious_loops(images: list[tuple[int, int]]) -> None:
    contents, roles = [content for content, _ in images], [role for _, role in images]
    leaks = find_leaks(hashes(contents), np.array(roles, dtype=np.uint8))
    held = {bit: {content for content, role in images if role & bit} for bit in (DATABASE, TRAIN)}
    queries = [row for row, role in enumerate(roles) if role & QUERY]
    expected = [row for row in queries if contents[row] in held[DATABASE] | held[TRAIN]]
    assert leaks.rows.tolist() == expected
    assert leaks.n_in_database == sum(contents[row] in held[DATABASE] for row in queries)
    assert leaks.n_in_train == sum(contents[row] in held[TRAIN] for row in queries)
    for row, twin in zip(leaks.rows, leaks.twins, strict=True):
        assert contents[twin] == contents[row]
        assert roles[twin] & (DATABASE | TRAIN)

    rows, firsts = duplicates(hashes(contents))
    assert rows.tolist() == [row for row, content in enumerate(contents) if content in contents[:row]]
    assert firsts.tolist() == [contents.index(contents[row]) for row in rows]
