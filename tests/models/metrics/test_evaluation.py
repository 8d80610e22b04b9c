"""Binary and codebook codes through histogram and evaluation, against loops and against each other."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.codes.asymmetric import asymmetric_distances
from models.codes.hamming import hamming_distances
from models.codes.packing import pack
from models.errors import ConfigError, DataError
from models.metrics import (
    affinities,
    average_precision,
    distance_histogram,
    evaluate,
    evaluation,
    histogram_of_distances,
    row_order_average_precision,
)
from models.types import BinaryCodes, Bool, CodebookCodes
from tests.oracles import rankings as oracle

LENGTHS = [1, 5, 8, 16, 48, 64, 65, 130, 1024]


def binary(n: int, n_bits: int, seed: int) -> BinaryCodes:
    codes = pack(np.random.default_rng(seed).integers(0, 2, (n, n_bits)))
    codes.packed.setflags(write=False)
    return codes


def labels(n: int, n_classes: int, seed: int, *, multi: bool) -> Bool:
    rng = np.random.default_rng(seed)
    drawn = (
        rng.random((n, n_classes)) < 0.3
        if multi
        else np.eye(n_classes, dtype=bool)[rng.integers(0, n_classes, n)]
    )
    drawn.setflags(write=False)
    return drawn


def codebook(n: int, seed: int, structure: str = "product", metric: str = "l2") -> CodebookCodes:
    rng = np.random.default_rng(seed)
    books = rng.standard_normal((3, 4, 5)).astype(np.float32)
    return CodebookCodes(rng.integers(0, 4, (n, 3)).astype(np.uint8), books, structure, metric)  # type: ignore[arg-type]


@pytest.mark.parametrize("n_bits", LENGTHS)
@pytest.mark.parametrize("n_classes", [3, 70])
@pytest.mark.parametrize("graded", [False, True])
def test_hamming_histogram_equals_the_sorted_matrix(n_bits: int, n_classes: int, graded: bool) -> None:
    query, database = binary(4, n_bits, 0), binary(50, n_bits, 1)
    ql, dl = labels(4, n_classes, 2, multi=True), labels(50, n_classes, 3, multi=True)
    h = distance_histogram(query, database, ql, dl, graded)
    distances, shared = hamming_distances(query, database), affinities(ql, dl)
    assert h.levels.tolist() == [list(range(n_bits + 1))] * 4
    for i in range(4):
        for d in range(n_bits + 1):
            at = shared[i][distances[i] == d]
            assert (h.n_total[i, d], h.n_relevant[i, d]) == (len(at), (at > 0).sum())
            if graded:
                assert h.gain_sum is not None
                assert h.affinity_sum is not None
                assert h.gain_sum[i, d] == (2.0**at - 1).sum()
                assert h.affinity_sum[i, d] == at.sum()
        if graded:
            assert h.n_by_affinity is not None
            assert h.n_by_affinity[i, shared[i].max()] == (shared[i] == shared[i].max()).sum()


def test_many_pairs_are_counted_alike_in_threads_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from models.metrics import kernels

    args = binary(9, 32, 0), binary(300, 32, 1), labels(9, 4, 2, multi=True), labels(300, 4, 3, multi=True)
    alone = evaluate(*args)
    monkeypatch.setattr(kernels, "_PAIRS_WORTH_A_THREAD", 1)
    threaded = evaluate(*args)
    assert json.dumps(alone.to_json()) == json.dumps(threaded.to_json())


def test_histogram_takes_read_only_strided_and_shifted_arrays() -> None:
    packed = np.random.default_rng(0).integers(0, 256, (40, 8), dtype=np.uint8)
    shifted = np.zeros(packed.size + 1, np.uint8)[1:].reshape(packed.shape)
    shifted[:] = packed
    shifted.setflags(write=False)
    wide = labels(40, 12, 1, multi=True)
    plain = distance_histogram(BinaryCodes(packed, 64), BinaryCodes(packed, 64), wide[:, ::2], wide[:, ::2])
    strided = distance_histogram(
        BinaryCodes(packed[::2], 64), BinaryCodes(shifted, 64), wide[::2, ::2], wide[:, ::2]
    )
    assert np.array_equal(plain.n_relevant[::2], strided.n_relevant)


@pytest.mark.parametrize("structure", ["product", "additive"])
@pytest.mark.parametrize("metric", ["l2", "ip"])
def test_asymmetric_distance_is_the_distance_to_the_decoded_vector(structure: str, metric: str) -> None:
    codes = codebook(60, 0, structure, metric)
    vectors = codes.decode()
    queries = np.random.default_rng(1).standard_normal((4, vectors.shape[1])).astype(np.float32)
    direct = (
        np.square(queries[:, None] - vectors[None]).sum(axis=2) if metric == "l2" else -queries @ vectors.T
    )
    ours = asymmetric_distances(queries, codes)
    assert ours == pytest.approx(direct, rel=1e-5, abs=1e-4)
    _, code = np.unique(codes.indices, axis=0, return_inverse=True)
    for i in range(len(codes)):
        assert (ours[:, code == code[i]] == ours[:, i : i + 1]).all(), "equal codes are ties to the last bit"


def test_asymmetric_distance_of_the_worked_examples() -> None:
    """methods/3, section 0.7."""
    books = np.array([[[0, 0], [2, 2]], [[1, 0], [0, 1]]], np.float32)
    query = np.array([[0, 1, 1, 1]], np.float32)
    index = np.array([[1, 1]], np.uint8)
    assert asymmetric_distances(query, CodebookCodes(index, books)).tolist() == [[6.0]]
    assert asymmetric_distances(query, CodebookCodes(index, books, metric="ip")).tolist() == [[-3.0]]
    additive = CodebookCodes(
        np.zeros((1, 1), np.uint8), np.array([[[0, -1], [5, 5]]], np.float32), "additive"
    )
    assert asymmetric_distances(np.array([[1, 2]], np.float32), additive).tolist() == [[10.0]]


@pytest.mark.parametrize("multi", [False, True])
@pytest.mark.parametrize("kind", ["binary", "codebook"])
@pytest.mark.parametrize("k", [None, 7])
@pytest.mark.parametrize("divisor", ["relevant", "min_k_relevant", "retrieved"])
def test_row_order_is_the_stable_sort(kind: str, k: int | None, divisor: str, multi: bool) -> None:
    ql, dl = labels(5, 4, 2, multi=multi), labels(40, 4, 3, multi=multi)
    if kind == "binary":
        queries, database = binary(5, 6, 0), binary(40, 6, 1)
        distances = hamming_distances(queries, database)
    else:
        database = codebook(40, 1)
        queries = np.random.default_rng(0).standard_normal((5, 15)).astype(np.float32)
        distances = asymmetric_distances(queries, database)
    order = np.argsort(distances, axis=1, kind="stable")
    ranked = np.take_along_axis(affinities(ql, dl), order, axis=1)
    expected = [oracle.average_precision(row.tolist(), k or 40, divisor) for row in ranked]
    assert row_order_average_precision(queries, database, ql, dl, k, divisor) == pytest.approx(expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["binary", "codebook"])
def test_chunks_of_queries_change_nothing(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    ql, dl = labels(11, 5, 2, multi=True), labels(60, 5, 3, multi=True)
    if kind == "binary":
        queries, database = binary(11, 12, 0), binary(60, 12, 1)
    else:
        database = codebook(60, 1)
        queries = np.random.default_rng(0).standard_normal((11, 15)).astype(np.float32)
    whole = evaluate(queries, database, ql, dl, k=20, ks=[1, 30])
    monkeypatch.setattr(evaluation, "_CELLS_AT_ONCE", 1)
    monkeypatch.setattr(evaluation, "_PAIRS_AT_ONCE", 1)
    single = evaluate(queries, database, ql, dl, k=20, ks=[1, 30])
    assert np.array_equal(whole.ap_expected, single.ap_expected)
    assert whole.pr_precision == pytest.approx(single.pr_precision)
    assert whole.pn_precision == pytest.approx(single.pn_precision)
    assert whole.map == single.map
    assert whole.wap == pytest.approx(single.wap)


def test_json_has_the_documented_form() -> None:
    single = evaluate(
        binary(5, 12, 0), binary(60, 12, 1), labels(5, 3, 2, multi=False), labels(60, 3, 3, multi=False)
    )
    out = json.loads(json.dumps(single.to_json()))
    assert set(out) == {
        "n_query", "n_database", "n_bits", "k", "normalize_by", "queries_without_relevant", "map",
        "precision_at_k", "recall_at_k", "radius",
    }  # fmt: skip
    assert (out["n_query"], out["n_database"], out["n_bits"], out["k"]) == (5, 60, 12, None)
    assert set(out["map"]) == {"expected", "optimistic", "pessimistic", "row_order"}
    assert list(out["precision_at_k"]) == ["1", "5", "10", "50"]
    assert set(out["radius"]["2"]) == {"precision", "recall", "empty_queries"}

    multi = evaluate(
        binary(5, 12, 0),
        binary(60, 12, 1),
        labels(5, 3, 2, multi=True),
        labels(60, 3, 3, multi=True),
        radius=3,
    )
    assert set(multi.to_json()) - set(out) == {"ndcg_at_k", "acg_at_k", "wap"}
    assert set(multi.to_json()["radius"]) == {"3"}


def test_codebook_codes_have_no_hamming_radius() -> None:
    queries = np.random.default_rng(0).standard_normal((5, 15)).astype(np.float32)
    out = evaluate(queries, codebook(60, 1), labels(5, 3, 2, multi=False), labels(60, 3, 3, multi=False))
    assert out.to_json()["radius"] == {}
    assert out.n_bits == 6


def test_queries_without_a_relevant_item_are_counted() -> None:
    ql = np.array([[True, False], [False, True]])
    dl = np.array([[True, False]] * 4)
    out = evaluate(binary(2, 8, 0), binary(4, 8, 1), ql, dl)
    assert out.n_without_relevant == 1
    assert out.map["expected"] == pytest.approx(0.5)
    assert out.pr_precision == pytest.approx(np.ones(101))


def test_a_single_query_against_a_single_item() -> None:
    one = np.ones((1, 1), bool)
    out = evaluate(binary(1, 8, 0), binary(1, 8, 1), one, one)
    assert out.map == dict.fromkeys(out.map, 1.0)
    assert out.pn_k.tolist() == [1]


def good() -> dict[str, object]:
    return {
        "queries": binary(3, 8, 0),
        "database": binary(20, 8, 1),
        "query_labels": labels(3, 4, 2, multi=False),
        "database_labels": labels(20, 4, 3, multi=False),
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"queries": binary(3, 16, 0)}, "16 bits and database codes 8"),
        ({"queries": binary(3, 8, 0)[:0], "query_labels": labels(0, 4, 0, multi=False)}, "no queries"),
        (
            {"database": binary(20, 8, 0)[:0], "database_labels": labels(0, 4, 0, multi=False)},
            "database is empty",
        ),
        ({"queries": np.zeros((3, 15), np.float32)}, "real vectors and the database holds binary codes"),
        ({"database": codebook(20, 1)}, "binary codes and the database holds codebook codes"),
        ({"query_labels": labels(2, 4, 2, multi=False)}, r"query labels.*\(3, n_classes\).*\(2, 4\)"),
        ({"query_labels": np.zeros(3, bool)}, "query labels"),
        ({"database_labels": np.zeros((20, 4))}, "database labels.*float64"),
        ({"database_labels": labels(20, 5, 3, multi=False)}, "4 classes, database labels 5"),
        ({"k": 21}, "k=21"),
        ({"k": 0}, "k=0"),
        ({"ks": [1, 50]}, "k=50"),
        ({"radius": -1}, "-1"),
    ],
)
def test_bad_input_is_named(change: dict[str, object], says: str) -> None:
    with pytest.raises(DataError, match=says):
        evaluate(**(good() | change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("queries", "says"),
    [
        (np.full((3, 15), np.nan, np.float32), "3 query vectors hold NaN"),
        (np.zeros((3, 14), np.float32), r"\(n_query, 15\)"),
        (np.zeros((3, 15)), "float64"),
    ],
)
def test_bad_query_vectors_are_named(queries: np.ndarray, says: str) -> None:
    with pytest.raises(DataError, match=says):
        evaluate(**(good() | {"queries": queries, "database": codebook(20, 1)}))  # type: ignore[arg-type]


def test_unknown_divisor() -> None:
    with pytest.raises(ConfigError, match="normalize_by"):
        evaluate(**good(), normalize_by="all")  # type: ignore[arg-type]


def test_float_ranking_goes_through_the_same_records() -> None:
    """The backbone's own ranking, for comparison with codes."""
    rng = np.random.default_rng(0)
    features, items = rng.standard_normal((3, 6)), rng.standard_normal((30, 6))
    distances = np.square(features[:, None] - items[None]).sum(axis=2)
    ql, dl = labels(3, 4, 2, multi=False), labels(30, 4, 3, multi=False)
    h = histogram_of_distances(distances, affinities(ql, dl))
    for rule in ("expected", "optimistic", "pessimistic"):
        order = np.argsort(distances, axis=1)
        ranked = np.take_along_axis(affinities(ql, dl), order, axis=1)
        expected = [oracle.average_precision(row.tolist(), 30, "relevant") for row in ranked]
        assert average_precision(h, tie_rule=rule) == pytest.approx(expected)  # type: ignore[arg-type]
