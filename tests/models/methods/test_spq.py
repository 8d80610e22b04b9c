"""Golden values of methods/3-quantization.md, section 8 (SPQ)."""

from __future__ import annotations

import math

import faiss
import numpy as np
import pytest
import torch
from torch import Tensor

from models.codes.asymmetric import asymmetric_distances
from models.errors import ConfigError
from models.index import AdcFlat
from models.methods.base import Batch, TrainSet, make_params
from models.methods.unsupervised.spq import SPQ, SPQParams, contrast, soft_words, spq_loss, word_shares
from models.types import CodebookCodes

WORDS = torch.tensor([[[0.0, 0.0], [1.0, 0.0]]], dtype=torch.float64)
X = torch.tensor([[0.25, 0.0]], dtype=torch.float64)
EYE = torch.eye(2, dtype=torch.float64)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_soft_word() -> None:
    """Section 8, tests: shares 0.924142 and 0.075858, word (0.075858, 0)."""
    assert word_shares(X, WORDS, 5.0).flatten().tolist() == pytest.approx([0.924142, 0.075858], abs=1e-6)
    assert soft_words(X, WORDS, 5.0).tolist() == [pytest.approx([0.075858, 0.0], abs=1e-6)]


def test_sharpness_is_a_factor() -> None:
    """Section 8, tests: divided by 5 the shares would be 0.524979 and 0.475021."""
    divided = word_shares(X, WORDS, 1 / 5.0).flatten().tolist()
    assert divided == pytest.approx([0.524979, 0.475021], abs=1e-6)


def test_contrast_of_two_images() -> None:
    """Section 8, tests: n = 2, all views the unit vectors: 2 ln(1 + 2 e^-2) = 0.479090."""
    found = (contrast(EYE, EYE, 0.5) + contrast(EYE, EYE, 0.5)) / 4
    assert float(found) == pytest.approx(2 * math.log(1 + 2 * math.exp(-2)), abs=1e-12)
    assert float(found) == pytest.approx(0.479090, abs=1e-6)


def test_loss_by_definition() -> None:
    """Section 8, loss: sums written out; X and Z of the same view never meet."""
    x_a, x_b, words = random(3, 4), random(3, 4, seed=1), random(2, 5, 2, seed=2)
    z_a, z_b = torch.zeros(3, 4, dtype=torch.float64), torch.zeros(3, 4, dtype=torch.float64)
    for x, z in ((x_a, z_a), (x_b, z_b)):
        for i in range(3):
            for m in range(2):
                own = slice(2 * m, 2 * m + 2)
                weights = [math.exp(-5 * float((x[i, own] - c).square().sum())) for c in words[m]]
                z[i, own] = sum(w * c for w, c in zip(weights, words[m], strict=True)) / sum(weights)  # type: ignore[assignment]
    total = 0.0
    for x, z in ((x_a, z_b), (x_b, z_a)):
        rows = [r / r.norm() for r in torch.cat([x, z])]
        for i, row in enumerate(rows):
            scores = {k: math.exp(float(row @ other) / 0.5) for k, other in enumerate(rows) if k != i}
            total -= math.log(scores[(i + 3) % 6] / sum(scores.values()))
    assert float(spq_loss(x_a, x_b, words, 5.0, 0.5)) == pytest.approx(total / 6, rel=1e-10)


def test_loss_is_symmetric_in_views_and_order() -> None:
    x_a, x_b, words = random(6, 4), random(6, 4, seed=1), random(2, 5, 2, seed=2)
    value = spq_loss(x_a, x_b, words, 5.0, 0.5)
    torch.testing.assert_close(spq_loss(x_b, x_a, words, 5.0, 0.5), value)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    torch.testing.assert_close(spq_loss(x_a[order], x_b[order], words, 5.0, 0.5), value)


def test_gradient() -> None:
    x_a, x_b, words = random(3, 4), random(3, 4, seed=1), random(2, 5, 2, seed=2)
    inputs = [t.requires_grad_() for t in (x_a, x_b, words)]
    assert torch.autograd.gradcheck(lambda a, b, w: spq_loss(a, b, w, 5.0, 0.5), inputs)


def test_sharp_choice_is_the_stored_code() -> None:
    """Section 8, tests: with tau_q to infinity the mixture is the nearest word."""
    method = SPQ(16, 20, 3).eval()
    with torch.no_grad():
        u = method(torch.randn(50, 20, generator=torch.Generator().manual_seed(0)))
        words = method.codebooks()
        decoded = words[torch.arange(4), method.assign(u)].flatten(1)
        torch.testing.assert_close(soft_words(u, words, 1e7), decoded, atol=1e-4, rtol=1e-4)
        gaps = [float((soft_words(u, words, t) - decoded).square().mean()) for t in (1.0, 10.0, 100.0, 1e4)]
    assert gaps == sorted(gaps, reverse=True)


def test_one_image_has_nothing_to_be_told_from() -> None:
    x = random(1, 4).requires_grad_()
    value = spq_loss(x, random(1, 4, seed=1), random(2, 5, 2, seed=2), 5.0, 0.5)
    assert value.item() == pytest.approx(0) and value.requires_grad


def test_labels_are_not_read(blobs: TrainSet) -> None:
    """Section 8, supervision: none."""
    method = SPQ(16, 20, 3)
    u, rows = method(blobs.features), torch.arange(120)
    losses = []
    for labels in (blobs.labels, torch.zeros_like(blobs.labels)):
        torch.manual_seed(5)
        losses.append(method.loss(Batch(blobs.features, u, labels, rows))["contrast"].item())
    assert losses[0] == losses[1]


def test_second_view_is_disturbed(blobs: TrainSet) -> None:
    """Without noise, missing parts and dropout both views are one, and the loss is lower."""
    method = SPQ(16, 20, 3, make_params(SPQParams, {"noise": 0, "dropped": 0})).eval()
    disturbed = SPQ(16, 20, 3, make_params(SPQParams, {"noise": 1, "dropped": 0.5})).eval()
    disturbed.load_state_dict(method.state_dict())
    u, rows = method(blobs.features), torch.arange(120)
    batch = Batch(blobs.features, u, blobs.labels, rows)
    torch.testing.assert_close(method.loss(batch)["contrast"], spq_loss(u, u, method.words, 5.0, 0.5))
    assert disturbed.loss(batch)["contrast"] > method.loss(batch)["contrast"]


def test_words_start_as_xavier() -> None:
    """Section 8, structure: bound sqrt(6 / (K + 16 M)); 0.204 at 8 books of width 16."""
    assert math.sqrt(6 / (16 + 16 * 8)) == pytest.approx(0.204, abs=1e-3)
    words = SPQ(24, 20, 3).codebooks()
    bound = math.sqrt(6 / (16 + 16 * 6))
    assert words.shape == (6, 16, 16) and 0.95 * bound < float(words.abs().max()) <= bound


@pytest.mark.parametrize(
    ("n_bits", "n_codebooks", "width"), [(16, 4, 16), (24, 6, 16), (32, 8, 12), (64, 16, 6)]
)
def test_books_and_widths(n_bits: int, n_codebooks: int, width: int) -> None:
    """Section 8, structure: M of 4, 6, 8, 16; slices become narrower where they would pass 96 in all."""
    assert SPQ(n_bits, 20, 3).codebooks().shape == (n_codebooks, 16, width)


def test_faiss_assigns_and_ranks_alike(blobs: TrainSet) -> None:
    """Section 8, FAISS: `add` of real vectors and the method's own codes agree."""
    method = SPQ(16, 20, 3).eval()
    with torch.no_grad():
        u = method(blobs.features)
        index = method.assign(u).numpy().astype(np.uint8)
        codes = CodebookCodes(index, method.codebooks().numpy(), method.structure, method.metric)
        vectors = method.embed(u).numpy()
    pq = faiss.IndexPQ(64, 4, 4)
    faiss.copy_array_to_vector(codes.codebooks.ravel(), pq.pq.centroids)
    pq.is_trained = True
    pq.add(vectors)
    packed = faiss.vector_to_array(pq.codes).reshape(120, -1)
    assert np.array_equal(faiss.unpack_bitstrings(packed, 4, 4), index)
    distances = asymmetric_distances(vectors[:9], codes)
    assert AdcFlat(codes).search(vectors[:9], 120).distances == pytest.approx(
        np.sort(distances, axis=1), rel=1e-5, abs=1e-4
    )


@pytest.mark.parametrize("n_bits", [0, 6, 30, 132])
def test_lengths_are_whole_books(n_bits: int) -> None:
    """Section 0.2: four bits per book."""
    with pytest.raises(ConfigError, match=r"8, 12, 16, 24, 32, 48, 64"):
        SPQ(n_bits, 20, 3)


def test_picture_becomes_a_staircase() -> None:
    gaps = []
    for frame in SPQ.picture().frames:
        mixed, nearest = (np.array(curve.y) for curve in frame.series)
        gaps.append(float(np.abs(mixed - nearest).mean()))
        assert len(np.unique(nearest)) == 4
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 0.05 < 0.5 < gaps[0]
