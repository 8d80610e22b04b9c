"""Laws of methods/3-quantization.md, sections 0.6, 0.7 and 1 (PQ)."""

from __future__ import annotations

from itertools import pairwise

import faiss
import numpy as np
import pytest
import torch

from models.codes.asymmetric import asymmetric_distances
from models.errors import ConfigError
from models.losses.codebooks import concatenated
from models.methods.base import TrainSet
from models.methods.classic.pq import PQ
from models.types import CodebookCodes


def data(n: int = 400, n_features: int = 30) -> TrainSet:
    generator = torch.Generator().manual_seed(4)
    features = torch.randn(n, n_features, generator=generator) * torch.linspace(3, 0.3, n_features)
    return TrainSet(features - features.mean(0), torch.zeros(n, 2, dtype=torch.bool), generator)


def fitted(train: TrainSet, n_bits: int = 16) -> PQ:
    method = PQ(n_bits, train.features.shape[1], 2)
    method.before_fit(TrainSet(train.features, train.labels, torch.Generator().manual_seed(1)))
    return method


def test_codes_and_distances_are_those_of_faiss() -> None:
    """Section 0.6 and 1: words put into FAISS give our codes and our distances, to 1e-5."""
    train = data()
    method = fitted(train)
    u = method(train.features)
    index = faiss.IndexPQ(30, 2, 8, faiss.METRIC_L2)
    faiss.copy_array_to_vector(method.codebooks().numpy().ravel(), index.pq.centroids)
    index.is_trained = True
    index.add(u.numpy())
    codes = method.assign(u).numpy().astype(np.uint8)
    assert np.array_equal(index.pq.compute_codes(u.numpy()), codes)
    decoded = concatenated(method.codebooks(), method.assign(u)).numpy()
    np.testing.assert_allclose(index.pq.decode(codes), decoded, rtol=1e-6)
    queries = method.embed(method(train.features[:9] + 0.1)).numpy()
    theirs, ids = index.search(queries, 400)
    ours = asymmetric_distances(queries, CodebookCodes(codes, method.codebooks().numpy()))
    np.testing.assert_allclose(np.take_along_axis(ours, ids, axis=1), theirs, rtol=1e-5, atol=1e-4)


def test_distance_is_that_to_the_decoded_vector() -> None:
    """Section 0.7, properties: ADC equals the exact distance to what the code stands for."""
    train = data()
    method = fitted(train)
    u = method(train.features)
    decoded = concatenated(method.codebooks(), method.assign(u))
    codes = CodebookCodes(method.assign(u).numpy().astype(np.uint8), method.codebooks().numpy())
    expected = torch.cdist(u[:5].double(), decoded.double()).square().numpy()
    np.testing.assert_allclose(asymmetric_distances(u[:5].numpy(), codes), expected, rtol=1e-5, atol=1e-4)


def test_more_bits_lose_less() -> None:
    train = data()

    def lost(n_bits: int) -> float:
        method = fitted(train, n_bits)
        u = method(train.features)
        return float((u - concatenated(method.codebooks(), method.assign(u))).square().sum())

    assert lost(40) < lost(16) < lost(8)


def test_reduction_keeps_all_distances_that_it_can() -> None:
    """30 features fit into 96 directions: centring and rotation change no distance."""
    train = data()
    u = fitted(train)(train.features)
    torch.testing.assert_close(
        torch.cdist(u, u), torch.cdist(train.features, train.features), atol=2e-2, rtol=1e-3
    )
    # Slices vary about equally, though the features do not.
    variances = u.var(dim=0).reshape(2, 15).sum(dim=1)
    assert float(variances.max() / variances.min()) < 2


def test_few_images() -> None:
    """With fewer images than words every image is coded without loss."""
    train = data(40)
    method = fitted(train)
    u = method(train.features)
    assert float((u - concatenated(method.codebooks(), method.assign(u))).abs().max()) < 1e-4


def test_more_slices_than_features() -> None:
    with pytest.raises(ConfigError, match="at most 40 bits"):
        PQ(48, 5, 2)


def test_picture_never_rises() -> None:
    ends = []
    for frame in PQ.picture().frames:
        y = frame.series[0].y
        assert all(b <= a * 1.001 for a, b in pairwise(y))
        ends.append(y[-1])
    assert ends == sorted(ends, reverse=True)
