"""Golden values of methods/3-quantization.md, section 6 (DSQ)."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.errors import ConfigError
from models.losses.additive import decode, encode
from models.losses.spherical import on_sphere, squared_distance
from models.methods.base import Batch, TrainSet, make_params
from models.methods.quantization.dsq import DSQ, DSQParams, coding_targets

PHI = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
DECODED = torch.tensor([[0.8, 0.4]], dtype=torch.float64)


def sphere_point() -> Tensor:
    return on_sphere(torch.tensor([[3.0, 4.0]], dtype=torch.float64))


def fitted(train: TrainSet, **params: float) -> DSQ:
    """Two rounds past the warm-up, without a step of the network."""
    torch.manual_seed(0)
    method = DSQ(16, 20, 3, make_params(DSQParams, params))
    method.before_fit(TrainSet(train.features, train.labels, torch.Generator().manual_seed(0)))
    for epoch in range(4):
        method.before_epoch(epoch, 10)
        with torch.no_grad():
            method.after_epoch(lambda: method.eval()(train.features))
    return method


def batch_of(method: DSQ, train: TrainSet, factor: float = 1.0) -> Batch:
    with torch.no_grad():
        u = factor * method.eval()(train.features)
    return Batch(train.features, u.requires_grad_(), train.labels, torch.arange(len(u)))


def test_distances() -> None:
    """Section 6, tests: u = (3, 4) gives (0.6, 0.8); coding 0.2, centre 0.8, code to centre 0.2."""
    z = sphere_point()
    assert float(squared_distance(z, DECODED)) == pytest.approx(0.2)
    assert float(squared_distance(z, PHI)) == pytest.approx(0.8)
    assert float(squared_distance(PHI, DECODED)) == pytest.approx(0.2)


def test_targets_carry_both_distances() -> None:
    """Section 6, tests: t = (0.8, 0.4); left 0.8, 0.8, 0.4; right 0.4, 0.4, 0; constant gap 0.4."""
    z = sphere_point()
    t = coding_targets(z, PHI, 1.0, 1.0)
    torch.testing.assert_close(t, DECODED)
    candidates = torch.tensor([[0.6, 0.8], [1.0, 0.0], [0.8, 0.4]], dtype=torch.float64)
    left = (z - candidates).square().sum(dim=1) + (PHI - candidates).square().sum(dim=1)
    right = 2 * (t - candidates).square().sum(dim=1)
    assert left.tolist() == pytest.approx([0.8, 0.8, 0.4])
    assert right.tolist() == pytest.approx([0.4, 0.4, 0.0])


@pytest.mark.parametrize(("l1", "l3"), [(1.0, 0.1), (0.3, 2.0), (0.0, 1.0), (1.0, 0.0)])
def test_targets_for_any_weights(l1: float, l3: float) -> None:
    """Section 6, reduction: the gap is l1 l3 / (l1 + l3) |z - phi|^2 for every candidate."""
    z, t = sphere_point(), coding_targets(sphere_point(), PHI, l1, l3)
    candidates = torch.randn(9, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    left = l1 * (z - candidates).square().sum(dim=1) + l3 * (PHI - candidates).square().sum(dim=1)
    gap = left - (l1 + l3) * (t - candidates).square().sum(dim=1)
    expected = l1 * l3 / (l1 + l3) * 0.8
    assert gap.tolist() == pytest.approx([expected] * 9, abs=1e-12)


def test_no_weights_leave_the_outputs() -> None:
    assert torch.equal(coding_targets(sphere_point(), PHI, 0.0, 0.0), sphere_point())


def test_loss_does_not_see_the_length_of_outputs(blobs: TrainSet) -> None:
    """Section 6, tests: invariant to positive rescaling of u."""
    method = fitted(blobs)
    values = [
        {name: term.item() for name, term in method.loss(batch_of(method, blobs, factor)).items()}
        for factor in (1.0, 1000.0)
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-5)
    assert values[0]["coding"] > 0 and values[0]["centre"] > 0


def test_terms_are_the_formula(blobs: TrainSet) -> None:
    """Section 6, loss, with the defaults of section 0.8."""
    method = fitted(blobs)
    batch = batch_of(method, blobs)
    z = on_sphere(batch.u.detach())
    classes = blobs.labels.float().argmax(dim=1)
    phi = torch.stack([z[classes == c].mean(dim=0) for c in range(3)])
    decoded = decode(method.books.words, method.books.codes)
    cosines = z @ (method.classifier / method.classifier.norm(dim=1, keepdim=True)).T
    terms = method.loss(batch)
    expected = {
        "class": torch.nn.functional.cross_entropy(16 * cosines, classes),
        "centre": 0.1 * (z - phi[classes]).square().sum(dim=1).mean(),
        "coding": (z - decoded).square().sum(dim=1).mean(),
    }
    for name, value in expected.items():
        torch.testing.assert_close(terms[name], value)


def test_books_come_after_the_warm_up(blobs: TrainSet) -> None:
    """Section 0.8: no books for three epochs; the coding term is 0 until then."""
    torch.manual_seed(0)
    method = DSQ(16, 20, 3)
    method.before_fit(blobs)
    for epoch in range(4):
        method.before_epoch(epoch, 10)
        coding = method.loss(batch_of(method, blobs))["coding"].item()
        assert (coding > 0) == (epoch >= 3)
        with torch.no_grad():
            method.after_epoch(lambda: method.eval()(blobs.features))
    method.before_fit(blobs)
    method.before_epoch(0, 1)
    before = method.codebooks().clone()
    with torch.no_grad():
        method.after_epoch(lambda: method.eval()(blobs.features))
    assert not torch.equal(before, method.codebooks()), "a training of one epoch fits books too"


def test_codes_are_fitted_to_targets(blobs: TrainSet) -> None:
    """Section 6, books and codes: a pull to centres only gives a class one target."""
    method = fitted(blobs, coding=0.0, code_centre=1.0)
    classes = blobs.labels.float().argmax(dim=1)
    assert all(len(torch.unique(method.books.codes[classes == c], dim=0)) <= 2 for c in range(3))
    free = fitted(blobs, coding=1.0, code_centre=0.0)
    assert len(torch.unique(free.books.codes, dim=0)) > 20


def test_database_codes_read_outputs_only(blobs: TrainSet) -> None:
    """Section 6, database codes: z is encoded, not t, and search is by squared distance from z."""
    method = fitted(blobs)
    u = method.eval()(blobs.features).detach()
    assert torch.equal(method.assign(u), encode(on_sphere(u), method.codebooks()))
    torch.testing.assert_close(method.embed(u), on_sphere(u))
    assert (method.structure, method.metric) == ("additive", "l2")


def test_an_image_without_label_keeps_its_output_as_target(blobs: TrainSet) -> None:
    labels = blobs.labels.clone()
    labels[0] = False
    method = fitted(TrainSet(blobs.features, labels, blobs.generator), coding=0.0, code_centre=1.0)
    z = on_sphere(method.eval()(blobs.features[:1])).detach()
    own = method.books.decoded(torch.tensor([0]))
    assert bool(torch.isfinite(own).all())
    assert float((own - z).square().sum()) < float(
        (method.books.decoded(torch.tensor([3])) - z).square().sum()
    )


@pytest.mark.parametrize("n_bits", [0, 12, 36, 136])
def test_lengths_are_whole_bytes(n_bits: int) -> None:
    """Section 0.2: 12 and 36 bits are impossible with 256 words per book."""
    with pytest.raises(ConfigError, match=r"8, 16, 24, 32, 48, 64"):
        DSQ(n_bits, 20, 3)


def test_picture_pull_to_centres_leaves_fewer_codes() -> None:
    """Section 6, pitfalls: a strong lambda_3 collapses each class to a few codes."""
    totals = [sum(frame.series[0].y) for frame in DSQ.picture().frames]
    assert totals[-1] < 0.5 * totals[0] and totals[-2] < totals[1]
