"""Words of product quantizers, codes by beam, FAISS (methods/3-quantization.md, sections 0.4 to 0.7)."""

from __future__ import annotations

from itertools import pairwise

import faiss
import numpy as np
import pytest
import torch
from torch import Tensor

from models.codes.asymmetric import asymmetric_distances
from models.losses.codebooks import (
    ProductBooks,
    beam_codes,
    concatenated,
    enough_points,
    faiss_training,
    kmeans,
    nearest_words,
    slices,
    start_words,
)
from models.types import CodebookCodes

# Section 0.7: two books of two words, a vector and a query.
WORDS = torch.tensor([[[0.0, 0.0], [2.0, 2.0]], [[1.0, 0.0], [0.0, 1.0]]], dtype=torch.float64)
X = torch.tensor([[1.5, 1.0, 0.2, 0.9]], dtype=torch.float64)
Q = torch.tensor([[0.0, 1.0, 1.0, 1.0]], dtype=torch.float64)


def points(n: int = 400, width: int = 24, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    centres = 2 * torch.randn(12, width, generator=generator)
    return centres[torch.arange(n) % 12] + torch.randn(n, width, generator=generator)


def error(z: Tensor, words: Tensor) -> float:
    return float((z - concatenated(words, nearest_words(z, words))).square().sum())


def packed(words: Tensor, codes: Tensor, metric: str = "l2", structure: str = "product") -> CodebookCodes:
    return CodebookCodes(codes.numpy().astype(np.uint8), words.float().numpy(), structure, metric)  # type: ignore[arg-type]


def test_code_and_reconstruction() -> None:
    """Section 0.7, PQ: code (1, 1), reconstruction (2, 2, 0, 1), error 1.3."""
    codes = nearest_words(X, WORDS)
    decoded = concatenated(WORDS, codes)
    assert codes.tolist() == [[1, 1]] and decoded.tolist() == [[2, 2, 0, 1]]
    assert float((X - decoded).square().sum()) == pytest.approx(1.3)


def test_distances_and_ties() -> None:
    """Section 0.7, PQ: ADC 6 and inner product 3; the query's second book is a tie, lowest index; SDC 10."""
    codes, query = nearest_words(X, WORDS), Q.float().numpy()
    assert float(asymmetric_distances(query, packed(WORDS, codes))[0, 0]) == 6
    assert float(asymmetric_distances(query, packed(WORDS, codes, "ip"))[0, 0]) == -3
    query_codes = nearest_words(Q, WORDS)
    assert query_codes.tolist() == [[0, 0]]
    decoded = concatenated(WORDS, query_codes).float().numpy()
    assert float(asymmetric_distances(decoded, packed(WORDS, codes))[0, 0]) == 10


def test_slices_are_cut_in_order() -> None:
    """Section 0.1: slice m holds the numbers m * width and on; decoding puts them back in their place."""
    z = torch.arange(12.0).reshape(2, 6)
    assert slices(z, 3).tolist() == [[[0, 1], [6, 7]], [[2, 3], [8, 9]], [[4, 5], [10, 11]]]
    words = slices(z, 3)
    assert torch.equal(concatenated(words, torch.tensor([[0, 0, 0], [1, 1, 1]])), z)


def test_a_round_never_raises_the_error() -> None:
    """Section 0.4, 1: also where empty words move."""
    z = points()
    words = start_words(z, 4, 16, torch.Generator().manual_seed(1))
    words[:, 5:9] = 100.0  # nothing is nearest to these
    errors = [error(z, words)]
    for _ in range(8):
        words = kmeans(z, words, 1)
        errors.append(error(z, words))
    assert all(after <= before * (1 + 1e-6) for before, after in pairwise(errors))
    assert errors[-1] < 0.9 * errors[0]
    assert all(len(column.unique()) == 16 for column in nearest_words(z, words).T), "no word is idle"


def test_ends_where_faiss_ends() -> None:
    """Section 0.4, 1: from the same words, FAISS's k-means of one slice reaches the same error."""
    z = points()
    start = start_words(z, 2, 8, torch.Generator().manual_seed(2))
    words = kmeans(z, start, 40)
    for m in range(2):
        part = slices(z, 2)[m].contiguous().numpy()
        reference = faiss.Kmeans(12, 8, niter=40, min_points_per_centroid=1)
        reference.train(part, init_centroids=start[m].numpy())
        np.testing.assert_allclose(words[m].numpy(), reference.centroids, rtol=1e-4, atol=1e-4)


def test_two_clusters_by_hand() -> None:
    z = torch.tensor([[0.0], [1.0], [10.0], [12.0]])
    assert kmeans(z, torch.tensor([[[0.0], [1.0]]]), 10).tolist() == [[[0.5], [11.0]]]


def test_few_vectors_are_words_themselves() -> None:
    """With no more vectors than words nothing is lost; further words lie half-way between two vectors."""
    z = points(5)
    books = ProductBooks(2, 16, 12)
    books.start(z, torch.Generator().manual_seed(0))
    torch.testing.assert_close(books.decoded(torch.arange(5)), z)
    more = enough_points(z, 16, torch.Generator().manual_seed(0))
    assert more.shape == (16, 24) and bool((more.abs().amax(dim=1) <= z.abs().max()).all())
    assert len(enough_points(z, 3, torch.Generator().manual_seed(0))) == 5


def test_books_follow_the_vectors() -> None:
    z = points()
    books = ProductBooks(2, 16, 12)
    books.start(z, torch.Generator().manual_seed(0))
    before = error(z + 3, books.words)
    books.improve(z + 3, 5)
    assert error(z + 3, books.words) < 0.5 * before
    assert torch.equal(books.codes, nearest_words(z + 3, books.words))
    assert torch.equal(books.decoded(torch.tensor([7, 3])), concatenated(books.words, books.codes[[7, 3]]))
    assert set(books.state_dict()) == {"words"}


@pytest.mark.parametrize("n_codebooks", [2, 3, 8])
def test_codes_and_distances_are_those_of_faiss(n_codebooks: int) -> None:
    """Section 0.6: our words put into IndexPQ give our codes and our distances, squared and inner product."""
    z, queries = points(500), points(7, seed=5).numpy()
    words = kmeans(z, start_words(z, n_codebooks, 256, torch.Generator().manual_seed(3)), 3)
    codes = nearest_words(z, words)
    for metric, name in ((faiss.METRIC_L2, "l2"), (faiss.METRIC_INNER_PRODUCT, "ip")):
        index = faiss.IndexPQ(24, n_codebooks, 8, metric)
        faiss.copy_array_to_vector(words.numpy().ravel(), index.pq.centroids)
        index.is_trained = True
        assert np.array_equal(index.pq.compute_codes(z.numpy()), codes.numpy())
        index.add(z.numpy())
        scores, ids = index.search(queries, 500)
        ours = np.take_along_axis(asymmetric_distances(queries, packed(words, codes, name)), ids, axis=1)
        np.testing.assert_allclose(-ours if name == "ip" else ours, scores, rtol=1e-5, atol=1e-4)


def test_greedy_codes_of_the_example() -> None:
    """Section 0.7, additive: greedy takes (1, 0); a beam of two looks back and finds (0, 0), error 0.52."""
    books = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [-1.0, -1.0]]], dtype=torch.float64)
    x = torch.tensor([[0.4, 0.6]], dtype=torch.float64)
    assert beam_codes(x, books, 1).tolist() == [[1, 0]]
    assert beam_codes(x, books, 2).tolist() == [[0, 0]]


@pytest.mark.parametrize("width", [1, 5])
def test_beam_is_that_of_faiss(width: int) -> None:
    """Section 0.6: ResidualQuantizer.compute_codes on injected books is a beam search."""
    generator = torch.Generator().manual_seed(4)
    books, z = torch.randn(3, 16, 6, generator=generator), torch.randn(60, 6, generator=generator)
    rq = faiss.ResidualQuantizer(6, 3, 4)
    faiss.copy_array_to_vector(books.reshape(-1).numpy(), rq.codebooks)
    rq.compute_codebook_tables()
    rq.is_trained, rq.max_beam_size = True, width
    theirs = faiss.unpack_bitstrings(rq.compute_codes(z.numpy()), 3, 4)
    assert np.array_equal(beam_codes(z, books, width).numpy(), theirs)


def test_a_wider_beam_loses_less() -> None:
    """Section 0.6: a beam of 5 removes about 25 % of the squared error of random books."""
    generator = torch.Generator().manual_seed(4)
    books, z = torch.randn(4, 64, 16, generator=generator), torch.randn(300, 16, generator=generator)

    def lost(width: int) -> float:
        codes = beam_codes(z, books, width)
        return float((z - books[torch.arange(4), codes].sum(dim=1)).square().sum())

    assert lost(30) < lost(5) < 0.9 * lost(1)


def test_faiss_threads_are_put_back() -> None:
    before = faiss.omp_get_max_threads()
    with faiss_training(torch.Generator().manual_seed(0)) as seed:
        assert faiss.omp_get_max_threads() == 1 and seed >= 0
    assert faiss.omp_get_max_threads() == before


def test_nothing_to_code() -> None:
    assert nearest_words(torch.zeros(0, 4), WORDS.float()).shape == (0, 2)
    assert beam_codes(torch.zeros(0, 2), WORDS.float(), 3).shape == (0, 2)
