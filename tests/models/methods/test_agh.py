"""Laws of methods/4-new-directions-and-classic.md, section F7 (AGH)."""

from __future__ import annotations

import pytest
import torch

from models.codes.anchor_graph import AnchorGraph, k_means
from models.errors import ConfigError
from models.methods.base import TrainSet
from models.methods.classic.agh import AGH, AGHParams, graph_eigenvectors, second_thresholds, second_values
from tests.oracles.blob_set import blob_map


def points(n: int = 200, n_features: int = 6) -> torch.Tensor:
    return torch.randn(n, n_features, generator=torch.Generator().manual_seed(4), dtype=torch.float64)


def weights(n: int = 200, n_anchors: int = 30, n_nearest: int = 3) -> torch.Tensor:
    return AnchorGraph(n_anchors, n_nearest, 6).fit(points(n), torch.Generator().manual_seed(0))


def fitted(x: torch.Tensor, n_bits: int, seed: int = 0, **params: int) -> AGH:
    method = AGH(n_bits, x.shape[1], 2, AGHParams(**params))
    labels = torch.zeros(len(x), 2, dtype=torch.bool)
    method.before_fit(TrainSet(x.float(), labels, torch.Generator().manual_seed(seed)))
    return method


def test_largest_eigenvalue_is_one() -> None:
    """F7, tests; and of a connected graph only that one."""
    _, values = graph_eigenvectors(weights(), 8)
    assert float(values[0]) == pytest.approx(1.0, abs=1e-12) and float(values[1]) < 1 - 1e-3
    assert bool((values.diff() <= 0).all()) and float(values[-1]) > -1e-12


def test_eigenvectors_are_orthogonal_and_balanced() -> None:
    """F7, tests: (Z W)'(Z W) = N I and column sums 0."""
    z = weights()
    vectors, _ = graph_eigenvectors(z, 8)
    y = z @ vectors
    torch.testing.assert_close(y.T @ y, 200 * torch.eye(8, dtype=torch.float64), atol=1e-8, rtol=0)
    assert float(y.sum(dim=0).abs().max()) < 1e-9


def test_eigenvectors_are_those_of_the_graph() -> None:
    """F7: y is an eigenvector of the graph's adjacency Z D^-1 Z', with the eigenvalues of M."""
    z = weights()
    vectors, values = graph_eigenvectors(z, 8)
    adjacency = z @ torch.diag(1 / z.sum(dim=0)) @ z.T
    torch.testing.assert_close(adjacency.sum(dim=1), torch.ones(200, dtype=torch.float64))
    torch.testing.assert_close(adjacency @ (z @ vectors), (z @ vectors) * values[1:9])


def test_weights_by_hand() -> None:
    """F7: e^(-d^2 / width^2) of the s nearest, scaled to sum 1; width is the mean distance to the s-th."""
    graph = AnchorGraph(8, 2, 1)
    z = graph.fit(torch.tensor([[0.0], [1.0], [3.0]]), torch.Generator().manual_seed(0))
    # As many anchors as images. To the second nearest: 1, 1, 2.
    width = float(torch.tensor(4 / 3).half())
    near, far = (torch.exp(-(torch.tensor(d / width, dtype=torch.float64) ** 2)) for d in (1.0, 2.0))
    rows = [[1, near, 0], [near, 1, 0], [0, far, 1]]
    expected = torch.tensor(rows, dtype=torch.float64)
    torch.testing.assert_close(z, expected / expected.sum(dim=1, keepdim=True))
    assert int(graph.n_used) == 3


def test_anchors_are_centres_of_clusters() -> None:
    """F7: k-means; three tight clusters, three anchors."""
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]], dtype=torch.float64)
    x = centres.repeat(20, 1) + 0.01 * points(60, 2)
    found = k_means(x, 3, torch.Generator().manual_seed(0))
    assert float(torch.cdist(centres, found).min(dim=1).values.max()) < 0.05


@pytest.mark.parametrize("n_vectors", [1, 6])
def test_second_thresholds_are_the_smoothest_balanced_ones(n_vectors: int) -> None:
    """F7, two-layer form: against a search over T+ with T- from the balance, in z' (I - Z D^-1 Z') z."""
    z = weights()
    vectors, _ = graph_eigenvectors(z, n_vectors)
    y = z @ vectors
    thresholds = second_thresholds(z, y)
    second = second_values(y, thresholds)
    assert float(second.sum(dim=0).abs().max()) < 1e-9, "balanced"
    laplacian = torch.eye(200, dtype=torch.float64) - z @ torch.diag(1 / z.sum(dim=0)) @ z.T

    def roughness(values: torch.Tensor) -> torch.Tensor:
        return (values * (laplacian @ values)).sum(dim=0)

    best = roughness(second)
    n_plus = (y > 0).sum(dim=0)
    above = y.clamp(min=0).sum(dim=0)
    for shift in torch.linspace(-1, 1, 41, dtype=torch.float64):
        t_plus = thresholds[0] + shift
        # Balance: sum over y > 0 of (y - T+) plus sum over the others of (T- - y) is 0.
        t_minus = (n_plus * t_plus - 2 * above) / (200 - n_plus)
        other = roughness(second_values(y, torch.stack([t_plus, t_minus])))
        assert bool((other >= best - 1e-9).all())
        if abs(float(shift)) > 0.04:
            assert bool((other > best + 1e-6).all())


def test_second_bits_split_both_sides() -> None:
    """F7: sgn(y - T+) where y > 0, else sgn(T- - y)."""
    y = torch.tensor([[-3.0], [-1.0], [1.0], [3.0]])
    second = second_values(y, torch.tensor([[2.0], [-2.0]]))
    assert torch.where(second >= 0, 1, -1)[:, 0].tolist() == [1, -1, -1, 1]


@pytest.mark.parametrize(("n_layers", "n_vectors"), [(1, 16), (2, 8)])
def test_bits_of_one_and_two_layers(n_layers: int, n_vectors: int) -> None:
    """F7: L eigenvectors, or L / 2 with a second bit each."""
    x = points().float()
    method = fitted(x, 16, n_anchors=40, n_layers=n_layers)
    assert method.vectors.shape == (40, n_vectors)
    u, y = method(x), method(x)[:, :n_vectors].double()
    torch.testing.assert_close(y.T @ y / 200, torch.eye(n_vectors).double(), atol=1e-3, rtol=0)
    assert u.shape == (200, 16)
    if n_layers == 2:
        torch.testing.assert_close(u[:, 8:], second_values(u[:, :8], method.thresholds))
        assert fitted(x, 15, n_anchors=40)(x).shape == (200, 15)


def test_unconnected_graph_drops_every_eigenvalue_one() -> None:
    """F7, pitfalls: two far clusters give the eigenvalue 1 twice; both are left out."""
    x = torch.cat([points(60), points(60) + 1000])
    z = AnchorGraph(20, 3, 6).fit(x, torch.Generator().manual_seed(0))
    vectors, values = graph_eigenvectors(z, 6)
    assert values[:2].tolist() == pytest.approx([1.0, 1.0], abs=1e-9) and float(values[2]) < 1 - 1e-3
    y = z @ vectors
    assert float(y[:60].sum(dim=0).abs().max()) < 1e-8  # balanced within each part, too
    assert bool(torch.isfinite(second_thresholds(z, y)).all())


def test_too_few_anchors() -> None:
    """F7, pitfalls: L < m."""
    with pytest.raises(ConfigError, match=r"Allowed here: 1 to 14 bits"):
        AGH(16, 6, 2, AGHParams(n_anchors=8))
    with pytest.raises(ConfigError, match=r"Allowed here: 1 to 7 bits"):
        AGH(8, 6, 2, AGHParams(n_anchors=8, n_layers=1))
    AGH(14, 6, 2, AGHParams(n_anchors=8))


def test_anchor_without_images() -> None:
    """F7, pitfalls: an empty anchor does not divide by 0."""
    z = torch.cat([weights(), torch.zeros(200, 1, dtype=torch.float64)], dim=1)
    vectors, _ = graph_eigenvectors(z, 5)
    assert bool(torch.isfinite(vectors).all()) and bool((vectors[-1] == 0).all())
    torch.testing.assert_close((z @ vectors).abs(), (weights() @ graph_eigenvectors(weights(), 5)[0]).abs())
    assert bool(torch.isfinite(second_thresholds(z, z @ vectors)).all())


@pytest.mark.parametrize(
    "x", [torch.ones(8, 6), torch.ones(1, 6), points(2), points(5), points(40) * 1e-8, points(40) * 1e3]
)
def test_few_or_equal_images(x: torch.Tensor) -> None:
    """Fewer eigenvectors than bits: the further bits are +1. Never NaN, near the images and far away."""
    method = fitted(x, 16)
    u = method(torch.cat([x.float(), 100 * points(9).float()]))
    assert bool(torch.isfinite(u).all())
    n_vectors = len(torch.unique(x, dim=0)) - 1
    if n_vectors < 8:
        codes = method.binarize(u).reshape(-1, 2, 8)  # of each eigenvector the first bits, then the second
        assert bool((codes[:, :, n_vectors:] == 1).all())
        assert bool((codes[:, 0, :n_vectors] != codes[:1, 0, :n_vectors]).any(dim=0).all())


def test_blob_set() -> None:
    """Section G: at 4 bits .87 measured there; inputs scaled by 100 change nothing."""
    found = blob_map(AGH, 4)
    assert found > 0.45
    assert blob_map(AGH, 4, scale=100.0) == pytest.approx(found, abs=0.02)


def test_picture_draws_waves_with_one_more_crossing_each() -> None:
    """F7: along a line, eigenvector k crosses zero k times, its second bit changes on both sides."""
    for k, frame in enumerate(AGH.picture().frames, start=1):
        first, second = (torch.tensor(curve.y) for curve in frame.series[1:])
        assert int((first.diff() != 0).sum()) == k
        assert int((second.diff() != 0).sum()) >= k


@pytest.mark.parametrize(("n", "same"), [(30, True), (200, False)])
def test_seed_matters_once_anchors_have_to_be_drawn(n: int, same: bool) -> None:
    """With 40 anchors: up to 40 images are anchors themselves, of more k-means finds centres by the seed."""
    x = points(n).float()
    first, second = (fitted(x, 8, seed=seed, n_anchors=40) for seed in (1, 2))
    assert torch.equal(first.binarize(first(x)), second.binarize(second(x))) == same


def test_signs_change_no_distance() -> None:
    """Vectors of either sign give both layers' codes up to whole bits."""
    x = points(200).float()
    method = fitted(x, 12, n_anchors=40)
    before = method.binarize(method(x))
    z = method.head.fit(x, torch.Generator().manual_seed(0))  # the same anchors again
    flipped = -method.vectors[: z.shape[1]].double()
    method.vectors[: z.shape[1]] = flipped
    method.thresholds.copy_(second_thresholds(z, z @ flipped))
    after = method.binarize(method(x))
    assert torch.equal(before @ before.T, after @ after.T) and not torch.equal(before, after)
