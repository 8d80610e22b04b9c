"""Every index answers like a sorted matrix of distances, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.codes.asymmetric import asymmetric_distances
from models.codes.hamming import hamming_distances
from models.codes.packing import pack
from models.errors import ConfigError, DataError, UnknownNameError
from models.index import KINDS, AdcFlat, BinaryFlat, TextSetting, open_index, recall_at_k
from models.spec import CodeKind
from models.types import BinaryCodes, CodebookCodes, Codes, Queries

ON_DISK = ("milvus",)  # has tests of its own
PAIRS = [
    (name, code_kind) for name, kind in KINDS.items() if name not in ON_DISK for code_kind in kind.classes
]
each_kind = pytest.mark.parametrize(("kind", "code_kind"), PAIRS)


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


def pair_of(code_kind: CodeKind, n: int = 90, seed: int = 0) -> tuple[Queries, Codes]:
    if code_kind is CodeKind.BINARY:
        return binary_pair(4, n, 16, seed)
    return codebook_pair(4, n, 16, "product", "l2", seed)


def true_distances(queries: Queries, database: Codes) -> np.ndarray:
    if isinstance(queries, BinaryCodes) and isinstance(database, BinaryCodes):
        return hamming_distances(queries, database).astype(np.float32)
    assert not isinstance(queries, BinaryCodes)
    assert not isinstance(database, BinaryCodes)
    return asymmetric_distances(queries, database)


def check_against_sorting(queries: Queries, database: Codes, k: int) -> None:
    result = open_index(database).search(queries, k)
    distances = true_distances(queries, database)
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


@each_kind
@given(st.integers(1, 120), st.integers(0, 1000), st.booleans(), st.data())
def test_every_index_tells_the_truth_about_what_it_found(
    kind: str, code_kind: CodeKind, n: int, seed: int, collapsed: bool, data: st.DataObject
) -> None:
    """It may miss items, but not lie: distances, order, number found, ties."""
    if code_kind is CodeKind.BINARY:
        queries, database = binary_pair(
            4, n, data.draw(st.sampled_from([1, 3, 8, 12, 16, 64, 65, 130])), seed
        )
    else:
        n_centroids = data.draw(st.sampled_from([2, 4, 8, 16, 64, 256]))
        structure, metric = (
            data.draw(st.sampled_from(["product", "additive"])),
            data.draw(st.sampled_from(["l2", "ip"])),
        )
        queries, database = codebook_pair(4, n, n_centroids, structure, metric, seed)
    if collapsed:
        database = database[np.arange(n) % 3 * (n > 3)]
    k = data.draw(st.integers(1, n))
    result = open_index(database, kind).search(queries, k)
    distances = true_distances(queries, database)
    assert result.ids.shape == result.distances.shape == (4, k)
    assert (result.ids.dtype, result.n_found.dtype) == (np.int64, np.int64)
    assert (result.fewer is None) == bool((result.n_found == k).all())
    assert (result.ids >= 0).all()
    for row in range(4):
        found, ids = result.row(row)
        m = len(ids)
        assert m == result.n_found[row]
        assert np.array_equal(found, distances[row, ids])
        assert np.array_equal(np.lexsort((ids, found)), np.arange(m))
        assert len(set(ids.tolist())) == m
        assert (result.ids[row, m:] == n).all()
        if m == 0:
            assert result.n_tied_beyond[row] == 0
            continue
        tied = (distances[row] == found[-1]).sum() - (found == found[-1]).sum()
        assert result.n_tied_beyond[row] == tied or (
            result.ties == "at least" and 0 <= result.n_tied_beyond[row] < tied
        )
    exact = open_index(database).search(queries, k)
    recall = recall_at_k(result, exact)
    assert (recall >= 0).all()
    assert (recall <= result.n_found / k).all()
    if KINDS[kind].exhaustive:
        assert (recall == 1).all()
        assert result.fewer is None
        assert result.ties == "exact"


@each_kind
def test_results_do_not_depend_on_earlier_searches_and_inputs_are_left_alone(
    kind: str, code_kind: CodeKind
) -> None:
    queries, database = pair_of(code_kind)
    arrays = [getattr(part, "packed", getattr(part, "indices", part)) for part in (queries, database)]
    before = [a.copy() for a in arrays]
    for array in arrays:
        array.setflags(write=False)
    index = open_index(database, kind)
    first = index.search(queries, 5)
    index.search(queries[1:3], 90)
    for again in (index.search(queries, 5), open_index(database, kind).search(queries, 5)):
        assert np.array_equal(first.ids, again.ids)
        assert np.array_equal(first.n_tied_beyond, again.n_tied_beyond)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))
    assert index.n_database == 90


@pytest.mark.parametrize("k", [0, -3, 91, 1.5, True])
@each_kind
def test_k_that_is_no_rank_is_refused(kind: str, code_kind: CodeKind, k: int) -> None:
    queries, database = pair_of(code_kind)
    with pytest.raises(DataError, match=str(k)):
        open_index(database, kind).search(queries, k)


@each_kind
def test_bad_queries_and_databases_are_named(kind: str, code_kind: CodeKind) -> None:
    binary, codes = binary_pair(2, 90, 16, 0)
    vectors, books = codebook_pair(2, 90, 16, "product", "l2", 0)
    assert isinstance(vectors, np.ndarray)
    database: Codes
    queries: Queries
    if code_kind is CodeKind.BINARY:
        database, queries = codes, binary
        index = open_index(codes, kind)
        with pytest.raises(DataError, match="24 bits and database codes 16"):
            index.search(binary_pair(2, 9, 24, 0)[0], 1)
        with pytest.raises(DataError, match="real vectors"):
            index.search(vectors, 1)
    else:
        database, queries = books, vectors
        index = open_index(books, kind)
        with pytest.raises(DataError, match="queries are binary"):
            index.search(binary, 1)
        with pytest.raises(DataError, match=r"\(n_query, 8\)"):
            index.search(vectors[:, 1:], 1)
        with pytest.raises(DataError, match="first in row 1"):
            index.search(np.where([[False], [True]], np.float32("nan"), vectors), 1)
    with pytest.raises(DataError, match="database is empty"):
        open_index(database[:0], kind)
    with pytest.raises(DataError, match="no queries"):
        index.search(queries[:0], 1)


def test_the_table_of_kinds() -> None:
    for name, kind in KINDS.items():
        assert kind.name == name
        assert kind.help
        assert "\n" not in kind.help
        for setting in kind.settings:
            assert setting.help
            if isinstance(setting, TextSetting):
                assert setting.check(setting.default) == setting.default
                with pytest.raises(ConfigError, match=setting.name):
                    setting.check("")
                continue
            assert setting.lowest <= setting.highest
            assert setting.check(setting.default) == setting.default
            for outside in (setting.lowest - 1, setting.highest + 1, 1.5, True, "3"):
                with pytest.raises(ConfigError, match=setting.name):
                    setting.check(outside)
    with pytest.raises(UnknownNameError, match="Did you mean hnsw"):
        open_index(binary_pair(1, 9, 16, 0)[1], "hsnw")
    for name, kind in KINDS.items():
        for code_kind in set(CodeKind) - set(kind.classes):
            with pytest.raises(DataError, match=f"cannot hold {code_kind} codes. Choose one of: exhaustive"):
                open_index(pair_of(code_kind)[1], name)
