"""Golden values of methods/3-quantization.md, section 2 (DQN)."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from models.errors import ConfigError
from models.losses.codebooks import concatenated, nearest_words
from models.losses.pairs import share_label
from models.methods.base import Batch, TrainSet
from models.methods.quantization.dqn import DQN, DQNParams, cosines, pair_error, word_error

Z = torch.tensor([[3.0, 4.0], [4.0, 3.0], [-3.0, 4.0]], dtype=torch.float64)
SIMILAR = share_label(torch.tensor([[1, 0], [1, 0], [0, 1]]).bool())


def fitted(blobs: TrainSet, n_bits: int = 16, **params: float) -> DQN:
    torch.manual_seed(0)
    method = DQN(n_bits, 20, 3, DQNParams(**params))
    method.before_fit(blobs)
    return method


def batch_of(method: DQN, blobs: TrainSet) -> Batch:
    u = method.eval()(blobs.features)
    return Batch(blobs.features, u, blobs.labels, torch.arange(len(u)))


def test_cosines_and_their_error() -> None:
    """Section 2, tests: cosines 0.96, 0.28, 0; sum over pairs 2.64; mean over ordered pairs 0.88."""
    found = cosines(Z)
    assert [float(found[0, 1]), float(found[1, 2]), float(found[0, 2])] == pytest.approx(
        [0.96, 0.0, 0.28], abs=1e-12
    )
    assert float(pair_error(Z, SIMILAR)) == pytest.approx(0.88)
    assert float(pair_error(Z, SIMILAR)) * 6 / 2 == pytest.approx(2.64)


def test_length_of_outputs_plays_no_part() -> None:
    """Section 2, tests: the first term is the same for a_i z_i with a_i > 0."""
    scaled = torch.tensor([[0.5], [7.0], [100.0]], dtype=torch.float64) * Z
    assert float(pair_error(scaled, SIMILAR)) == pytest.approx(0.88)


def test_distance_to_the_words() -> None:
    """Section 2, tests: 1.3 for the example of section 0.7; words are constants."""
    words = torch.tensor([[[0.0, 0.0], [2.0, 2.0]], [[1.0, 0.0], [0.0, 1.0]]], dtype=torch.float64)
    x = torch.tensor([[1.5, 1.0, 0.2, 0.9]], dtype=torch.float64, requires_grad=True)
    decoded = concatenated(words, nearest_words(x.detach(), words)).requires_grad_()
    loss = word_error(x, decoded)
    loss.backward()
    assert loss.item() == pytest.approx(1.3) and decoded.grad is None
    torch.testing.assert_close(x.grad, 2 * (x.detach() - decoded.detach()))


def test_gradient_of_the_pair_error() -> None:
    """Section 18, gradient: central differences, also near the origin."""
    torch.manual_seed(1)
    for size in (1.0, 1e-2):
        z = (size * torch.randn(3, 4, dtype=torch.float64)).requires_grad_()
        assert torch.autograd.gradcheck(lambda x: pair_error(x, SIMILAR), (z,), eps=1e-8, atol=1e-4)


def test_outputs_of_zero_have_no_cosine() -> None:
    """Section 2, pitfalls: zero outputs give NaN without care; here a bounded gradient."""
    z = torch.zeros(3, 4, requires_grad=True)
    pair_error(z, SIMILAR).backward()
    assert z.grad is not None and bool(torch.isfinite(z.grad).all())


def test_words_wait_until_outputs_have_settled(blobs: TrainSet) -> None:
    """Section 2, pitfalls: the warm-up; section 0.8: three epochs without words."""
    method = fitted(blobs, weight=0.5)
    method.books.words = method.books.words + 0.1
    batch = batch_of(method, blobs)
    # The untrained network's outputs were the words, and every word moved by 0.1 in 96 numbers.
    expected = 0.5 * 96 * 0.1**2
    for epoch, weighted in ((0, 0.0), (2, 0.0), (3, expected), (29, expected)):
        method.before_epoch(epoch, 30)
        assert method.loss(batch)["quantization"].item() == pytest.approx(weighted, rel=1e-4)


def test_words_follow_the_outputs_after_an_epoch(blobs: TrainSet) -> None:
    """Section 2, books: k-means per slice on the outputs, codes of the next epoch are their nearest words."""
    method = fitted(blobs)
    method.books.words = method.books.words[:, :16].contiguous()  # fewer words than images
    u = 0.5 * torch.randn(120, 96, generator=torch.Generator().manual_seed(1)) + 1
    before = torch.tanh(u) - concatenated(method.books.words, method.assign(u))
    method.after_epoch(lambda: u)
    after = torch.tanh(u) - concatenated(method.books.words, method.assign(u))
    assert float(after.square().sum()) < 0.5 * float(before.square().sum())
    assert torch.equal(method.books.codes, method.assign(u))


def test_rows_find_their_own_words(blobs: TrainSet) -> None:
    """The distance of a batch is that to the words of its own train images."""
    method = fitted(blobs, weight=1.0)
    method.before_epoch(5, 30)
    rows = torch.tensor([9, 4, 77])
    u = method.eval()(blobs.features[rows])
    found = method.loss(Batch(blobs.features[rows], u, blobs.labels[rows], rows))["quantization"]
    decoded = method.books.decoded(torch.arange(120))[rows]
    assert found.item() == pytest.approx(word_error(torch.tanh(u), decoded).item())


def test_queries_stay_as_they_are(blobs: TrainSet) -> None:
    """Section 2, search: an unquantised query against decoded words, by squared distance."""
    method = fitted(blobs)
    u = method.eval()(blobs.features)
    assert method.metric == "l2" and method.structure == "product"
    torch.testing.assert_close(method.embed(u), torch.tanh(u))


def test_training_separates_classes(blobs: TrainSet) -> None:
    """After training, cosines of one class are higher than those between classes."""
    method = fitted(blobs)
    optimizer = torch.optim.AdamW(method.parameters(), lr=3e-3)
    for _ in range(30):
        batch = Batch(blobs.features, method.train()(blobs.features), blobs.labels, torch.arange(120))
        loss = torch.stack(list(method.loss(batch).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = cosines(F.normalize(method.embed(method.eval()(blobs.features)).detach()))
    similar = share_label(blobs.labels)
    assert float(found[similar].mean()) > 0.8 > 0.0 > float(found[~similar].mean())


@pytest.mark.parametrize(("n_bits", "width"), [(8, 96), (24, 32), (40, 19), (64, 12), (128, 6), (256, 3)])
def test_every_book_has_a_slice_of_equal_width(n_bits: int, width: int) -> None:
    """Section 0.2: slices of equal width; all of them hold at most 96 numbers."""
    method = DQN(n_bits, 20, 3)
    assert method.codebooks().shape == (n_bits // 8, 256, width)
    assert method(torch.zeros(2, 20)).shape == (2, n_bits // 8 * width)


@pytest.mark.parametrize("n_bits", [0, 12, 36, 264])
def test_lengths_are_whole_bytes(n_bits: int) -> None:
    """Section 2, pitfalls: 12 is not a multiple of 8."""
    with pytest.raises(ConfigError, match=r"8, 16, 24, 32, 48, 64"):
        DQN(n_bits, 20, 3)


def test_picture_falls_to_zero() -> None:
    starts = []
    for frame in DQN.picture().frames:
        y = frame.series[0].y
        assert list(y) == sorted(y, reverse=True) and y[-1] == pytest.approx(0, abs=1e-6)
        starts.append(y[0])
    assert starts == sorted(starts, reverse=True)
