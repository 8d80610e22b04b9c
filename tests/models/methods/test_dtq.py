"""Golden values of methods/3-quantization.md, section 3 (DTQ)."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from models.losses.pairs import share_label, squared_distances
from models.methods.base import Batch, TrainSet
from models.methods.quantization import dtq
from models.methods.quantization.dtq import DTQ, DTQParams, hard_triplets, triplet_error

Z = torch.tensor([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]], dtype=torch.float64)
SIMILAR = share_label(torch.tensor([[1, 0], [1, 0], [0, 1]]).bool())


def fitted(blobs: TrainSet, **params: float) -> DTQ:
    torch.manual_seed(0)
    method = DTQ(16, 20, 3, DTQParams(**params))
    method.before_fit(blobs)
    return method


def test_squared_distances_of_the_example() -> None:
    """Section 3, tests: a = (0, 0), p = (1, 1), n = (2, 0): 2 and 4."""
    found = squared_distances(Z)
    assert float(found[0, 1]) == 2 and float(found[0, 2]) == 4


def test_hinge_of_the_example() -> None:
    """Section 3, tests: margin 1 gives 0, margin 3 gives 1 with a as the query; p as the query gives 3."""
    # With p as the query the dissimilar image is at squared distance 2, like a: the hinge is the margin.
    assert hard_triplets(squared_distances(Z), SIMILAR, 1.0).tolist() == [[1, 0, 2]]
    assert float(triplet_error(Z, SIMILAR, 1.0)) == pytest.approx(1.0)
    assert hard_triplets(squared_distances(Z), SIMILAR, 3.0).tolist() == [[0, 1, 2], [1, 0, 2]]
    assert float(triplet_error(Z, SIMILAR, 3.0)) == pytest.approx((1 + 3) / 2)


@pytest.mark.parametrize("most", [30, 10**6])
def test_every_triplet_is_hard(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Section 3, tests: positives share a label, negatives share none, the hinge is positive."""
    monkeypatch.setattr(dtq, "MOST_PAIRS", most)
    generator = torch.Generator().manual_seed(2)
    z = torch.randn(40, 5, generator=generator)
    labels = torch.rand(40, 6, generator=generator) < 0.2
    similar, distances = share_label(labels), squared_distances(z)
    found = hard_triplets(distances, similar, 2.0)
    a, p, n = found.T
    assert bool((labels[a] & labels[p]).any(dim=1).all()) and bool((a != p).all())
    assert not bool((labels[a] & labels[n]).any(dim=1).any())
    assert bool((2.0 + distances[a, p] - distances[a, n] > 0).all())
    assert 0 < len(found) <= most
    assert len(torch.unique(found[:, :2], dim=0)) == len(found), "one per pair"


def test_a_pair_without_a_hard_image_is_skipped() -> None:
    """Section 3, mining: none, skip the pair."""
    far = Z.clone()
    far[2] = 100
    assert len(hard_triplets(squared_distances(far), SIMILAR, 3.0)) == 0
    assert float(triplet_error(far.requires_grad_(), SIMILAR, 3.0).detach()) == 0


def test_dissimilar_images_are_drawn_at_random() -> None:
    """Section 3, mining: one random image among the hard ones, each equally often."""
    torch.manual_seed(0)
    similar = share_label(torch.tensor([[1, 0], [1, 0], [0, 1], [0, 1]]).bool())
    distances = torch.zeros(4, 4)
    drawn = torch.cat([hard_triplets(distances, similar, 1.0) for _ in range(200)])
    share = float((drawn[drawn[:, 0] == 0][:, 2] == 2).double().mean())
    assert share == pytest.approx(0.5, abs=0.15)


def test_gradient_of_the_triplets() -> None:
    """Section 18, gradient: central differences, with one dissimilar image so that nothing is random."""
    torch.manual_seed(0)
    z = torch.randn(3, 4, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: triplet_error(x, SIMILAR, 9.0), (z,))


def test_default_margin_is_that_of_64_outputs() -> None:
    """Section 3: 0.47 D reproduces 30 at 64 outputs."""
    assert DTQParams().margin * 64 == pytest.approx(30, abs=0.1)


def test_words_follow_after_each_epoch(blobs: TrainSet) -> None:
    """Section 3, books: codes, then words, on the outputs of the epoch; weight 0 at first."""
    method = fitted(blobs, weight=1.0)
    u = method.eval()(blobs.features).detach()
    batch = Batch(blobs.features, 2 * u + 1, blobs.labels, torch.arange(120))
    method.before_epoch(0, 30)
    assert float(method.loss(batch)["quantization"]) == 0
    method.before_epoch(3, 30)
    before = method.loss(batch)["quantization"].item()
    for _ in range(3):
        method.after_epoch(lambda: 2 * u + 1)
    assert method.loss(batch)["quantization"].item() < 0.5 * before


def test_orthogonal_words_are_an_option(blobs: TrainSet) -> None:
    """Section 3: gamma 0 by default; with gamma, words change once more after least squares."""
    plain, spread = fitted(blobs), DTQ(16, 20, 3, DTQParams(orthogonal=1e-3))
    u = plain.eval()(blobs.features).detach()
    for method in (plain, spread):
        method.books.start(torch.tanh(u), torch.Generator().manual_seed(4))
    assert torch.equal(plain.codebooks(), spread.codebooks())
    plain.after_epoch(lambda: u)
    spread.after_epoch(lambda: u)
    assert not torch.equal(plain.codebooks(), spread.codebooks())
    assert bool(torch.isfinite(spread.codebooks()).all())


def test_search_is_by_inner_product(blobs: TrainSet) -> None:
    """Section 3, search: sums of words, inner product with the output itself."""
    method = fitted(blobs)
    u = method.eval()(blobs.features)
    assert (method.structure, method.metric) == ("additive", "ip")
    torch.testing.assert_close(method.embed(u), torch.tanh(u))
    assert method.codebooks().shape == (2, 256, 48)


def test_picture_falls_with_distance() -> None:
    """A dissimilar image farther away never costs more, and a wider margin never costs less."""
    curves = [frame.series[0].y for frame in DTQ.picture().frames]
    assert all(list(y) == sorted(y, reverse=True) for y in curves)
    for low, high in pairwise(curves):
        assert all(a <= b for a, b in zip(low, high, strict=True)) and low != high
