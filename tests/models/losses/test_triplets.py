"""Triplets of a batch, against loops; methods/1-pairwise-and-multiwise.md, sections 14 to 17."""

from __future__ import annotations

import torch
from torch import Tensor

from models.losses.triplets import hinge_sums, query_mean, triplet_gaps, triplet_hinge

OTHERS = ~torch.eye(9, dtype=torch.bool)


def some_batch() -> tuple[Tensor, Tensor]:
    """Distances or nearness, float (9, 9), and similar pairs, bool (9, 9), of unequal classes."""
    generator = torch.Generator().manual_seed(1)
    nearness = torch.randn(9, 9, generator=generator, dtype=torch.float64)
    labels = torch.rand(9, 4, generator=generator) < 0.35
    return nearness, labels.float() @ labels.float().T > 0


def slow_triplets(similar: Tensor) -> list[tuple[int, int, int]]:
    """Every (q, p, n) of three different images in which p is similar to q and n is not."""
    s, ids = similar.tolist(), range(len(similar))
    return [(q, p, n) for q in ids for p in ids for n in ids if q not in (p, n) and s[q][p] and not s[q][n]]


def test_gaps_of_positives_and_negatives() -> None:
    nearness, similar = some_batch()
    triplets = slow_triplets(similar)
    gaps, mask, q = triplet_gaps(nearness, similar & OTHERS, ~similar & OTHERS)
    expected = torch.stack([nearness[a, p] - nearness[a, n] for a, p, n in triplets])
    torch.testing.assert_close(gaps[mask].sort().values, expected.sort().values)
    assert len(q) == len({(a, p) for a, p, _ in triplets})


def test_mean_per_query_first() -> None:
    nearness, similar = some_batch()
    triplets = slow_triplets(similar)
    gaps, mask, q = triplet_gaps(nearness, similar & OTHERS, ~similar & OTHERS)
    queries = sorted({a for a, _, _ in triplets})
    means = [
        torch.stack([nearness[a, i] - nearness[a, j] for a, i, j in triplets if a == query]).mean()
        for query in queries
    ]
    assert 2 <= len(queries) < 9, "queries with and without a triplet"
    torch.testing.assert_close(query_mean(gaps, mask, q, 9), torch.stack(means).mean())


def test_hinge_equals_the_loop() -> None:
    """Section 14: mean over all triplets; also where every triplet is active, and where none is."""
    distances, similar = some_batch()
    triplets = slow_triplets(similar)
    active = []
    for margin in (-20.0, -0.5, 0.0, 1.0, 20.0):
        gaps = torch.stack([margin + distances[q, p] - distances[q, n] for q, p, n in triplets])
        found = triplet_hinge(distances, similar & OTHERS, ~similar & OTHERS, margin)
        torch.testing.assert_close(found, gaps.clamp(min=0).mean())
        active.append(float((gaps > 0).double().mean()))
    assert active[0] == 0 and 0 < active[2] < 1 and active[-1] == 1


def test_hinge_has_the_loop_s_gradient() -> None:
    """Section 18, check 8: central differences, away from the kink."""
    distances, similar = some_batch()
    distances.requires_grad_()
    assert torch.autograd.gradcheck(lambda d: hinge_sums(d, ~similar & OTHERS, 0.3 + d), distances)


def test_a_negative_at_the_edge_adds_nothing() -> None:
    distances = torch.tensor([[0.0, 1.0, 2.0, 2.0]])
    negative = torch.tensor([[False, False, True, True]])
    reach = torch.tensor([[1.5, 2.0, 2.5, -9.0]])
    assert hinge_sums(distances, negative, reach).tolist() == [[0, 0, 1, 0]]


def test_no_triplet_is_a_zero_with_a_graph() -> None:
    """Section 0.1: a mean over an empty set."""
    nearness = torch.randn(4, 4, requires_grad=True)
    same, none = torch.ones(4, 4, dtype=torch.bool), torch.zeros(4, 4, dtype=torch.bool)
    gaps, mask, q = triplet_gaps(nearness, same, none)
    total = query_mean(gaps, mask, q, 4) + triplet_hinge(nearness, same, none, 1.0)
    total.backward()
    assert total.item() == 0 and nearness.grad is not None and bool((nearness.grad == 0).all())
