"""Laws of methods/4-new-directions-and-classic.md, section F6 (ITQ-CCA)."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch
from sklearn.cross_decomposition import CCA

from models.methods.base import TrainSet
from models.methods.classic.itq_cca import ITQCCA, ITQCCAParams, between_share, canonical_directions
from tests.oracles.blob_set import blob_map


def one_hot(n: int, n_classes: int, n_features: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Features of overlapping classes, and their labels; double precision, not centred."""
    generator = torch.Generator().manual_seed(4)
    labels = torch.eye(n_classes, dtype=torch.float64)[torch.arange(n) % n_classes]
    centres = torch.randn(n_classes, n_features, generator=generator, dtype=torch.float64)
    return labels @ centres + torch.randn(n, n_features, generator=generator, dtype=torch.float64), labels


def centre(x: torch.Tensor) -> torch.Tensor:
    return x - x.mean(dim=0)


def fitted(x: torch.Tensor, labels: torch.Tensor, n_bits: int, **params: float) -> ITQCCA:
    method = ITQCCA(n_bits, x.shape[1], labels.shape[1], ITQCCAParams(**params))  # type: ignore[arg-type]
    method.before_fit(TrainSet(x.float(), labels.bool(), torch.Generator().manual_seed(0)))
    return method


@pytest.mark.parametrize("ridge", [1e-6, 1e-4, 1.0, 100.0])
def test_correlations_lie_between_zero_and_one(ridge: float) -> None:
    """F6, tests."""
    x, labels = one_hot(150, 6, 20)
    _, correlations = canonical_directions(centre(x), centre(labels), ridge)
    assert bool((correlations >= 0).all()) and bool((correlations <= 1).all())
    assert bool((correlations.diff() <= 0).all())


@pytest.mark.parametrize("n_classes", [2, 5, 10])
def test_one_hot_labels_give_one_direction_less_than_classes(n_classes: int) -> None:
    """F6, tests: exactly C - 1 values above 1e-3 for one-hot labels in general position."""
    x, labels = one_hot(150, n_classes, 20)
    _, correlations = canonical_directions(centre(x), centre(labels), 1.0)
    assert int((correlations > 1e-3).sum()) == n_classes - 1
    assert float(correlations[-1]) < 1e-9


@pytest.mark.parametrize("ridge", [1e-4, 1.0])
def test_directions_solve_the_eigenvalue_problem(ridge: float) -> None:
    """F6: the generalised problem solved by scipy; w normalised by its right-hand matrix."""
    x, labels = one_hot(150, 6, 20)
    x, y = centre(x), centre(labels)
    right = x.T @ x + ridge * (x.T @ x).trace() / 20 * torch.eye(20, dtype=torch.float64)
    inner = y.T @ y + ridge * (y.T @ y).trace() / 6 * torch.eye(6, dtype=torch.float64)
    left = x.T @ y @ torch.linalg.inv(inner) @ y.T @ x
    values, vectors = scipy.linalg.eigh(left.numpy(), right.numpy())
    w, correlations = canonical_directions(x, y, ridge)
    torch.testing.assert_close(correlations[:5].square(), torch.from_numpy(values[::-1][:5].copy()))
    torch.testing.assert_close(w.T @ right @ w, torch.eye(6, dtype=torch.float64), atol=1e-9, rtol=0)
    theirs = torch.from_numpy(vectors[:, ::-1][:, :5].copy())
    agree = (w[:, :5].T @ right @ theirs).abs()
    torch.testing.assert_close(agree, torch.eye(5, dtype=torch.float64), atol=1e-6, rtol=0)


def test_without_a_ridge_it_is_the_analysis_of_scikit_learn() -> None:
    """F6: with a ridge of almost nothing, plain canonical correlations."""
    x, _ = one_hot(200, 4, 6)
    generator = torch.Generator().manual_seed(5)
    y = x[:, :3] + torch.randn(200, 3, generator=generator, dtype=torch.float64)
    _, correlations = canonical_directions(centre(x), centre(y), 1e-12)
    scores = CCA(3, max_iter=5000, tol=1e-12).fit_transform(x.numpy(), y.numpy())
    theirs = [np.corrcoef(scores[0][:, k], scores[1][:, k])[0, 1] for k in range(3)]
    assert correlations.tolist() == pytest.approx(theirs, abs=1e-4)


def test_few_directions_spread_over_all_bits() -> None:
    """F6, pitfalls: other columns are exactly 0, and the code is not capped at C - 1 bits."""
    x, labels = one_hot(150, 5, 20)
    method = fitted(x, labels, 16)
    singular = torch.linalg.svdvals(method.head.weight.double())
    assert float(singular[3]) > 1e-2 and float(singular[4]) < 1e-6 * float(singular[0])
    codes = method.binarize(method(x.float()))
    assert bool((codes.sum(dim=0).abs() < 150).all())


def test_projection_is_weighted_by_the_correlations() -> None:
    """F6: column k times lambda_k; the rotation keeps the lengths of the projected images."""
    x, labels = one_hot(150, 5, 20)
    w, correlations = canonical_directions(centre(x), centre(labels), 1.0)
    v = 150**0.5 * centre(x) @ w * correlations
    u = fitted(x, labels, 12)(x.float()).double()
    torch.testing.assert_close(torch.cdist(u, u), torch.cdist(v, v), atol=1e-3, rtol=1e-3)


def test_fewer_bits_than_directions_keep_the_best() -> None:
    x, labels = one_hot(200, 10, 20)
    w, correlations = canonical_directions(centre(x), centre(labels), 1.0)
    v = (200**0.5 * centre(x) @ w * correlations)[:, :3]
    u = fitted(x, labels, 3)(x.float()).double()
    torch.testing.assert_close(torch.cdist(u, u), torch.cdist(v, v), atol=1e-3, rtol=1e-3)


def test_objective_never_rises() -> None:
    """F5, tests, for the same rotation: over both half-steps."""
    x, labels = one_hot(150, 5, 20)
    method = fitted(x, labels, 16, n_iterations=20)
    assert method.objective.shape == (40,)
    assert bool((method.objective.diff() <= 1e-9 * method.objective[0]).all())


def test_several_labels_give_as_many_directions_as_classes() -> None:
    """F6: rank(Y) is C when labels do not exclude each other."""
    x, labels = one_hot(150, 5, 20)
    extra = torch.rand(150, 5, generator=torch.Generator().manual_seed(2)) < 0.3
    labels = (labels.bool() | extra).double()
    _, correlations = canonical_directions(centre(x), centre(labels), 1.0)
    assert int((correlations > 1e-3).sum()) == 5


@pytest.mark.parametrize("n_bits", [1, 4, 16])
def test_degenerate_train_sets(n_bits: int) -> None:
    """One class, no label, identical images, one image, fewer images than features: never NaN."""
    x, labels = one_hot(30, 5, 40)
    cases = [
        (x, torch.zeros_like(labels)),
        (x, labels[:1].expand(30, 5)),
        (x[:1].expand(8, 40), labels[:8]),
        (x[:1], labels[:1]),
        (x[:7], labels[:7]),
    ]
    for features, given in cases:
        method = fitted(features, given, n_bits, ridge=1e-6)
        assert bool(torch.isfinite(method(x.float())).all())


def test_share_between_classes_by_hand() -> None:
    """Values 0, 2 | 4, 6: between classes 2^2 = 4, in all 5. A constant column has none."""
    labels = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    values = torch.tensor([[0.0, 3.0], [2.0, 3.0], [4.0, 3.0], [6.0, 3.0]])
    assert between_share(values, labels).tolist() == pytest.approx([0.8, 0.0])


@pytest.mark.parametrize("n_bits", [4, 16])
def test_blob_set(n_bits: int) -> None:
    """Section G: .90 to .94 measured there; inputs scaled by 100 change nothing."""
    found = blob_map(ITQCCA, n_bits)
    assert found > 0.8
    assert blob_map(ITQCCA, n_bits, scale=100.0) == pytest.approx(found, abs=0.02)


def test_picture_shows_what_the_ridge_is_for() -> None:
    """F6: the usual ridge overfits when features are not few against images."""
    frames = {frame.label: [torch.tensor(s.y) for s in frame.series] for frame in ITQCCA.picture().frames}
    (train, new), (train_one, new_one) = frames["0.0001"], frames["1"]
    assert float(train.mean()) > 0.9 and bool((new < train).all())
    assert float((train - new).mean()) > float((train_one - new_one).mean())
    assert float(new_one.mean()) > float(new.mean())
