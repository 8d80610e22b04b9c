"""Laws of methods/4-new-directions-and-classic.md, section F8 (KSH)."""

from __future__ import annotations

import pytest
import torch

from models.codes.binarize import binarize
from models.losses.label_sets import Residue
from models.methods.base import TrainSet
from models.methods.classic.ksh import KSH, KSHParams, improve, smooth_objective, spectral_start


def problem(n: int = 40, m: int = 7) -> tuple[torch.Tensor, Residue]:
    generator = torch.Generator().manual_seed(0)
    classes = torch.arange(n) % 3
    kernel = torch.randn(n, m, generator=generator, dtype=torch.float64)
    kernel = kernel + torch.randn(3, m, generator=generator, dtype=torch.float64)[classes]
    residue = Residue(classes[:, None] == torch.arange(3), 8)
    residue.take(binarize(kernel[:, 0]))
    return kernel - kernel.mean(0), residue


def whitening(kernel: torch.Tensor) -> torch.Tensor:
    values, vectors = torch.linalg.eigh(kernel.T @ kernel)
    return vectors / (values + 1e-6).sqrt()


def test_gradient_of_the_smooth_objective() -> None:
    """F8, test 1: -F'((R b) (1 - b b)), b = phi(F a), against central differences."""
    kernel, residue = problem()
    a = 0.3 * torch.randn(7, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    gradient = kernel.T @ smooth_objective(kernel @ a, residue)[1]
    for j, step in enumerate(1e-6 * torch.eye(7, dtype=torch.float64)):
        up, down = (smooth_objective(kernel @ (a + sign * step), residue)[0] for sign in (1, -1))
        assert float(gradient[j]) == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-5)


def test_smooth_sign_is_the_stated_one() -> None:
    """F8, step 2: phi(t) = 2 / (1 + exp(-t)) - 1; at the sign's limit the value is -b'R b."""
    kernel, residue = problem()
    t = kernel[:, 1]
    phi = 2 / (1 + torch.exp(-t)) - 1
    assert smooth_objective(t, residue)[0] == pytest.approx(-float(phi @ residue.times(phi[:, None])[:, 0]))
    assert smooth_objective(1e6 * t, residue)[0] == pytest.approx(-residue.explained(binarize(t)))


def test_spectral_start_is_the_top_generalised_eigenvector() -> None:
    """F8, step 1, and its scale a'F'F a = l."""
    from scipy.linalg import eigh

    kernel, residue = problem()
    a = spectral_start(kernel, whitening(kernel), residue)
    assert float((kernel @ a).square().sum()) == pytest.approx(40)
    left, right = kernel.T @ residue.times(kernel), kernel.T @ kernel + 1e-6 * torch.eye(7).double()
    top = torch.from_numpy(eigh(left.numpy(), right.numpy())[1][:, -1])
    assert float(torch.cosine_similarity(a, top, dim=0).abs()) == pytest.approx(1, abs=1e-6)


def test_steps_lower_the_smooth_objective() -> None:
    kernel, residue = problem()
    start = spectral_start(kernel, whitening(kernel), residue)
    values = [
        smooth_objective(kernel @ improve(kernel, start, residue, n), residue)[0] for n in (0, 1, 5, 50)
    ]
    assert values[0] > values[1] > values[3] and values[2] > values[3]
    assert torch.equal(improve(kernel, start, residue, 0), start)


def test_residue_falls_whenever_a_bit_explains_enough(blobs: TrainSet) -> None:
    """F8, test 2: ||R|| falls exactly when b'R b > l^2 / 2; values are those of the explicit matrix."""
    method = KSH(16, 20, 3, KSHParams(n_anchors=30, n_labelled=60))
    method.before_fit(blobs)
    assert method.residues.shape == (17,) and float(method.residues[0]) == 16**2 * 60**2
    residue = Residue(blobs.labels, 16)
    whole = KSH(16, 20, 3, KSHParams(n_anchors=30, n_labelled=120))
    whole.before_fit(blobs)
    codes = binarize(whole(blobs.features)).double()
    explicit = 16 * torch.where((blobs.labels[:, None] & blobs.labels[None]).any(dim=2), 1.0, -1.0).double()
    for k in range(16):
        fell = whole.residues[k + 1] < whole.residues[k]
        assert bool(fell) == (residue.explained(codes[:, k]) > 120**2 / 2)
        residue.take(codes[:, k])
        explicit = explicit - torch.outer(codes[:, k], codes[:, k])
        assert float(whole.residues[k + 1]) == pytest.approx(float(explicit.square().sum()), rel=1e-9)
    assert float(whole.residues[-1]) < 0.7 * float(whole.residues[0])


def test_gradient_steps_explain_more_than_the_start(blobs: TrainSet) -> None:
    """F8: step 2 is not optional."""
    left = []
    for n_steps in (0, 50):
        method = KSH(8, 20, 3, KSHParams(n_anchors=40, n_steps=n_steps))
        method.before_fit(TrainSet(blobs.features, blobs.labels, torch.Generator().manual_seed(0)))
        left.append(float(method.residues[-1]))
    assert left[1] < left[0]


@pytest.mark.parametrize("case", ["one image", "identical images", "no labels", "one class"])
def test_degenerate_train_splits(blobs: TrainSet, case: str) -> None:
    features, labels = blobs.features[:12], blobs.labels[:12]
    if case == "one image":
        features, labels = features[:1], labels[:1]
    elif case == "identical images":
        features = features[:1].repeat(12, 1)
    else:
        labels = torch.full_like(labels, case == "one class")
    method = KSH(8, 20, 3, KSHParams(n_anchors=20))
    method.before_fit(TrainSet(features, labels, torch.Generator().manual_seed(0)))
    assert bool(torch.isfinite(method(blobs.features)).all())


def test_picture_falls() -> None:
    frames = KSH.picture().frames
    last = [frame.series[0].y[-1] for frame in frames]
    assert all(frame.series[0].y[0] == 1 and frame.series[0].y[4] < 1 for frame in frames)
    assert last[2] < last[1] < last[0]
