"""Golden values of methods/3-quantization.md, section 7 (SPDAQ)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from models.codes.asymmetric import asymmetric_distances
from models.errors import ConfigError
from models.index import AdcFlat
from models.losses.additive import decode, encode, improve_codes
from models.losses.discrete import similar_to, soft_negative, targets
from models.losses.spherical import on_sphere
from models.methods.base import Batch, TrainSet, make_params
from models.methods.quantization.spdaq import SPDAQ, SPDAQParams, pair_error, quadratic_form
from models.types import CodebookCodes


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def problem() -> tuple[Tensor, Tensor, Tensor]:
    """Outputs of 40 images in 5 dimensions, 12 of them sampled; similarities of 4 classes."""
    z, omega, labels = on_sphere(random(40, 5)), torch.arange(0, 36, 3), torch.arange(40) % 4
    similar = labels[omega][:, None] == labels
    return z, omega, targets(similar, soft_negative(similar), torch.float64)


def objective(z: Tensor, omega: Tensor, s: Tensor, decoded: Tensor, gamma: float) -> Tensor:
    """What codes and books minimise, image by image, float (n,)."""
    return (s - z[omega] @ decoded.T).square().sum(dim=0) + gamma * (z - decoded).square().sum(dim=1)


def rounds(train: TrainSet, n: int, **params: float) -> SPDAQ:
    torch.manual_seed(0)
    method = SPDAQ(16, 20, 3, make_params(SPDAQParams, params))
    method.before_fit(TrainSet(train.features, train.labels, torch.Generator().manual_seed(0)))
    for epoch in range(n):
        method.before_epoch(epoch, 10)
        with torch.no_grad():
            method.after_epoch(lambda: method.eval()(train.features))
    return method


def batch_of(method: SPDAQ, train: TrainSet) -> Batch:
    with torch.no_grad():
        u = method.eval()(train.features)
    return Batch(train.features, u.requires_grad_(), train.labels, torch.arange(len(u)))


def test_one_pair() -> None:
    """Section 7, tests: z = (1, 0), decoded (0.5, 0.5): 0.25 for s = 1, 2.25 for s = -1."""
    z, decoded = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5, 0.5]])
    assert float(pair_error(z, decoded, torch.tensor([[1.0]]))) == pytest.approx(0.25)
    assert float(pair_error(z, decoded, torch.tensor([[-1.0]]))) == pytest.approx(2.25)


@pytest.mark.parametrize("gamma", [0.0, 0.6])
def test_quadratic_form_is_the_regression(gamma: float) -> None:
    """Section 7, tests: the form plus the sum of s^2 (and gamma |z|^2) equals the terms, to 1e-13."""
    z, omega, s = problem()
    decoded = random(40, 5, seed=1)
    q, r = quadratic_form(z, omega, s, gamma)
    form = ((decoded @ q) * decoded).sum(dim=1) - 2 * (r * decoded).sum(dim=1)
    constant = s.square().sum(dim=0) + gamma * z.square().sum(dim=1)
    torch.testing.assert_close(
        form + constant, objective(z, omega, s, decoded, gamma), rtol=1e-12, atol=1e-12
    )


def stretched(z: Tensor, omega: Tensor, s: Tensor, gamma: float) -> tuple[Tensor, Tensor]:
    q, r = quadratic_form(z, omega, s, gamma)
    return torch.linalg.solve(q, r.T).T, torch.linalg.cholesky(q)


@pytest.mark.parametrize("gamma", [1e-9, 0.6])
def test_one_book_is_brute_force(gamma: float) -> None:
    """Section 7, tests: with one book the choice is the best of all words for the original loss."""
    z, omega, s = problem()
    words = random(1, 16, 5, seed=2)
    best, root = stretched(z, omega, s, gamma)
    found = encode(best @ root, words @ root)[:, 0]
    costs = torch.stack([objective(z, omega, s, word.expand(40, 5), gamma) for word in words[0]])
    assert torch.equal(found, costs.argmin(dim=0))


@pytest.mark.parametrize("gamma", [1e-9, 0.6])
def test_a_sweep_never_raises_the_loss(gamma: float) -> None:
    """Section 7, tests, for three books."""
    z, omega, s = problem()
    books, codes = (
        random(3, 8, 5, seed=2),
        torch.randint(8, (40, 3), generator=torch.Generator().manual_seed(3)),
    )
    best, root = stretched(z, omega, s, gamma)
    before = objective(z, omega, s, decode(books, codes), gamma)
    for book in (0, 2, 1, 0):
        codes = improve_codes(best @ root, books @ root, codes, [[book]])
        after = objective(z, omega, s, decode(books, codes), gamma)
        assert bool((after <= before + 1e-9).all())
        before = after


def test_same_label_same_code_without_the_link() -> None:
    """Section 7, tests: two images of one class outside the sample, from identical starts."""
    z, omega, s = problem()
    books = random(3, 8, 5, seed=2)
    q, r = quadratic_form(z, omega, s, 0.0)
    root = torch.linalg.cholesky(q)
    codes = improve_codes(
        torch.linalg.solve(q, r.T).T @ root, books @ root, torch.zeros(40, 3, dtype=torch.int64), [[0, 1, 2]]
    )
    assert torch.equal(codes[1], codes[5]) and not {1, 5} & set(omega.tolist())
    linked = stretched(z, omega, s, 5.0)[0]
    assert not torch.allclose(linked[1], linked[5]), "the link tells them apart"


def test_terms_are_the_formula(blobs: TrainSet) -> None:
    """Section 7, loss, with the reduction and the weights printed there."""
    method = rounds(blobs, 2, sample=60)
    batch, omega = batch_of(method, blobs), method.sampled.nonzero()[:, 0]
    z, decoded = on_sphere(batch.u.detach()), decode(method.books.words, method.books.codes)
    similar = similar_to(blobs.labels[omega], blobs.labels)
    negative = -float(similar.sum()) / float((~similar).sum())
    s = torch.where(similar, 1.0, negative)
    terms = method.loss(batch)
    assert len(omega) == 60
    pairs = (s - z[omega] @ decoded.T).square().sum() / (60 * 120)
    torch.testing.assert_close(terms["pairs"].detach(), pairs)
    link = 0.05 * 60 * (z - decoded)[omega].square().sum() / (60 * 120)
    torch.testing.assert_close(terms["link"].detach(), link)
    classes = blobs.labels.float().argmax(dim=1)
    named = 0.1 * torch.nn.functional.cross_entropy(method.classifier(z), classes)
    torch.testing.assert_close(terms["class"], named)


def test_first_round_is_the_class_loss_alone(blobs: TrainSet) -> None:
    """Section 0.8: round 1 is cross-entropy only, books from its end on."""
    terms = rounds(blobs, 0).loss(batch_of(rounds(blobs, 0), blobs))
    assert terms["pairs"].item() == terms["link"].item() == 0 < terms["class"].item()
    method = rounds(blobs, 1)
    assert len(method.decoded) == 120 and method.loss(batch_of(method, blobs))["pairs"].item() > 0


def test_the_sample_is_drawn_anew(blobs: TrainSet) -> None:
    """Section 7, alternation."""
    first, second = rounds(blobs, 1, sample=60).sampled, rounds(blobs, 2, sample=60).sampled
    assert int(first.sum()) == int(second.sum()) == 60 and not torch.equal(first, second)
    assert int(rounds(blobs, 1).sampled.sum()) == 120, "no more images than there are"


def test_rounds_lower_the_loss_of_codes(blobs: TrainSet) -> None:
    """Codes and books from the labels meet the similarities better than the network's own codes do."""
    method = rounds(blobs, 2)
    z = on_sphere(method.eval()(blobs.features)).detach()
    similar = similar_to(blobs.labels, blobs.labels)
    s = targets(similar, soft_negative(similar), z.dtype)
    own = decode(method.codebooks(), method.assign(method(blobs.features)))
    learned = objective(z, torch.arange(120), s, method.decoded, 6.0).sum()
    assert learned < objective(z, torch.arange(120), s, own, 6.0).sum()


def test_library_and_faiss_rank_alike(blobs: TrainSet) -> None:
    """Section 7, tests: inner products, whole score by FAISS or by numpy."""
    method = rounds(blobs, 2)
    with torch.no_grad():
        u = method.eval()(blobs.features)
        codes = CodebookCodes(
            method.assign(u).numpy().astype(np.uint8),
            method.codebooks().numpy(),
            method.structure,
            method.metric,
        )
        queries = method.embed(u[:10]).numpy()
    assert (method.structure, method.metric) == ("additive", "ip")
    distances = asymmetric_distances(queries, codes)
    found = AdcFlat(codes).search(queries, 120)
    assert found.distances == pytest.approx(np.sort(distances, axis=1), rel=1e-5, abs=1e-4)


@pytest.mark.parametrize("n_bits", [0, 12, 36, 136])
def test_lengths_are_whole_bytes(n_bits: int) -> None:
    """Section 0.2: 12 and 36 bits are impossible with 256 words per book."""
    with pytest.raises(ConfigError, match=r"8, 16, 24, 32, 48, 64"):
        SPDAQ(n_bits, 20, 3)


def test_picture_is_lowest_at_the_similarity() -> None:
    """Section 7: -1/9 for 10 equal classes."""
    for frame, n_classes in zip(SPDAQ.picture().frames, (2, 3, 5, 10, 20), strict=True):
        for curve, s in zip(frame.series, (1.0, -1 / (n_classes - 1)), strict=True):
            assert curve.x[int(np.argmin(curve.y))] == pytest.approx(s, abs=0.026)
