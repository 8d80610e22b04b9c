"""Laws of methods/4-new-directions-and-classic.md, section F9 (SDH)."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from models.codes.binarize import binarize
from models.losses.discrete import random_codes
from models.methods.base import TrainSet
from models.methods.classic.sdh import SDH, SDHParams, classifier, improve_codes, objective, ridge_map


def start(n_bits: int = 8) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random codes, labels of three classes, and something to follow."""
    generator = torch.Generator().manual_seed(0)
    codes = random_codes(60, n_bits, generator).double()
    y = ((torch.arange(60) % 3)[:, None] == torch.arange(3)).double()
    return codes, y, torch.randn(60, n_bits, generator=generator, dtype=torch.float64)


def test_classifier_is_the_best_one() -> None:
    """F9: W = (B B' + lambda I)^-1 B Y'; at the optimum the gradient vanishes."""
    codes, y, followed = start()
    params = SDHParams(decay=0.7)
    w = classifier(codes, y, 0.7).requires_grad_()
    objective(codes, y, w, followed, params).backward()
    torch.testing.assert_close(w.grad, torch.zeros_like(w), atol=1e-9, rtol=0)


def test_map_is_the_best_one() -> None:
    """F9: P = (F'F + e I)^-1 F'B, e = 1e-6 of the diagonal's mean."""
    codes, _, _ = start()
    kernel = torch.randn(60, 9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    p = ridge_map(kernel) @ codes
    torch.testing.assert_close(p, torch.linalg.lstsq(kernel, codes).solution, atol=1e-4, rtol=0)


@pytest.mark.parametrize("follow", [0.0, 1e-5, 0.5])
def test_no_step_raises_the_objective(follow: float) -> None:
    """F9, test 1: neither a sweep over the bits at fixed W and P, nor the classifier."""
    codes, y, followed = start()
    params, values = SDHParams(follow=follow), []
    for _ in range(4):
        w = classifier(codes, y, params.decay)
        values.append(float(objective(codes, y, w, followed, params)))
        for _ in range(3):
            codes = improve_codes(codes, y, w, followed, follow, 1)
            values.append(float(objective(codes, y, w, followed, params)))
    assert all(after <= before + 1e-9 for before, after in pairwise(values))
    assert values[-1] < 0.9 * values[0]


def test_a_single_bit_has_its_best_value() -> None:
    """F9, test 1, bit by bit: after a sweep no flip of the last visited bit lowers the objective."""
    codes, y, followed = start()
    params, w = SDHParams(follow=0.1), classifier(codes, y, 1.0)
    codes = improve_codes(codes, y, w, followed, 0.1, 1)
    for row in range(0, 60, 7):
        flipped = codes.clone()
        flipped[row, -1] *= -1
        assert float(objective(flipped, y, w, followed, params)) >= float(
            objective(codes, y, w, followed, params)
        )


def test_without_following_a_class_gathers_at_few_codes(blobs: TrainSet) -> None:
    """F9, test 2: with nu to 0, training codes fall to a few distinct codes per class."""
    method = SDH(16, 20, 3, SDHParams(n_anchors=40, follow=0.0))
    method.before_fit(blobs)
    for c in range(3):
        assert len(method.codes[blobs.labels[:, c]].unique(dim=0)) <= 3
    assert len(method.codes.unique(dim=0)) >= 3, "but the classes differ"


def test_the_map_is_fitted_to_the_last_codes(blobs: TrainSet) -> None:
    """F9: last, refit P to the final B. With an anchor on every image it reproduces nearly all of them."""
    method = SDH(16, 20, 3, SDHParams(n_anchors=120))
    method.before_fit(blobs)
    agreement = (binarize(method(blobs.features)) == method.codes).double().mean()
    assert float(agreement) > 0.97


def test_several_labels_and_none() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.rand(50, 4, generator=generator) < 0.3
    method = SDH(8, 5, 4, SDHParams(n_anchors=10))
    method.before_fit(TrainSet(torch.randn(50, 5, generator=generator), labels, generator))
    assert bool(torch.isfinite(method.head[1].weight).all())
    assert len(binarize(method(torch.randn(40, 5, generator=generator))).unique(dim=0)) > 1


@pytest.mark.parametrize("n", [1, 12])
def test_degenerate_train_splits(n: int) -> None:
    method = SDH(8, 5, 2, SDHParams(n_anchors=20))
    labels = torch.zeros(n, 2, dtype=torch.bool)
    method.before_fit(TrainSet(torch.ones(n, 5), labels, torch.Generator().manual_seed(0)))
    assert bool(torch.isfinite(method(torch.randn(4, 5))).all())


def test_picture_gathers_the_classes() -> None:
    counts = [frame.series[0].y for frame in SDH.picture().frames]
    assert all(first[0] == 20 and first[-1] < 12 for first in counts)
    assert counts[2][-1] <= 6 < counts[0][-1], "one sweep a round leaves more"
