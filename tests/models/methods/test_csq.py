"""Golden values of methods/2-implicit-and-classification.md, section 11 (CSQ)."""

from __future__ import annotations

import pytest
import torch

from models.methods.base import Batch, TrainSet
from models.methods.classification.csq import CSQ, CSQParams, csq_loss

U = torch.tensor([[1, -0.5, 2, 0.1], [-1, 0.3, -0.2, 0.8]], dtype=torch.float64)
CENTRES = torch.tensor([[1, -1, 1, -1], [1, 1, -1, -1]], dtype=torch.float64)


def test_central_similarity_in_both_forms() -> None:
    """Tests: 0.7647263 as cross-entropy on 2u and on (tanh u + 1) / 2."""
    assert float(csq_loss(U, CENTRES, 0.0)["centre"]) == pytest.approx(0.7647263, abs=1e-7)
    p, t = (torch.tanh(U) + 1) / 2, (CENTRES + 1) / 2
    plain = -(t * p.log() + (1 - t) * (1 - p).log()).mean()
    assert float(plain) == pytest.approx(0.7647263, abs=1e-7)


def test_quantizers() -> None:
    """Tests: authors' square 0.3092750, paper's log cosh 0.1419560."""
    assert float(csq_loss(U, CENTRES, 1.0, "square")["quantization"]) == pytest.approx(0.3092750, abs=1e-7)
    assert float(csq_loss(U, CENTRES, 1.0, "log_cosh")["quantization"]) == pytest.approx(0.1419560, abs=1e-7)


def test_very_wrong_bits_keep_their_gradient() -> None:
    """Section 11, loss: the tanh form loses it in float32 from |u| about 9 on."""
    u = torch.tensor([[12.0, -40.0]], requires_grad=True)
    csq_loss(u, torch.tensor([[-1.0, 1.0]]), 0.0)["centre"].backward()
    torch.testing.assert_close(u.grad, torch.tensor([[1.0, -1.0]]))


def test_centres_follow_the_run_and_images_without_label_rest(blobs: TrainSet) -> None:
    """Section 11, multi-label target: images with no label are dropped."""
    method = CSQ(16, 20, 3, CSQParams())
    method.before_fit(blobs)
    assert method.centres.shape == (3, 16) and set(method.centres.unique().tolist()) == {-1.0, 1.0}
    u, labels = torch.randn(4, 16), torch.eye(4, 3, dtype=torch.bool)
    rows = torch.arange(4)
    with_unlabelled = method.loss(Batch(blobs.features[:4], u, labels, rows))
    without = method.loss(Batch(blobs.features[:3], u[:3], labels[:3], rows[:3]))
    assert not labels[3].any()
    torch.testing.assert_close(with_unlabelled, without)


def test_centres_are_no_part_of_the_checkpoint(blobs: TrainSet) -> None:
    """They are needed in training only, so what is shipped stays small."""
    method = CSQ(16, 20, 3)
    method.before_fit(blobs)
    assert not {"centres", "filler"} & set(method.state_dict())


def test_picture_draws_the_centres() -> None:
    """Section 11, centres: rows of a Hadamard matrix differ in at least half of their bits; blank beyond."""
    frames = CSQ.picture().frames
    for frame in frames:
        codes = torch.tensor(frame.grid)[:, : int(frame.label)]
        assert bool((codes.abs() == 1).all()) and codes.shape == (10, int(frame.label))
        distances = 0.5 * (codes.shape[1] - codes @ codes.T).fill_diagonal_(0)
        assert int(distances[~torch.eye(10, dtype=torch.bool)].min()) == int(frame.label) // 2
        assert not torch.tensor(frame.grid)[:, int(frame.label) :].any()
