"""Golden values of methods/2-implicit-and-classification.md, section 4 (AnDSH), and laws that hold for it."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.methods.base import Batch, TrainSet
from models.methods.implicit.andsh import AnDSH, AnDSHParams, angular_loss, class_distances, spread

W = torch.tensor([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1]], dtype=torch.float64)
U = torch.tensor([[2, 2, 1, 1], [1, -1, 1, 0]], dtype=torch.float64)
ONE = torch.eye(3, dtype=torch.bool)[[0, 1]]
SEVERAL = torch.tensor([[True, False, True], [False, True, False]])
SETTINGS: dict[str, Any] = {"scale": 10.0, "margin": 0.2}


def loss_of_rows(u: Tensor, labels: Tensor, *, mask_own: bool) -> list[float]:
    return [
        float(angular_loss(u[i : i + 1], W, labels[i : i + 1], mask_own=mask_own, **SETTINGS))
        for i in range(len(u))
    ]


def test_one_label() -> None:
    """Section 4, tests: classes (0, 1), s = 10, m = .2 give 0.0182434."""
    assert float(angular_loss(U, W, ONE, **SETTINGS)) == pytest.approx(0.0182434, abs=1e-7)


def test_one_label_is_a_softmax_over_the_classes() -> None:
    """Section 4, loss: lse of s (cos - m [c = y]) minus the own logit, written out."""
    weight, u = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    classes = torch.tensor([3, 0, 0, 4, 2])
    cosines = F.cosine_similarity(u[:, None], weight[None], dim=2)
    labels = F.one_hot(classes, 5).bool()
    expected = F.cross_entropy(7 * (cosines - 0.3 * labels), classes)
    torch.testing.assert_close(angular_loss(u, weight, labels, scale=7.0, margin=0.3), expected)


def test_distances_of_unit_class_rows() -> None:
    """Section 4, tests: with g = tanh of unit rows, D = 2 for all pairs and the variance is 0."""
    distances = class_distances(torch.tanh(F.normalize(W)))
    torch.testing.assert_close(distances, torch.full((3,), 2.0, dtype=torch.float64))
    assert float(spread(distances)[1]) == pytest.approx(0.0, abs=1e-12)


def test_distances_of_class_codes() -> None:
    """Section 4, tests: D = (1.849675, 1.867258, 2.159435), mean 1.9587894, variance 0.0302713."""
    rows = torch.tensor([[1, 0.5, 1, 0.2], [0.3, -1, 0.8, -0.4], [0.9, 0.7, -0.6, -1]], dtype=torch.float64)
    distances = class_distances(torch.tanh(rows))
    assert distances.tolist() == pytest.approx([1.849675, 1.867258, 2.159435], abs=1e-6)
    mean, variance = spread(distances)
    assert float(mean) == pytest.approx(1.9587894, abs=1e-7)
    assert float(variance) == pytest.approx(0.0302713, abs=1e-7)


def test_unit_rows_would_hardly_move() -> None:
    """Section 4, pitfall 1: for 64 bits of equal size, D lies between 31.505 and 32.495."""
    row = torch.full((1, 64), 1 / 8, dtype=torch.float64)
    for sign, expected in ((1.0, 31.505), (-1.0, 32.495)):
        found = class_distances(torch.tanh(torch.cat([row, sign * row])))
        assert float(found) == pytest.approx(expected, abs=1e-3)


def test_several_labels() -> None:
    """Section 4, tests: unmasked (2.620015, 2.129671), mean 2.3748429; masked (0.000964, 0.022781)."""
    unmasked = loss_of_rows(U, SEVERAL, mask_own=False)
    assert unmasked == pytest.approx([2.620015, 2.129671], abs=1e-6)
    masked = loss_of_rows(U, SEVERAL, mask_own=True)
    assert masked == pytest.approx([0.000964, 0.022781], abs=1e-6)
    for mask_own, mean in ((False, 2.3748429), (True, 0.0118725)):
        found = float(angular_loss(U, W, SEVERAL, mask_own=mask_own, **SETTINGS))
        assert found == pytest.approx(mean, abs=1e-7)


def test_direction_of_several_labels() -> None:
    """Section 4, tests: dynamic cosines (0.894427, 0.866025), the raw rows averaged, then shortened."""
    share = SEVERAL.double() / SEVERAL.sum(dim=1, keepdim=True)
    cosines = F.cosine_similarity(U, share @ W)
    assert cosines.tolist() == pytest.approx([0.894427, 0.866025], abs=1e-6)
    # Alone among masked classes, the loss is log(1 + sum of e^(other - own)) of exactly these cosines.
    others = F.cosine_similarity(U[:1, None], W[None, 1:2], dim=2)[0]
    own = 10 * (float(cosines[0]) - 0.2)
    expected = math.log1p(math.exp(10 * float(others) - own))
    assert loss_of_rows(U, SEVERAL, mask_own=True)[0] == pytest.approx(expected, abs=1e-12)


def test_unmasked_images_compete_with_their_own_class() -> None:
    """Section 4, multi-label: an unmasked one-label image stays above log(1 + e^(sm)) = 2.1269."""
    floor = math.log1p(math.exp(2))
    assert floor == pytest.approx(2.1269, abs=1e-4)
    far = torch.tensor([[1.0, 1, 1, 1], [-1, -1, -1, -1]], dtype=torch.float64)
    perfect = angular_loss(far[:1], far, torch.tensor([[True, False]]), mask_own=False, **SETTINGS)
    assert floor < float(perfect) < floor + 1e-6


@pytest.mark.parametrize("factor", [1e-3, 0.5, 40.0])
def test_length_of_the_outputs_does_not_matter(factor: float) -> None:
    """Section 4, tests: scaling u by a positive constant leaves the loss unchanged."""
    for labels in (ONE, SEVERAL):
        expected = float(angular_loss(U, W, labels, **SETTINGS))
        assert float(angular_loss(factor * U, W, labels, **SETTINGS)) == pytest.approx(expected, abs=1e-9)


def test_images_without_a_label_do_not_count() -> None:
    """Section 4, multi-label: rows without labels are dropped."""
    labels = torch.cat([SEVERAL, torch.zeros(1, 3, dtype=torch.bool)])
    u = torch.cat([U, -U[:1]])
    assert float(angular_loss(u, W, labels, **SETTINGS)) == pytest.approx(0.0118725, abs=1e-7)


def test_flips_and_permutations() -> None:
    """File 1, section 18, check 3: bits turned in outputs and class rows alike."""
    flip = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)
    order = torch.tensor([2, 0, 3, 1])
    for labels in (ONE, SEVERAL):
        expected = angular_loss(U, W, labels, **SETTINGS)
        torch.testing.assert_close(angular_loss(U * flip, W * flip, labels, **SETTINGS), expected)
        torch.testing.assert_close(angular_loss(U[:, order], W[:, order], labels, **SETTINGS), expected)
    torch.testing.assert_close(class_distances(torch.tanh(W * flip)), class_distances(torch.tanh(W)))


def test_gradient_by_central_differences() -> None:
    """File 1, section 18, check 8; it reaches outputs and class rows."""
    u, weight = U.clone().requires_grad_(), (W + 0.1 * torch.arange(4)).requires_grad_()

    def total(v: Tensor, rows: Tensor) -> Tensor:
        mean, variance = spread(class_distances(torch.tanh(rows)))
        return angular_loss(v, rows, SEVERAL, **SETTINGS) - mean + variance

    assert torch.autograd.gradcheck(total, (u, weight))


def test_terms_of_a_batch(blobs: TrainSet) -> None:
    """Section 4, loss: - alpha mean + beta variance, codes tanh(tau w) of the rows as they are."""
    torch.manual_seed(0)
    method = AnDSH(8, 20, 3, AnDSHParams(alpha=2.0, beta=3.0, tau=1.5))
    terms = method.loss(Batch(blobs.features, method(blobs.features), blobs.labels, torch.arange(120)))
    g = torch.tanh(1.5 * method.weight.detach())
    pairs = torch.stack([(8 - g[i] @ g[j]) / 2 for i, j in ((0, 1), (0, 2), (1, 2))])
    torch.testing.assert_close(terms["far_apart"].detach(), -2 * pairs.mean())
    torch.testing.assert_close(terms["equally_far"].detach(), 3 * pairs.var())


def test_one_label_data_never_compete_with_themselves(blobs: TrainSet) -> None:
    """Section 4, multi-label: the unmasked form is for data with several labels."""
    torch.manual_seed(0)
    method = AnDSH(8, 20, 3, AnDSHParams(mask_own=False)).eval()
    u = method(blobs.features).detach()
    batch = Batch(blobs.features, u, blobs.labels, torch.arange(120))
    method.before_fit(blobs)
    single = float(method.loss(batch)["angular"].detach())
    several = blobs.labels.clone()
    several[0] = True
    method.before_fit(TrainSet(blobs.features, several, blobs.generator))
    assert single < float(method.loss(batch)["angular"].detach())


def test_one_class_has_no_pairs() -> None:
    mean, variance = spread(class_distances(torch.ones(1, 8, requires_grad=True)))
    assert float(mean.detach()) == 0 and float(variance.detach()) == 0


def test_picture_shows_the_margin() -> None:
    """Without a margin the border at 45 degrees costs log 2; the margin moves the curve up."""
    curves = [frame.series[0] for frame in AnDSH.picture().frames]
    middle = curves[0].x.index(44.0), curves[0].x.index(46.0)
    assert sum(curves[0].y[i] for i in middle) / 2 == pytest.approx(math.log(2), abs=0.02)
    for lower, upper in pairwise(curves):
        assert all(a < b for a, b in zip(lower.y, upper.y, strict=True))
