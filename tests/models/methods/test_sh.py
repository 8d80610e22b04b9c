"""Laws of methods/4-new-directions-and-classic.md, section F4 (SH)."""

from __future__ import annotations

import math

import pytest
import torch

from models.methods.base import TrainSet
from models.methods.classic.sh import SH, SHParams, smoothest_waves
from tests.oracles.blob_set import blob_map


def fitted(x: torch.Tensor, n_bits: int, seed: int = 0, outliers: float = 0.0) -> SH:
    method = SH(n_bits, x.shape[1], 2, SHParams(outliers=outliers))
    labels = torch.zeros(len(x), 2, dtype=torch.bool)
    method.before_fit(TrainSet(x, labels, torch.Generator().manual_seed(seed)))
    return method


def data(n: int = 200, n_features: int = 20) -> torch.Tensor:
    generator = torch.Generator().manual_seed(4)
    return 2 + torch.randn(n, n_features, generator=generator) * torch.linspace(3, 0.3, n_features)


def test_uniform_line_gives_square_waves() -> None:
    """F4, tests: for 1-D uniform data bit k is a square wave: k sign changes, evenly spaced."""
    x = torch.linspace(3, 7, 4001)[:, None]
    codes = (method := fitted(x, 6)).binarize(method(x))
    for k in range(1, 7):
        bit = codes[:, k - 1]
        assert int((bit.diff() != 0).sum()) == k
        # cos(k pi t) changes its sign at t = (j + 1/2) / k.
        changes = x[:-1, 0][bit.diff() != 0]
        expected = 3 + 4 * (torch.arange(k) + 0.5) / k
        torch.testing.assert_close(changes, expected, atol=0.002, rtol=0)


def test_modes_of_a_box_by_hand() -> None:
    """F4, step 2: sides 4 and 3: frequencies over pi are 1/4, 1/3, 2/4, 2/3, 3/4."""
    dims, frequencies = smoothest_waves(torch.tensor([4.0, 3.0], dtype=torch.float64), 5)
    assert dims.tolist() == [0, 1, 0, 1, 0]
    expected = torch.tensor([1 / 4, 1 / 3, 2 / 4, 2 / 3, 3 / 4], dtype=torch.float64) * math.pi
    torch.testing.assert_close(frequencies, expected)


@pytest.mark.parametrize("n_waves", [1, 7, 40])
def test_as_many_modes_as_bits_and_none_smoother_left_out(n_waves: int) -> None:
    """F4, tests: L modes, frequencies non-decreasing; F4, step 2: the short list of m suffices."""
    widths = 0.1 + torch.rand(9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    dims, frequencies = smoothest_waves(widths, n_waves)
    assert len(dims) == len(frequencies) == n_waves and bool((frequencies.diff() >= 0).all())
    candidates = [
        m * math.pi / float(w)
        for w in widths
        for m in range(1, math.ceil((n_waves + 1) * float(w / widths.max())) + 1)
    ]
    expected = torch.tensor(sorted(candidates)[:n_waves], dtype=torch.float64)
    torch.testing.assert_close(frequencies, expected)


def test_codes_are_those_of_the_three_steps() -> None:
    """F4: PCA by numpy's SVD, ranges, modes and signs one by one; distances, for signs are arbitrary."""
    x = data().double()
    centred = x - x.mean(dim=0)
    v = centred @ torch.linalg.svd(centred, full_matrices=False).Vh.T[:, :12]
    low, high = v.min(dim=0).values, v.max(dim=0).values
    modes = sorted((m * math.pi / float(high[j] - low[j]), j) for j in range(12) for m in range(1, 13))[:12]
    bits = [torch.sin(math.pi / 2 + omega * (v[:, j] - low[j])) for omega, j in modes]
    reference = torch.where(torch.stack(bits, dim=1) >= 0, 1.0, -1.0)
    method = fitted(x.float(), 12)
    codes = method.binarize(method(x.float()))
    different = (codes @ codes.T - reference @ reference.T).abs() > 0
    assert float(different.float().mean()) < 0.02  # single precision: a wave near 0 may fall on either side


def test_range_without_outliers() -> None:
    """F4, pitfalls: percentiles in place of min and max; one far image no longer sets the longest wave."""
    x = torch.cat([torch.linspace(-1, 1, 999), torch.tensor([100.0])])[:, None]
    assert float(fitted(x, 2).frequencies[0]) == pytest.approx(math.pi / 101, rel=1e-3)
    assert float(fitted(x, 2, outliers=1.0).frequencies[0]) == pytest.approx(math.pi / 1.96, rel=0.01)


def test_more_bits_than_features() -> None:
    """F4, step 1: PCA to min(L, d); further bits are finer waves."""
    x = data(200, 5)
    method = fitted(x, 64)
    codes = method.binarize(method(x))
    assert len(torch.unique(codes.T, dim=0)) > 60 and int((codes.sum(dim=0).abs() < 200).sum()) == 64


def test_nothing_is_drawn() -> None:
    x = data()
    first, second = fitted(x, 16, seed=1), fitted(x, 16, seed=2)
    assert torch.equal(first.binarize(first(x)), second.binarize(second(x)))


@pytest.mark.parametrize("outliers", [0.0, 5.0])
def test_mirrored_features_only_turn_signs(outliers: float) -> None:
    """A mirrored component reads every wave from its other end, which flips whole bits or none."""
    x = data()
    first, second = fitted(x, 16, outliers=outliers), fitted(-x, 16, outliers=outliers)
    a, b = first.binarize(first(x)), second.binarize(second(-x))
    assert not torch.equal(a, b)
    # Rounding at the very ends of a range, where a wave is at 0, may flip a single bit.
    assert float(((a @ a.T) != (b @ b.T)).float().mean()) < 0.02


@pytest.mark.parametrize("x", [torch.ones(8, 5), torch.ones(1, 5), data(4, 5), torch.zeros(3, 5)])
def test_features_of_low_rank(x: torch.Tensor) -> None:
    """Sides of length 0 get no waves; without any extent all bits are +1. Never NaN."""
    method = fitted(x, 16)
    u = method(100 * torch.randn(9, 5, generator=torch.Generator().manual_seed(2)))
    assert bool(torch.isfinite(u).all()) and bool(torch.isfinite(method.head.weight).all())
    if float(x.std(dim=0, correction=0).max()) == 0:
        assert bool((u == 1).all())


def test_blob_set() -> None:
    """Section G: at 4 bits .2 above chance (.73 measured there), at 16 bits lower: late bits are noise."""
    short, longer = blob_map(SH, 4), blob_map(SH, 16)
    assert short > 0.45 and longer < short - 0.1
    assert blob_map(SH, 4, scale=100.0) == pytest.approx(short, abs=0.02)


def test_picture_cuts_the_box_into_stripes() -> None:
    """F4, step 2, by hand: frequencies over pi are m / 2.5 and m: .4, .8, 1, 1.2, 1.6, 2 and 2, 2.4."""
    boxes = [torch.tensor(frame.grid) for frame in SH.picture().frames]
    across = [int((box[0].diff() != 0).sum()) for box in boxes]
    down = [int((box[:, 0].diff() != 0).sum()) for box in boxes]
    assert across == [1, 2, 0, 3, 4, 5, 0, 6] and down == [0, 0, 1, 0, 0, 0, 2, 0]
