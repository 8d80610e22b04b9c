"""Golden values of methods/2-implicit-and-classification.md, section 6 (DBH), and laws that hold for it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.errors import ConfigError
from models.losses.classification import class_loss
from models.methods.base import Batch, TrainSet
from models.methods.classification.dbh import DBH, DBHParams, dbh_loss

ONE_OF_THREE = torch.eye(3, dtype=torch.bool)


def classifier(n_bits: int = 4, n_classes: int = 3) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(n_classes, n_bits, generator=generator, dtype=torch.float64)
    return weight, torch.randn(n_classes, generator=generator, dtype=torch.float64)


def test_cross_entropy_of_the_logits() -> None:
    """Section 6, tests: logits (2, 0, -1), (.5, .5, 0), classes (0, 2) give 0.8139331."""
    logits = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.0]], dtype=torch.float64)
    assert float(class_loss(logits, ONE_OF_THREE[[0, 2]], multi_label=False)) == pytest.approx(
        0.8139331, abs=1e-7
    )
    # Two bits: image 1 fires bit 0 only, image 2 bit 1 only; column k of W is then the logits of image k.
    u = torch.tensor([[60.0, -60.0], [-60.0, 60.0]], dtype=torch.float64)
    loss = dbh_loss(u, ONE_OF_THREE[[0, 2]], logits.T, torch.zeros(3, dtype=torch.float64))
    assert float(loss["class"]) == pytest.approx(0.8139331, abs=1e-7)


def test_there_is_no_other_term(fixture_t: Tensor) -> None:
    """Section 6, loss: no hashing term at all."""
    weight, bias = classifier()
    assert set(dbh_loss(fixture_t, ONE_OF_THREE[[0, 0, 1, 1]], weight, bias)) == {"class"}


def test_half_an_activation_is_the_threshold() -> None:
    """Section 6, tests: bit(a) = bit(u); a = 0.5 exactly gives 1 (section 0)."""
    method = DBH(8, 20, 3)
    u = torch.tensor([[-3.0, -1e-3, -0.0, 0.0, 1e-3, 0.4, 2.0, -90.0]])
    by_activation = torch.where(torch.sigmoid(u) >= 0.5, 1.0, -1.0)
    assert torch.equal(method.binarize(u), by_activation)
    assert by_activation.tolist() == [[-1, -1, 1, 1, 1, 1, 1, -1]]


def test_the_authors_bias_starts_all_bits_as_one(blobs: TrainSet) -> None:
    """Section 6, pitfall 1: bias +1 starts every sigmoid at 0.73."""

    def started(bias: float) -> Tensor:
        torch.manual_seed(0)
        u: Tensor = DBH(16, 20, 3, DBHParams(start_bias=bias)).eval()(blobs.features)
        return u.detach()

    plain, raised = started(0.0), started(1.0)
    torch.testing.assert_close(raised, plain + 1)
    assert float(torch.sigmoid(raised).mean()) == pytest.approx(0.73, abs=0.03)
    assert float((raised >= 0).float().mean()) > 0.99 > 0.8 > float((plain >= 0).float().mean())


def test_flipping_a_bit_with_its_classifier_weights_changes_nothing(fixture_t: Tensor) -> None:
    """File 1, section 18, check 3: u -> -u turns a into 1 - a; W and g are turned alike."""
    weight, bias = classifier()
    labels = ONE_OF_THREE[[0, 0, 1, 2]]
    flipped, turned = fixture_t.clone(), weight.clone()
    flipped[:, 1] *= -1
    turned[:, 1] *= -1
    before = dbh_loss(fixture_t, labels, weight, bias)["class"]
    torch.testing.assert_close(dbh_loss(flipped, labels, turned, bias + weight[:, 1])["class"], before)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(dbh_loss(fixture_t[:, order], labels, weight[:, order], bias)["class"], before)


def test_gradient_by_central_differences(fixture_t: Tensor) -> None:
    """File 1, section 18, check 8."""
    weight, bias = classifier()
    labels = ONE_OF_THREE[[0, 0, 1, 2]]
    u = fixture_t.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda v: dbh_loss(v, labels, weight, bias)["class"], (u,))


def test_the_classifier_is_trained_with_the_head(blobs: TrainSet) -> None:
    """Section 6, output layer: the linear classifier on the activations learns too."""
    method = DBH(8, 20, 3)
    u = method(blobs.features)
    method.loss(Batch(blobs.features, u, blobs.labels, torch.arange(120)))["class"].backward()
    assert method.classifier.weight.grad is not None and bool((method.classifier.weight.grad != 0).any())


def test_several_labels_are_refused() -> None:
    """Section 6, supervision: single label."""
    with pytest.raises(ConfigError, match="one class per image"):
        DBH.spec.check_labels("multi")


def test_picture_is_symmetric_and_falls() -> None:
    """The two classes mirror each other, and each frame holds the loss itself."""
    picture = DBH.picture()
    for frame in picture.frames:
        ones, zeros = (torch.tensor(curve.y) for curve in frame.series)
        torch.testing.assert_close(ones, zeros.flip(0), atol=1e-6, rtol=2e-3)
        assert bool((ones[:40].diff() < 0).all()) and bool((ones.diff() <= 0).all())
        assert ones[24].item() == pytest.approx(0.6931, abs=1e-3)  # log 2 at activation 0.5
