"""Golden values of methods/2-implicit-and-classification.md, section 10 (MLRDH)."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.losses.discrete import random_codes
from models.methods.base import Batch, TrainSet
from models.methods.classification.mlrdh import (
    MLRDH,
    MLRDHParams,
    improve_codes,
    objective,
    regression_matrix,
)

# The specification has one column per image, the code one row.
B = torch.tensor([[1.0, 1.0, -1.0], [1.0, -1.0, 1.0]], dtype=torch.float64).T
Y = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64).T


def params(backward: float, follow: float, decay: float) -> MLRDHParams:
    return MLRDHParams(backward=backward, follow=follow, decay=decay)


def problem(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Codes, multi-hot labels (some images have none) and outputs."""
    generator = torch.Generator().manual_seed(seed)
    y = (torch.rand(50, 4, generator=generator) < 0.3).double()
    outputs = torch.randn(50, 9, generator=generator, dtype=torch.float64)
    return random_codes(50, 9, generator).double(), y, outputs


def test_matrix_and_objective() -> None:
    """Section 10, tests: lambda 0.5, nu and eta 0."""
    w = regression_matrix(B, Y, 0.5, 0.0)
    expected = torch.tensor([[0.875, -0.5], [0.125, 0.5]], dtype=torch.float64)
    torch.testing.assert_close(w, expected, atol=1e-9, rtol=0)
    assert float(objective(B, Y, w, B, params(0.5, 0.0, 0.0))) == pytest.approx(3.375, abs=1e-9)


def test_the_matrix_solves_the_sylvester_equation() -> None:
    """Section 10, updates: (lambda BB' + eta I) W + W YY' = (1 + lambda) BY', one column per image."""
    codes, y, _ = problem(0)
    w = regression_matrix(codes, y, 0.7, 0.2)
    b, labels = codes.T, y.T
    left = (0.7 * b @ b.T + 0.2 * torch.eye(9, dtype=torch.float64)) @ w + w @ labels @ labels.T
    torch.testing.assert_close(left, 1.7 * b @ labels.T)


@pytest.mark.parametrize("seed", range(5))
def test_the_matrix_is_the_best(seed: int) -> None:
    """The gradient of the objective in W is 0 at the solution."""
    codes, y, outputs = problem(seed)
    chosen = params(0.7, 0.1, 0.2)
    w = regression_matrix(codes, y, chosen.backward, chosen.decay).requires_grad_()
    objective(codes, y, w, outputs, chosen).backward()
    assert w.grad is not None
    torch.testing.assert_close(w.grad, torch.zeros_like(w), atol=1e-8, rtol=0)


@pytest.mark.parametrize("seed", range(5))
def test_no_step_raises_the_objective(seed: int) -> None:
    """Section 10, tests: over the steps on W and on B."""
    codes, y, outputs = problem(seed)
    chosen = params(1.0, 0.3, 1e-3)
    w = regression_matrix(codes, y, chosen.backward, chosen.decay)
    values = [float(objective(codes, y, w, outputs, chosen))]
    for _ in range(4):
        codes = improve_codes(codes, y, w, outputs, chosen)
        values.append(float(objective(codes, y, w, outputs, chosen)))
        w = regression_matrix(codes, y, chosen.backward, chosen.decay)
        values.append(float(objective(codes, y, w, outputs, chosen)))
    assert bool((codes.abs() == 1).all())
    assert values[1] < values[0]
    assert all(after <= before + 1e-9 for before, after in pairwise(values))


def test_the_bit_rule_by_its_formula() -> None:
    """Section 10, updates: b_k = sgn(q_k - lambda sum over j != k of (w_j . w_k) b_j), newest rows first."""
    codes, y, outputs = problem(3)
    chosen = params(0.7, 0.3, 1e-3)
    w = regression_matrix(codes, y, chosen.backward, chosen.decay)
    q, b = 1.7 * w @ y.T + 0.3 * outputs.T, codes.T.clone()
    for _ in range(3):
        for k in range(len(b)):
            others = [j for j in range(len(b)) if j != k]
            argument = q[k] - 0.7 * (w[others] @ w[k]) @ b[others]
            b[k] = torch.where(argument == 0, b[k], argument.sign())
    assert torch.equal(improve_codes(codes, y, w, outputs, chosen), b.T)


def fitted(blobs: TrainSet, **changes: float) -> MLRDH:
    torch.manual_seed(0)
    method = MLRDH(8, 20, 3, MLRDHParams(**changes))  # type: ignore[arg-type]
    method.before_fit(blobs)
    return method


def test_first_codes_gather_the_classes(blobs: TrainSet) -> None:
    """Section 10, settings: B starts as the signs of the untrained network, then the first round."""
    method = fitted(blobs)
    similar = blobs.labels.float() @ blobs.labels.float().T > 0

    def within(codes: Tensor) -> float:
        return float((0.5 * (8 - codes @ codes.T))[similar].mean())

    with torch.no_grad():
        assert within(method.codes) < 0.5 * within(binarize(method.eval()(blobs.features)))


def test_a_large_nu_freezes_the_first_codes(blobs: TrainSet) -> None:
    """Section 10, settings."""
    method = fitted(blobs, follow=1e4)
    with torch.no_grad():
        start = binarize(method.eval()(blobs.features))
    assert torch.equal(method.codes, start)
    assert not torch.equal(fitted(blobs).codes, start)


def test_five_rounds_are_spread_over_the_epochs(blobs: TrainSet) -> None:
    """Section 10, settings: the first round stands before the first epoch, none after the last."""
    method = fitted(blobs, follow=10.0)
    generator = torch.Generator().manual_seed(1)
    asked = []

    def outputs() -> Tensor:
        asked.append(epoch)
        return torch.randn(120, 8, generator=generator)

    for epoch in range(30):
        method.before_epoch(epoch, 30)
        before = method.codes
        method.after_epoch(outputs)
        assert torch.equal(before, method.codes) == (epoch not in asked)
    assert asked == [5, 11, 17, 23]


def test_the_network_follows_the_codes(blobs: TrainSet) -> None:
    """Section 10, updates: squared distance to the images' own codes, mean over images and bits."""
    method = fitted(blobs)
    rows = torch.tensor([5, 0, 77])
    u = method.codes[rows] + 0.5
    term = method.loss(Batch(blobs.features[rows], u, blobs.labels[rows], rows))["follow"]
    assert float(term) == pytest.approx(0.25)
