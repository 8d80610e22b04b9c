"""Laws of methods/4-new-directions-and-classic.md, section F3 (PCAH)."""

from __future__ import annotations

import faiss
import pytest
import torch

from models.errors import ConfigError
from models.methods.base import TrainSet
from models.methods.classic.pcah import PCAH, agreement
from tests.oracles.blob_set import blob_map


def data(n: int, n_features: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(4)
    return 5 + torch.randn(n, n_features, generator=generator) * torch.linspace(3, 0.3, n_features)


def fitted(x: torch.Tensor, n_bits: int, seed: int = 0) -> PCAH:
    method = PCAH(n_bits, x.shape[1], 2)
    labels = torch.zeros(len(x), 2, dtype=torch.bool)
    method.before_fit(TrainSet(x, labels, torch.Generator().manual_seed(seed)))
    return method


def distances(codes: torch.Tensor) -> torch.Tensor:
    return (codes.shape[1] - codes @ codes.T) / 2


def test_columns_are_orthonormal() -> None:
    """F3, tests."""
    weight = fitted(data(300, 20), 8).head.weight
    torch.testing.assert_close(weight @ weight.T, torch.eye(8), atol=1e-5, rtol=0)


def test_projections_are_uncorrelated_and_in_order() -> None:
    """F3, tests: uncorrelated on the training set; the largest variance first, the mean subtracted."""
    x = data(300, 20)
    u = fitted(x, 8)(x).double()
    assert float(u.mean(dim=0).abs().max()) < 1e-5
    covariance = u.T @ u / 300
    variances = covariance.diagonal()
    assert float((covariance - torch.diag(variances)).abs().max()) < 1e-5 * float(variances[0])
    assert bool((variances.diff() <= 0).all())
    centred = (x - x.mean(dim=0)).double()
    torch.testing.assert_close(variances, torch.linalg.svdvals(centred)[:8].square() / 300, rtol=1e-5, atol=0)


def test_distances_are_those_of_faiss() -> None:
    """F3 and F12: `PCAMatrix`, then the sign; the sign of an eigenvector is arbitrary, distances are not."""
    x = data(300, 20)
    matrix = faiss.PCAMatrix(20, 8)
    matrix.train(x.numpy())
    reference = torch.where(torch.from_numpy(matrix.apply(x.numpy())) >= 0, 1.0, -1.0)
    method = fitted(x, 8)
    assert torch.equal(distances(method.binarize(method(x))), distances(reference))


def test_nothing_is_drawn() -> None:
    x = data(100, 20)
    first, second = fitted(x, 16, seed=1), fitted(x, 16, seed=2)
    assert torch.equal(first.binarize(first(x)), second.binarize(second(x)))


def test_mirrored_features_only_turn_signs() -> None:
    """Signs are fixed by a rule of the components, so mirrored features change codes and no distance."""
    x = data(100, 20)
    first, second = fitted(x, 16), fitted(-x, 16)
    a, b = first.binarize(first(x)), second.binarize(second(-x))
    assert torch.equal(a, -b) and torch.equal(distances(a), distances(b))


def test_more_bits_than_features() -> None:
    """F3, pitfalls: L <= d."""
    with pytest.raises(ConfigError, match=r"1 to 20 bits"):
        PCAH(32, 20, 2)


def test_directions_without_variance_give_constant_bits() -> None:
    """More bits than the train images vary in: 5 images span 4 directions, the other bits are +1."""
    x = data(5, 20)
    method = fitted(x, 16)
    new = 100 * torch.randn(50, 20, generator=torch.Generator().manual_seed(1))
    codes = method.binarize(method(new))
    assert bool((codes[:, 4:] == 1).all()) and len(torch.unique(codes[:, :4], dim=0)) > 4


def test_agreement_of_bits() -> None:
    """By hand: bit 0 is the cluster, bit 1 differs inside both clusters."""
    codes = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    within, between = agreement(codes, torch.tensor([0, 0, 1, 1]))
    assert within.tolist() == [1.0, 0.0] and between.tolist() == [0.0, 0.5]


def test_blob_set() -> None:
    """Section G: at 4 bits .2 above chance (.63 measured there), at 16 bits lower: late bits are noise."""
    short, longer = blob_map(PCAH, 4), blob_map(PCAH, 16)
    assert short > 0.45 and longer < short - 0.1
    assert blob_map(PCAH, 4, scale=100.0) == pytest.approx(short, abs=0.02)


def test_picture_first_seven_bits_know_the_clusters() -> None:
    """F3, pitfalls: late bits carry noise; 8 clusters span 7 directions."""
    within, between = (torch.tensor(curve.y) for curve in PCAH.picture().frames[0].series)
    assert float((within - between)[:7].min()) > 0.2 and float((within - between)[8:].abs().max()) < 0.1
