"""Golden values of methods/2-implicit-and-classification.md, section 15 (OrthoHash)."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.methods.base import Batch, TrainSet
from models.methods.classification.orthohash import (
    OrthoHash,
    OrthoHashParams,
    cosine_quantization,
    orthohash_loss,
)

U = torch.tensor([[1, 1, 1, -1], [1, -1, 0.5, -1]], dtype=torch.float64)
CODEBOOK = torch.tensor([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1]], dtype=torch.float64)
CLASSES = torch.tensor([[1, 0, 0], [0, 1, 0]], dtype=torch.bool)
SEVERAL = torch.tensor([[1, 0, 1], [0, 1, 0]], dtype=torch.bool)


def loss(u: Tensor, labels: Tensor, margin: float = 0.2, variant: str = "cos") -> float:
    return float(orthohash_loss(u, CODEBOOK, labels, 8.0, margin, variant))


def test_one_class() -> None:
    """Section 15, tests: per image (2.389319, 0.007036), mean 1.1981776; without margin 0.5500184."""
    assert loss(U[:1], CLASSES[:1]) == pytest.approx(2.389319, abs=1e-6)
    assert loss(U[1:], CLASSES[1:]) == pytest.approx(0.007036, abs=1e-6)
    assert loss(U, CLASSES) == pytest.approx(1.1981776, abs=1e-7)
    assert loss(U, CLASSES, margin=0.0) == pytest.approx(0.5500184, abs=1e-7)


def test_several_labels() -> None:
    """Section 15, tests: (1.939178, 0.007036), mean 0.9731070."""
    assert loss(U[:1], SEVERAL[:1]) == pytest.approx(1.939178, abs=1e-6)
    assert loss(U, SEVERAL) == pytest.approx(0.9731070, abs=1e-7)


def test_quantization() -> None:
    """Section 15, tests: (0, 0.029275)."""
    assert float(cosine_quantization(U[:1])) == pytest.approx(0, abs=1e-12)
    assert float(cosine_quantization(U[1:])) == pytest.approx(0.029275, abs=1e-6)


@pytest.mark.parametrize("variant", ["cos", "arc"])
def test_length_of_the_output_does_not_matter(variant: str) -> None:
    """Section 15, tests: invariant to positive scaling of u; bit flips change nothing either."""
    flip = torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=torch.float64)
    expected = pytest.approx(loss(U, CLASSES, variant=variant), abs=1e-12)
    assert loss(37 * U, CLASSES, variant=variant) == expected
    flipped = orthohash_loss(U * flip, CODEBOOK * flip, CLASSES, 8.0, 0.2, variant)
    assert float(flipped) == expected


def test_without_margin_both_variants_agree() -> None:
    """Section 15, loss: s cos(theta + m) and s (cos theta - m) are the same for m = 0."""
    assert loss(U, CLASSES, 0.0, "arc") == pytest.approx(loss(U, CLASSES, 0.0), abs=1e-7)


def test_arc_adds_to_the_angle() -> None:
    """Section 15, arc variant: image 0 has cosine 0.5 (60 degrees) to all codes, so its own scores less."""
    own = 8 * torch.cos(torch.tensor(torch.pi / 3 + 0.2, dtype=torch.float64))
    expected = torch.logsumexp(torch.stack([own, own.new_tensor(4.0), own.new_tensor(4.0)]), 0) - own
    assert loss(U[:1], CLASSES[:1], variant="arc") == pytest.approx(float(expected), abs=1e-9)


def test_cosine_order_is_hamming_order() -> None:
    """Section 15, tests: cos = 1 - 2 d / K for codes."""
    codes = binarize(torch.randn(9, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    distances = (codes[:, None] != CODEBOOK[None]).sum(dim=2)
    cosine = torch.nn.functional.normalize(codes) @ CODEBOOK.T / 2
    torch.testing.assert_close(cosine, 1 - 2 * distances.double() / 4)


def test_images_without_a_label_rest() -> None:
    """Section 15, pitfall 2: rows without a label would be 0 / 0."""
    more = torch.cat([CLASSES, torch.zeros(1, 3, dtype=torch.bool)])
    assert loss(torch.cat([U, -U[:1]]), more) == pytest.approx(1.1981776, abs=1e-7)


@pytest.mark.parametrize("variant", ["cos", "arc"])
def test_no_output_no_crash(variant: str) -> None:
    """Section 15, pitfall 3: |u| = 0; and acos at cosine 1, whose slope is infinite."""
    for u in (torch.zeros(2, 4), CODEBOOK[:2].float()):
        u = u.clone().requires_grad_()
        value = orthohash_loss(u, CODEBOOK.float(), CLASSES, 8.0, 0.2, variant)
        value.backward()
        assert bool(torch.isfinite(value)) and u.grad is not None and bool(torch.isfinite(u.grad).all())


def test_bits_are_even_in_a_batch(blobs: TrainSet) -> None:
    """Section 15, output layer: each output has zero mean over the batch while the shift is 0."""
    torch.manual_seed(0)
    method = OrthoHash(16, 20, 3)
    u = method.train()(blobs.features + 5)
    assert float(u.detach().mean(dim=0).abs().max()) < 1e-5
    assert method.head.layers[-1].bias is None


def test_a_batch_of_one_takes_the_running_statistics(blobs: TrainSet) -> None:
    """Section 15, pitfall 4: statistics of one image do not exist, and must not be stored either."""
    method = OrthoHash(16, 20, 3)
    method.head.layers[2] = torch.nn.Identity()  # no dropout
    method.train()(blobs.features)
    kept = method.head.norm.running_mean.clone()
    one = method(blobs.features[:1])
    assert torch.equal(method.head.norm.running_mean, kept)
    torch.testing.assert_close(one, method.eval()(blobs.features[:1]))


@pytest.mark.parametrize("codebook", ["hadamard", "bernoulli"])
def test_codebooks(blobs: TrainSet, codebook: str) -> None:
    """Section 15, settings: exactly orthogonal, or drawn bit by bit; no part of the checkpoint."""
    method = OrthoHash(64, 20, 3, OrthoHashParams(codebook=codebook, weight=0.5))
    method.before_fit(blobs)
    products = method.codebook @ method.codebook.T - 64 * torch.eye(3)
    assert set(method.codebook.unique().tolist()) == {-1.0, 1.0}
    assert bool((products == 0).all()) == (codebook == "hadamard")
    assert "codebook" not in method.state_dict()
    u = method(blobs.features)
    terms = method.loss(Batch(blobs.features, u, blobs.labels, torch.arange(120)))
    torch.testing.assert_close(terms["quantization"], 0.5 * cosine_quantization(u))


def test_picture_shows_the_loss() -> None:
    """Section 15, loss: less with a larger cosine, more with a larger margin; the first point is known."""
    for frame in OrthoHash.picture().frames:
        curves = [torch.tensor(curve.y) for curve in frame.series]
        assert all(bool((curve.diff() <= 1e-6).all()) for curve in curves)
        assert bool((curves[0] < curves[1]).all()) and bool((curves[1] < curves[2]).all())
        # Cosines 0, 1, 0, 0 without a margin: log(3 + e^s).
        start = torch.log(3 + torch.exp(torch.tensor(float(frame.label))))
        assert float(curves[0][0]) == pytest.approx(float(start), rel=1e-3)


@pytest.mark.parametrize("variant", ["cos", "arc"])
def test_gradient_by_central_differences(variant: str) -> None:
    """Section 18 of file 1, gradient check; and the order of bits does not matter."""
    u = U.clone().requires_grad_()
    loss_of = lambda v: orthohash_loss(v, CODEBOOK, SEVERAL, 8.0, 0.2, variant)  # noqa: E731
    assert torch.autograd.gradcheck(loss_of, u)
    order = torch.tensor([2, 0, 3, 1])
    permuted = orthohash_loss(U[:, order], CODEBOOK[:, order], SEVERAL, 8.0, 0.2, variant)
    torch.testing.assert_close(permuted, loss_of(U))


def test_own_code_costs_less_than_another_class_s() -> None:
    """Section 18 of file 1, order test: codes on their class beat the same codes after a swap."""
    assert loss(CODEBOOK[:2], CLASSES) < loss(CODEBOOK[[1, 0]], CLASSES)
