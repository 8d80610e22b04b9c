"""Golden values of methods/1-pairwise-and-multiwise.md, section 10 (ADSH), and laws of section 18."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.codes.packing import pack
from models.engine import run as engine
from models.engine.build import make_config
from models.engine.events import Finished, Stored
from models.engine.run_files import RunCodes
from models.methods.base import Batch, TrainSet
from models.methods.pairwise.adsh import ADSH, ADSHParams, adsh_loss, update_codes
from models.types import BinaryCodes

OMEGA = torch.tensor([0, 2])
GAMMA = 2.0


@pytest.fixture
def h(fixture_t: Tensor) -> Tensor:
    return torch.tanh(fixture_t[OMEGA])


@pytest.fixture
def s(pairs_t: Tensor) -> Tensor:
    """Hard similarities +1 and -1 of the sampled images to all."""
    return 2.0 * pairs_t[OMEGA].double() - 1


def objective(codes: Tensor, h: Tensor, s: Tensor, gamma: float = GAMMA, rows: Tensor = OMEGA) -> float:
    """The paper's sums, from the means of the loss: (m n) pairs and m images; gamma / n becomes gamma."""
    terms = adsh_loss(h, codes, codes[rows], s, gamma)
    return s.numel() * float(terms["similarity"]) + len(h) * len(codes) * float(terms["quantization"])


def test_objective(fixture_t: Tensor, h: Tensor, s: Tensor) -> None:
    """Section 10, test 1: every pair counts, that of an image with itself too."""
    assert objective(binarize(fixture_t), h, s) == pytest.approx(44.799519, abs=1e-5)


def test_one_sweep_bit_by_bit(fixture_t: Tensor, h: Tensor, s: Tensor) -> None:
    """Section 10, test 2. The objective after bit k is that of the new first k columns and the old rest."""
    old = -binarize(fixture_t)
    new = update_codes(old, h, OMEGA, s, GAMMA)
    values = [objective(torch.cat([new[:, :k], old[:, k:]], dim=1), h, s) for k in range(5)]
    assert values == pytest.approx([318.169455, 177.116278, 97.864892, 56.204567, 44.750327], abs=1e-5)
    assert new.tolist() == [[1, -1, 1, 1], [1, -1, 1, 1], [-1, 1, -1, 1], [-1, 1, -1, -1]]


@pytest.mark.parametrize("seed", range(5))
def test_a_sweep_never_raises_the_objective(seed: int) -> None:
    """Section 10, test 3, and section 18, check 7."""
    generator = torch.Generator().manual_seed(seed)
    classes = torch.randint(0, 4, (40,), generator=generator)
    rows = torch.randperm(40, generator=generator)[:13]
    s = torch.where(classes[rows][:, None] == classes, 1.0, -0.3).double()
    h = torch.tanh(torch.randn(13, 10, generator=generator, dtype=torch.float64))
    codes = binarize(torch.randn(40, 10, generator=generator, dtype=torch.float64))
    before = objective(codes, h, s, 5.0, rows)
    for _ in range(3):
        codes = update_codes(codes, h, rows, s, 5.0)
        after = objective(codes, h, s, 5.0, rows)
        assert after <= before + 1e-9
        assert bool((codes.abs() == 1).all())
        before = after


def test_an_argument_of_zero_gives_minus_one() -> None:
    """Section 10, alternation: outputs of 0 leave every bit without a preference."""
    zeros = torch.zeros(2, 4, dtype=torch.float64)
    found = update_codes(torch.ones(4, 4).double(), zeros, OMEGA, torch.ones(2, 4).double(), GAMMA)
    assert bool((found == -1).all())


def test_gradient_of_the_network(fixture_t: Tensor, h: Tensor, s: Tensor) -> None:
    """Section 10: [2 sum_j (h.v_j - K s) v_j + 2 gamma (h - v)] * (1 - h^2), of the sums."""
    codes = binarize(fixture_t)
    u = fixture_t[OMEGA].clone().requires_grad_()
    terms = adsh_loss(torch.tanh(u), codes, codes[OMEGA], s, GAMMA)
    (8 * terms["similarity"] + 8 * terms["quantization"]).backward()
    expected = (2 * (h @ codes.T - 4 * s) @ codes + 2 * GAMMA * (h - codes[OMEGA])) * (1 - h.square())
    assert u.grad is not None
    torch.testing.assert_close(u.grad, expected)


def test_bit_flip_and_permutation(fixture_t: Tensor, h: Tensor, s: Tensor) -> None:
    """Section 18, check 3: outputs and codes flipped or permuted alike."""
    codes = binarize(fixture_t)
    expected = pytest.approx(objective(codes, h, s), abs=1e-9)
    flip = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)
    order = torch.tensor([2, 0, 3, 1])
    assert objective(codes * flip, h * flip, s) == expected
    assert objective(codes[:, order], h[:, order], s) == expected


def test_swapped_codes_cost_more(s: Tensor) -> None:
    """Section 18, check 2."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [-1.0] * 4, [-1.0] * 4], dtype=torch.float64)
    swapped = good[[0, 2, 1, 3]]
    assert objective(good, 0.9 * good[OMEGA], s) < objective(swapped, 0.9 * swapped[OMEGA], s)


def fitted(blobs: TrainSet, **params: float) -> ADSH:
    torch.manual_seed(0)
    method = ADSH(8, 20, 3, ADSHParams(**params))  # type: ignore[arg-type]
    method.before_fit(TrainSet(blobs.features, blobs.labels, torch.Generator().manual_seed(0)))
    return method


def test_images_outside_the_sample_leave_the_loss(blobs: TrainSet) -> None:
    method = fitted(blobs, sample=30)
    assert int(method.sampled.sum()) == 30
    u = torch.randn(120, 8, requires_grad=True)
    sum(method.loss(Batch(blobs.features, u, blobs.labels, torch.arange(120))).values()).backward()  # type: ignore[union-attr]
    assert u.grad is not None
    assert torch.equal((u.grad != 0).any(dim=1), method.sampled)
    outside = (~method.sampled).nonzero()[:5, 0]
    terms = method.loss(Batch(blobs.features[outside], u[outside], blobs.labels[outside], outside))
    assert all(term.item() == 0 and term.requires_grad for term in terms.values())


def test_codes_move_at_the_end_of_a_round_and_of_the_run(blobs: TrainSet) -> None:
    method = fitted(blobs, sample=30, inner_epochs=3)
    generator = torch.Generator().manual_seed(5)
    moved = []
    for epoch in range(7):
        codes, sampled = method.codes, method.sampled
        method.before_epoch(epoch, 7)
        method.after_epoch(lambda: torch.randn(120, 8, generator=generator))
        moved.append(not torch.equal(codes, method.codes))
        assert torch.equal(sampled, method.sampled) != moved[-1], "a new sample with every move"
    assert moved == [False, False, True, False, False, True, True]


def test_soft_negatives_of_the_sample(blobs: TrainSet) -> None:
    """Section 10: three equal classes give -1/2, over the whole split as the sample."""
    assert float(fitted(blobs).negative) == pytest.approx(-0.5)


def test_untrained_has_no_codes() -> None:
    assert ADSH(8, 20, 3).learned_codes() is None


def test_learned_codes_stand_in_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Section 10, out of sample: train images keep their codes, all others get the network's."""
    monkeypatch.setenv("HASHLENS_CACHE", str(tmp_path_factory.mktemp("cache")))
    source = engine.open_source("digits", "small_cnn")
    scored: list[RunCodes] = []
    real = engine.score
    monkeypatch.setattr(engine, "score", lambda codes, dataset: scored.append(codes) or real(codes, dataset))
    events = list(
        engine.run(make_config("digits", "adsh", 16, epochs=1), tmp_path / "run", source, figures_only=True)
    )
    finished = next(event for event in events if isinstance(event, Finished))
    assert isinstance(events[-1], Stored)
    learned = finished.model.method.learned_codes()
    database = scored[0].database
    assert learned is not None
    assert isinstance(database, BinaryCodes)
    rows = source.dataset.train_rows
    assert (database.packed[rows] == pack(learned.numpy()).packed).all()
    network = engine.encode_split(finished.model, source.dataset, "database", source.features).codes
    assert isinstance(network, BinaryCodes)
    others = np.setdiff1d(np.arange(len(database)), rows)
    assert len(others) > 100
    assert (database.packed[others] == network.packed[others]).all()
    assert (database.packed[rows] != network.packed[rows]).any(), "after one epoch the two still differ"
