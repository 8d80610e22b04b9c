"""From real numbers to bits: the one definition that every method and test uses."""

from __future__ import annotations

import torch
from torch import Tensor


def binarize(u: Tensor) -> Tensor:
    """Sign with two values: +1 where `u >= 0`, else -1, in the dtype and shape of `u`.

    A library sign returns 0 at 0, which is neither bit and makes Hamming distances half-integers
    (methods/2-implicit-and-classification.md, section 0).
    """
    return torch.where(u >= 0, 1.0, -1.0).to(u.dtype)
