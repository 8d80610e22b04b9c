"""How far relaxed codes are from bits. All means run over images and bits ("element mean")."""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.codes.binarize import binarize


def squared_error(u: Tensor) -> Tensor:
    """Mean of (u - b)^2, where b is the binary code of u, held constant in the backward pass."""
    return (u - binarize(u)).square().mean()


def log_cosh_error(h: Tensor) -> Tensor:
    """Mean of log cosh(|h| - 1): DHN's smooth stand-in for ||h| - 1|, its slope bounded by 1.

    Written as |x| + softplus(-2|x|) - log 2, because cosh itself overflows in float32 from 89 on.
    """
    x = (h.abs() - 1).abs()
    return (x + F.softplus(-2 * x) - math.log(2)).mean()


def absolute_error(h: Tensor) -> Tensor:
    """Mean of ||h| - 1|."""
    return (h.abs() - 1).abs().mean()


def straight_through_sign(u: Tensor, *, clip: bool = False) -> Tensor:
    """The binary code of u, exactly {-1, +1}, whose backward pass is that of u itself (GreedyHash, DBDH).

    With `clip` the backward pass is that of u limited to [-1, 1]: no gradient where u lies beyond.
    """
    passed = u.clamp(-1, 1) if clip else u
    return binarize(u) + (passed - passed.detach())
