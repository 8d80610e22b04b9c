"""Training a fully connected network layer by layer, without back-propagation through it (VDSH).

The activations z of all layers become variables of their own. A penalty pulls each towards what its layer
makes of the activations below; scaled duals p add up what still disagrees (ADMM). Not convex, so nothing
guarantees an end: look at the residuals.

Source: methods/2-implicit-and-classification.md, section 8.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

INNER_STEPS = 5  # gradient steps on the activations, and on the weights, of a layer in a round
ALPHA, BETA = 1e-3, 1e-3  # decay of W and of the layers' weights; data terms are sums over images


def ridge(z: Tensor, y: Tensor, alpha: float) -> Tensor:
    """Step 1: the W that minimises |Y - Z W|^2 / 2 + alpha |W|^2 / 2, float (width, n_targets).

    Args:
        z: float (n, width), activations.
        y: float (n, n_targets).
        alpha: above 0.
    """
    gram = z.T @ z + alpha * torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
    w: Tensor = torch.linalg.solve(gram, z.T @ y)
    return w


def top_activations(y: Tensor, w: Tensor, goal: Tensor, rho: float) -> Tensor:
    """Step 2: the z, float (n, width), that minimise |y - z W|^2 / 2 + rho |z - goal|^2 / 2."""
    matrix = w @ w.T + rho * torch.eye(len(w), dtype=w.dtype, device=w.device)
    z: Tensor = torch.linalg.solve(matrix, (y @ w.T + rho * goal).T).T
    return z


def fit_layers(
    blocks: Sequence[nn.Sequential], x: Tensor, y: Tensor, n_rounds: int, rho: float
) -> tuple[Tensor, Tensor]:
    """Train `blocks`, in place, so that a linear map of the last activations gives y.

    Args:
        blocks: each a linear layer and its activation, bottom to top.
        x: float (n, n_features).
        y: float (n, n_targets).
        n_rounds: rounds of W, activations, weights, duals.
        rho: penalty of layers that disagree.

    Returns:
        W, float (width, n_targets), the ridge regression on what the trained network really puts out; and
        after each round the residual, the norm of z - phi(.) over that of z, all layers together.
    """
    z = _activations(blocks, x)
    duals, residuals = [torch.zeros_like(v) for v in z], []
    for _ in range(n_rounds):
        w = ridge(z[-1], y, ALPHA)
        with torch.no_grad():
            z[-1] = top_activations(y, w, blocks[-1](z[-2]) - duals[-1], rho)
        for m in range(len(blocks) - 1, 0, -1):
            _move_activations(blocks, z, duals, m)
        for m, block in enumerate(blocks, start=1):
            _move_weights(block, z[m - 1], z[m] + duals[m], rho)
        gaps = [torch.zeros_like(x)]
        with torch.no_grad():
            gaps += [z[m] - block(z[m - 1]) for m, block in enumerate(blocks, start=1)]
        duals = [dual + gap for dual, gap in zip(duals, gaps, strict=True)]
        norms = [torch.stack([v.norm() for v in values[1:]]).norm() for values in (gaps, z)]
        residuals.append(norms[0] / norms[1].clamp(min=1e-12))
    return ridge(_activations(blocks, x)[-1], y, ALPHA), torch.stack(residuals)


@torch.no_grad()
def _activations(blocks: Sequence[nn.Sequential], x: Tensor) -> list[Tensor]:
    """x and the activations of every layer: the forward pass."""
    z = [x]
    for block in blocks:
        z.append(block(z[-1]))
    return z


def _move_activations(blocks: Sequence[nn.Sequential], z: list[Tensor], duals: list[Tensor], m: int) -> None:
    """Step 3: gradient steps on z[m], on the penalties of its own layer and of the one above."""
    with torch.no_grad():
        goal = blocks[m - 1](z[m - 1]) - duals[m]
        rate = 1 / (1 + torch.linalg.matrix_norm(_linear(blocks[m]).weight, 2).square())
    for _ in range(INNER_STEPS):
        v = z[m].clone().requires_grad_()
        above = z[m + 1] + duals[m + 1] - blocks[m](v)
        value = 0.5 * ((v - goal).square().sum() + above.square().sum())
        z[m] = z[m] - rate * torch.autograd.grad(value, v)[0]


def _move_weights(block: nn.Sequential, below: Tensor, goal: Tensor, rho: float) -> None:
    """Step 4: gradient steps on a layer's weights, on its own penalty and their decay."""
    weights = list(block.parameters())
    rate = 1 / (len(below) + torch.linalg.matrix_norm(below, 2).square() + BETA / rho)
    for _ in range(INNER_STEPS):
        decay = BETA / rho * _linear(block).weight.square().sum()
        gradients = torch.autograd.grad(0.5 * ((goal - block(below)).square().sum() + decay), weights)
        with torch.no_grad():
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.sub_(rate * gradient)


def _linear(block: nn.Sequential) -> nn.Linear:
    layer = block[0]
    assert isinstance(layer, nn.Linear)
    return layer
