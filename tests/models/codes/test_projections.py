"""Principal directions: section F3 of methods/4-new-directions-and-classic.md, and what libraries compute."""

from __future__ import annotations

import faiss
import numpy as np
import torch
from sklearn.decomposition import PCA

from models.codes.projections import principal_directions, with_fixed_signs


def centred(n: int, n_features: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(n, n_features, generator=generator, dtype=torch.float64)
    x = x * torch.linspace(3, 0.3, n_features, dtype=torch.float64)
    return x - x.mean(dim=0)


def test_directions_are_those_of_scikit_learn_and_faiss() -> None:
    """F12: principal components, up to the sign of each, which is arbitrary."""
    x = centred(300, 20)
    ours = principal_directions(x, 8)
    reference = torch.from_numpy(PCA(8).fit(x.numpy()).components_)
    torch.testing.assert_close((ours.T @ reference.T).abs(), torch.eye(8, dtype=torch.float64))
    matrix = faiss.PCAMatrix(20, 8)
    matrix.train(x.float().numpy())
    theirs = torch.from_numpy(faiss.vector_to_array(matrix.A).reshape(8, 20).astype(np.float64))
    torch.testing.assert_close(
        (ours.T @ theirs.T).abs(), torch.eye(8, dtype=torch.float64), atol=1e-4, rtol=0
    )


def test_directions_without_variance_are_zero() -> None:
    """Rank 4: four orthonormal columns, then zeros."""
    x = centred(5, 20)
    ours = principal_directions(x, 8)
    torch.testing.assert_close(ours.T @ ours, torch.diag(torch.tensor([1.0] * 4 + [0.0] * 4).double()))
    assert bool((principal_directions(torch.zeros(5, 20), 8) == 0).all())


def test_signs_are_fixed_by_the_largest_component() -> None:
    directions = torch.tensor([[0.6, -0.8, 0.0, 0.5], [-0.8, 0.6, 0.0, -0.5]])
    turned = with_fixed_signs(directions)
    assert turned.tolist() == torch.tensor([[-0.6, 0.8, 0.0, 0.5], [0.8, -0.6, 0.0, -0.5]]).tolist()
    assert torch.equal(with_fixed_signs(-turned[:, :3]), turned[:, :3])
