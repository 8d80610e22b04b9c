"""Laws of methods/4-new-directions-and-classic.md, section F5 (ITQ)."""

from __future__ import annotations

import faiss
import pytest
import torch

from models.codes.binarize import binarize
from models.codes.projections import itq_rotation
from models.errors import ConfigError
from models.methods.base import TrainSet
from models.methods.classic.itq import ITQ, ITQParams


def data(n: int, n_features: int, rank: int | None = None) -> TrainSet:
    generator = torch.Generator().manual_seed(4)
    scales = torch.linspace(3, 0.3, n_features)
    features = torch.randn(n, n_features, generator=generator) * scales
    if rank is not None:
        features = features[:, :rank] @ torch.randn(rank, n_features, generator=generator)
    return TrainSet(features - features.mean(0), torch.zeros(n, 2, dtype=torch.bool), generator)


def test_objective_never_rises() -> None:
    """F5, tests: over both half-steps; the exchange of the two SVD factors breaks this and nothing else."""
    train = data(300, 24)
    method = ITQ(16, 24, 2)
    method.before_fit(train)
    assert method.objective.shape == (100,)
    assert bool((method.objective.diff() <= 1e-9 * method.objective[0]).all())
    assert float(method.objective[-1]) < 0.98 * float(method.objective[0])


def test_rotation_is_orthogonal_and_keeps_distances() -> None:
    """F5, tests: R'R = I, distances between rows of VR are those of V."""
    v = data(200, 12).features.double()
    rotation, _ = itq_rotation(v, torch.eye(12, dtype=torch.float64), 20)
    torch.testing.assert_close(rotation.T @ rotation, torch.eye(12, dtype=torch.float64))
    torch.testing.assert_close(
        torch.cdist(v @ rotation, v @ rotation), torch.cdist(v, v), atol=1e-6, rtol=1e-6
    )


def test_projection_keeps_the_directions_of_largest_variance() -> None:
    """F5: V holds as much variance as the best K directions can."""
    train = data(400, 20)
    method = ITQ(8, 20, 2)
    method.before_fit(train)
    kept = method(train.features).var(dim=0, correction=0).sum()
    variances = torch.linalg.svdvals(train.features).square() / 400
    assert float(kept) == pytest.approx(float(variances[:8].sum()), rel=1e-4)


def test_more_bits_than_features() -> None:
    """F5, pitfalls: L <= d."""
    with pytest.raises(ConfigError, match=r"1 to 20"):
        ITQ(32, 20, 2)


@pytest.mark.parametrize(("n", "rank"), [(300, 5), (10, None)])
def test_features_of_lower_rank_than_bits(n: int, rank: int | None) -> None:
    """Fewer images or fewer varying directions than bits: no noise is amplified, no bit is undefined."""
    train = data(n, 24, rank)
    method = ITQ(16, 24, 2)
    method.before_fit(train)
    u = method(train.features)
    assert bool(torch.isfinite(u).all()) and bool(torch.isfinite(method.head.weight).all())
    assert len(torch.unique(method.binarize(u), dim=0)) > 4
    # Where the train images do not vary, a new image's part is ignored.
    _, _, directions = torch.linalg.svd(train.features)
    noise = 100 * directions[-1]
    torch.testing.assert_close(method(train.features + noise), u, atol=1e-3, rtol=1e-3)


def test_number_of_iterations() -> None:
    method = ITQ(8, 24, 2, ITQParams(n_iterations=3))
    method.before_fit(data(50, 24))
    assert len(method.objective) == 6


def test_picture_never_rises_and_ends_below_no_rotation() -> None:
    """F5, tests: the objective never rises."""
    for frame in ITQ.picture().frames:
        rotated, without = (torch.tensor(curve.y) for curve in frame.series)
        assert bool((rotated.diff() <= 1e-6).all()) and float(rotated[-1]) < 0.95 * float(without[-1])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rotation_is_no_worse_than_that_of_faiss(seed: int) -> None:
    """F12: `ITQMatrix` starts from another rotation, so bits differ. It leaves about 8 % more error."""
    v = data(400, 16).features.double()
    start = torch.randn(16, 16, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    _, objective = itq_rotation(v, torch.linalg.qr(start).Q, 50)
    matrix = faiss.ITQMatrix(16)
    matrix.seed = seed
    matrix.train(v.float().numpy())
    rotated = torch.from_numpy(matrix.apply(v.float().numpy())).double()
    torch.testing.assert_close(torch.cdist(rotated, rotated), torch.cdist(v, v), atol=1e-3, rtol=1e-3)
    assert float(objective[-1]) <= 1.01 * float((binarize(rotated) - rotated).square().sum())
