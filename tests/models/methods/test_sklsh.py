"""Laws of methods/4-new-directions-and-classic.md, section F2 (SKLSH)."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.kernel_approximation import RBFSampler

from models.methods.base import TrainSet
from models.methods.classic.sklsh import SKLSH, SKLSHParams, expected_share, neighbour_distance
from tests.oracles.blob_set import blob_map


def waves(n_bits: int, n_features: int, gamma: float) -> SKLSH:
    method = SKLSH(n_bits, n_features, 2)
    method.draw(gamma, torch.Generator().manual_seed(3))
    return method


def share(method: SKLSH, x: torch.Tensor, y: torch.Tensor) -> float:
    return float((method.binarize(method(x)) != method.binarize(method(y))).double().mean())


def test_very_distant_points_differ_in_four_over_pi_squared_of_the_bits() -> None:
    """F2, tests: .405 of the bits, not .5; identical points in none."""
    method = waves(1024, 8, 1.0)
    x = 100 * torch.randn(200, 8, generator=torch.Generator().manual_seed(5))
    codes = method.binarize(method(x))
    differ = (codes[:100] != codes[100:]).double().mean()
    # 102,400 bits; those of one wave agree somewhat, hence the wide margin. Half would be far outside.
    assert float(differ) == pytest.approx(4 / math.pi**2, abs=0.01)
    assert share(method, x, x) == 0.0


@pytest.mark.parametrize("distance", [0.0, 0.3, 1.0, 2.0, 6.0])
@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_expected_share_is_the_integral_over_waves(distance: float, gamma: float) -> None:
    """F2: mean of 2/pi |sin(z / 2)|, z ~ N(0, gamma d^2), by summing over a fine grid of z."""
    z = torch.linspace(-10, 10, 400_001, dtype=torch.float64)
    density = torch.exp(-z.square() / 2)
    heights = (z * math.sqrt(gamma) * distance / 2).sin().abs() * 2 / math.pi
    expected = float((heights * density).sum() / density.sum())
    found = expected_share(torch.tensor(distance, dtype=torch.float64), gamma, n_terms=20_000)
    assert float(found) == pytest.approx(expected, abs=2e-5)


def test_shares_follow_the_kernel() -> None:
    """F2: measured shares of a draw lie within four standard errors of the expected ones."""
    method, n_bits, gamma = waves(1024, 8, 0.7), 1024, 0.7
    x = torch.zeros(1, 8)
    for distance in (0.2, 0.5, 1.0, 2.0, 4.0):
        y = torch.zeros(1, 8)
        y[0, 0] = distance
        expected = float(expected_share(torch.tensor(distance), gamma))
        error = math.sqrt(expected * (1 - expected) / n_bits)
        assert abs(share(method, x, y) - expected) < 4 * error


def test_waves_are_random_fourier_features() -> None:
    """F2: before the thresholds, scikit-learn's random features of the same kernel, up to their factor."""
    gamma, n_bits = 0.8, 512
    sampler = RBFSampler(gamma=gamma / 2, n_components=n_bits, random_state=1)
    x = torch.randn(30, 6, generator=torch.Generator().manual_seed(2))
    reference = torch.from_numpy(sampler.fit_transform(x.numpy())).float()
    method = SKLSH(n_bits, 6, 2)
    method.head.weight.copy_(torch.from_numpy(sampler.random_weights_.T))
    method.head.bias.copy_(torch.from_numpy(sampler.random_offset_))
    torch.testing.assert_close(method(x) * math.sqrt(2 / n_bits), reference, atol=1e-5, rtol=1e-4)
    # Ours are drawn from the same distributions.
    ours = waves(1024, 100, gamma)
    assert float(ours.head.weight.std()) == pytest.approx(float(sampler.random_weights_.std()), rel=0.05)
    assert float(ours.head.weight.square().mean()) == pytest.approx(gamma, rel=0.03)
    assert float(ours.head.bias.min()) >= 0 and 6.2 < float(ours.head.bias.max()) < 2 * math.pi
    assert -1 <= float(ours.thresholds.min()) < -0.98 and 0.98 < float(ours.thresholds.max()) <= 1


def test_width_of_the_kernel_is_the_distance_to_the_neighbour() -> None:
    """F2: gamma is 1 / (mean distance to the 50th neighbour)^2."""
    on_a_line = torch.arange(6.0)[:, None]
    # To the second neighbour, by hand: 2, 1, 1, 1, 1, 2.
    assert float(neighbour_distance(on_a_line, 2)) == pytest.approx(8 / 6)
    assert float(neighbour_distance(on_a_line, 50)) == pytest.approx((5 + 4 + 3 + 3 + 4 + 5) / 6)
    x = torch.randn(300, 40, generator=torch.Generator().manual_seed(7))
    method = SKLSH(512, 40, 2, SKLSHParams(sharpness=4.0))
    method.before_fit(TrainSet(x, torch.zeros(300, 2, dtype=torch.bool), torch.Generator().manual_seed(0)))
    gamma = 4 / float(neighbour_distance(x, 50)) ** 2
    assert float(method.head.weight.square().mean()) == pytest.approx(gamma, rel=0.05)


@pytest.mark.parametrize("n", [1, 8])
def test_identical_images(n: int) -> None:
    method = SKLSH(16, 5, 2)
    train = TrainSet(torch.ones(n, 5), torch.zeros(n, 2, dtype=torch.bool), torch.Generator().manual_seed(0))
    method.before_fit(train)
    assert bool(torch.isfinite(method(torch.randn(4, 5))).all())


def test_blob_set() -> None:
    """Section G: 4 bits need not reach chance + .2; long codes do, with inputs scaled by 100 too."""
    assert blob_map(SKLSH, 4) > 0.25
    assert blob_map(SKLSH, 256) > 0.6
    assert blob_map(SKLSH, 256, scale=100.0) == pytest.approx(blob_map(SKLSH, 256), abs=0.02)


def test_picture_rises_to_its_limit() -> None:
    """F2, tests: 4 / pi^2 in the end; a sharper kernel is nowhere lower."""
    expected = torch.tensor([frame.series[1].y for frame in SKLSH.picture().frames])
    assert bool((expected[:, 0].abs() < 1e-3).all()) and bool((expected.diff(dim=0) >= -1e-4).all())
    assert float(expected[-1, -1]) == pytest.approx(4 / math.pi**2, abs=2e-3)
