"""Outputs on the sphere and centres of classes: methods/3-quantization.md, section 6."""

from __future__ import annotations

import pytest
import torch

from models.losses.spherical import class_means, label_shares, on_sphere, squared_distance


def test_direction() -> None:
    """Section 6, tests: (3, 4) gives (0.6, 0.8); length 1 to 1e-6 for outputs of any size."""
    u = torch.tensor([[3.0, 4.0]], dtype=torch.float64)
    assert on_sphere(u).tolist() == [pytest.approx([0.6, 0.8])]
    for scale in (1e-4, 1.0, 1e4):
        z = on_sphere(scale * torch.randn(50, 48, generator=torch.Generator().manual_seed(0)))
        torch.testing.assert_close(z.norm(dim=1), torch.ones(50), atol=1e-6, rtol=0)


def test_zero_has_no_direction_but_a_gradient() -> None:
    """Section 6, pitfalls: NaN at 0."""
    u = torch.zeros(2, 3, requires_grad=True)
    on_sphere(u).sum().backward()
    assert u.grad is not None and bool(torch.isfinite(u.grad).all())


def test_squared_distance() -> None:
    a, b = torch.tensor([[0.6, 0.8], [9.0, 9.0]]), torch.tensor([[0.8, 0.4], [0.0, 0.0]])
    assert float(squared_distance(a, b, torch.tensor([True, False]))) == pytest.approx(0.2)
    assert float(squared_distance(a, b)) == pytest.approx(0.5 * (0.2 + 162))
    a.requires_grad_()
    none = squared_distance(a[:0], b[:0])
    assert none.item() == 0 and none.requires_grad


def test_centres() -> None:
    """The mean of a class; two labels count half each; a class without images has its centre in 0."""
    z = torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 4.0], [7.0, 7.0]])
    labels = torch.tensor([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0]], dtype=torch.bool)
    shares = label_shares(labels)
    assert shares.tolist() == [[1, 0, 0], [1, 0, 0], [0.5, 0.5, 0], [0, 0, 0]]
    expected = torch.tensor([[1.6, 0.8], [0.0, 4.0], [0.0, 0.0]])
    torch.testing.assert_close(class_means(z, shares), expected)
