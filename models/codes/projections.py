"""Projections that several methods start from: principal directions, and the rotation of ITQ.

Source: methods/4-new-directions-and-classic.md, sections F3 to F6.
"""

from __future__ import annotations

import torch
from torch import Tensor

from models.codes.binarize import binarize

# A direction whose variance is a smaller share of the largest one holds rounding noise.
NOISE = 1e-9


def principal_directions(centred: Tensor, n_directions: int) -> Tensor:
    """Directions of the largest variance, largest first; the sign of each is arbitrary.

    The directions that are left over in degenerate features hold rounding noise, which new images would
    amplify: they are set to zero.

    Args:
        centred: float (n, n_features), columns of mean zero; in double precision for more than a few numbers.
        n_directions: at most n_features.

    Returns:
        Orthonormal columns, or zero ones; float (n_features, n_directions).
    """
    variances, vectors = torch.linalg.eigh(centred.T @ centred)  # ascending
    directions = vectors[:, -n_directions:].flip(1)
    kept: Tensor = directions * (variances[-n_directions:].flip(0) > NOISE * variances[-1])
    return kept


def with_fixed_signs(directions: Tensor) -> Tensor:
    """The same directions, each turned so that its largest component is positive (the first of equal ones).

    An eigenvector's sign is arbitrary, and eigensolvers differ in it; distances of codes do not depend on it.

    Args:
        directions: float (n_features, n_directions), a direction per column; zero columns stay zero.
    """
    largest = directions.gather(0, directions.abs().argmax(dim=0, keepdim=True))
    return torch.where(largest < 0, -directions, directions)


def itq_rotation(projected: Tensor, rotation: Tensor, n_iterations: int) -> tuple[Tensor, Tensor]:
    """Improve bits and rotation in turn.

    Args:
        projected: float (n, n_bits), V.
        rotation: float (n_bits, n_bits), orthogonal, to start from.
        n_iterations: how often.

    Returns:
        The rotation, and the objective ||B - V R||^2 after every half-step, float (2 * n_iterations,):
        after the bits, after the rotation. It never rises. Exchanging the two factors of the SVD is the
        classic mistake that only this objective shows, since the ranking hardly suffers.
    """
    objective = []
    for _ in range(n_iterations):
        b = binarize(projected @ rotation)
        objective.append((b - projected @ rotation).square().sum())
        left, _, right = torch.linalg.svd(b.T @ projected)
        rotation = right.T @ left.T
        objective.append((b - projected @ rotation).square().sum())
    return rotation, torch.stack(objective)
