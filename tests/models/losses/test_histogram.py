"""The triangular histogram of methods/2-implicit-and-classification.md, section 2."""

from __future__ import annotations

import pytest
import torch

from models.losses.histogram import relaxed_hamming, soft_counts


def slow_counts(distances: torch.Tensor, mask: torch.Tensor, n_bins: int, highest: float) -> torch.Tensor:
    width = highest / n_bins
    centres = torch.arange(n_bins + 1, dtype=distances.dtype) * width
    kernel = (1 - (distances[..., None] - centres).abs() / width).clamp(min=0)
    return (kernel * mask[..., None]).sum(dim=1)


@pytest.mark.parametrize(("n_bits", "n_bins"), [(4, 4), (32, 16), (48, 48), (12, 5)])
def test_equals_the_kernel_written_out(n_bits: int, n_bins: int) -> None:
    generator = torch.Generator().manual_seed(0)
    h = torch.tanh(2 * torch.randn(30, n_bits, generator=generator, dtype=torch.float64))
    mask = torch.rand(30, 30, generator=generator) < 0.4
    d = relaxed_hamming(h)
    torch.testing.assert_close(soft_counts(d, mask, n_bins, n_bits), slow_counts(d, mask, n_bins, n_bits))


def test_shares_sum_to_one_from_end_to_end() -> None:
    """Section 2, test a: sum of delta_l(d) is 1 for every d in [0, K], both ends and all centres included."""
    d = torch.linspace(0, 32, 1025, dtype=torch.float64)[:, None]
    counts = soft_counts(d, torch.ones_like(d, dtype=torch.bool), 16, 32.0)
    torch.testing.assert_close(counts.sum(dim=1), torch.ones(1025, dtype=torch.float64))
    assert counts[0, 0] == 1 and counts[-1, -1] == 1


def test_rounding_below_zero_is_harmless() -> None:
    d = torch.tensor([[-1e-6, 32.00001]])
    counts = soft_counts(d, torch.ones(1, 2, dtype=torch.bool), 16, 32.0)
    assert counts.sum().item() == pytest.approx(2) and counts.min().item() > -1e-5


def test_hamming_distance_of_bits() -> None:
    b = torch.tensor([[1.0, 1, 1], [1, -1, -1]])
    assert relaxed_hamming(b).tolist() == [[0, 2], [2, 0]]


def test_items_can_weigh_differently() -> None:
    """Section 3, NDCG: an item of weight 3 counts like three items at its place."""
    d = torch.tensor([[0.3, 2.6]], dtype=torch.float64)
    once = soft_counts(d[:, [0, 0, 0, 1]], torch.ones(1, 4, dtype=torch.bool), 4, 4.0)
    torch.testing.assert_close(soft_counts(d, torch.tensor([[3.0, 1.0]]), 4, 4.0), once)
