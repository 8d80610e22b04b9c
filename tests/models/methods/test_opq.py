"""Laws of methods/3-quantization.md, section 1 (OPQ)."""

from __future__ import annotations

import faiss
import numpy as np
import torch
from torch import Tensor

from models.codes.asymmetric import asymmetric_distances
from models.losses.codebooks import concatenated, kmeans, nearest_words, start_words
from models.methods.base import TrainSet
from models.methods.classic.opq import OPQ, OPQParams, opq_rotation
from models.types import CodebookCodes


def correlated(n: int = 400) -> Tensor:
    """Two halves that say nearly the same: product quantization without a rotation pays twice."""
    generator = torch.Generator().manual_seed(4)
    half = torch.randn(n, 8, generator=generator)
    both = torch.cat([half, half + 0.2 * torch.randn(n, 8, generator=generator)], dim=1)
    return both - both.mean(dim=0)


def fitted(features: Tensor, n_rounds: int = 10) -> OPQ:
    method = OPQ(16, features.shape[1], 2, OPQParams(n_rounds=n_rounds))
    labels = torch.zeros(len(features), 2, dtype=torch.bool)
    method.before_fit(TrainSet(features, labels, torch.Generator().manual_seed(1)))
    return method


def test_rotation_is_orthogonal() -> None:
    """Section 1, tests: |RR' - I| < 1e-5."""
    rotation = opq_rotation(correlated().numpy(), 2, 16, 10, 3)
    assert float(np.abs(rotation @ rotation.T - np.eye(16)).max()) < 1e-5


def test_rotation_loses_less_than_none() -> None:
    """Section 1, tests: error(OPQ) <= error(PQ) on the train split, from R = I and the same seed."""
    z = correlated()

    def lost(points: Tensor) -> float:
        words = kmeans(points, start_words(points, 2, 16, torch.Generator().manual_seed(0)))
        return float((points - concatenated(words, nearest_words(points, words))).square().sum())

    rotation = torch.from_numpy(opq_rotation(z.numpy(), 2, 16, 10, 3))
    assert lost(z @ rotation.T) < 0.95 * lost(z)


def test_search_is_that_of_faiss() -> None:
    """Section 0.6: IndexPreTransform with a rotation, convention y = x R'; distances to 1e-5."""
    features = correlated()
    method = fitted(features)
    u = method(features)
    rotation = faiss.LinearTransform(16, 16, True)
    faiss.copy_array_to_vector(method.head.weight.numpy().ravel(), rotation.A)
    faiss.copy_array_to_vector(method.head.bias.numpy(), rotation.b)
    rotation.is_trained = True
    inner = faiss.IndexPQ(16, 2, 8, faiss.METRIC_L2)
    faiss.copy_array_to_vector(method.codebooks().numpy().ravel(), inner.pq.centroids)
    inner.is_trained = True
    codes = method.assign(u).numpy().astype(np.uint8)
    inner.add_sa_codes(codes)
    theirs, ids = faiss.IndexPreTransform(rotation, inner).search(features[:9].numpy(), 400)
    ours = asymmetric_distances(u[:9].numpy(), CodebookCodes(codes, method.codebooks().numpy()))
    np.testing.assert_allclose(np.take_along_axis(ours, ids, axis=1), theirs, rtol=1e-5, atol=1e-4)


def test_head_keeps_distances() -> None:
    """16 features fit into 96 directions, and a rotation changes no distance."""
    features = correlated()
    u = fitted(features)(features)
    torch.testing.assert_close(torch.cdist(u, u), torch.cdist(features, features), atol=2e-2, rtol=1e-3)


def test_picture_falls_where_slices_are_correlated() -> None:
    curves = [frame.series[0].y for frame in OPQ.picture().frames]
    assert curves[-1][-1] < 0.8 * curves[-1][0]
    assert curves[-1][-1] / curves[-1][0] < curves[0][-1] / curves[0][0]
