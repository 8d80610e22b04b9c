"""From relaxed codes to bits, for tensors. `packing.binarize_array` is the same rule for arrays."""

from __future__ import annotations

import torch
from torch import Tensor


def binarize(u: Tensor) -> Tensor:
    """Binary code of a relaxed code: +1 where u >= 0, -1 elsewhere, so that 0 (and -0.0) gives +1.

    `torch.sign` would give 0 at 0: a third code value, and half-integer Hamming distances.

    Args:
        u: float, any shape, normally (n, n_bits).

    Returns:
        Values in {-1, +1} of u's shape, dtype and device; carries no gradient.
    """
    return torch.where(u.detach() >= 0, 1.0, -1.0).to(u.dtype)
