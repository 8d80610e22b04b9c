"""Golden values of methods/2-implicit-and-classification.md, section 7 (SSDH), and laws that hold for it."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.methods.base import Batch, TrainSet
from models.methods.classification.ssdh import SSDH, SSDHParams, force_binary, half_of_the_bits

A = torch.tensor([[0.9, 0.1, 0.8, 0.6], [0.2, 0.3, 0.7, 0.4]], dtype=torch.float64)


def terms(method: SSDH, u: Tensor, labels: Tensor) -> dict[str, Tensor]:
    return method.loss(Batch(torch.zeros(len(u), 20), u, labels, torch.arange(len(u))))


def test_activations_are_forced_to_0_or_1() -> None:
    """Section 7, tests: E2 = -0.0375."""
    assert float(force_binary(A)) == pytest.approx(-0.0375, abs=1e-12)


def test_half_of_the_bits_of_each_code() -> None:
    """Section 7, tests: E3 = 0.005; the wrong axis gives 0.019375."""
    assert float(half_of_the_bits(A)) == pytest.approx(0.005, abs=1e-12)
    assert float(half_of_the_bits(A.T)) == pytest.approx(0.019375, abs=1e-12)


def test_lower_bound_is_reached_by_bits_only() -> None:
    """Section 7, tests: E2 >= -0.125, equality iff all activations are 0 or 1."""
    assert float(force_binary(A.round())) == pytest.approx(-0.125, abs=1e-12)
    random = torch.rand(50, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert all(-0.125 < float(force_binary(row[None])) <= 0 for row in random)


def test_gradient_of_the_push() -> None:
    """Section 7, tests: dE2/da = -(a - 1/2) / (NK)."""
    a = A.clone().requires_grad_()
    force_binary(a).backward()
    torch.testing.assert_close(a.grad, -(A - 0.5) / 8)


def test_weights_reach_their_terms(blobs: TrainSet) -> None:
    """Section 7, loss: alpha E1 + beta E2 + gamma E3, on sigmoids of the outputs."""
    torch.manual_seed(0)
    plain = SSDH(4, 20, 3).double()
    u, labels = torch.logit(A), torch.eye(3, dtype=torch.bool)[[0, 2]]
    ones = terms(plain, u, labels)
    assert float(ones["force_binary"]) == pytest.approx(-0.0375, abs=1e-12)
    assert float(ones["half_of_the_bits"]) == pytest.approx(0.005, abs=1e-12)
    expected = F.cross_entropy(plain.classifier(A), torch.tensor([0, 2]))
    torch.testing.assert_close(ones["class"], expected)
    plain.params = SSDHParams(alpha=2.0, beta=3.0, gamma=5.0)
    weighted = terms(plain, u, labels)
    for name, weight in {"class": 2.0, "force_binary": 3.0, "half_of_the_bits": 5.0}.items():
        torch.testing.assert_close(weighted[name], weight * ones[name])


def test_several_labels_are_independent_questions(blobs: TrainSet) -> None:
    """Section 7, loss: multi-label E1 is a mean over N and C of [sp(z) - y z]; ours is C times that."""
    method = SSDH(4, 20, 3).double()
    labels = torch.tensor([[True, False, True], [False, False, False]])
    method.before_fit(TrainSet(torch.zeros(2, 20), labels, blobs.generator))
    z = method.classifier(A)
    softplus = z.clamp(min=0) + torch.log1p(torch.exp(-z.abs()))
    mean = (softplus - labels * z).sum() / (2 * 3)
    torch.testing.assert_close(terms(method, torch.logit(A), labels)["class"], 3 * mean)


def test_one_label_per_image_is_a_softmax(blobs: TrainSet) -> None:
    """Section 7, supervision: single label is softmax; unlabelled images leave it."""
    method = SSDH(4, 20, 3)
    method.before_fit(blobs)
    assert not method.multi_label
    none = terms(method, torch.zeros(2, 4, requires_grad=True), torch.zeros(2, 3, dtype=torch.bool))
    assert float(none["class"].detach()) == 0.0
    method.before_fit(TrainSet(blobs.features, blobs.labels | blobs.labels.roll(1, 1), blobs.generator))
    assert method.multi_label


def test_flips_and_permutations() -> None:
    """File 1, section 18, check 3: E2 survives 1 - a per bit, E3 only when all bits turn."""
    flipped = A.clone()
    flipped[:, 1] = 1 - flipped[:, 1]
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(force_binary(flipped), force_binary(A))
    torch.testing.assert_close(half_of_the_bits(1 - A), half_of_the_bits(A))
    assert not math.isclose(float(half_of_the_bits(flipped)), float(half_of_the_bits(A)))
    for term in (force_binary, half_of_the_bits):
        torch.testing.assert_close(term(A[:, order]), term(A))


def test_gradients_by_central_differences() -> None:
    """File 1, section 18, check 8."""
    method = SSDH(4, 20, 3).double()
    labels = torch.eye(3, dtype=torch.bool)[[0, 2]]
    u = torch.logit(A).requires_grad_()
    assert torch.autograd.gradcheck(lambda v: sum(terms(method, v, labels).values()), (u,))


def test_zero_is_the_threshold() -> None:
    """Section 7, codes: a > 0.5; exactly 0.5 gives 1 (section 0)."""
    assert SSDH(4, 20, 3).binarize(torch.tensor([[-0.1, 0.0, 0.1, -7.0]])).tolist() == [[-1, 1, 1, -1]]


def test_picture_is_lowest_at_half_the_bits() -> None:
    """E3 is 0 at 8 of 16 ones, and E2 is -1/8 for activations of 0 and 1."""
    picture = SSDH.picture()
    for frame in picture.frames:
        decided, halves, both = (curve.y for curve in frame.series)
        assert halves[8] == 0 and min(range(17), key=lambda k: both[k]) == 8
        assert len(set(decided)) == 1
    assert picture.frames[-1].series[0].y[0] == -0.125
    assert picture.frames[-1].series[1].y[16] == 0.125
