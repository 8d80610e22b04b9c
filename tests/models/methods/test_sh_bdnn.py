"""Golden values of methods/1-pairwise-and-multiwise.md, section 13 (SH-BDNN), and laws of section 18."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.losses.balance import independence
from models.methods.base import TrainSet
from models.methods.pairwise import sh_bdnn
from models.methods.pairwise.sh_bdnn import (
    SHBDNN,
    SHBDNNParams,
    sh_bdnn_loss,
    signed_similarity,
    similarity_error,
)

NOTHING = SHBDNNParams(decay=0.0, quantization=0.0, independence=0.0, balance=0.0)


@pytest.fixture
def s(pairs_t: Tensor) -> Tensor:
    return 2.0 * pairs_t.double() - 1


def test_the_three_terms_at_the_signs(fixture_t: Tensor, s: Tensor) -> None:
    """Section 13: similarity 2, independence 6, balance 0, before any weight."""
    h = binarize(fixture_t)
    assert float(similarity_error(h, s)) == pytest.approx(2.0, abs=1e-12)
    assert float(independence(h)) == pytest.approx(6.0, abs=1e-12)
    assert float(h.sum(dim=0).square().sum()) == 0


def test_weights_and_reductions(fixture_t: Tensor, s: Tensor) -> None:
    """Section 13: 1/2n, l2/2n, l3/2 and l4/2n of the norms, n = 4."""
    u = fixture_t
    b = binarize(u)
    norms = {
        "quantization": (u - b).square().sum() / 8,
        "independence": (u.T @ u / 4 - torch.eye(4)).square().sum() / 2,
        "balance": u.sum(dim=0).square().sum() / 8,
    }
    assert float(8 * norms["quantization"]) == pytest.approx(1.87, abs=1e-9), "section 0.4"
    base = float(sh_bdnn_loss(u, b, s, NOTHING))
    assert base == pytest.approx(float((u @ u.T / 4 - s).square().sum()) / 8, abs=1e-12)
    for name, expected in norms.items():
        weighted = float(sh_bdnn_loss(u, b, s, replace(NOTHING, **{name: 3.0})))
        assert weighted - base == pytest.approx(3 * float(expected), abs=1e-9), name


def test_gradient_by_central_differences(fixture_t: Tensor, s: Tensor) -> None:
    """Section 18, check 8, with the signs held fixed."""
    u, b = fixture_t.clone().requires_grad_(), binarize(fixture_t)
    assert torch.autograd.gradcheck(lambda x: sh_bdnn_loss(x, b, s, SHBDNNParams()), (u,))


def test_bit_flip_and_permutation(fixture_t: Tensor, s: Tensor) -> None:
    """Section 18, check 3."""
    params = SHBDNNParams(balance=1.0)
    expected = pytest.approx(float(sh_bdnn_loss(fixture_t, binarize(fixture_t), s, params)), abs=1e-9)
    flip = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)
    for u in (fixture_t * flip, fixture_t[:, [2, 0, 3, 1]]):
        assert float(sh_bdnn_loss(u, binarize(u), s, params)) == expected


def test_swapped_codes_cost_more(s: Tensor) -> None:
    """Section 18, check 2."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4], dtype=torch.float64)
    swapped = good[[0, 2, 1, 3]]
    params = SHBDNNParams()
    assert float(sh_bdnn_loss(good, good, s, params)) < float(sh_bdnn_loss(swapped, swapped, s, params))


def test_a_batch_weighs_its_terms_as_all_images_would(s: Tensor) -> None:
    """A set that is one batch three times over has the loss of that batch, told how large the set is."""
    h = torch.randn(4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    params = SHBDNNParams(balance=0.3)
    whole = sh_bdnn_loss(h.repeat(3, 1), h.sign().repeat(3, 1), s.repeat(3, 3), params)
    torch.testing.assert_close(sh_bdnn_loss(h, h.sign(), s, params, n_all=12), whole)


def test_an_image_without_labels_is_similar_to_itself() -> None:
    labels = torch.tensor([[1, 0], [1, 1], [0, 0]]).bool()
    assert signed_similarity(labels).tolist() == [[1, 1, -1], [1, 1, -1], [-1, -1, 1]]


def fitted(blobs: TrainSet, params: SHBDNNParams | None = None) -> SHBDNN:
    torch.manual_seed(0)
    method = SHBDNN(8, 20, 3, params)
    method.before_fit(TrainSet(blobs.features, blobs.labels, torch.Generator().manual_seed(0)))
    return method


def test_every_turn_lowers_the_loss(blobs: TrainSet) -> None:
    """Section 13, alternation: signs are the best bits, and L-BFGS with a line search descends."""
    objective = fitted(blobs, SHBDNNParams(n_alternations=3)).objective
    assert len(objective) == 4
    assert all(after < before for before, after in pairwise(objective.tolist()))


def test_decay_is_part_of_the_loss(blobs: TrainSet) -> None:
    torch.manual_seed(0)
    small, large = (SHBDNN(8, 20, 3, SHBDNNParams(decay=d)) for d in (0.0, 2.0))
    large.load_state_dict(small.state_dict())
    s = signed_similarity(blobs.labels)
    difference = large.full_loss(blobs.features, s) - small.full_loss(blobs.features, s)
    weights = [p for name, p in small.named_parameters() if name.endswith("weight")]
    assert len(weights) == 3
    assert difference.item() == pytest.approx(sum(w.square().sum().item() for w in weights), rel=1e-3)


@pytest.mark.parametrize("in_batches", [False, True])
def test_both_ways_of_fitting_separate_the_classes(
    blobs: TrainSet, monkeypatch: pytest.MonkeyPatch, in_batches: bool
) -> None:
    """Section 13, defaults: Adam on batches where there are too many images for all at once."""
    if in_batches:
        monkeypatch.setattr(sh_bdnn, "LARGEST_FULL_BATCH", 100)
    method = fitted(blobs)
    assert (len(method.objective) == 0) == in_batches
    with torch.no_grad():
        codes = method.binarize(method(blobs.features))
    distances = 0.5 * (8 - codes @ codes.T)
    similar = signed_similarity(blobs.labels) > 0
    # Eight independent bits cannot all follow three classes, so codes of one class differ a little.
    assert float(distances[~similar].mean()) > 2.5 * float(distances[similar].mean())


def test_fits_repeat(blobs: TrainSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sh_bdnn, "LARGEST_FULL_BATCH", 100)
    first, again = (fitted(blobs)(blobs.features) for _ in range(2))
    assert torch.equal(first, again)
