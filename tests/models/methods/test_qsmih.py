"""Golden values of methods/2-implicit-and-classification.md, section 5 (QSMIH), and laws that hold for it."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from models.losses.pairs import share_label
from models.losses.quantization import absolute_error
from models.methods.base import Batch, TrainSet
from models.methods.implicit.qsmih import QSMIH, QSMIHParams, pair_terms, qsmih_loss, similarity

# Three images of two bits, labels 0, 0, 1.
U = torch.tensor([[1, 1], [1, 0], [-1, 1]], dtype=torch.float64)
S = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])


def information(u: Tensor, s: Tensor, form: str = "square_clamped") -> float:
    return float(qsmih_loss(u, s, 0.0, form)["information"])


def test_similarities() -> None:
    """Section 5, tests: A01 = 0.853553, A02 = 0.5, A12 = 0.146447; 1 on the diagonal."""
    a = similarity(U)
    assert [float(a[i, j]) for i, j in ((0, 1), (0, 2), (1, 2))] == pytest.approx(
        [0.853553, 0.5, 0.146447], abs=1e-6
    )
    torch.testing.assert_close(a.diagonal(), torch.ones(3, dtype=torch.float64))


def test_both_forms_as_sums() -> None:
    """Section 5, tests: square-clamped 6.8206710, plain -1.3737734; ours are their means over 9 pairs."""
    assert 9 * information(U, S) == pytest.approx(6.8206710, abs=1e-6)
    assert 9 * information(U, S, "plain") == pytest.approx(-1.3737734, abs=1e-6)


def test_pairs_with_the_given_share_of_similar_ones() -> None:
    """Section 5, tests: M = 9 / 5 = 1.8, the diagonal included."""
    assert float(pair_terms(similarity(U), S, 1.8, "plain").sum()) == pytest.approx(-1.3737734, abs=1e-6)
    assert float(pair_terms(similarity(U), S, 2.0, "plain").sum()) != pytest.approx(-1.3737734, abs=1e-3)


def test_quantization_reads_the_raw_outputs() -> None:
    """Section 5, tests: the sum of ||u| - 1| is 1.0; of outputs shortened to length 1 it is 2.1715729."""
    assert 6 * float(qsmih_loss(U, S, 1.0)["quantization"]) == pytest.approx(1.0, abs=1e-9)
    assert 6 * float(qsmih_loss(U, S, 0.3)["quantization"]) == pytest.approx(0.3, abs=1e-9)
    short = U / U.norm(dim=1, keepdim=True)
    assert 6 * float(absolute_error(short)) == pytest.approx(2.1715729, abs=1e-6)


def test_sums_and_means() -> None:
    """Section 5, loss: alpha on sums is alpha K / N on means: 0.00375 for 0.01, 48 bits, 128 images."""
    generator = torch.Generator().manual_seed(0)
    u = torch.randn(128, 48, generator=generator, dtype=torch.float64)
    s = share_label(torch.arange(128)[:, None] % 10 == torch.arange(10))
    sums = 128**2 * information(u, s) + 0.01 * float((u.abs() - 1).abs().sum())
    means = sum(float(term) for term in qsmih_loss(u, s, 0.00375).values())
    assert sums == pytest.approx(128**2 * means, rel=1e-12)


def test_length_of_the_outputs_does_not_matter_to_the_information() -> None:
    """Section 5, pitfalls: only the regulariser sets the scale of u."""
    for form in ("square_clamped", "plain"):
        assert information(7.0 * U, S, form) == pytest.approx(information(U, S, form), abs=1e-9)


def test_best_similarity_of_a_similar_pair() -> None:
    """Section 5, loss: (A - 1)^2 + A^2 / M is lowest at A = M / (M + 1); a dissimilar pair wants 0."""
    a = torch.linspace(0, 1, 1001, dtype=torch.float64)
    for inverse_share in (1.0, 3.0, 9.0):
        similar = pair_terms(a, torch.ones(1001, dtype=torch.bool), inverse_share, "square_clamped")
        best = float(a[similar.argmin()])
        assert best == pytest.approx(inverse_share / (inverse_share + 1), abs=1e-3)
        dissimilar = pair_terms(a, torch.zeros(1001, dtype=torch.bool), inverse_share, "square_clamped")
        assert int(dissimilar.argmin()) == 0 and float(dissimilar[0]) == 1.0


def test_plain_form_is_content_with_two_points() -> None:
    """Four classes on two opposite codes reach the plain optimum, though classes then share a code."""
    classes = torch.arange(8) // 2
    s = classes[:, None] == classes
    axes = torch.eye(2, dtype=torch.float64)
    four = torch.stack([axes[0], -axes[0], axes[1], -axes[1]])[classes]
    two = torch.stack([axes[0], -axes[0], axes[0], -axes[0]])[classes]
    assert information(two, s, "plain") == pytest.approx(information(four, s, "plain"), abs=1e-12)
    assert information(four, s) < information(two, s) - 0.01


def test_swapped_codes_cost_more() -> None:
    """File 1, section 18, check 2."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4])
    s = torch.arange(4)[:, None] // 2 == torch.arange(4) // 2
    for form in ("square_clamped", "plain"):
        assert information(good, s, form) < information(good[[0, 2, 1, 3]], s, form)


def test_invariant_to_flips_and_order_of_bits(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """File 1, section 18, check 3."""
    flip = torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float64)
    expected = qsmih_loss(fixture_t, pairs_t, 0.5)
    for changed in (fixture_t * flip, fixture_t[:, [2, 0, 3, 1]]):
        for name, value in qsmih_loss(changed, pairs_t, 0.5).items():
            torch.testing.assert_close(value, expected[name])


@pytest.mark.parametrize("form", ["square_clamped", "plain"])
def test_gradient_by_central_differences(fixture_t: Tensor, pairs_t: Tensor, form: str) -> None:
    """File 1, section 18, check 8; no output of the fixture's first rows lies on |u| = 1."""
    u = (fixture_t + 0.03).requires_grad_()
    assert torch.autograd.gradcheck(lambda v: sum(qsmih_loss(v, pairs_t, 0.5, form).values()), (u,))


def test_no_similar_pair_and_no_label() -> None:
    """An image is similar to itself, so M is finite without any label: here N."""
    none = torch.zeros(3, 3, dtype=torch.bool)
    assert information(U, none) == pytest.approx(information(U, torch.eye(3, dtype=torch.bool)))
    a = similarity(U)
    off = a[~torch.eye(3, dtype=torch.bool)]
    expected = (3 * (0 + 1 / 3) + float((1 + off.square() / 3).sum())) / 9
    assert information(U, none) == pytest.approx(expected, abs=1e-9)


def test_parameters_reach_the_loss(blobs: TrainSet) -> None:
    torch.manual_seed(0)
    method = QSMIH(8, 20, 3, QSMIHParams(alpha=0.4, form="plain")).eval()
    u = method(blobs.features).detach()
    found = method.loss(Batch(blobs.features, u, blobs.labels, torch.arange(120)))
    expected = qsmih_loss(u, share_label(blobs.labels), 0.4, "plain")
    assert {k: float(v) for k, v in found.items()} == {k: float(v) for k, v in expected.items()}
    assert QSMIH.spec.recipe.sampler == "class_balanced"


def test_picture_pushes_more_gently_with_more_classes() -> None:
    """Dissimilar pair at distance 0: 1 + 1 / M; similar pair with the same code: 1 / M."""
    frames = QSMIH.picture().frames
    for frame in frames:
        similar, dissimilar = frame.series
        assert similar.y[0] == pytest.approx(1 / int(frame.label), rel=1e-3)
        assert dissimilar.y[0] == pytest.approx(1 + 1 / int(frame.label), rel=1e-3)
        assert math.isclose(similar.y[-1], 1.0) and math.isclose(dissimilar.y[-1], 1.0)
    for fewer, more in pairwise(frames):
        assert fewer.series[1].y[0] > more.series[1].y[0]
