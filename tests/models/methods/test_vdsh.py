"""Golden values of methods/2-implicit-and-classification.md, section 8 (VDSH)."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from models.losses.admm import fit_layers, ridge, top_activations
from models.methods.base import Batch, TrainSet
from models.methods.classification.vdsh import VDSH, VDSHParams, regression_loss

Z = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]], dtype=torch.float64)
Y = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)


def test_ridge_step() -> None:
    """Section 8, tests: W and the objective, alpha 1."""
    w = ridge(Z, Y, 1.0)
    expected = torch.tensor([[0.647059, -0.117647], [0.058824, 0.352941]], dtype=torch.float64)
    torch.testing.assert_close(w, expected, atol=1e-6, rtol=0)
    objective = 3 * regression_loss(Z, Y, w) + 0.5 * w.square().sum()
    assert float(objective) == pytest.approx(0.4705882, abs=1e-7)


def test_top_activations() -> None:
    """Section 8, tests: y = (1, 0), rho 1, target (0.5, 0.5)."""
    w = ridge(Z, Y, 1.0)
    goal = torch.tensor([[0.5, 0.5]], dtype=torch.float64)
    z = top_activations(Y[:1], w, goal, 1.0)
    assert z[0].tolist() == pytest.approx([0.801927, 0.497859], abs=1e-6)


def test_top_activations_are_the_minimum() -> None:
    """The gradient of 1/2 |y - z W|^2 + rho/2 |z - goal|^2 is 0."""
    generator = torch.Generator().manual_seed(0)
    y, w, goal = (
        torch.randn(shape, generator=generator, dtype=torch.float64) for shape in ((6, 3), (4, 3), (6, 4))
    )
    z = top_activations(y, w, goal, 0.3)
    gradient = (z @ w - y) @ w.T + 0.3 * (z - goal)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=1e-12, rtol=0)


def test_one_linear_layer_is_not_ridge() -> None:
    """Section 8, tests: both factors trained give the nuclear-norm solution of weight sqrt(alpha beta).

    On features that are the identity it shrinks every singular value of Y by sqrt(alpha beta).
    """
    generator = torch.Generator().manual_seed(0)
    y = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    alpha, beta = 0.1, 0.4
    theta = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    for _ in range(2000):
        w = ridge(theta, y, alpha)
        theta = ridge(w.T, y.T, beta).T
    left, values, right = torch.linalg.svd(y, full_matrices=False)
    shrunk = (values - (alpha * beta) ** 0.5).clamp(min=0)
    torch.testing.assert_close(theta @ w, left @ torch.diag(shrunk) @ right, atol=1e-6, rtol=0)


def classes_known(method: VDSH, train: TrainSet) -> float:
    """Share of images whose class is the largest output, through the forward pass alone."""
    with torch.no_grad():
        scores = method.classifier(torch.tanh(method.eval()(train.features)))
    return float((scores.argmax(dim=1) == train.labels.int().argmax(dim=1)).float().mean())


def fitted(blobs: TrainSet, rounds: int) -> VDSH:
    torch.manual_seed(0)
    method = VDSH(8, 20, 3, VDSHParams(admm_rounds=rounds))
    method.before_fit(blobs)
    return method


def test_rounds_of_admm_teach_the_network_itself(blobs: TrainSet) -> None:
    """Section 8, pitfalls: the primal residual stays small, so the forward pass learns what z learns."""
    y = 2 * blobs.labels.float() - 1
    untrained, trained = fitted(blobs, 0), fitted(blobs, 30)
    assert len(untrained.residuals) == 0
    assert len(trained.residuals) == 30
    assert bool((trained.residuals > 0).all())
    assert float(trained.residuals[-1]) < 0.1
    losses = []
    for method in (untrained, trained):
        with torch.no_grad():
            z = torch.tanh(method.eval()(blobs.features))
            losses.append(float(regression_loss(z, y, ridge(z, y, 1e-3))))
    assert losses[1] < 0.75 * losses[0]
    assert classes_known(trained, blobs) > 0.9 > classes_known(untrained, blobs)


def test_layers_that_agree_stay_when_the_goal_is_reached() -> None:
    """Targets that a linear map of the first outputs gives: no residual arises, the weights hardly move."""
    torch.manual_seed(0)
    block = nn.Sequential(nn.Linear(6, 4), nn.Tanh()).double()
    x = torch.randn(50, 6, dtype=torch.float64)
    with torch.no_grad():
        y = block(x) @ torch.randn(4, 2, dtype=torch.float64)
    before = block[0].weight.detach().clone()
    _, residuals = fit_layers([block], x, y, n_rounds=5, rho=1.0)
    assert float(residuals.max()) < 1e-3
    assert float((block[0].weight - before).detach().abs().max()) < 1e-3


def test_targets_and_reduction(blobs: TrainSet) -> None:
    """Section 8, codes: z = tanh u, targets +1 and -1; half the squared error, mean over images."""
    method = fitted(blobs, 0)
    u = torch.randn(4, 8, generator=torch.Generator().manual_seed(2))
    labels = torch.tensor([[1, 0, 0], [0, 1, 0], [1, 0, 1], [0, 0, 0]]).bool()
    y = torch.tensor([[1.0, -1, -1], [-1, 1, -1], [1, -1, 1], [-1, -1, -1]])
    y -= 2 * blobs.labels.float().mean(dim=0) - 1
    term = method.loss(Batch(blobs.features[:4], u, labels, torch.arange(4)))["regression"]
    expected = 0.5 * (method.classifier(torch.tanh(u)) - y).square().sum() / 4
    assert term.item() == pytest.approx(expected.item(), rel=1e-5)


def test_targets_need_no_constant(blobs: TrainSet) -> None:
    """Those of the train split sum to 0 in each class, so that no bit has to carry their mean."""
    method = fitted(blobs, 0)
    sums = method.targets(blobs.labels, blobs.features).sum(dim=0)
    torch.testing.assert_close(sums, torch.zeros(3), atol=1e-3, rtol=0)
    spread = (2 * blobs.labels.float() - 1).var(dim=0, correction=0).sum()
    u = torch.zeros(len(blobs.labels), 8)
    term = method.loss(Batch(blobs.features, u, blobs.labels, torch.arange(len(u))))["regression"]
    assert term.item() == pytest.approx(float(spread) / 2, rel=1e-4)


def test_gradient_by_central_differences() -> None:
    generator = torch.Generator().manual_seed(3)
    u, w = (
        torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
        for shape in ((3, 2), (2, 2))
    )

    def loss(u: Tensor, w: Tensor) -> Tensor:
        return regression_loss(torch.tanh(u), Y, w)

    assert torch.autograd.gradcheck(loss, (u, w))


def test_the_matrix_is_trained_too() -> None:
    method = VDSH(8, 20, 3)
    assert any(p is method.classifier.weight for p in method.parameter_groups(1e-3)[0]["params"])
