"""Laws of methods/3-quantization.md, sections 0.4, 0.6 and 1 (LSQ)."""

from __future__ import annotations

import faiss
import numpy as np
import pytest
import torch
from torch import Tensor

from models.codes.asymmetric import asymmetric_distances
from models.errors import ConfigError
from models.losses.additive import decode
from models.losses.codebooks import beam_codes
from models.methods.base import TrainSet
from models.methods.classic.lsq import LSQ, LSQParams, local_search_words
from models.types import CodebookCodes


def features(n: int = 300) -> Tensor:
    points = torch.randn(n, 12, generator=torch.Generator().manual_seed(4)) * torch.linspace(2, 0.5, 12)
    return points - points.mean(dim=0)


@pytest.fixture(scope="module")
def fitted() -> LSQ:
    method = LSQ(16, 12, 2, LSQParams(n_rounds=4))
    labels = torch.zeros(300, 2, dtype=torch.bool)
    method.before_fit(TrainSet(features(), labels, torch.Generator().manual_seed(1)))
    return method


def test_distances_are_those_of_faiss(fitted: LSQ) -> None:
    """Section 0.6: injected books and codes, L2 with the norm looked up, to 1e-5."""
    u = fitted(features())
    codes = fitted.assign(u).numpy().astype(np.uint8)
    index = faiss.IndexResidualQuantizer(12, 2, 8, faiss.METRIC_L2, faiss.AdditiveQuantizer.ST_norm_from_LUT)
    faiss.copy_array_to_vector(fitted.codebooks().numpy().ravel(), index.rq.codebooks)
    index.rq.compute_codebook_tables()
    index.rq.is_trained = index.is_trained = True
    index.add_sa_codes(codes)
    queries = fitted.embed(fitted(features()[:9] + 0.1)).numpy()
    theirs, ids = index.search(queries, 300)
    ours = asymmetric_distances(queries, CodebookCodes(codes, fitted.codebooks().numpy(), "additive", "l2"))
    np.testing.assert_allclose(np.take_along_axis(ours, ids, axis=1), theirs, rtol=1e-5, atol=1e-4)


def test_sweeps_improve_on_the_beam(fitted: LSQ) -> None:
    """Section 0.4, 4: a sweep from valid codes never raises the error."""
    u, words = fitted(features()), fitted.codebooks()
    swept = (u - decode(words, fitted.assign(u))).square().sum(dim=1)
    beam = (u - decode(words, beam_codes(u, words, 5))).square().sum(dim=1)
    assert bool((swept <= beam + 1e-4).all())


def test_books_found_together_lose_less_than_books_in_a_row() -> None:
    """Section 1: on the images that words were learned from, LSQ is below residual quantization."""
    z = features().numpy()
    quantizer = faiss.ResidualQuantizer(12, 3, 4)
    quantizer.cp.min_points_per_centroid = 1
    quantizer.train(z)
    residual = torch.from_numpy(faiss.vector_to_array(quantizer.codebooks).reshape(3, 16, 12).copy())
    together = local_search_words(z, 3, 4, 15, 1)

    def lost(words: Tensor) -> float:
        points = torch.from_numpy(z)
        return float((points - decode(words, beam_codes(points, words, 20))).square().sum())

    assert lost(together) < lost(residual)


def test_lengths_end_at_64_bits() -> None:
    with pytest.raises(ConfigError, match="8, 16, 24, 32, 48, 64"):
        LSQ(128, 12, 2)


def test_picture_never_rises() -> None:
    for frame in LSQ.picture().frames:
        random, beam = (curve.y for curve in frame.series)
        assert all(list(y) == sorted(y, reverse=True) for y in (random, beam))
        assert beam[0] < random[0]
