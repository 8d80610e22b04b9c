"""Every index answers like a sorted matrix of distances, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.codes.asymmetric import asymmetric_distances
from models.codes.hamming import hamming_distances
from models.codes.packing import pack
from models.errors import DataError
from models.index import AdcFlat, BinaryFlat, open_index
from models.types import BinaryCodes, CodebookCodes, Codes, Queries


def binary_pair(n_query: int, n_database: int, n_bits: int, seed: int) -> tuple[Queries, Codes]:
    rng = np.random.default_rng(seed)
    return pack(rng.integers(0, 2, (n_query, n_bits))), pack(rng.integers(0, 2, (n_database, n_bits)))


def codebook_pair(
    n_query: int,
    n_database: int,
    n_centroids: int,
    structure: str,
    metric: str,
    seed: int,
    n_codebooks: int = 2,
) -> tuple[Queries, Codes]:
    """Whole numbers: distances are exact, so that ties between unequal codes happen too."""
    rng = np.random.default_rng(seed)
    books = rng.integers(-2, 3, (n_codebooks, n_centroids, 4)).astype(np.float32)
    indices = rng.integers(0, n_centroids, (n_database, n_codebooks)).astype(np.uint8)
    size = n_codebooks * 4 if structure == "product" else 4
    queries = rng.integers(-2, 3, (n_query, size)).astype(np.float32)
    return queries, CodebookCodes(indices, books, structure, metric)  # type: ignore[arg-type]


def check_against_sorting(queries: Queries, database: Codes, k: int) -> None:
    result = open_index(database).search(queries, k)
    if isinstance(queries, BinaryCodes) and isinstance(database, BinaryCodes):
        distances = hamming_distances(queries, database).astype(np.float32)
    else:
        assert not isinstance(queries, BinaryCodes)
        assert not isinstance(database, BinaryCodes)
        distances = asymmetric_distances(queries, database)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    ranked = np.take_along_axis(distances, order, axis=1)
    assert np.array_equal(result.distances, ranked)
    assert np.array_equal(result.ids, order)
    assert result.ids.dtype == np.int64
    expected = (distances == ranked[:, -1:]).sum(axis=1) - (ranked == ranked[:, -1:]).sum(axis=1)
    assert np.array_equal(result.n_tied_beyond, expected)


@given(
    st.integers(1, 5), st.integers(1, 200), st.sampled_from([1, 3, 8, 12, 16, 64, 65, 130]),
    st.integers(0, 1000), st.data(),
)  # fmt: skip
def test_binary_search_is_the_stable_sort(
    n_query: int, n: int, n_bits: int, seed: int, data: st.DataObject
) -> None:
    check_against_sorting(*binary_pair(n_query, n, n_bits, seed), data.draw(st.integers(1, n)))


@given(
    st.integers(1, 5), st.integers(1, 200), st.sampled_from([2, 4, 8, 16, 64, 256]),
    st.sampled_from(["product", "additive"]), st.sampled_from(["l2", "ip"]), st.integers(0, 1000), st.data(),
)  # fmt: skip
def test_codebook_search_is_the_stable_sort(
    n_query: int, n: int, n_centroids: int, structure: str, metric: str, seed: int, data: st.DataObject
) -> None:
    check_against_sorting(
        *codebook_pair(n_query, n, n_centroids, structure, metric, seed), data.draw(st.integers(1, n))
    )


@pytest.mark.parametrize("k", [1, 7, 100, 2999, 3000])
def test_many_queries_and_long_ties_at_the_cut(k: int) -> None:
    """FAISS treats large batches and large k by other routes."""
    check_against_sorting(*binary_pair(70, 3000, 6, 0), k)
    check_against_sorting(*codebook_pair(70, 3000, 4, "product", "ip", 0), k)
    check_against_sorting(*codebook_pair(70, 3000, 4, "additive", "l2", 0), k)


@pytest.mark.parametrize(
    ("n_codebooks", "n_centroids"), [(2, 256), (4, 256), (8, 256), (8, 16), (3, 64), (9, 16)]
)
@pytest.mark.parametrize("metric", ["l2", "ip"])
def test_real_codebooks_agree_with_tables(n_codebooks: int, n_centroids: int, metric: str) -> None:
    rng = np.random.default_rng(0)
    books = rng.standard_normal((n_codebooks, n_centroids, 6)).astype(np.float32)
    indices = rng.integers(0, n_centroids, (500, n_codebooks)).astype(np.uint8)
    codes = CodebookCodes(indices, books, "product", metric)  # type: ignore[arg-type]
    queries = rng.standard_normal((5, n_codebooks * 6)).astype(np.float32)
    result = AdcFlat(codes).search(queries, 500)
    exact = np.take_along_axis(asymmetric_distances(queries, codes), result.ids, axis=1)
    assert result.distances == pytest.approx(exact, rel=1e-5, abs=1e-4)
    assert (np.diff(result.distances, axis=1) >= 0).all()
    assert (np.sort(result.ids, axis=1) == np.arange(500)).all()


def test_collapsed_codes_come_in_order_of_id() -> None:
    queries, database = pack(np.zeros((1, 9))), pack(np.zeros((50, 9)))
    result = BinaryFlat(database).search(queries, 3)
    assert result.ids.tolist() == [[0, 1, 2]]
    assert result.n_tied_beyond.tolist() == [47]
    one_word = CodebookCodes(np.zeros((50, 2), np.uint8), np.ones((2, 4, 3), np.float32), metric="ip")
    result = AdcFlat(one_word).search(np.ones((1, 6), np.float32), 3)
    assert result.ids.tolist() == [[0, 1, 2]]
    assert result.distances.tolist() == [[-6.0] * 3]
    assert result.n_tied_beyond.tolist() == [47]


def test_results_do_not_depend_on_earlier_searches_and_inputs_are_left_alone() -> None:
    for queries, database in (binary_pair(4, 90, 16, 0), codebook_pair(4, 90, 16, "product", "l2", 0)):
        arrays = [getattr(part, "packed", getattr(part, "indices", part)) for part in (queries, database)]
        before = [a.copy() for a in arrays]
        for array in arrays:
            array.setflags(write=False)
        index = open_index(database)
        first = index.search(queries, 5)
        index.search(queries[1:3], 90)
        again = index.search(queries, 5)
        assert np.array_equal(first.ids, again.ids)
        assert np.array_equal(first.n_tied_beyond, again.n_tied_beyond)
        assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))
        assert index.n_database == 90


@pytest.mark.parametrize("k", [0, -3, 91, 1.5, True])
def test_k_that_is_no_rank_is_refused(k: int) -> None:
    for queries, database in (binary_pair(2, 90, 16, 0), codebook_pair(2, 90, 16, "product", "l2", 0)):
        with pytest.raises(DataError, match=str(k)):
            open_index(database).search(queries, k)


def test_bad_queries_and_databases_are_named() -> None:
    binary, codes = binary_pair(2, 90, 16, 0)
    vectors, books = codebook_pair(2, 90, 16, "product", "l2", 0)
    assert isinstance(vectors, np.ndarray)
    with pytest.raises(DataError, match="24 bits and database codes 16"):
        BinaryFlat(codes).search(binary_pair(2, 9, 24, 0)[0], 1)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="real vectors"):
        open_index(codes).search(vectors, 1)
    with pytest.raises(DataError, match="queries are binary"):
        open_index(books).search(binary, 1)
    with pytest.raises(DataError, match=r"\(n_query, 8\)"):
        open_index(books).search(vectors[:, 1:], 1)
    with pytest.raises(DataError, match="first in row 1"):
        open_index(books).search(np.where([[False], [True]], np.float32("nan"), vectors), 1)
    for database, queries in ((codes, binary), (books, vectors)):
        with pytest.raises(DataError, match="database is empty"):
            open_index(database[:0])
        with pytest.raises(DataError, match="no queries"):
            open_index(database).search(queries[:0], 1)
