"""What every registered method with codebook codes promises of its distances. Being registered is enough."""

from __future__ import annotations

from functools import cache

import faiss
import numpy as np
import pytest
import torch

from models.codes.asymmetric import asymmetric_distances
from models.codes.symmetric import flat_distances, look_up_table, reconstruction_errors, symmetric_distances
from models.index import AdcFlat
from models.index.adc_flat import filled_index
from models.methods.base import Batch, CodebookMethod, TrainSet
from models.registry import get_method, get_spec, method_names
from models.spec import CodeKind
from models.types import CodebookCodes, Float32

N_FEATURES, N_CLASSES, N_TRAIN, N_QUERY = 130, 4, 96, 7
MOST_NUMBERS = 300_000
NAMES = [name for name in method_names() if get_spec(name).code_kind is CodeKind.CODEBOOK]
each = pytest.mark.parametrize("name", NAMES)
at_two_lengths = pytest.mark.parametrize("n_bits", [16, 32])


def shortest(name: str) -> int:
    return next(n for n in (16, 8, 12, 24, 32, 48, 64) if get_spec(name).n_bits.allows(n))


@cache
def coded(name: str, n_bits: int | None = None) -> tuple[CodebookMethod, CodebookCodes, Float32]:
    """A method after one epoch of two steps, the codes of its train images, and those images as queries."""
    generator = torch.Generator().manual_seed(2)
    classes = torch.arange(N_TRAIN) % N_CLASSES
    features = torch.randn(N_CLASSES, N_FEATURES, generator=generator)[classes]
    features = features + torch.randn(N_TRAIN, N_FEATURES, generator=generator)
    train = TrainSet(features, classes[:, None] == torch.arange(N_CLASSES), generator)
    torch.manual_seed(0)
    method = get_method(name)(n_bits or shortest(name), N_FEATURES, N_CLASSES)
    assert isinstance(method, CodebookMethod)
    method.before_fit(train)
    if get_spec(name).recipe.epochs:
        optimizer = torch.optim.AdamW(method.parameter_groups(3e-3))
        method.before_epoch(0, 1)
        for _ in range(2):
            method.train()
            batch = Batch(features, method(features), train.labels, torch.arange(N_TRAIN))
            optimizer.zero_grad()
            torch.stack(list(method.loss(batch).values())).sum().backward()
            optimizer.step()
            with torch.no_grad():
                method.after_step(batch)
        with torch.no_grad():
            method.after_epoch(lambda: method.eval()(features))
    method.eval()
    with torch.no_grad():
        u = method(features)
        indices = method.assign(u).numpy().astype(np.uint8)
        codes = CodebookCodes(indices, method.codebooks().float().numpy(), method.structure, method.metric)
        return method, codes, np.ascontiguousarray(method.embed(u).float().numpy())


def definition(query: Float32, codes: CodebookCodes) -> np.ndarray:
    """Section 0.3 of methods/3-quantization.md, item by item in double precision, float64 (n,)."""
    q, found = query.astype(np.float64), []
    width = codes.codebooks.shape[2]
    for item in codes.indices:
        words = [codes.codebooks[m, k].astype(np.float64) for m, k in enumerate(item)]
        if codes.structure == "product":
            parts = [q[m * width : (m + 1) * width] for m in range(len(words))]
            pairs = list(zip(parts, words, strict=True))
        else:
            pairs = [(q, np.sum(words, axis=0))]
        if codes.metric == "l2":
            found.append(sum(float(((a - b) ** 2).sum()) for a, b in pairs))
        else:
            found.append(-sum(float(a @ b) for a, b in pairs))
    return np.array(found)


def test_both_structures_and_both_metrics_are_among_the_methods() -> None:
    kinds = {(codes.structure, codes.metric) for _, codes, _ in (coded(name) for name in NAMES)}
    assert {("product", "l2"), ("additive", "l2"), ("additive", "ip")} <= kinds


@each
@at_two_lengths
def test_asymmetric_distances_are_the_definition(name: str, n_bits: int) -> None:
    """To 1e-5, or to 1e-5 of the largest distance, where squares cancel in float32."""
    _, codes, vectors = coded(name, n_bits)
    for query, distances in zip(vectors, asymmetric_distances(vectors[:N_QUERY], codes), strict=False):
        exact = definition(query, codes)
        assert distances == pytest.approx(exact, rel=1e-5, abs=1e-5 * max(1.0, np.abs(exact).max()))


@each
def test_distances_are_those_to_decoded_vectors(name: str) -> None:
    _, codes, vectors = coded(name)
    flat = flat_distances(vectors[:N_QUERY], codes.decode(), codes.metric)
    found = asymmetric_distances(vectors[:N_QUERY], codes)
    assert found == pytest.approx(flat, rel=1e-5, abs=1e-5 * max(1.0, float(np.abs(flat).max())))


@each
@at_two_lengths
def test_faiss_gives_the_same_scores(name: str, n_bits: int) -> None:
    """Item by item, and against the definition: FAISS with our words is a second implementation."""
    _, codes, vectors = coded(name, n_bits)
    queries = vectors[:N_QUERY]
    result = AdcFlat(codes).search(queries, N_TRAIN)
    exact = np.stack([definition(query, codes) for query in queries])
    scale = max(1.0, float(np.abs(exact).max()))
    assert np.array_equal(np.sort(result.ids, axis=1), np.tile(np.arange(N_TRAIN), (N_QUERY, 1)))
    found = np.take_along_axis(exact, result.ids, axis=1)
    assert result.distances == pytest.approx(found, rel=1e-5, abs=1e-5 * scale)


@each
def test_faiss_learns_and_chooses_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words and codes in the index are the method's own, also where another word would be nearer."""
    _, codes, _ = coded(name)
    # Codes that no quantizer would choose for these vectors: adding vectors could not bring them back.
    foreign = np.random.default_rng(0).integers(0, codes.codebooks.shape[1], codes.indices.shape)
    codes = CodebookCodes(foreign.astype(np.uint8), codes.codebooks, codes.structure, codes.metric)

    def refuse(*_: object) -> None:
        raise AssertionError("the index trains, or codes vectors by itself")

    for method in ("train", "add"):
        monkeypatch.setattr(faiss.IndexPQ, method, refuse)
    index = filled_index(codes)
    assert index.ntotal == N_TRAIN
    if codes.structure == "additive":  # decoded vectors, without any words
        assert np.array_equal(index.reconstruct_n(0, N_TRAIN), codes.decode())
    else:
        words = faiss.vector_to_array(index.pq.centroids).reshape(codes.codebooks.shape)
        assert np.array_equal(words, codes.codebooks)
        stored = faiss.vector_to_array(index.codes).reshape(N_TRAIN, -1)
        assert np.array_equal(
            faiss.unpack_bitstrings(stored, codes.indices.shape[1], index.pq.nbits), foreign
        )


@each
@at_two_lengths
def test_symmetric_distances_are_the_definition(name: str, n_bits: int) -> None:
    """Section 0.3: the asymmetric distance with the decoded query in place of the query."""
    _, codes, _ = coded(name, n_bits)
    found = symmetric_distances(codes[np.arange(N_QUERY)], codes)
    exact = np.stack([definition(query, codes) for query in codes.decode()[:N_QUERY]])
    assert found == pytest.approx(exact, rel=1e-5, abs=1e-5 * max(1.0, float(np.abs(exact).max())))


@each
def test_symmetric_distances_are_those_of_faiss(name: str) -> None:
    """FAISS has them for squared distances of product codes with 256 words a book, and for no others."""
    _, codes, _ = coded(name)
    if (codes.structure, codes.metric, codes.codebooks.shape[1]) != ("product", "l2", 256):
        return
    index = filled_index(codes)
    index.pq.compute_sdc_table()
    index.search_type = faiss.IndexPQ.ST_SDC
    theirs, ids = index.search(codes.decode()[:N_QUERY], N_TRAIN)
    ours = symmetric_distances(codes[np.arange(N_QUERY)], codes)
    scale = max(1.0, float(ours.max()))
    assert np.take_along_axis(ours, ids, axis=1) == pytest.approx(theirs, rel=1e-5, abs=1e-5 * scale)


@each
def test_symmetric_distance_to_itself(name: str) -> None:
    _, codes, _ = coded(name)
    found = symmetric_distances(codes, codes)
    assert found == pytest.approx(found.T, rel=1e-5, abs=1e-5)
    if codes.metric == "l2":
        assert (np.diag(found) == 0).all()


@each
def test_look_up_table_adds_up(name: str) -> None:
    _, codes, vectors = coded(name)
    exact = definition(vectors[0], codes)
    table = look_up_table(vectors[0], codes)
    norms = 0.0 if table.norms is None else table.norms
    total = table.parts(codes.indices).sum(axis=1) + table.constant + norms
    assert total == pytest.approx(exact, rel=1e-4, abs=1e-5 * max(1.0, np.abs(exact).max()))


@each
def test_order_of_books_does_not_matter(name: str) -> None:
    _, codes, vectors = coded(name)
    order, n_codebooks = np.arange(len(codes.codebooks))[::-1], len(codes.codebooks)
    moved = CodebookCodes(
        codes.indices[:, order], np.ascontiguousarray(codes.codebooks[order]), codes.structure, codes.metric
    )
    queries = vectors[:N_QUERY]
    if codes.structure == "product":
        queries = queries.reshape(N_QUERY, n_codebooks, -1)[:, order].reshape(N_QUERY, -1)
    expected = asymmetric_distances(vectors[:N_QUERY], codes)
    scale = max(1.0, float(np.abs(expected).max()))
    assert asymmetric_distances(queries, moved) == pytest.approx(expected, rel=1e-4, abs=1e-5 * scale)


@each
def test_bits_are_counted_honestly(name: str) -> None:
    """An additive code with squared distances needs a length, computed from the words or stored."""
    method, codes, _ = coded(name)
    assert codes.n_bits == codes.item_bits() == method.n_bits
    assert codes.item_bits("float") - method.n_bits == (32 if codes.needs_norm else 0)
    assert codes.needs_norm == (method.structure == "additive" and method.metric == "l2")


@each
def test_codes_carry_something_of_the_vectors(name: str) -> None:
    """What is decoded is nearer to the own query vector than to that of another image."""
    _, codes, vectors = coded(name)
    own = reconstruction_errors(vectors, codes).mean()
    other = reconstruction_errors(np.roll(vectors, 1, axis=0), codes).mean()
    assert own < other


@each
@pytest.mark.parametrize("n_bits", [16, 64, 128])
def test_books_stay_small(name: str, n_bits: int) -> None:
    """A run ships its books: no more numbers than a checkpoint should hold."""
    if get_spec(name).n_bits.allows(n_bits):
        books = get_method(name)(n_bits, N_FEATURES, N_CLASSES)
        assert isinstance(books, CodebookMethod) and books.codebooks().numel() <= MOST_NUMBERS
