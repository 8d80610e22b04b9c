"""Laws of methods/4-new-directions-and-classic.md, section F10 (COSDISH)."""

from __future__ import annotations

import pytest
import torch

from models.losses.discrete import random_codes
from models.methods.base import TrainSet
from models.methods.classic.cosdish import COSDISH, COSDISHParams, regressions, sampling_round


def ten_classes(n: int = 200) -> TrainSet:
    generator = torch.Generator().manual_seed(5)
    classes = torch.arange(n) % 10
    features = 2 * torch.randn(10, 30, generator=generator)[classes]
    features = features + torch.randn(n, 30, generator=generator)
    return TrainSet(features, classes[:, None] == torch.arange(10), generator)


def majority_codes(codes: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return torch.stack([codes[labels[:, c]].sum(dim=0) >= 0 for c in range(labels.shape[1])])


@pytest.mark.parametrize("n_bits", [12, 16, 32])
def test_majority_codes_of_the_classes_all_differ(n_bits: int) -> None:
    """F10, test 2: on a balanced one-label set, for several seeds."""
    train = ten_classes()
    for seed in range(3):
        method = COSDISH(n_bits, 30, 10)
        method.before_fit(TrainSet(train.features, train.labels, torch.Generator().manual_seed(seed)))
        assert len(majority_codes(method.codes, train.labels).unique(dim=0)) == 10


def test_rounds_fit_the_similarities() -> None:
    """||L S - B B'||^2 of the codes that are kept is far below that of random ones."""
    train = ten_classes()
    method = COSDISH(16, 30, 10)
    method.before_fit(train)
    s = torch.where((train.labels[:, None] & train.labels[None]).any(dim=2), 1.0, -1.0).double()

    def error(codes: torch.Tensor) -> float:
        return float((16 * s - codes @ codes.T).square().sum())

    random = random_codes(200, 16, torch.Generator().manual_seed(0)).double()
    assert error(method.codes) < 0.9 * error(random)
    constant = 16**2 * 200**2
    assert float(method.objective[-1]) + constant == pytest.approx(error(method.codes))


def test_several_labels_keep_the_best_round() -> None:
    """F10: for multi-label data keep the outer round with the best objective."""
    generator = torch.Generator().manual_seed(2)
    labels = torch.rand(80, 5, generator=generator) < 0.3
    method = COSDISH(8, 6, 5)
    method.before_fit(TrainSet(torch.randn(80, 6, generator=generator), labels, generator))
    s = torch.where((labels[:, None] & labels[None]).any(dim=2), 1.0, -1.0).double()
    kept = float((8 * s - method.codes @ method.codes.T).square().sum()) - 8**2 * 80**2
    assert kept == pytest.approx(float(method.objective.min()))


def test_a_round_leaves_its_input_alone() -> None:
    train = ten_classes(60)
    codes = random_codes(60, 12, torch.Generator().manual_seed(0)).double()
    kept = codes.clone()
    after = sampling_round(codes, train.labels, 2, torch.Generator().manual_seed(1))
    assert torch.equal(codes, kept) and bool((after.abs() == 1).all()) and not torch.equal(after, kept)


def test_regressions_minimise_the_stated_loss() -> None:
    """F10: mean log-loss plus lambda |w|^2; scikit-learn's weights are where its gradient vanishes."""
    train = ten_classes(100)
    codes = random_codes(100, 2, torch.Generator().manual_seed(3)).double()
    codes[:, 1] = 1
    features = train.features / train.features.std()
    weights, constants = regressions(features, codes, 0.05)
    w, c = weights[0].requires_grad_(), constants[0].requires_grad_()
    x = features.double()
    loss = torch.nn.functional.softplus(-codes[:, 0] * (x @ w + c)).mean() + 0.05 * w.square().sum()
    for gradient in torch.autograd.grad(loss, (w, c)):
        assert float(gradient.abs().max()) < 1e-4
    assert not bool(weights[1].any()) and float(constants[1]) == 1, "a bit that never changes"


def test_the_database_holds_the_free_codes() -> None:
    train = ten_classes(60)
    method = COSDISH(12, 30, 10)
    assert method.learned_codes() is None
    method.before_fit(train)
    assert torch.equal(method.learned_codes(), method.codes)


@pytest.mark.parametrize("case", ["one image", "no labels", "one class"])
def test_degenerate_train_splits(case: str) -> None:
    train = ten_classes(20)
    features, labels = train.features, torch.full_like(train.labels, case == "one class")
    if case == "one image":
        features, labels = features[:1], train.labels[:1]
    method = COSDISH(8, 30, 10, COSDISHParams(rounds=2))
    method.before_fit(TrainSet(features, labels, torch.Generator().manual_seed(0)))
    assert bool(torch.isfinite(method(train.features)).all())


def test_picture_gathers_and_separates() -> None:
    for frame in COSDISH.picture().frames:
        same, other = (curve.y for curve in frame.series)
        assert same[-1] < 0.05 < 0.3 < other[-1]
