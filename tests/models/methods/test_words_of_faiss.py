"""Reference quantizers take their words from FAISS: section 1 of methods/3-quantization.md."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np
import pytest
import torch

from models.methods.base import CodebookMethod, TrainSet
from models.registry import get_method


@pytest.mark.parametrize(
    ("name", "quantizer", "words"),
    [
        ("pq", "ProductQuantizer", "centroids"),
        ("opq", "ProductQuantizer", "centroids"),
        ("rq", "ResidualQuantizer", "codebooks"),
        ("lsq", "LocalSearchQuantizer", "codebooks"),
    ],
)
def test_words_are_those_that_faiss_found(
    name: str, quantizer: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit, from what the method's head makes of the train images, in any order."""
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    class Watched(getattr(faiss, quantizer)):  # type: ignore[misc]
        def train(self, points: Any) -> None:
            super().train(points)
            seen.append((points.copy(), faiss.vector_to_array(getattr(self, words)).copy()))

    monkeypatch.setattr(faiss, quantizer, Watched)
    generator = torch.Generator().manual_seed(2)
    features = torch.randn(300, 12, generator=generator) * torch.linspace(2, 0.5, 12)
    method = get_method(name)(16, 12, 2)
    assert isinstance(method, CodebookMethod)
    method.before_fit(TrainSet(features, torch.zeros(300, 2, dtype=torch.bool), generator))
    points, found = seen[-1]
    assert np.array_equal(method.codebooks().numpy().ravel(), found)
    u = method(features).numpy()
    order, theirs = np.argsort(u[:, 0]), np.argsort(points[:, 0])
    np.testing.assert_allclose(points[theirs], u[order], atol=1e-4)
