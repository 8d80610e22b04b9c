"""How evenly bits are used, and how far they repeat each other.

Several things are called balance. Here: `bit_balance` asks that each bit be +1 for half of the batch;
`independence` that no two bits say the same.
"""

from __future__ import annotations

import torch
from torch import Tensor


def bit_balance(h: Tensor) -> Tensor:
    """Mean over bits of the squared mean over images, h float (n, n_bits); 0 when every bit is even."""
    return h.mean(dim=0).square().mean()


def independence(h: Tensor) -> Tensor:
    """Squared norm of h^T h / n - I, h float (n, n_bits); can be 0 only for n >= n_bits."""
    gram = h.T @ h / max(len(h), 1)
    return (gram - torch.eye(h.shape[1], dtype=h.dtype, device=h.device)).square().sum()
