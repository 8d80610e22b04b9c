"""Pair similarities on a sample of columns, and binary quadratic problems solved by flips (COSDISH).

Source: methods/4-new-directions-and-classic.md, section F10.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.types import Float64


def sample_columns(labels: Tensor, n_columns: int, generator: torch.Generator) -> Tensor:
    """Rows of different images, int64 (m,), one of each class first; m is n_columns or the classes, if more.

    Args:
        labels: bool (n, n_classes).
        n_columns: how many are wanted; all images when there are fewer.
        generator: for the draw.
    """
    order = torch.randperm(len(labels), generator=generator).tolist()
    cpu, chosen = labels.cpu(), dict[int, None]()
    for class_of in cpu.T.tolist():
        chosen |= dict.fromkeys([row for row in order if class_of[row]][:1])
    chosen |= dict.fromkeys(order[: max(0, n_columns)])  # the first ones may be among them already
    return torch.tensor(list(chosen)[: max(n_columns, labels.shape[1])])


def weighted(block: Tensor) -> Tensor:
    """A block of S, values +1 and -1, in which both kinds of pairs weigh the same: -1 becomes -r.

    r is the number of similar pairs over that of dissimilar ones; 1 where a kind is missing.
    """
    n_similar, n_other = (block > 0).sum(), (block < 0).sum()
    r = torch.where((n_similar > 0) & (n_other > 0), n_similar / n_other.clamp(min=1), 1.0)
    return torch.where(block > 0, 1.0, -r.to(block))


def flip_descent(beta: Float64, q: Float64, p: Float64) -> Float64:
    """Lower beta' Q beta + beta' p by the best single flip until none helps, float64 (m,).

    Args:
        beta: float64 (m,), values in {-1, +1}; not changed.
        q: float64 (m, m), symmetric with a zero diagonal.
        p: float64 (m,).
    """
    beta = beta.copy()
    product = q @ beta
    while True:
        change = -beta * (4 * product + 2 * p)
        best = int(change.argmin())
        if change[best] > -1e-9 * (1 + np.abs(p).max()):
            return beta
        beta[best] *= -1
        product += 2 * beta[best] * q[:, best]


def improve_sampled(codes: Tensor, block: Tensor, omega: Tensor) -> Tensor:
    """New codes of the sampled images, float64 (m, n_bits), one bit after the other.

    Args:
        codes: float64 (n, n_bits), values in {-1, +1}.
        block: float64 (n, m), weighted columns of S.
        omega: int64 (m,), rows of the sampled images.
    """
    n_bits, others = codes.shape[1], torch.ones(len(codes), dtype=torch.bool)
    others[omega] = False
    b, s = codes[omega].cpu().numpy().copy(), block.cpu().numpy()
    rest, among, between = codes[others.to(codes.device)].cpu().numpy(), s[omega.cpu()], s[others.numpy()]
    left_among, left_between = n_bits * among, n_bits * between  # less what the bits before explain
    for k in range(n_bits):
        q = -2 * left_among * (1 - np.eye(len(b)))
        b[:, k] = flip_descent(b[:, k], q, -2 * left_between.T @ rest[:, k])
        left_among = left_among - np.outer(b[:, k], b[:, k])
        left_between = left_between - np.outer(rest[:, k], b[:, k])
    return torch.from_numpy(b).to(codes)
