"""Golden values of methods/2-implicit-and-classification.md, section 2 (MIHash)."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from models.losses.histogram import relaxed_hamming, soft_counts
from models.methods.base import Batch
from models.methods.implicit.mihash import MIHash, entropy, mutual_information

PERFECT = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4], dtype=torch.float64)
SOFT = torch.tensor(
    [[0.8, 0.6, 0.4, 0.2], [0.6, 0.8, 0.2, 0.4], [-0.5, -0.5, 0.5, 0.5], [-0.8, -0.2, -0.6, 0.4]],
    dtype=torch.float64,
)


def test_perfect_and_collapsed_codes(pairs_t: Tensor) -> None:
    """Test b: every image knows the entropy of 1/3; identical codes tell nothing."""
    expected = -(1 / 3) * math.log2(1 / 3) - (2 / 3) * math.log2(2 / 3)
    assert expected == pytest.approx(0.9182958, abs=1e-7)
    torch.testing.assert_close(
        mutual_information(PERFECT, pairs_t, 4), torch.full((4,), expected, dtype=torch.float64)
    )
    same = mutual_information(PERFECT[:1].expand(4, 4), pairs_t, 4)
    torch.testing.assert_close(same, torch.zeros(4, dtype=torch.float64), atol=1e-9, rtol=0)


def test_soft_codes(pairs_t: Tensor) -> None:
    """Test c: four and two bins."""
    four = mutual_information(SOFT, pairs_t, 4)
    expected = torch.tensor([0.439597, 0.418812, 0.183659, 0.261295], dtype=torch.float64)
    torch.testing.assert_close(four, expected, atol=1e-6, rtol=0)
    assert float(four.mean()) == pytest.approx(0.3258408, abs=1e-7)
    assert float(mutual_information(SOFT, pairs_t, 2).mean()) == pytest.approx(0.1591825, abs=1e-7)


def test_an_image_as_its_own_negative_would_show(pairs_t: Tensor) -> None:
    """Test b with pitfall 2, through the mixture formula: 0.3788788 instead of 0.9182958."""
    distances = relaxed_hamming(PERFECT)
    others = ~torch.eye(4, dtype=torch.bool)
    positive = soft_counts(distances, pairs_t & others, 4, 4.0)
    negative = soft_counts(distances, ~(pairs_t & others), 4, 4.0)
    p_positive, p_negative = positive / 1, negative / 3
    mixture = p_positive / 3 + 2 * p_negative / 3
    wrong = entropy(mixture) - entropy(p_positive) / 3 - 2 * entropy(p_negative) / 3
    assert float(wrong.mean()) == pytest.approx(0.3788788, abs=1e-7)


def test_a_missing_last_centre_would_show(pairs_t: Tensor) -> None:
    """Test b with pitfall 3: without the centre at n_bits far pairs lose their mass.

    The specification prints 0.5283206; the exact value is log2(3) / 3 = 0.5283208.
    """
    distances = relaxed_hamming(PERFECT)
    others = ~torch.eye(4, dtype=torch.bool)
    p_positive = soft_counts(distances, pairs_t & others, 4, 4.0)[:, :4]
    p_negative = soft_counts(distances, ~pairs_t, 4, 4.0)[:, :4] / 2
    mixture = p_positive / 3 + 2 * p_negative / 3
    wrong = entropy(mixture) - entropy(p_positive) / 3 - 2 * entropy(p_negative) / 3
    assert float(wrong.mean()) == pytest.approx(math.log2(3) / 3, abs=1e-9)


def test_bounded_by_the_entropy_of_the_prior() -> None:
    """Test a: 0 <= I_i <= H(pi_i), for any codes."""
    generator = torch.Generator().manual_seed(2)
    for _ in range(20):
        h = torch.tanh(2 * torch.randn(12, 8, generator=generator, dtype=torch.float64))
        classes = torch.randint(3, (12,), generator=generator)
        s = classes[:, None] == classes[None, :]
        information = mutual_information(h, s, 8)
        prior = ((s.sum(dim=1) - 1) / 11).double()
        bound = entropy(torch.stack([prior, 1 - prior], dim=1))
        assert bool((information >= -1e-9).all()) and bool((information <= bound + 1e-9).all())


def test_gradient_by_central_differences(pairs_t: Tensor) -> None:
    """Section 18 of methods/1: double precision, away from bin centres."""
    h = SOFT.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: mutual_information(x, pairs_t, 4).mean(), h)


def test_squashing_has_the_half() -> None:
    """Section 2, output layer: h = 2 sigmoid(gamma u) - 1 = tanh(gamma u / 2)."""
    u = 2 * torch.atanh(SOFT)
    labels = torch.tensor([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=torch.bool)
    loss = MIHash(4, 4, 2).loss(Batch(u, u, labels, torch.arange(4)))["mutual_information"]
    assert float(loss) == pytest.approx(-0.1591825, abs=1e-7), "two bins at four bits, and h = SOFT"


def test_the_diagonal_is_not_read(pairs_t: Tensor) -> None:
    """Pitfall 2: an image is neither its own similar nor its own dissimilar image, labelled or not."""
    bare = pairs_t & ~torch.eye(4, dtype=torch.bool)
    assert torch.equal(mutual_information(SOFT, bare, 4), mutual_information(SOFT, pairs_t, 4))


def test_picture_parts_the_crowds() -> None:
    """Bars are shares of all images, and the farther the classes are apart the more a distance tells."""
    picture = MIHash.picture()
    assert all(sum(bars.y) == pytest.approx(1, abs=1e-3) for frame in picture.frames for bars in frame.series)
    bits = [float(frame.label.split(", ")[1].split()[0]) for frame in picture.frames]
    assert bits == sorted(bits) and bits[0] < 0.05 < 0.5 < bits[-1]
