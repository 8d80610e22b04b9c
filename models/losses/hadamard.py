"""Hadamard matrices: square, entries +1 and -1, any two rows differ in exactly half of the places."""

from __future__ import annotations

import torch
from torch import Tensor


def hadamard(order: int) -> Tensor | None:
    """A Hadamard matrix of int8, (order, order), or None where the two constructions here have none.

    Sylvester's doubling gives the powers of two; Paley's matrix of a prime q = 3 (mod 4), doubled as often as
    needed, gives 12, 20, 24, 40, 44, 48, ... Row 0 is all ones.
    """
    if order < 1:
        return None
    doublings = (order & -order).bit_length() - 1  # how often 2 divides the order
    for times in range(doublings, -1, -1):
        core = order >> times
        base = torch.ones(1, 1, dtype=torch.int8) if core == 1 else _paley(core)
        if base is not None:
            for _ in range(times):
                base = torch.cat([torch.cat([base, base], 1), torch.cat([base, -base], 1)])
            return base
    return None


def _paley(order: int) -> Tensor | None:
    """Paley's first construction for `order - 1` a prime that leaves 3 when divided by 4, else None.

    Source: methods/2-implicit-and-classification.md, section 11: I + [[0, 1], [-1, X]], where X_ij is 1 if
    i - j is a non-zero square modulo q, 0 if i = j, else -1.
    """
    q = order - 1
    if q % 4 != 3 or any(q % divisor == 0 for divisor in range(3, int(q**0.5) + 1, 2)):
        return None
    i = torch.arange(q)
    is_square = torch.zeros(q, dtype=torch.bool)
    is_square[(i * i) % q] = True
    difference = (i[:, None] - i[None, :]) % q
    matrix = torch.ones(order, order, dtype=torch.int8)
    matrix[1:, 0] = -1
    matrix[1:, 1:] = torch.where(is_square[difference], 1, -1).to(torch.int8)
    return matrix
