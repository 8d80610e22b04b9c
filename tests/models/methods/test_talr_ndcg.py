"""Golden values of methods/2-implicit-and-classification.md, section 3 (TALR), for discounted gain."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.losses.histogram import relaxed_hamming
from models.losses.ranking import relaxed_ndcg
from models.methods.base import Batch
from models.methods.implicit.talr_ndcg import TALRNDCG, talr_ndcg_loss

SOFT = torch.tensor(
    [[0.8, 0.6, 0.4, 0.2], [0.6, 0.8, 0.2, 0.4], [-0.5, -0.5, 0.5, 0.5], [-0.8, -0.2, -0.6, 0.4]],
    dtype=torch.float64,
)
LABELS = torch.tensor([[1.0, 1, 0], [1, 1, 1], [0, 0, 1], [0, 1, 1]], dtype=torch.float64)
OTHERS = ~torch.eye(4, dtype=torch.bool)


def test_one_label_each(pairs_t: Tensor) -> None:
    """Section 3, test c: a = S."""
    found = relaxed_ndcg(relaxed_hamming(SOFT), pairs_t.double(), OTHERS, 4, 4.0)
    expected = torch.tensor([0.955098, 0.948294, 0.815769, 0.849122], dtype=torch.float64)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    assert float(talr_ndcg_loss(SOFT, pairs_t.double(), 4)) == pytest.approx(-0.8920707, abs=1e-7)


def test_several_labels() -> None:
    """Section 3, test c: labels 110, 111, 001, 011, a = number of shared labels."""
    affinity = LABELS @ LABELS.T
    found = relaxed_ndcg(relaxed_hamming(SOFT), affinity, OTHERS, 4, 4.0)
    expected = torch.tensor([0.945925, 0.961489, 0.877798, 0.809425], dtype=torch.float64)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    assert float(talr_ndcg_loss(SOFT, affinity, 4)) == pytest.approx(-0.8986592, abs=1e-7)


def test_gradient_by_central_differences() -> None:
    """Section 3, test d: away from bin centres."""
    h = SOFT.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: talr_ndcg_loss(x, LABELS @ LABELS.T, 4), h)


def test_the_image_itself_is_in_neither_ranking() -> None:
    """Section 3, pitfall 2: the affinity of an image with itself is its number of labels and is not read."""
    affinity = LABELS @ LABELS.T
    without = affinity.masked_fill(~OTHERS, 0.0)
    assert talr_ndcg_loss(SOFT, affinity, 4) == talr_ndcg_loss(SOFT, without, 4)
    perfect = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4], dtype=torch.float64)
    two_classes = (perfect @ perfect.T > 0).double()
    assert float(talr_ndcg_loss(perfect, two_classes, 4)) == pytest.approx(-1), "the maximum is reached"


def test_the_method_counts_shared_labels_and_has_half_the_bins() -> None:
    """Section 3: a = shared labels, h = tanh(u / 2), half as many intervals as bits also below 32 bits."""
    u = 2 * torch.atanh(SOFT.repeat(1, 2))
    loss = TALRNDCG(8, 8, 3).loss(Batch(u, u, LABELS.bool(), torch.arange(4)))["discounted_gain"]
    assert float(loss) == pytest.approx(-0.8986592, abs=1e-7), "codes twice as long, bins twice as wide"


def test_bit_flips_and_permutations_change_nothing() -> None:
    """Section 18 of methods/1, check 3."""
    affinity = LABELS @ LABELS.T
    expected = pytest.approx(float(talr_ndcg_loss(SOFT, affinity, 4)), abs=1e-12)
    flip = torch.tensor([1.0, -1, -1, 1], dtype=torch.float64)
    assert float(talr_ndcg_loss(SOFT * flip, affinity, 4)) == expected
    assert float(talr_ndcg_loss(SOFT[:, [2, 0, 3, 1]], affinity, 4)) == expected


def test_more_shared_labels_belong_nearer() -> None:
    """Section 3: graded affinity; swapping the images that share two and one labels costs."""
    codes = torch.tensor([[1.0] * 4, [1, 1, 1, -1], [1, 1, -1, -1], [-1.0] * 4], dtype=torch.float64)
    affinity = torch.zeros(4, 4, dtype=torch.float64)
    affinity[0, 1], affinity[0, 2] = 2, 1
    assert talr_ndcg_loss(codes, affinity, 4) < talr_ndcg_loss(codes[[0, 2, 1, 3]], affinity, 4) - 0.01


def test_picture_loses_most_with_the_best_image() -> None:
    """At the far end, NDCG is lowest for the image with most shared labels."""
    best, middle, worst = (curve.y[-1] for curve in TALRNDCG.picture().frames[0].series)
    assert best < middle < worst
