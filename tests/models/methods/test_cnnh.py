"""CNNH as a whole: methods/1-pairwise-and-multiwise.md, section 1. Its first stage alone is tested with the
losses, in `test_coordinate_descent.py`.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.codes.binarize import binarize
from models.methods.base import Batch, TrainSet
from models.methods.pairwise.cnnh import CNNH, CNNHParams, regression, stage_one


def fitted(train: TrainSet, **params: float) -> CNNH:
    torch.manual_seed(0)
    method = CNNH(12, 20, 3, CNNHParams(**params))  # type: ignore[arg-type]
    method.before_fit(replace(train, generator=torch.Generator().manual_seed(0)))
    return method


def batch(method: CNNH, train: TrainSet, rows: Tensor) -> Batch:
    return Batch(train.features[rows], method(train.features[rows]), train.labels[rows], rows)


def hamming(b: Tensor) -> Tensor:
    return 0.5 * (b.shape[1] - b @ b.T)


def test_regression_is_a_mean_over_images_and_bits(fixture_t: Tensor) -> None:
    """Section 1, stage 2: (tanh z - sgn H)^2 over N K numbers."""
    targets = -binarize(fixture_t)
    expected = sum(
        (torch.tanh(fixture_t[i, k]) - targets[i, k]).item() ** 2 for i in range(4) for k in range(4)
    )
    assert regression(fixture_t, targets).item() == pytest.approx(expected / 16, abs=1e-12)
    assert regression(1e4 * targets, targets).item() == 0


def test_gradient_by_central_differences(fixture_t: Tensor) -> None:
    """Section 18, check 8."""
    targets = -binarize(fixture_t)
    assert torch.autograd.gradcheck(lambda z: regression(z, targets), fixture_t.clone().requires_grad_())


def test_flip_and_permutation_of_bits_change_nothing(fixture_t: Tensor) -> None:
    """Section 18, check 3: the stored targets are flipped and permuted alike."""
    targets = binarize(fixture_t[:, [1, 0, 3, 2]])
    expected = pytest.approx(regression(fixture_t, targets).item(), abs=1e-12)
    flip = torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float64)
    assert regression(fixture_t * flip, targets * flip).item() == expected
    assert regression(fixture_t[:, [2, 0, 3, 1]], targets[:, [2, 0, 3, 1]]).item() == expected


def test_targets_are_bits_that_match_the_similarities(blobs: TrainSet) -> None:
    """Section 1: sgn(H), without zeros; images of one class share their code, classes lie far apart."""
    b = fitted(blobs).targets
    assert b.shape == (120, 12) and bool((b.abs() == 1).all())
    same = blobs.labels.float() @ blobs.labels.float().T > 0.5
    assert float(hamming(b)[same].mean()) < 1 and float(hamming(b)[~same].mean()) > 6


def test_each_image_learns_its_own_target(blobs: TrainSet) -> None:
    """Section 1, pitfalls: targets of other images, from a shuffled loader, are near chance."""
    method = fitted(blobs).eval()
    rows = torch.tensor([5, 90, 17, 64])
    found = method.loss(batch(method, blobs, rows))
    expected = regression(method(blobs.features[rows]), method.targets[rows])
    assert found.keys() == {"regression"} and found["regression"].item() == expected.item()
    shuffled = method.loss(replace(batch(method, blobs, rows), rows=rows.flip(0)))
    assert shuffled["regression"].item() != found["regression"].item()


def test_stage_one_descends_and_repeats_with_its_generator(blobs: TrainSet) -> None:
    """Section 18, check 7; the start and all orders come from the given generator."""
    runs = [stage_one(blobs.labels, 12, 6, torch.Generator().manual_seed(seed)) for seed in (4, 4, 5)]
    (h, changes), (again, _), (other, _) = runs
    assert torch.equal(h, again) and not torch.equal(h, other)
    assert len(changes) == 6 and changes[0] < 0 and all(change <= 0 for change in changes)
    assert h.dtype == torch.float32 and float(h.abs().max()) <= 1


def test_without_a_sweep_targets_are_random(blobs: TrainSet) -> None:
    """Section 1: H starts uniform in [-1, 1]."""
    h, changes = stage_one(blobs.labels, 64, 0, torch.Generator().manual_seed(0))
    assert changes == [] and -1 <= float(h.min()) < -0.99 and 0.99 < float(h.max()) <= 1
    assert abs(float(h.mean())) < 0.05


def test_only_similarities_are_read(blobs: TrainSet) -> None:
    """Section 1: other names for the classes give the same targets."""
    a = fitted(blobs).targets
    b = fitted(replace(blobs, labels=blobs.labels[:, [2, 0, 1]])).targets
    assert torch.equal(a, b)


# CNNH+


def test_class_outputs_stand_beside_the_bits(blobs: TrainSet) -> None:
    """Section 1: CNNH+ adds one output per class; codes come from the bits alone."""
    method = fitted(blobs, classes=True, class_weight=0.7).eval()
    rows = torch.arange(20)
    given = batch(method, blobs, rows)
    assert given.u.shape == (20, 15) and method.binarize(given.u).shape == (20, 12)
    found = method.loss(given)
    expected = F.cross_entropy(given.u[:, 12:], blobs.labels[rows].int().argmax(dim=1))
    assert found["classes"].item() == pytest.approx(0.7 * expected.item(), rel=1e-5)
    assert found["regression"].item() == regression(given.u[:, :12], method.targets[rows]).item()


def test_several_labels_get_one_yes_or_no_each(blobs: TrainSet) -> None:
    labels = blobs.labels.clone()
    labels[::5] = True
    method = fitted(replace(blobs, labels=labels), classes=True, class_weight=1.0).eval()
    given = replace(batch(method, blobs, torch.arange(20)), labels=labels[:20])
    logits, y = given.u[:, 12:], labels[:20].float()
    expected = F.binary_cross_entropy_with_logits(logits, y, reduction="sum") / 20
    assert method.loss(given)["classes"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_plain_cnnh_has_no_class_outputs(blobs: TrainSet) -> None:
    assert fitted(blobs)(blobs.features[:2]).shape == (2, 12)


# Around it


def test_targets_are_no_part_of_a_checkpoint(blobs: TrainSet) -> None:
    """Section 0.2, rule 5: codes of stage 1 are thrown away; even train images get the network's."""
    method = fitted(blobs)
    assert "targets" not in method.state_dict() and method.learned_codes() is None


def test_import_is_light() -> None:
    """The compiler is loaded by a training run, not by whoever lists methods."""
    code = "import sys, models.methods.pairwise.cnnh; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_picture_ends_in_blocks() -> None:
    picture = CNNH.picture()
    first, last = (torch.tensor(picture.frames[i].grid) for i in (0, -1))
    block = torch.block_diag(*[torch.ones(4, 4)] * 3).bool()
    assert float(last[block].min()) > 0.7 and float(last[~block].max()) < 0
    assert float(first[block & ~torch.eye(12).bool()].abs().max()) < 0.5
