"""Distances and tables of codebook codes: shared values of methods/3-quantization.md, section 0.7."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.codes.asymmetric import asymmetric_distances
from models.codes.symmetric import (
    flat_distances,
    look_up_table,
    reconstruction_errors,
    relative_error,
    symmetric_distances,
)
from models.errors import DataError
from models.types import CodebookCodes, Float32

CASES = [(s, m) for s in ("product", "additive") for m in ("l2", "ip")]


def row(*values: float) -> Float32:
    return np.array([values], dtype=np.float32)


def codes(books: object, indices: object, structure: str = "product", metric: str = "l2") -> CodebookCodes:
    words = np.asarray(books, dtype=np.float32)
    return CodebookCodes(np.atleast_2d(np.asarray(indices, dtype=np.uint8)), words, structure, metric)  # type: ignore[arg-type]


def some(structure: str, metric: str, n: int = 60, seed: int = 0) -> tuple[Float32, CodebookCodes]:
    rng = np.random.default_rng(seed)
    found = codes(rng.standard_normal((3, 16, 5)), rng.integers(0, 16, (n, 3)), structure, metric)
    return rng.standard_normal((7, 15 if structure == "product" else 5)).astype(np.float32), found


# C1 = {(0, 0), (2, 2)}, C2 = {(1, 0), (0, 1)}
PQ = [[[0, 0], [2, 2]], [[1, 0], [0, 1]]]
Q, X = row(0, 1, 1, 1), row(1.5, 1, 0.2, 0.9)


def nearest(x: Float32) -> list[int]:
    """Word of each slice by the definition; ties go to the lowest index."""
    books = np.asarray(PQ, dtype=np.float32)
    return [int(np.square(books[m] - x.reshape(2, 2)[m]).sum(axis=1).argmin()) for m in range(2)]


def test_product_code_and_error() -> None:
    """Section 0.7, PQ: code (1, 1), decoded (2, 2, 0, 1), error 1.3."""
    assert nearest(X) == [1, 1]
    item = codes(PQ, [1, 1])
    assert item.decode().tolist() == [[2, 2, 0, 1]]
    assert reconstruction_errors(X, item) == pytest.approx([1.3])


def test_product_tables_and_asymmetric_distances() -> None:
    """Section 0.7, PQ: L2 table [[1, 5], [1, 1]] and 6; inner products [[0, 2], [1, 1]] and 3."""
    table = look_up_table(Q[0], codes(PQ, [1, 1]))
    assert table.words.tolist() == [[1, 5], [1, 1]] and table.constant == 0 and table.norms is None
    assert asymmetric_distances(Q, codes(PQ, [1, 1])).tolist() == [[6]]
    inner = codes(PQ, [1, 1], metric="ip")
    assert look_up_table(Q[0], inner).words.tolist() == [[0, -2], [-1, -1]]
    assert asymmetric_distances(Q, inner).tolist() == [[-3]]


def test_symmetric_and_flat_distance() -> None:
    """Section 0.7, PQ: query code (0, 0), second book a tie; SDC 10; true distance 2.9."""
    assert nearest(Q) == [0, 0]
    assert symmetric_distances(codes(PQ, nearest(Q)), codes(PQ, [1, 1])).tolist() == [[10]]
    assert flat_distances(Q, X, "l2") == pytest.approx(np.array([[2.9]]))


def test_norm_term() -> None:
    """Section 0.7: 10 with the norm of the decoded vector, 9 without."""
    books = [[[0, -1], [0, 0]]]
    item, query = codes(books, [0], "additive"), row(1, 2)
    assert asymmetric_distances(query, item).tolist() == [[10]]
    table = look_up_table(query[0], item)
    assert table.constant + table.parts(item.indices).sum() == 9
    assert table.norms is not None and table.norms.tolist() == [1]


def test_three_metrics_rank_differently() -> None:
    """Section 0.3: squared distances 0.02 and 3.25, inner products 0.9 and 2, cosines 0.9939 and 0.8."""
    query, items = row(1, 0), np.array([[0.9, 0.1], [2, 1.5]], dtype=np.float32)
    assert flat_distances(query, items, "l2") == pytest.approx(np.array([[0.02, 3.25]]), abs=1e-6)
    assert flat_distances(query, items, "ip") == pytest.approx(np.array([[-0.9, -2.0]]))
    unit = items / np.linalg.norm(items, axis=1, keepdims=True)
    assert flat_distances(query, unit, "ip") == pytest.approx(np.array([[-0.9939, -0.8]]), abs=1e-4)


def test_unsquared_sums_would_rank_the_other_way() -> None:
    """Section 8, tests: sums of norms 3 and 4, of squares 9 and 8."""
    items = np.array([[3, 0, 0, 0], [2, 0, 2, 0]], dtype=np.float32)
    words = codes([[[3, 0], [2, 0]], [[0, 0], [2, 0]]], [[0, 0], [1, 1]])
    assert np.array_equal(words.decode(), items)
    query = row(0, 0, 0, 0)
    assert asymmetric_distances(query, words).tolist() == [[9, 8]]
    assert np.sqrt(np.square(items.reshape(2, 2, 2)).sum(axis=2)).sum(axis=1).tolist() == [3, 4]


def test_block_diagonal_additive_is_product() -> None:
    """Section 0.7: same codes, same query, inner products equal to 1e-5."""
    queries, product = some("product", "ip")
    blocks = np.zeros((3, 16, 15), dtype=np.float32)
    for m in range(3):
        blocks[m, :, 5 * m : 5 * m + 5] = product.codebooks[m]
    for metric in ("ip", "l2"):
        additive = codes(blocks, product.indices, "additive", metric)
        same = codes(product.codebooks, product.indices, "product", metric)
        found = asymmetric_distances(queries, additive)
        assert found == pytest.approx(asymmetric_distances(queries, same), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(("structure", "metric"), CASES)
def test_asymmetric_is_flat_to_the_decoded(structure: str, metric: str) -> None:
    """Section 0.7, properties."""
    queries, database = some(structure, metric)
    exact = flat_distances(queries, database.decode(), metric)  # type: ignore[arg-type]
    assert asymmetric_distances(queries, database) == pytest.approx(exact, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(("structure", "metric"), CASES)
def test_table_adds_up_to_the_distance(structure: str, metric: str) -> None:
    queries, database = some(structure, metric)
    for query, distances in zip(queries, asymmetric_distances(queries, database), strict=True):
        table = look_up_table(query, database)
        parts = table.parts(database.indices)
        assert parts.shape == database.indices.shape and table.words.shape == (3, 16)
        norms = 0 if table.norms is None else table.norms
        assert parts.sum(axis=1) + table.constant + norms == pytest.approx(distances, rel=1e-4, abs=1e-4)
        assert (table.norms is not None) == database.needs_norm == (table.constant != 0)


@pytest.mark.parametrize(("structure", "metric"), CASES)
def test_symmetric_is_asymmetric_with_the_decoded_query(structure: str, metric: str) -> None:
    """Section 0.3; section 0.7: 0 for an item and itself."""
    _, database = some(structure, metric)
    found = symmetric_distances(database[:9], database)
    assert found == pytest.approx(asymmetric_distances(database[:9].decode(), database), rel=1e-5, abs=1e-5)
    if metric == "l2":
        assert (np.diag(found) == 0).all()
        assert found[:, :9] == pytest.approx(found[:, :9].T)


@given(st.integers(0, 1000), st.sampled_from(CASES))
def test_order_of_books_does_not_matter(seed: int, case: tuple[str, str]) -> None:
    """Section 0.7, properties: books and codes permuted together (product: the query's slices too)."""
    queries, database = some(*case, n=20, seed=seed)
    order = np.random.default_rng(seed).permutation(3)
    moved = codes(database.codebooks[order], database.indices[:, order], *case)
    asked = queries.reshape(7, 3, 5)[:, order].reshape(7, 15) if case[0] == "product" else queries
    expected = asymmetric_distances(queries, database)
    assert asymmetric_distances(asked, moved) == pytest.approx(expected, rel=1e-4, abs=1e-4)
    assert symmetric_distances(moved, moved) == pytest.approx(
        symmetric_distances(database, database), rel=1e-4, abs=1e-4
    )


@pytest.mark.parametrize("metric", ["l2", "ip"])
@pytest.mark.parametrize("structure", ["product", "additive"])
def test_equal_codes_tie_exactly(structure: str, metric: str) -> None:
    queries, database = some(structure, metric, n=41)
    twice = codes(database.codebooks, np.concatenate([database.indices] * 2), structure, metric)
    for found in (asymmetric_distances(queries, twice), symmetric_distances(twice[:5], twice)):
        assert np.array_equal(found[:, :41], found[:, 41:])


def test_bits_of_an_item() -> None:
    """Section 0.2 and the table of additive search types in 0.6: 4 books of 256 are 4, 5 or 8 bytes."""
    books = np.zeros((4, 256, 3))
    costs = {
        case: [codes(books, [0] * 4, *case).item_bits(norm) // 8 for norm in ("computed", "byte", "float")]
        for case in CASES
    }
    assert costs[("additive", "l2")] == [4, 5, 8]
    assert costs[("additive", "ip")] == costs[("product", "l2")] == costs[("product", "ip")] == [4, 4, 4]


TABLE = {12: [(2, 64), (3, 16)], 16: [(2, 256), (4, 16)], 24: [(3, 256), (6, 16)], 32: [(4, 256), (8, 16)]}
LONGER = {36: [(6, 64), (9, 16)], 48: [(6, 256), (12, 16)], 64: [(8, 256), (16, 16)]}


@pytest.mark.parametrize(
    ("n_codebooks", "n_centroids", "bits"),
    [(*books, bits) for bits, row in (TABLE | LONGER).items() for books in row],
)
def test_bits_by_books_and_words(n_codebooks: int, n_centroids: int, bits: int) -> None:
    """Section 0.2, the table; section 8: n_codebooks * sqrt(n_centroids) would hold for 16 words only."""
    found = codes(np.zeros((n_codebooks, n_centroids, 1)), [0] * n_codebooks)
    assert found.n_bits == found.item_bits() == bits


def test_relative_error() -> None:
    """0 for perfect words, 1 for the mean as the only word."""
    points = np.array([[0, 0], [2, 0], [0, 4], [2, 4]], dtype=np.float32)
    mean = codes([[[1, 2], [9, 9]]], [[0]] * 4, "additive")
    assert relative_error(points, mean) == pytest.approx(1)
    perfect = codes([[[0], [2]], [[0], [4]]], [[0, 0], [1, 0], [0, 1], [1, 1]])
    assert relative_error(points, perfect) == 0
    assert np.isnan(relative_error(points[:1], perfect[:1]))


def test_what_does_not_fit_is_refused() -> None:
    queries, database = some("product", "l2")
    other = codes(database.codebooks + 1, database.indices)
    with pytest.raises(DataError, match="different codebooks"):
        symmetric_distances(database, other)
    with pytest.raises(DataError, match="different codebooks"):
        symmetric_distances(database, codes(database.codebooks, database.indices, metric="ip"))
    with pytest.raises(DataError, match="vectors of one length"):
        flat_distances(queries, database.decode()[:, :4], "l2")
    with pytest.raises(DataError, match="decode to shape"):
        reconstruction_errors(queries, database)
    with pytest.raises(DataError, match="NaN"):
        look_up_table(np.full(15, np.nan, dtype=np.float32), database)
    with pytest.raises(DataError, match="shape"):
        look_up_table(queries[0, :4], database)
