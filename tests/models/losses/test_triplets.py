"""Triplets of a batch, against loops; methods/1-pairwise-and-multiwise.md, sections 14 to 17."""

from __future__ import annotations

import torch
from torch import Tensor

from models.losses.triplets import graded_gaps, query_mean, triplet_gaps, triplet_mean


def some_batch() -> tuple[Tensor, Tensor]:
    """Nearness, float (9, 9), and numbers of shared labels, int (9, 9), for unequal classes."""
    generator = torch.Generator().manual_seed(1)
    nearness = torch.randn(9, 9, generator=generator, dtype=torch.float64)
    labels = torch.rand(9, 4, generator=generator) < 0.35
    return nearness, (labels.long() @ labels.long().T)


def slow_triplets(relevance: Tensor) -> list[tuple[int, int, int]]:
    """Every (q, i, j) of three different images in which i is more relevant to q than j, and relevant."""
    r, ids = relevance.tolist(), range(len(relevance))
    return [(q, i, j) for q in ids for i in ids for j in ids if q not in (i, j) and r[q][i] > r[q][j]]


def test_gaps_of_positives_and_negatives() -> None:
    nearness, relevance = some_batch()
    others = ~torch.eye(9, dtype=torch.bool)
    similar = relevance > 0
    triplets = slow_triplets(similar.long())
    gaps, mask, q = triplet_gaps(nearness, similar & others, ~similar & others)
    expected = torch.stack([nearness[a, p] - nearness[a, n] for a, p, n in triplets])
    torch.testing.assert_close(gaps[mask].sort().values, expected.sort().values)
    torch.testing.assert_close(triplet_mean(gaps, mask), expected.mean())
    assert len(q) == len({(a, p) for a, p, _ in triplets})


def test_gaps_of_grades() -> None:
    """Section 17: every pair of the list with r_j < r_i, the relevance 0 included only below."""
    nearness, relevance = some_batch()
    triplets = slow_triplets(relevance)
    assert len({int(relevance[q, i]) for q, i, _ in triplets}) > 1, "the batch should have grades"
    gaps, mask, q, i = graded_gaps(nearness, relevance)
    found = sorted((int(q[line]), int(i[line]), int(j)) for line, j in mask.nonzero())
    assert found == sorted(triplets)
    torch.testing.assert_close(gaps, nearness[q, i][:, None] - nearness[q])


def test_mean_per_query_first() -> None:
    nearness, relevance = some_batch()
    triplets = slow_triplets(relevance)
    gaps, mask, q, _ = graded_gaps(nearness, relevance)
    queries = sorted({a for a, _, _ in triplets})
    means = [
        torch.stack([nearness[a, i] - nearness[a, j] for a, i, j in triplets if a == query]).mean()
        for query in queries
    ]
    assert 2 <= len(queries) < 9, "queries with and without a triplet"
    torch.testing.assert_close(query_mean(gaps, mask, q, 9), torch.stack(means).mean())


def test_no_triplet_is_a_zero_with_a_graph() -> None:
    """Section 0.1: a mean over an empty set."""
    nearness = torch.randn(4, 4, requires_grad=True)
    same, none = torch.ones(4, 4, dtype=torch.bool), torch.zeros(4, 4, dtype=torch.bool)
    gaps, mask, q = triplet_gaps(nearness, same, none)
    total = triplet_mean(gaps, mask) + query_mean(gaps, mask, q, 4)
    gaps, mask, q, _ = graded_gaps(nearness, torch.ones(4, 4))
    total = total + query_mean(gaps, mask, q, 4)
    total.backward()
    assert total.item() == 0 and nearness.grad is not None and bool((nearness.grad == 0).all())
