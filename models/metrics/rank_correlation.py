"""Do two lists put the same methods on top? Rank correlations; equal values share their mean rank.

Spearman's rho (C. Spearman, Am. J. Psychology 15, 1904) and Kendall's tau-b, which corrects for ties
(M. Kendall, Biometrika 33, 1945). SciPy is loaded when a correlation is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
    from scipy.stats import kendalltau, spearmanr

    left, right = zip(*pairs, strict=True)
    rho, tau = spearmanr(left, right).statistic, kendalltau(left, right).statistic
    return RankCorrelation(len(pairs), float(rho), float(tau))
