"""Every metric by looping over one order, and over all orders that ties allow."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence


def orders(distances: Sequence[float]) -> Iterator[tuple[int, ...]]:
    """Every ranking of the items that is sorted by distance."""
    groups = [[i for i, d in enumerate(distances) if d == level] for level in sorted(set(distances))]
    for parts in itertools.product(*(itertools.permutations(group) for group in groups)):
        yield tuple(itertools.chain.from_iterable(parts))


def over_orders(
    distances: Sequence[float], affinity: Sequence[int], score: Callable[[list[int]], float]
) -> tuple[float, float, float]:
    """Mean, largest and smallest score over all orders; `score` takes the affinities in ranked order."""
    scores = [score([affinity[i] for i in order]) for order in orders(distances)]
    return sum(scores) / len(scores), max(scores), min(scores)


def average_precision(ranked: list[int], k: int, normalize_by: str) -> float:
    """`ranked` holds the affinities in ranked order; relevant is affinity > 0."""
    total, found = 0.0, 0
    for rank, affinity in enumerate(ranked[:k], start=1):
        if affinity > 0:
            found += 1
            total += found / rank
    return total / divisor if (divisor := _divisor(ranked, k, normalize_by)) else 0.0


def weighted_average_precision(ranked: list[int], k: int, normalize_by: str) -> float:
    total, shared = 0.0, 0
    for rank, affinity in enumerate(ranked[:k], start=1):
        shared += affinity
        if affinity > 0:
            total += shared / rank
    return total / divisor if (divisor := _divisor(ranked, k, normalize_by)) else 0.0


def precision_at_k(ranked: list[int], k: int) -> float:
    return sum(a > 0 for a in ranked[:k]) / k


def recall_at_k(ranked: list[int], k: int) -> float:
    relevant = sum(a > 0 for a in ranked)
    return sum(a > 0 for a in ranked[:k]) / relevant if relevant else 0.0


def acg_at_k(ranked: list[int], k: int) -> float:
    return sum(ranked[:k]) / k


def ndcg_at_k(ranked: list[int], k: int) -> float:
    def dcg(affinities: list[int]) -> float:
        return sum((2**a - 1) / math.log2(rank + 1) for rank, a in enumerate(affinities[:k], start=1))

    ideal = dcg(sorted(ranked, reverse=True))
    return dcg(ranked) / ideal if ideal else 0.0


def radius_lookup(
    distances: Sequence[float], affinity: Sequence[int], radius: float
) -> tuple[float, float, bool]:
    """Precision, recall, and whether the ball is empty."""
    inside = [a > 0 for d, a in zip(distances, affinity, strict=True) if d <= radius]
    relevant = sum(a > 0 for a in affinity)
    precision = sum(inside) / len(inside) if inside else 0.0
    return precision, sum(inside) / relevant if relevant else 0.0, not inside


def precision_at_recall(ranked: list[int], recall: float) -> float:
    """For rankings without ties, at recall = j / F: precision at the rank of the j-th relevant item."""
    relevant = sum(a > 0 for a in ranked)
    wanted, found = max(round(recall * relevant), 1), 0
    for rank, affinity in enumerate(ranked, start=1):
        found += affinity > 0
        if found == wanted:
            return found / rank
    raise AssertionError("no relevant item")


def _divisor(ranked: list[int], k: int, normalize_by: str) -> int:
    relevant = sum(a > 0 for a in ranked)
    return {
        "relevant": relevant,
        "min_k_relevant": min(k, relevant),
        "retrieved": sum(a > 0 for a in ranked[:k]),
    }[normalize_by]
