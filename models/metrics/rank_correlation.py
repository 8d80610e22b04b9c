"""Do two lists put the same methods on top? Rank correlations; equal values share their mean rank.

Spearman's rho (C. Spearman, Am. J. Psychology 15, 1904) and Kendall's tau-b, which corrects for ties
(M. Kendall, Biometrika 33, 1945). Both from the signs of all differences, which is quick for lists of methods
and needs no SciPy, whose loading takes longer than a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.types import Float64

FEWEST = 3  # with two methods every correlation is 1 or -1


@dataclass(frozen=True)
class RankCorrelation:
    """How far two rankings agree, -1 to 1.

    Attributes:
        n: what both lists name.
        spearman: None when fewer than three are shared, or when a list has only one value; then no order.
        kendall: likewise.
    """

    n: int
    spearman: float | None
    kendall: float | None


def rank_correlation(ours: Mapping[str, float], theirs: Mapping[str, float]) -> RankCorrelation:
    """Correlation of the ranks of what both lists name.

    Args:
        ours: scores by name.
        theirs: likewise; names that only one list has are left out.
    """
    shared = sorted(ours.keys() & theirs.keys())
    pairs = [(ours[name], theirs[name]) for name in shared]
    if len(pairs) < FEWEST or any(len(set(values)) == 1 for values in zip(*pairs, strict=True)):
        return RankCorrelation(len(pairs), None, None)
    left, right = (_signs(np.array(values)) for values in zip(*pairs, strict=True))
    # A row of the signs adds up to twice what its value's mean rank is above the middle.
    rho, tau = _cosine(left.sum(axis=1), right.sum(axis=1)), _cosine(left, right)
    return RankCorrelation(len(pairs), rho, tau)


def _signs(values: Float64) -> Float64:
    """Whether each value is above (1), below (-1) or equal (0) to each other, float64 (n, n)."""
    return np.sign(values[:, None] - values)


def _cosine(a: Float64, b: Float64) -> float:
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))
