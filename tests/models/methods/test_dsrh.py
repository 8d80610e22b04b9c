"""Golden values of methods/1-pairwise-and-multiwise.md, section 17 (DSRH), and laws of section 18."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.losses.histogram import relaxed_hamming
from models.losses.ranking import gain, ideal_dcg
from models.methods.base import Batch
from models.methods.multiwise.dsrh import DSRH, dsrh_loss, ranking_loss

# Section 17, test 1: the query's code and labels first, then the database's.
CODES = torch.tensor([[1.0, 1, -1, 1], [1, 1, 1, -1], [1, 1, -1, 1], [1, -1, -1, 1]], dtype=torch.float64)
LABELS = torch.tensor([[1.0, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=torch.float64)


def of_the_query(codes: Tensor, relevance: Tensor, margin: float = 1.0) -> tuple[float, int]:
    """L_q of the first image and the number of its pairs."""
    others = ~torch.eye(len(codes), dtype=torch.bool)
    total, n_pairs = ranking_loss(relaxed_hamming(codes), relevance, others, margin)
    return float(total[0]), int(n_pairs[0])


def test_the_list_of_one_query() -> None:
    """Section 17, test 1: grades 2, 1, 0, distances 2, 0, 1, Z = 3.630930, loss 3.304939 of three pairs."""
    relevance = LABELS @ LABELS.T
    assert relevance[0, 1:].tolist() == [2, 1, 0]
    assert relaxed_hamming(CODES)[0, 1:].tolist() == [2, 0, 1]
    assert float(ideal_dcg(gain(relevance[:1, 1:]))) == pytest.approx(3.630930, abs=1e-6)
    loss, n_pairs = of_the_query(CODES, relevance)
    assert loss == pytest.approx(3.304939, abs=1e-6) and n_pairs == 3


@pytest.mark.parametrize(
    ("grades", "weight", "hinge"), [((2, 1), 0.550823, 3), ((2, 0), 0.826235, 2), ((1, 0), 0.275412, 0)]
)
def test_each_pair(grades: tuple[int, int], weight: float, hinge: int) -> None:
    """Section 17, test 1: one pair at a time; Z is that of the whole list."""
    images = {2: 1, 1: 2, 0: 3}
    relevance = LABELS @ LABELS.T
    distances = relaxed_hamming(CODES)
    high, low = (images[grade] for grade in grades)
    others = torch.zeros(4, 4, dtype=torch.bool)
    others[0, [high, low]] = True
    total, n_pairs = ranking_loss(distances, relevance, others, 1.0)
    z = float(ideal_dcg(torch.where(others, gain(relevance), 0.0))[0])
    assert float(total[0]) * z / 3.630930 == pytest.approx(weight * hinge, abs=1e-6)
    assert n_pairs.tolist() == [1, 0, 0, 0]


def test_balance() -> None:
    """Section 17, test 2: 0.875 over the four codes, the query's included, for alpha = 1."""
    assert float(dsrh_loss(CODES, LABELS @ LABELS.T, 1.0, 1.0)["balance"]) == pytest.approx(0.875, abs=1e-9)


def test_perfect_order_costs_nothing() -> None:
    """Section 17, test 3: gaps of one bit; a margin of two bits is not met."""
    codes = torch.tensor([[1.0] * 4, [1, 1, 1, -1], [1, 1, -1, -1], [1, -1, -1, -1]])
    relevance = (LABELS @ LABELS.T).float()
    assert of_the_query(codes, relevance)[0] == 0
    assert of_the_query(codes, relevance, margin=2.0)[0] > 0.5


def test_a_bit_flipped_in_all_codes_changes_nothing() -> None:
    """Section 17, test 4, and section 18, check 3: permutations too."""
    relevance = LABELS @ LABELS.T
    flip = torch.tensor([1.0, -1, 1, -1], dtype=torch.float64)
    expected = pytest.approx(3.304939, abs=1e-6)
    assert of_the_query(CODES * flip, relevance)[0] == expected
    assert of_the_query(CODES[:, [3, 1, 0, 2]], relevance)[0] == expected


def test_equals_the_loop_over_all_pairs() -> None:
    """Section 17, formula and defaults: mean over the pairs of a query, then over queries that have one."""
    generator = torch.Generator().manual_seed(3)
    h = torch.tanh(torch.randn(12, 6, generator=generator, dtype=torch.float64))
    labels = (torch.rand(12, 5, generator=generator) < 0.4).double()
    labels[0] = 0  # an image without a label: nothing is relevant to it
    relevance = labels @ labels.T
    assert relevance.fill_diagonal_(0).max() <= 4
    d = relaxed_hamming(h)
    means = []
    for q in range(12):
        rest = [i for i in range(12) if i != q]
        z = ideal_dcg(gain(relevance[q, rest])[None])
        pairs = [
            (2 ** relevance[q, i] - 2 ** relevance[q, j]) / z * (d[q, i] - d[q, j] + 1).clamp(min=0)
            for i in rest
            for j in rest
            if relevance[q, i] > relevance[q, j]
        ]
        if pairs:
            means.append(torch.stack(pairs).mean())
    assert 5 < len(means) < 12
    found = dsrh_loss(h, relevance, 1.0, 0.1)["ranking"]
    assert float(found) == pytest.approx(float(torch.stack(means).mean()))


def test_shared_labels_count_up_to_four() -> None:
    """Section 17, tricks: five and six shared labels are four; the method squashes by tanh, margin 1."""
    u = torch.atanh(0.9 * CODES)
    labels = torch.zeros(4, 8, dtype=torch.bool)
    labels[0], labels[1], labels[2, :5], labels[3, 0] = True, True, True, True
    batch = Batch(u, u, labels, torch.arange(4))
    relevance = labels.double() @ labels.double().T
    assert relevance[0].tolist() == [8, 8, 5, 1]
    expected = dsrh_loss(0.9 * CODES, relevance.clamp(max=4), 1.0, 0.1)
    for name, term in DSRH(4, 4, 8).loss(batch).items():
        assert float(term) == pytest.approx(float(expected[name])), name


def test_one_label_each_is_a_plain_hinge(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 17, pitfall b: one positive per query, so every weight is 1."""
    h = torch.tanh(fixture_t)
    d = relaxed_hamming(h)
    triplets = [(0, 1), (1, 0), (2, 3), (3, 2)]
    hinges = [
        (d[q, p] - d[q, n] + 1).clamp(min=0) for q, p in triplets for n in range(4) if not pairs_t[q, n]
    ]
    found = dsrh_loss(h, pairs_t.double(), 1.0, 0.1)["ranking"]
    assert float(found) == pytest.approx(float(torch.stack(hinges).mean()))


def test_gradient_of_the_distances() -> None:
    """Section 17, gradient: + omega for the higher grade, - omega for the lower, over active pairs."""
    distances = relaxed_hamming(CODES).requires_grad_()
    others = ~torch.eye(4, dtype=torch.bool)
    ranking_loss(distances, LABELS @ LABELS.T, others, 1.5)[0][0].backward()
    assert distances.grad is not None
    expected = [0, 0.550823 + 0.826235, 0.275412 - 0.550823, -0.826235 - 0.275412]
    assert distances.grad[0].tolist() == pytest.approx(expected, abs=2e-6)


def test_gradient_by_central_differences(fixture_t: Tensor) -> None:
    """Section 18, check 8."""
    u = fixture_t.clone().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: torch.stack(list(dsrh_loss(torch.tanh(x), LABELS @ LABELS.T, 1.0, 0.1).values())), u
    )


def test_swapped_codes_cost_more(pairs_t: Tensor) -> None:
    """Section 18, check 2."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4])
    s = pairs_t.float()
    assert dsrh_loss(good, s, 1.0, 0.1)["ranking"] < dsrh_loss(good[[0, 2, 1, 3]], s, 1.0, 0.1)["ranking"] - 1


def test_a_list_without_relevant_images_is_skipped() -> None:
    """Section 17, pitfall a: Z = 0."""
    h = CODES.clone().requires_grad_()
    loss = dsrh_loss(h, torch.zeros(4, 4, dtype=torch.float64), 1.0, 0.0)["ranking"]
    loss.backward()
    assert loss.item() == 0 and h.grad is not None and bool((h.grad == 0).all())
