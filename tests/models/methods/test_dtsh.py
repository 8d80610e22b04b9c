"""Golden values of methods/1-pairwise-and-multiwise.md, section 16 (DTSH)."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from models.losses.pairs import half_inner_products
from models.methods.base import Batch
from models.methods.multiwise.dtsh import DTSH, dtsh_loss, triplet_likelihood


def triplets(u: Tensor, s: Tensor, margin: float) -> float:
    return float(dtsh_loss(u, s, margin, 0.0)["triplets"])


def test_mean_of_the_eight_triplets(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 16, test 1."""
    assert triplets(fixture_t, pairs_t, 2.0) == pytest.approx(0.790020, abs=1e-5)
    assert triplets(fixture_t, pairs_t, 0.0) == pytest.approx(0.158715, abs=1e-5)


def test_the_half_would_be_missed(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 16, test 1: whole inner products with margin 5, as one public code has it."""
    others = ~torch.eye(4, dtype=torch.bool)
    wrong = triplet_likelihood(2 * half_inner_products(fixture_t), pairs_t & others, ~pairs_t, 5.0)
    assert float(wrong) == pytest.approx(1.593734, abs=1e-5)


@pytest.mark.parametrize("n_bits", [4, 16])
def test_the_margin_is_half_the_code_length(fixture_t: Tensor, pairs_t: Tensor, n_bits: int) -> None:
    """Section 16, hyper-parameters: alpha = n_bits / 2, a fixed 5 in one public code."""
    u = fixture_t.repeat(1, n_bits // 4)
    batch = Batch(u, u, torch.tensor([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=torch.bool), torch.arange(4))
    terms = DTSH(n_bits, n_bits, 2).loss(batch)
    assert float(terms["triplets"]) == pytest.approx(triplets(u, pairs_t, n_bits / 2))
    assert float(terms["quantization"]) == pytest.approx(0.2 * 1.87 / 16)


def test_log_two_at_the_margin() -> None:
    """Section 16, test 2."""
    theta = torch.tensor([[0.0, 3.0, 1.0], [0.0] * 3, [0.0] * 3], dtype=torch.float64)
    positive, negative = torch.zeros(3, 3, dtype=torch.bool), torch.zeros(3, 3, dtype=torch.bool)
    positive[0, 1] = negative[0, 2] = True
    assert float(triplet_likelihood(theta, positive, negative, 2.0)) == pytest.approx(math.log(2))


def test_gradient_pulls_the_query_to_the_positive(fixture_t: Tensor) -> None:
    """Section 16, test 3: of one triplet on u_q, a non-positive multiple of u_p - u_n."""
    u = fixture_t.clone().requires_grad_()
    positive, negative = torch.zeros(4, 4, dtype=torch.bool), torch.zeros(4, 4, dtype=torch.bool)
    positive[0, 1] = negative[0, 2] = True
    triplet_likelihood(half_inner_products(u), positive, negative, 2.0).backward()
    assert u.grad is not None
    factor = u.grad[0] / (fixture_t[1] - fixture_t[2])
    torch.testing.assert_close(factor, factor[:1].expand(4))
    assert factor[0] < 0


def test_invariant_to_rotation(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 16, test 4."""
    rotation = torch.linalg.qr(
        torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    ).Q
    assert triplets(fixture_t @ rotation, pairs_t, 2.0) == pytest.approx(triplets(fixture_t, pairs_t, 2.0))


def test_mean_per_query_first() -> None:
    """Section 16, in-batch version, on unequal classes and labels shared in part, against a slow loop."""
    generator = torch.Generator().manual_seed(1)
    u = torch.randn(9, 6, generator=generator, dtype=torch.float64)
    labels = torch.rand(9, 4, generator=generator) < 0.35
    s = (labels.double() @ labels.double().T) > 0
    theta = half_inner_products(u)
    per_query = []
    for q in range(9):
        values = [
            softplus(-(theta[q, p] - theta[q, n] - 3.0))
            for p in range(9)
            for n in range(9)
            if p != q and n != q and s[q, p] and not s[q, n]
        ]
        if values:
            per_query.append(torch.stack(values).mean())
    assert 2 <= len(per_query) < 9, "the loop should meet queries with and without a triplet"
    assert triplets(u, s | torch.eye(9, dtype=torch.bool), 3.0) == pytest.approx(
        float(torch.stack(per_query).mean())
    )


def test_the_diagonal_is_not_read(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """An image without a label shares none with itself; it is no triplet's negative for that."""
    bare = pairs_t & ~torch.eye(4, dtype=torch.bool)
    assert triplets(fixture_t, bare, 2.0) == triplets(fixture_t, pairs_t, 2.0)


def test_no_triplet_is_a_zero_with_a_graph(fixture_t: Tensor) -> None:
    """Section 16, pitfall e: a batch of one class."""
    u = fixture_t.clone().requires_grad_()
    loss = dtsh_loss(u, torch.ones(4, 4, dtype=torch.bool), 2.0, 0.0)["triplets"]
    loss.backward()
    assert loss.item() == 0 and u.grad is not None and bool((u.grad == 0).all())
