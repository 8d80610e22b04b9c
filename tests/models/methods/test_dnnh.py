"""Golden values of methods/1-pairwise-and-multiwise.md, section 14 (DNNH), and laws of section 18."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.methods.base import Batch
from models.methods.multiwise.dnnh import (
    DNNH,
    DivideAndEncode,
    DNNHParams,
    dnnh_loss,
    piecewise_threshold,
    relaxed_bits,
)


def one_triplet(f: Tensor, q: int, p: int, n: int, margin: float) -> Tensor:
    """Loss of a single triplet: only the first of three rows has a positive."""
    s = torch.zeros(3, 3, dtype=torch.bool)
    s[0, 1] = True
    return dnnh_loss(f[[q, p, n]], s, margin)


def test_mean_of_the_eight_triplets(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 14, test 1: margins 1 and 2."""
    f = torch.sigmoid(fixture_t)
    assert float(dnnh_loss(f, pairs_t, 1.0)) == pytest.approx(0.593622, abs=1e-6)
    assert float(dnnh_loss(f, pairs_t, 2.0)) == pytest.approx(1.593622, abs=1e-6)


def test_single_triplets(fixture_t: Tensor) -> None:
    """Section 14, test 1: triplets (1, 2, 3) and (1, 2, 4), margin 1."""
    f = torch.sigmoid(fixture_t)
    assert float(one_triplet(f, 0, 1, 2, 1.0)) == pytest.approx(0.675116, abs=1e-6)
    assert float(one_triplet(f, 0, 1, 3, 1.0)) == pytest.approx(0.310084, abs=1e-6)


def test_threshold_leaves_two_values(fixture_t: Tensor) -> None:
    """Section 14, test 2: epsilon = 0.1 rounds all but the fourth bit of image 2 and the third of image 3."""
    f = torch.sigmoid(fixture_t)
    rounded = piecewise_threshold(f, 0.1)
    kept = (rounded != 0) & (rounded != 1)
    assert kept.nonzero().tolist() == [[1, 3], [2, 2]]
    assert float(rounded[1, 3]) == pytest.approx(0.450166, abs=1e-6)
    assert float(rounded[2, 2]) == pytest.approx(0.401312, abs=1e-6)
    assert torch.equal(rounded[~kept], (fixture_t >= 0)[~kept].double())
    assert torch.equal(piecewise_threshold(f, 0.5), f), "epsilon = 0.5 is the identity"


def test_a_bit_sees_its_own_slice_only() -> None:
    """Section 14, test 3, pitfall b: changing the hidden units of slice k changes bit k only."""
    head = DivideAndEncode(5, 4)
    hidden = torch.rand(2, 4, 16, generator=torch.Generator().manual_seed(0))
    before = head.encode(hidden.flatten(1))
    for k in range(4):
        changed = hidden.clone()
        changed[:, k] += 1
        moved = (head.encode(changed.flatten(1)) != before).all(dim=0)
        assert moved.tolist() == [bit == k for bit in range(4)]


def test_the_head_reads_the_slices_of_its_hidden_layer() -> None:
    """Section 14, test 3, through the whole head: zeroed weights behind slice 2 silence bit 2 only."""
    head = DivideAndEncode(5, 4).eval()
    x = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    before = head(x)
    with torch.no_grad():
        next(head.hidden.parameters())[2 * 16 : 3 * 16] = 0
        next(p for n, p in head.hidden.named_parameters() if n.endswith("bias"))[2 * 16 : 3 * 16] = 0
    assert (head(x) != before).any(dim=0).tolist() == [False, False, True, False]


def test_invariant_to_bit_order_and_flips(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 14, test 4, and section 18, check 3: negated outputs are 1 - F."""
    expected = pytest.approx(float(dnnh_loss(torch.sigmoid(fixture_t), pairs_t, 1.0)), abs=1e-12)
    assert float(dnnh_loss(torch.sigmoid(fixture_t[:, [3, 1, 0, 2]]), pairs_t, 1.0)) == expected
    flip = torch.tensor([1.0, -1, 1, -1], dtype=torch.float64)
    assert float(dnnh_loss(torch.sigmoid(fixture_t * flip), pairs_t, 1.0)) == expected


def test_zero_when_the_margin_is_met() -> None:
    """Section 14, test 4: F_p = F_q and |F_q - F_n|^2 >= 1; just inside the margin it is not."""
    f = torch.tensor([[0.0, 0, 0], [0, 0, 0], [0.6, 0, 0.8]], dtype=torch.float64)
    assert float(one_triplet(f, 0, 1, 2, 1.0)) == pytest.approx(0, abs=1e-12)
    assert float(one_triplet(f, 0, 1, 2, 1.5)) == pytest.approx(0.5)


def test_gradient_of_an_active_triplet(fixture_t: Tensor) -> None:
    """Section 14: 2 (F_n - F_p), 2 (F_p - F_q), 2 (F_q - F_n)."""
    f = torch.sigmoid(fixture_t[:3]).requires_grad_()
    one_triplet(f, 0, 1, 2, 1.0).backward()
    q, p, n = f.detach()
    torch.testing.assert_close(f.grad, 2 * torch.stack([n - p, p - q, q - n]))


def test_gradient_by_central_differences(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 8."""
    u = fixture_t.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: dnnh_loss(relaxed_bits(x, 0.5), pairs_t, 1.0), u)


def test_rounded_bits_keep_the_slope_of_the_sigmoid(fixture_t: Tensor) -> None:
    """Section 14, pitfall a: bits outside the band still learn."""
    u = fixture_t.clone().requires_grad_()
    bits = relaxed_bits(u, 0.1)
    torch.testing.assert_close(bits, piecewise_threshold(torch.sigmoid(fixture_t), 0.1))
    bits.sum().backward()
    f = torch.sigmoid(fixture_t)
    torch.testing.assert_close(u.grad, f * (1 - f))


def test_swapped_codes_cost_more(pairs_t: Tensor) -> None:
    """Section 18, check 2."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [0.0] * 4, [0.0] * 4])
    assert dnnh_loss(good, pairs_t, 1.0) < dnnh_loss(good[[0, 2, 1, 3]], pairs_t, 1.0) - 1


def test_the_method_squashes_and_reads_its_parameters(fixture_t: Tensor) -> None:
    """Section 14: F = sigmoid(u), margin 1, no rounding by default; the bit is 1 where F >= 0.5."""
    labels = torch.tensor([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=torch.bool)
    batch = Batch(fixture_t, fixture_t, labels, torch.arange(4))
    assert float(DNNH(4, 4, 2).loss(batch)["triplets"]) == pytest.approx(0.593622, abs=1e-6)
    wider = DNNH(4, 4, 2, DNNHParams(margin=2.0, epsilon=0.0)).loss(batch)["triplets"]
    rounded = dnnh_loss((fixture_t >= 0).double(), labels.double() @ labels.double().T > 0, 2.0)
    assert float(wider) == pytest.approx(float(rounded))
    u = torch.tensor([[0.0, -1e-3, 1e-3, -5]])
    assert torch.equal(DNNH(4, 4, 2).binarize(u) > 0, torch.sigmoid(u) >= 0.5)
    assert torch.equal(binarize(u), DNNH(4, 4, 2).binarize(u))
