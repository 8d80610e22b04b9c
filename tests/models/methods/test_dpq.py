"""Golden values of methods/3-quantization.md, section 5 (DPQ)."""

from __future__ import annotations

import math

import pytest
import torch

from models.errors import ConfigError
from models.methods.base import TrainSet
from models.methods.quantization.dpq import DPQ, centre_distance, choice_gini, usage_gini
from models.networks.codebook_heads import straight_through_choice

# One book of two words, C = I: shares are (3/4, 1/4) and (1/4, 3/4).
LOGITS = torch.tensor([[[math.log(3), 0.0]], [[0.0, math.log(3)]]], dtype=torch.float64)


def test_shares_and_words() -> None:
    """Tests: p, soft = p and hard = rows of I."""
    p = torch.softmax(LOGITS, dim=-1)
    torch.testing.assert_close(p[:, 0], torch.tensor([[0.75, 0.25], [0.25, 0.75]], dtype=torch.float64))
    torch.testing.assert_close(straight_through_choice(p)[:, 0], torch.eye(2, dtype=torch.float64))


def test_gini_terms() -> None:
    """Tests: even use 0.5, both images on one word 0.625, choice -0.625."""
    p = torch.softmax(LOGITS, dim=-1)
    assert float(usage_gini(p.mean(dim=0))) == pytest.approx(0.5)
    assert float(choice_gini(p)) == pytest.approx(-0.625)
    assert float(usage_gini(p[[0, 0]].mean(dim=0))) == pytest.approx(0.625)


def test_centre_term_of_the_first_image() -> None:
    """Tests: O = (1, 0), half of (0.125 + 0) = 0.0625; an image without a label does not count."""
    p = torch.softmax(LOGITS, dim=-1)
    soft, hard = p[:, 0], straight_through_choice(p)[:, 0]
    targets = torch.tensor([[1.0, 0.0], [9.0, 9.0]], dtype=torch.float64)
    assert float(centre_distance(soft, hard, targets, torch.tensor([True, False]))) == pytest.approx(0.0625)


def test_gradient_passes_through_the_choice() -> None:
    """Tests: hard . (1, 0) has the gradient (0.1875, -0.1875) in the first image's scores."""
    logits = LOGITS.clone().requires_grad_()
    hard = straight_through_choice(torch.softmax(logits, dim=-1))[0, 0]
    (hard @ torch.tensor([1.0, 0.0], dtype=torch.float64)).backward()
    assert logits.grad is not None
    torch.testing.assert_close(logits.grad[0, 0], torch.tensor([0.1875, -0.1875], dtype=torch.float64))


def test_even_shares_take_the_first_word() -> None:
    """Section 0.7: ties go to the lowest index."""
    assert straight_through_choice(torch.full((1, 4), 0.25)).tolist() == [[1, 0, 0, 0]]


def test_hard_is_the_decoded_assignment(blobs: TrainSet) -> None:
    """Section 5, structure: stored words are those that training saw, a query is their soft mixture."""
    method = DPQ(16, 20, 3).eval()
    u = method(blobs.features)
    words, index = method.codebooks(), method.assign(u)
    decoded = words[torch.arange(2), index].flatten(1)
    hard = method.books.mixture(straight_through_choice(torch.softmax(method.books(u), dim=-1)))
    torch.testing.assert_close(decoded, hard.detach(), atol=1e-5, rtol=1e-5)
    assert method.embed(u).shape == (120, 2 * 24) and words.shape == (2, 256, 24)


def test_words_are_chosen_by_score_not_by_distance(blobs: TrainSet) -> None:
    """Section 5, FAISS: assigning by distance to the words is another method."""
    method = DPQ(16, 20, 3).eval()
    with torch.no_grad():
        method.books.bias[:, 7] += 100
    assert bool((method.assign(method(blobs.features)) == 7).all())


def test_several_labels_change_the_class_loss(blobs: TrainSet) -> None:
    """Section 5, multi-label: binary cross-entropies instead of one softmax."""
    method = DPQ(8, 20, 3)
    method.before_fit(blobs)
    assert not method.multi_label
    both = blobs.labels.clone()
    both[0] = True
    method.before_fit(TrainSet(blobs.features, both, blobs.generator))
    assert method.multi_label


@pytest.mark.parametrize("n_bits", [0, 12, 36, 264])
def test_lengths_are_whole_bytes(n_bits: int) -> None:
    """Section 0.2: 12 and 36 bits are impossible with 256 words per book."""
    with pytest.raises(ConfigError, match=r"8, 16, 24, 32, 48, 64"):
        DPQ(n_bits, 20, 3)


def test_picture_shares_sum_to_one() -> None:
    """Section 5, structure: hard is the one word with the largest share; larger scores come nearer to it."""
    largest = []
    for frame in DPQ.picture().frames:
        soft, hard = (torch.tensor(curve.y) for curve in frame.series)
        assert float(soft.sum()) == pytest.approx(1, abs=1e-3) and hard.tolist() == [1] + 7 * [0]
        largest.append(float(soft[0]))
    assert largest == sorted(largest) and largest[0] < 0.3 < 0.9 < largest[-1]
