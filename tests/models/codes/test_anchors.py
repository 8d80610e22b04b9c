"""Kernel features; methods/4-new-directions-and-classic.md, sections F8 and F9."""

from __future__ import annotations

import pytest
import torch

from models.codes.anchors import AnchorKernel, draw_rows, in_eight_bits, squared_distances


def features(n: int = 50, d: int = 6) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(1))


def fitted(n_anchors: int, n: int = 50, **options: object) -> AnchorKernel:
    kernel = AnchorKernel(n_anchors, 6)
    kernel.fit(features(n), torch.Generator().manual_seed(2), **({"width": "mean"} | options))
    return kernel


def test_distances_are_those_of_the_textbook() -> None:
    x, y = features(5).double(), features(9).double()
    torch.testing.assert_close(squared_distances(x, y), torch.cdist(x, y).square())
    assert float(squared_distances(x * 1e4, x * 1e4).min()) >= 0


def test_drawn_rows_differ_and_come_from_the_generator() -> None:
    rows = draw_rows(50, 20, torch.Generator().manual_seed(0))
    assert len(rows.unique()) == 20 and int(rows.max()) < 50
    assert torch.equal(rows, draw_rows(50, 20, torch.Generator().manual_seed(0)))
    assert len(draw_rows(5, 20, torch.Generator())) == 5


def test_eight_bits_change_little_and_nothing_the_second_time() -> None:
    rows = features()
    rounded = in_eight_bits(rows)
    assert float((rounded - rows).abs().max()) <= float(rows.abs().max()) / 127
    assert torch.equal(in_eight_bits(rounded), rounded)
    assert torch.equal(in_eight_bits(torch.zeros(2, 3)), torch.zeros(2, 3))


@pytest.mark.parametrize("name", ["method.head.0.anchors", "method.small"])
def test_stored_anchors_come_back_exactly(name: str) -> None:
    from models.engine.precision import rounded_to_stored

    anchors = in_eight_bits(torch.randn(300, 60, generator=torch.Generator().manual_seed(3)))
    assert torch.equal(rounded_to_stored(name, anchors), anchors)


@pytest.mark.parametrize("width", ["mean", "root mean square"])
def test_kernel_is_the_centred_gaussian_of_the_stated_width(width: str) -> None:
    """F8: exp(-d^2 / (2 sigma^2)), sigma the mean distance; F9: gamma = 1 / (2 mean of d^2)."""
    kernel, x = fitted(20, width=width), features()
    d = torch.cdist(x.double(), kernel.anchors.double())
    sigma = d.mean() if width == "mean" else d.square().mean().sqrt()
    plain = torch.exp(-d.square() / (2 * sigma**2))
    torch.testing.assert_close(kernel(x.double()), plain - plain.mean(dim=0), atol=1e-3, rtol=0)
    torch.testing.assert_close(kernel(x).mean(dim=0), torch.zeros(20), atol=1e-3, rtol=0)


def test_width_takes_a_factor() -> None:
    assert float(fitted(20, factor=2.0).width) == pytest.approx(2 * float(fitted(20).width), rel=1e-3)


def test_anchors_are_train_images_and_those_that_lack_stay_silent() -> None:
    kernel = fitted(80)
    assert int(kernel.n_used) == 50
    torch.testing.assert_close(
        kernel.anchors[:50].sum(dim=0), in_eight_bits(features()).sum(dim=0), atol=1e-4, rtol=0
    )
    out = kernel(features(7))
    assert out.shape == (7, 80) and not bool(out[:, 50:].any()) and bool(out[:, :50].any())


def test_identical_images_are_no_division_by_zero() -> None:
    kernel = AnchorKernel(4, 6)
    kernel.fit(torch.ones(8, 6), torch.Generator().manual_seed(0), width="mean")
    assert bool(torch.isfinite(kernel(features(3))).all())


def test_state_carries_the_kernel() -> None:
    kernel, other = fitted(20), AnchorKernel(20, 6)
    other.load_state_dict(kernel.state_dict())
    assert torch.equal(other(features()), kernel(features()))
