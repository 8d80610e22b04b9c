"""Golden values of methods/1-pairwise-and-multiwise.md, section 5 (HashNet), and laws of section 18."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.losses.pairs import other_pairs, pair_weights
from models.methods.base import Batch
from models.methods.pairwise.hashnet import HashNet, HashNetParams, hashnet_loss, shared_share, sharpness

CLASSES = torch.tensor([0, 0, 1, 1])
LABELS_T = CLASSES[:, None] == torch.arange(2)


def loss_at(
    z: Tensor,
    *,
    beta: float = 1.0,
    alpha_bits: float = 10.0,
    weighted: bool = True,
    labels: Tensor = LABELS_T,
) -> float:
    """The method's own loss of outputs z."""
    method = HashNet(z.shape[1], 5, labels.shape[1], HashNetParams(alpha_bits=alpha_bits, weighted=weighted))
    method.beta = beta
    terms = method.loss(Batch(torch.zeros(len(z), 5), z, labels, torch.arange(len(z))))
    return terms["likelihood"].item()


def test_loss_of_the_fixture(fixture_t: Tensor) -> None:
    """Section 5, test 1: alpha = 10 / K = 2.5, weights 3 and 1.5."""
    assert loss_at(fixture_t) == pytest.approx(0.174302, abs=1e-5)
    assert loss_at(fixture_t, weighted=False) == pytest.approx(0.078633, abs=1e-5)
    assert loss_at(fixture_t, beta=4.0) == pytest.approx(0.009066, abs=1e-5)
    assert loss_at(fixture_t, alpha_bits=0.1 * 4) == pytest.approx(1.274774, abs=1e-5)


def test_weights_of_the_fixture(pairs_t: Tensor) -> None:
    """Section 5, tests 1 and 2: 12 / 4 and 12 / 8, equal in sum."""
    mask = other_pairs(4, pairs_t.device)
    weights = pair_weights(pairs_t, mask)
    assert weights[mask & pairs_t].tolist() == [3.0] * 4 and weights[mask & ~pairs_t].tolist() == [1.5] * 8
    assert shared_share(LABELS_T).tolist() == torch.ones(4, 4).tolist(), "single labels leave c = 1"


def test_codes_do_not_depend_on_beta(fixture_t: Tensor) -> None:
    """Section 5, test 3; and the outputs come nearer to bits as beta grows."""
    betas = (0.1, 1.0, 2.4, 7.1, 50.0)
    errors = []
    for beta in betas:
        g = torch.tanh(beta * fixture_t)
        assert torch.equal(binarize(g), HashNet(4, 5, 2).binarize(fixture_t))
        errors.append(float((g.abs() - 1).abs().max()))
    assert errors == sorted(errors, reverse=True) and len(set(errors)) == len(betas)


def test_beta_grows_from_one_to_seven() -> None:
    """Section 5, continuation: the release's values at iterations 0, 200, 1000 and 10,000 of 10,000."""
    for iteration, beta in ((0, 1.0), (200, 1.414), (1000, 2.449), (10_000, 7.141)):
        assert sharpness(iteration / 10_000) == pytest.approx(beta, abs=1e-3)


def test_the_schedule_reaches_the_loss(fixture_t: Tensor) -> None:
    """Section 5, pitfall (d): beta follows from the epoch, with no counter that a resumed run could lose."""
    method = HashNet(4, 5, 2)
    batch = Batch(torch.zeros(4, 5), fixture_t, LABELS_T, torch.arange(4))
    found = []
    for epoch in (0, 6, 24):
        method.before_epoch(epoch, 30)
        found.append(method.loss(batch)["likelihood"].item())
        assert method.beta == pytest.approx((1 + 50 * epoch / 30) ** 0.5)
    assert found[0] == pytest.approx(0.174302, abs=1e-5) and found[0] > found[1] > found[2]
    resumed = HashNet(4, 5, 2)
    resumed.before_epoch(24, 30)
    assert resumed.loss(batch)["likelihood"].item() == found[2]
    still = HashNet(4, 5, 2, HashNetParams(growth=0.0))
    still.before_epoch(29, 30)
    assert still.beta == 1.0


def test_share_of_common_labels() -> None:
    """Section 5: c = |both| / |either| for similar pairs, 1 for all others, unlabelled images too."""
    labels = torch.tensor([[1, 1, 0, 0], [0, 1, 1, 1], [1, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]).bool()
    expected = torch.tensor(
        [
            [1.0, 1 / 4, 2 / 3, 1.0, 1.0],
            [1 / 4, 1.0, 2 / 4, 1 / 3, 1.0],
            [2 / 3, 2 / 4, 1.0, 1.0, 1.0],
            [1.0, 1 / 3, 1.0, 1.0, 1.0],
            [1.0, 1.0, 1.0, 1.0, 1.0],
        ]
    )
    torch.testing.assert_close(shared_share(labels), expected)


def test_a_pair_that_shares_less_weighs_less() -> None:
    """Section 5: the same three outputs; only one similar pair's common labels differ."""
    z = torch.tensor([[0.5, -0.5], [-0.4, 0.6], [0.7, 0.1]], dtype=torch.float64)
    full = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]]).bool()
    half = torch.tensor([[1, 1, 0], [1, 0, 0], [0, 0, 1]]).bool()
    s = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]]).bool()
    mask, g = other_pairs(3, z.device), torch.tanh(z)
    # Six ordered pairs, two of them similar: weight 3 each, over six.
    similar = 2 * 3 * torch.nn.functional.softplus(-5.0 * (g[0] @ g[1])) / 6
    difference = loss_at(z, labels=full) - loss_at(z, labels=half)
    assert mask.sum() == 6 and difference == pytest.approx(0.5 * similar.item(), rel=1e-6)
    assert loss_at(z, labels=full) == pytest.approx(hashnet_loss(g, s, 5.0, torch.ones(3, 3)).item())


@pytest.mark.parametrize("labels", [torch.ones(4, 1), torch.eye(4)])
def test_one_kind_of_pair_alone(fixture_t: Tensor, labels: Tensor) -> None:
    """Section 5, pitfall (e): without similar or without dissimilar pairs the weights are 1."""
    plain = loss_at(fixture_t, labels=labels.bool(), weighted=False)
    assert loss_at(fixture_t, labels=labels.bool()) == pytest.approx(plain) and plain > 0


def test_gradient_by_central_differences(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 8."""
    c = torch.ones(4, 4, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda z: hashnet_loss(torch.tanh(2.0 * z), pairs_t, 2.5, c), fixture_t.clone().requires_grad_()
    )


def test_swapped_codes_cost_more() -> None:
    """Section 18, check 2."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4])
    assert loss_at(good) < loss_at(good[[0, 2, 1, 3]])


def test_flip_and_permutation_of_bits_change_nothing(fixture_t: Tensor) -> None:
    """Section 18, check 3."""
    flip = torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float64)
    for other in (fixture_t * flip, fixture_t[:, [2, 0, 3, 1]]):
        assert loss_at(other) == pytest.approx(loss_at(fixture_t), abs=1e-12)


def test_the_picture_sharpens() -> None:
    picture = HashNet.picture()
    slopes = [frame.series[0].y[32] for frame in picture.frames]
    assert slopes == sorted(slopes) and slopes[-1] > 2 * slopes[0]
    assert picture.frames[0].label == "0%, beta 1.0" and picture.frames[-1].label == "100%, beta 7.1"
