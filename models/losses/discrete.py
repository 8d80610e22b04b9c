"""Steps on codes that are free variables: solved bit by bit, without a gradient (ADSH, DDSH, MLRDH).

Source: methods/1-pairwise-and-multiwise.md, sections 10 and 13; methods/2-implicit-and-classification.md,
section 10.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def random_codes(n: int, n_bits: int, generator: torch.Generator) -> Tensor:
    """Codes drawn at random, float (n, n_bits), values in {-1, +1}, on the CPU."""
    return 2.0 * torch.randint(0, 2, (n, n_bits), generator=generator) - 1.0


def similar_to(labels: Tensor, others: Tensor) -> Tensor:
    """Whether images of two sets share a label, bool (n, m); labels bool (n, C) and (m, C)."""
    return labels.float() @ others.float().T > 0.5


def soft_negative(similar: Tensor) -> Tensor:
    """Similarity that stands for "dissimilar" so that the targets of a block sum to 0: -n1 / n0, at least -1.

    With few similar pairs it is near 0: dissimilar codes need not be opposite, only unrelated. Below -1 no
    two codes can go, so the quotient ends there; it is -1 as well where a block has one kind of pair only.

    Args:
        similar: bool (n, m), the block: n1 entries are True, n0 are False.

    Returns:
        float scalar.
    """
    n1 = similar.sum()
    n0 = similar.numel() - n1
    return torch.where((n0 > 0) & (n1 > 0), -(n1 / n0.clamp(min=1)).clamp(max=1), -1.0)


def targets(similar: Tensor, negative: float | Tensor, dtype: torch.dtype) -> Tensor:
    """Target similarity of each pair: 1 where `similar`, else `negative`; float, of the same shape."""
    return torch.where(similar, 1.0, negative).to(dtype)


def bitwise_descent(
    codes: Tensor, linear: Tensor, gram: Tensor, *, n_sweeps: int = 1, zero_gives_minus: bool = False
) -> Tensor:
    """Lower f(B) = sum over rows of b' G b - 2 p' b, one bit (column of B) at a time.

    With all other columns fixed, each bit has a best value of its own: the sign of p_k - (sum over l != k of
    G_lk b_l). Columns are visited in order, each with the newest values of the others, so f never rises.
    The diagonal of G adds a constant and is not read. Computed in double precision.

    Args:
        codes: float (n, n_bits), values in {-1, +1}; not changed.
        linear: float (n, n_bits), P.
        gram: float (n_bits, n_bits), G, symmetric.
        n_sweeps: how often all columns are visited; stops early when a sweep changes nothing.
        zero_gives_minus: an argument of exactly 0, where both values are equally good, gives -1; otherwise
            it keeps the old bit.

    Returns:
        float (n, n_bits), values in {-1, +1}.
    """
    # Columns become contiguous rows; small problems are solved many times, and NumPy's calls cost least.
    b, p, g = (np.ascontiguousarray(t.detach().cpu().double().numpy().T) for t in (codes, linear, gram))
    g = g * (1.0 - np.eye(len(g)))
    b = b.copy()
    for _ in range(n_sweeps):
        before = b.copy()
        for k in range(len(b)):
            argument = p[k] - g[k] @ b
            at_zero = -1.0 if zero_gives_minus else b[k]
            b[k] = np.where(argument > 0, 1.0, np.where(argument < 0, -1.0, at_zero))
        if np.array_equal(before, b):
            break
    return torch.from_numpy(b.T.copy()).to(codes)
