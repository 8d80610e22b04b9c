"""Laws of methods/4-new-directions-and-classic.md, section F1 (LSH)."""

from __future__ import annotations

import math

import pytest
import torch

from models.methods.base import TrainSet
from models.methods.classic.lsh import LSH


def fitted(n_bits: int, features: torch.Tensor, seed: int = 0) -> LSH:
    method = LSH(n_bits, features.shape[1], 2)
    labels = torch.zeros(len(features), 2, dtype=torch.bool)
    method.before_fit(TrainSet(features, labels, torch.Generator().manual_seed(seed)))
    return method


def test_bits_agree_as_often_as_the_angle_says() -> None:
    """F1: P[equal bits] = 1 - theta / pi, within three standard errors, here over 1,024 hyperplanes."""
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(40, 16, generator=generator)
    x = torch.cat([x, -x])  # mean zero, so that centring changes nothing
    codes = LSH.binarize(method := fitted(1024, x), method(x))
    agree = 0.5 + codes @ codes.T / (2 * 1024)
    cosine = torch.nn.functional.normalize(x) @ torch.nn.functional.normalize(x).T
    expected = 1 - torch.acos(cosine.clamp(-1, 1)) / math.pi
    error = (expected * (1 - expected) / 1024).clamp(min=0).sqrt()
    # 99.7 % of independent pairs lie within three standard errors; leave room for a few of 6,320.
    assert float(((agree - expected).abs() <= 3 * error + 1e-3).float().mean()) > 0.99


def test_scale_does_not_matter() -> None:
    """F1: b(c x) = b(x) for c > 0, on centred features."""
    x = torch.randn(40, 16, generator=torch.Generator().manual_seed(6))
    x = torch.cat([x, -x])
    method = fitted(64, x)
    method.head.bias.zero_()
    assert bool((method.binarize(method(x)) == method.binarize(method(3.7 * x))).all())


def test_features_in_one_orthant_still_give_balanced_bits() -> None:
    """F1, pitfall: uncentred non-negative features."""
    x = torch.rand(500, 32, generator=torch.Generator().manual_seed(7)) + 1.0
    method = fitted(64, x)
    share = (method(x) >= 0).float().mean(dim=0)
    assert float(share.min()) > 0.3 and float(share.max()) < 0.7


def test_seed_decides() -> None:
    x = torch.randn(40, 16, generator=torch.Generator().manual_seed(8))
    assert torch.equal(fitted(32, x, seed=1)(x), fitted(32, x, seed=1)(x))
    assert not torch.equal(fitted(32, x, seed=1)(x), fitted(32, x, seed=2)(x))


def test_picture_follows_the_angle() -> None:
    """F1: P[equal bits] = 1 - theta / pi; the spread is that of independent bits."""
    for frame in LSH.picture().frames:
        drawn, expected, more, less = (torch.tensor(curve.y) for curve in frame.series)
        degrees = torch.tensor(frame.series[1].x)
        torch.testing.assert_close(expected, degrees / 180, atol=1e-3, rtol=0)
        right = 18  # 90 degrees
        assert float(more[right] - less[right]) == pytest.approx(int(frame.label) ** -0.5, abs=2e-3)
        assert float((drawn - expected).abs().max()) < 4 * 0.5 * int(frame.label) ** -0.5
