"""The relaxed ranking measures of methods/2-implicit-and-classification.md, section 3, against section 1."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from models.losses.ranking import (
    ap_of_counts,
    dcg_of_counts,
    gain,
    ideal_dcg,
    relaxed_ap,
    relaxed_ndcg,
)

# Section 1, tests: distances, shared labels.
DISTANCES = torch.tensor([[0.0, 1, 1, 2, 2, 2]], dtype=torch.float64)
AFFINITY = torch.tensor([[2.0, 1, 0, 0, 1, 0]], dtype=torch.float64)
ALL = torch.ones(1, 6, dtype=torch.bool)


def textbook_ap(relevant: list[bool]) -> float:
    """Average precision of one order, from the definition."""
    hits = [sum(relevant[: t + 1]) / (t + 1) for t in range(len(relevant)) if relevant[t]]
    return sum(hits) / len(hits)


def textbook_dcg(affinity: list[float]) -> float:
    return sum((2**a - 1) / math.log2(t + 2) for t, a in enumerate(affinity))


def test_hard_counts() -> None:
    """Section 3, test a: AP 0.8, NDCG 0.9538162 for gains (3, 1, 1), from counts and from distances."""
    counts = torch.tensor([[1.0, 2, 3]], dtype=torch.float64)
    similar, gains = torch.ones_like(counts), torch.tensor([[3.0, 1, 1]], dtype=torch.float64)
    assert float(ap_of_counts(similar, counts)) == pytest.approx(0.8, abs=1e-12)
    best = float(ideal_dcg(gain(AFFINITY)))
    assert best == pytest.approx(4.1309298, abs=1e-7), "section 1"
    assert float(dcg_of_counts(gains, counts)) / best == pytest.approx(0.9538162, abs=1e-7)
    assert float(relaxed_ap(DISTANCES, AFFINITY > 0, ALL, 2, 2.0)) == pytest.approx(0.8, abs=1e-12)
    assert float(relaxed_ndcg(DISTANCES, AFFINITY, ALL, 2, 2.0)) == pytest.approx(0.9538162, abs=1e-7)


def test_near_the_exact_value_of_ties() -> None:
    """Section 3, test a: the mean over all orders of the ties is 0.8166667 and 0.9578256 (section 1)."""
    aps, dcgs = [], []
    for second in itertools.permutations([1, 2]):
        for third in itertools.permutations([3, 4, 5]):
            order = [float(AFFINITY[0, j]) for j in (0, *second, *third)]
            aps.append(textbook_ap([a > 0 for a in order]))
            dcgs.append(textbook_dcg(order))
    exact_ap, exact_ndcg = sum(aps) / 12, sum(dcgs) / 12 / 4.1309298
    assert exact_ap == pytest.approx(0.8166667, abs=1e-7) and exact_ndcg == pytest.approx(0.9578256, abs=1e-7)
    assert abs(float(relaxed_ap(DISTANCES, AFFINITY > 0, ALL, 2, 2.0)) - exact_ap) < 0.02
    assert abs(float(relaxed_ndcg(DISTANCES, AFFINITY, ALL, 2, 2.0)) - exact_ndcg) < 0.01


def test_exact_where_no_bin_holds_two() -> None:
    """Section 3: exact when every bin that is not empty holds one item."""
    generator = torch.Generator().manual_seed(4)
    for _ in range(20):
        rows = torch.randperm(13, generator=generator)[:7][None].double()
        affinity = torch.randint(4, (1, 7), generator=generator).double()
        affinity[0, 0] = 1
        order = affinity[0, rows[0].argsort()].tolist()
        best = textbook_dcg(sorted(order, reverse=True))
        ones = torch.ones(1, 7, dtype=torch.bool)
        ap, ndcg = (
            relaxed_ap(rows, affinity > 0, ones, 12, 12.0),
            relaxed_ndcg(rows, affinity, ones, 12, 12.0),
        )
        assert float(ap) == pytest.approx(textbook_ap([a > 0 for a in order]))
        assert float(ndcg) == pytest.approx(textbook_dcg(order) / best)


def test_ndcg_can_pass_one() -> None:
    """Section 3: one positive alone, halfway between the first two bins: 1.0466842."""
    one = torch.ones(1, 1, dtype=torch.float64)
    assert float(relaxed_ndcg(0.5 * one, one, one.bool(), 4, 4.0)) == pytest.approx(1.0466842, abs=1e-7)


def test_ap_never_passes_one() -> None:
    """Section 3: AP is at most 1."""
    generator = torch.Generator().manual_seed(5)
    rows = 8 * torch.rand(200, 9, generator=generator, dtype=torch.float64)
    similar = torch.rand(200, 9, generator=generator) < 0.4
    ap = relaxed_ap(rows, similar, torch.ones_like(similar), 8, 8.0)
    assert bool((ap <= 1 + 1e-12).all()) and bool((ap >= 0).all()) and float(ap.max()) > 0.9


@pytest.mark.parametrize("others", [ALL, torch.zeros_like(ALL)])
def test_nothing_similar_counts_as_zero(others: Tensor) -> None:
    """Section 3, pitfall 3: no 0/0, neither in the value nor in the gradient."""
    rows = DISTANCES.clone().requires_grad_()
    none = torch.zeros_like(DISTANCES)
    total = relaxed_ap(rows, none > 0, others, 2, 2.0) + relaxed_ndcg(rows, none, others, 2, 2.0)
    total.sum().backward()
    assert total.item() == 0 and rows.grad is not None and bool((rows.grad == 0).all())
