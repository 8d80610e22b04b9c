"""Heads of quantizers, without any method around them."""

from __future__ import annotations

import pytest
import torch

from models.networks.codebook_heads import PrincipalHead, random_rotation


def points(rank: int = 10) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    spread = torch.randn(200, rank, generator=generator) * torch.linspace(3, 0.5, rank)
    return spread @ torch.linalg.qr(torch.randn(10, 10, generator=generator)).Q[:rank] + 5


def test_directions_of_largest_variance_come_first() -> None:
    x = points()
    head = PrincipalHead(10, 4)
    u = head.fit(x)
    variances = torch.linalg.svdvals(x - x.mean(dim=0)).square() / 200
    torch.testing.assert_close(u.var(dim=0, correction=0), variances[:4], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(u.mean(dim=0), torch.zeros(4), atol=1e-4, rtol=0)
    assert not any(p.requires_grad for p in head.parameters())


def test_rotations_change_no_distance() -> None:
    x = points()
    plain, rotated = PrincipalHead(10, 6), PrincipalHead(10, 6)
    u = plain.fit(x)
    rotation = random_rotation(6, torch.Generator().manual_seed(3))
    torch.testing.assert_close(rotation @ rotation.T, torch.eye(6, dtype=torch.float64))
    v = rotated.fit(x, rotation)
    torch.testing.assert_close(v, u @ rotation.float(), atol=1e-4, rtol=1e-4)
    plain.rotate(rotation)
    torch.testing.assert_close(plain(x), v, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("n_outputs", "n_zero"), [(6, 3), (14, 11)])
def test_directions_without_variance_give_zero(n_outputs: int, n_zero: int) -> None:
    """Rank 3: noise is not amplified, and more outputs than features are filled with zeros."""
    u = PrincipalHead(10, n_outputs).fit(points(3))
    assert u.shape == (200, n_outputs)
    assert int((u.abs().amax(dim=0) < 1e-4).sum()) == n_zero
