"""Golden values of methods/3-quantization.md, section 4 (DVSQ)."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from models.losses.label_vectors import in_width, label_vectors
from models.methods.base import Batch, TrainSet
from models.methods.quantization.dvsq import DVSQ, DVSQParams, semantic_error, semantic_hinge

V = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]], dtype=torch.float64)
Z = torch.tensor([[2.0, 0.0]], dtype=torch.float64)
MIDDLE = torch.tensor([[False, True, False]])


def fitted(blobs: TrainSet, **params: float) -> DVSQ:
    torch.manual_seed(0)
    method = DVSQ(16, 20, 3, DVSQParams(**params))
    method.before_fit(blobs)
    return method


def test_hinges_of_the_example() -> None:
    """Section 4, tests: terms 0.8 and 0, loss 0.8; divided by L = 3 labels times one label of the image."""
    assert float(semantic_hinge(Z, MIDDLE, V)) == pytest.approx(0.8 / 3)


def test_only_directions_count() -> None:
    """Section 4: the ranking term reads cosines, so neither length plays a part."""
    assert float(semantic_hinge(7 * Z, MIDDLE, 5 * V)) == pytest.approx(0.8 / 3)


def test_own_labels_are_no_negatives() -> None:
    """Section 4, pitfalls: k in Y_i is left out; 0.8 from (1, 0) is gone, and label 0 meets label 2 only."""
    labels = torch.tensor([[True, True, False]])
    # Label 0 against 2: 1 - 0 - 1 + 0 = 0; label 1 against 2: 0.2 - 0.6 + 0 < 0.
    assert float(semantic_hinge(Z, labels, V)) == 0
    # Turned around, z = (0, 1): 0 against 2: 1 - 0 + 1 = 2; 1 against 2: 0.2 - 0.8 + 1 = 0.4.
    z = torch.tensor([[0.0, 1.0]], dtype=torch.float64)
    assert float(semantic_hinge(z, labels, V)) == pytest.approx(2.4 / 6)


def test_semantic_error_of_the_example() -> None:
    """Section 4, tests: zhat = (1.5, 0.5) has semantic error 0.51 and L2 error 0.5."""
    decoded = torch.tensor([[1.5, 0.5]], dtype=torch.float64)
    assert float(semantic_error(Z, decoded, V.T)) == pytest.approx(0.51)
    assert float(semantic_error(Z, decoded, torch.eye(2, dtype=torch.float64))) == pytest.approx(0.5)


def test_root_weighs_as_the_label_vectors_do(blobs: TrainSet) -> None:
    """Section 4, loss and pitfalls: root root' = V'V + eta I."""
    method = fitted(blobs, ridge=0.3)
    expected = method.vectors.T @ method.vectors + 0.3 * torch.eye(48)
    torch.testing.assert_close(method.root @ method.root.T, expected)


def test_gradient_of_the_hinges() -> None:
    """Section 18, gradient: central differences."""
    torch.manual_seed(3)
    z = torch.randn(4, 2, dtype=torch.float64).requires_grad_()
    labels = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 1, 1], [0, 0, 0]]).bool()
    assert torch.autograd.gradcheck(lambda x: semantic_hinge(x, labels, V), (z,))


def test_cosines_of_label_vectors(blobs: TrainSet) -> None:
    """Off the diagonal: `relation` times the cosine of the classes' mean features."""
    means = torch.stack([blobs.features[column].mean(dim=0) for column in blobs.labels.T])
    cosines = F.normalize(means, dim=1) @ F.normalize(means, dim=1).T
    for relation in (0.0, 0.5, 1.0):
        vectors = label_vectors(blobs.features, blobs.labels, relation, 48)
        expected = relation * cosines
        expected.fill_diagonal_(1.0)
        torch.testing.assert_close(vectors @ vectors.T, expected, atol=1e-5, rtol=1e-4)


def test_more_labels_than_dimensions_and_labels_that_nobody_has() -> None:
    """Vectors keep length 1; cosines are then approximate, but finite."""
    generator = torch.Generator().manual_seed(0)
    features, labels = torch.randn(50, 10, generator=generator), torch.rand(50, 12, generator=generator) < 0.2
    labels[:, 3] = False
    vectors = label_vectors(features, labels, 0.5, 6)
    assert vectors.shape == (12, 6)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(12))
    full = label_vectors(features, labels, 0.5, 16)
    assert float((full[3] @ full.T).abs().sum()) == pytest.approx(1.0, abs=1e-4), "unrelated to all others"


def test_vectors_are_stored_with_the_model(blobs: TrainSet) -> None:
    """Section 4, pitfalls: the label vectors are saved, for codes of new images need them."""
    method = fitted(blobs)
    assert "vectors" in method.state_dict()
    other = DVSQ(16, 20, 3)
    other.load_state_dict(method.state_dict())
    u = method.eval()(blobs.features).detach()
    assert torch.equal(method.assign(u), other.assign(u))


def test_words_follow_after_each_epoch(blobs: TrainSet) -> None:
    """Section 4, codes and books; the quantization weight is 0 at first."""
    method = fitted(blobs, weight=1.0)
    u = method.eval()(blobs.features).detach()
    batch = Batch(blobs.features, 2 * u + 1, blobs.labels, torch.arange(120))
    method.before_epoch(2, 30)
    assert float(method.loss(batch)["quantization"]) == 0
    method.before_epoch(3, 30)
    before = method.loss(batch)["quantization"].item()
    for _ in range(3):
        method.after_epoch(lambda: 2 * u + 1)
    assert method.loss(batch)["quantization"].item() < 0.5 * before


def test_search_is_by_inner_product(blobs: TrainSet) -> None:
    """Section 4, search: the output itself against sums of words."""
    method = fitted(blobs)
    u = method.eval()(blobs.features)
    assert (method.structure, method.metric) == ("additive", "ip")
    torch.testing.assert_close(method.embed(u), torch.tanh(u))


def test_picture_asks_less_between_related_labels() -> None:
    """At the own label's direction nothing is lost; elsewhere related labels cost less."""
    curves = [frame.series[0].y for frame in DVSQ.picture().frames]
    assert all(y[0] == pytest.approx(0, abs=1e-6) for y in curves)
    assert [max(y) for y in curves] == sorted((max(y) for y in curves), reverse=True)


@pytest.mark.parametrize(("n_labels", "width"), [(10, 300), (10, 5), (48, 300)])
def test_given_vectors_keep_their_cosines(n_labels: int, width: int) -> None:
    """Word vectors of any width are brought to 48 numbers, exactly for up to 48 labels."""
    given = torch.randn(n_labels, width, generator=torch.Generator().manual_seed(3))
    found, exact = in_width(given, 48), F.normalize(given)
    assert found.shape == (n_labels, 48) and found.dtype == given.dtype
    torch.testing.assert_close(found @ found.T, exact @ exact.T, atol=1e-5, rtol=0)


def test_more_labels_than_numbers_keep_the_main_relations() -> None:
    """81 labels in 48 numbers: of length 1, and nearer to the cosines than random directions of 48."""
    given = torch.randn(81, 300, generator=torch.Generator().manual_seed(3))
    found, exact = in_width(given, 48), F.normalize(given)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(81))
    drawn = F.normalize(given @ torch.randn(300, 48, generator=torch.Generator().manual_seed(4)))
    lost = (found @ found.T - exact @ exact.T).square().mean()
    assert float(lost) < 0.5 * float((drawn @ drawn.T - exact @ exact.T).square().mean())


def test_given_vectors_replace_the_mean_features(blobs: TrainSet) -> None:
    given = torch.randn(blobs.labels.shape[1], 300, generator=torch.Generator().manual_seed(3))
    method = DVSQ(16, blobs.features.shape[1], blobs.labels.shape[1])
    method.before_fit(replace(blobs, label_vectors=given))
    assert torch.equal(method.vectors, in_width(given, 48))
    method.before_fit(blobs)
    assert torch.equal(method.vectors, label_vectors(blobs.features, blobs.labels, 0.5, 48))
