"""Golden values of methods/2-implicit-and-classification.md, section 12 (HCBDH)."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.losses.centres import projected_centres
from models.methods.base import Batch, TrainSet
from models.methods.classification.hcbdh import HCBDH, HCBDHParams, code_distance

H = torch.tensor([[1.5, -0.2, 0.3, -2], [0.4, 0.9, -1.1, 0]], dtype=torch.float64)
CENTRES = torch.tensor([[1, -1, -1, -1], [1, 1, -1, 1]], dtype=torch.float64)


def test_distance_to_the_codes() -> None:
    """Section 12, tests: mean squared norm 2.48, per entry 0.62; 0 where h is the code."""
    assert float(code_distance(H, CENTRES)) == pytest.approx(2.48)
    assert float(code_distance(H, CENTRES)) / 4 == pytest.approx(0.62)
    assert float(code_distance(CENTRES, CENTRES)) == 0


@pytest.mark.parametrize("n_bits", [16, 32, 64])
def test_fewer_than_a_quarter_of_wrong_bits_are_mended(n_bits: int) -> None:
    """Section 12, tests: decoding by the nearest orthogonal code is exact under fewer than K / 4 flips."""
    generator = torch.Generator().manual_seed(2)
    codes = projected_centres(10, n_bits, generator).codes
    for _ in range(50):
        flips = torch.randperm(n_bits, generator=generator)[: n_bits // 4 - 1]
        wrong = codes.clone()
        wrong[:, flips] *= -1
        assert (wrong @ codes.T).argmax(dim=1).tolist() == list(range(10))


def test_loss_of_a_batch(blobs: TrainSet) -> None:
    """Section 12, loss: cross-entropy and alpha times the squared norm over K, both on tanh u."""
    method = HCBDH(8, 20, 3, HCBDHParams(alpha=2.0))
    method.before_fit(blobs)
    u = torch.randn(120, 8, generator=torch.Generator().manual_seed(0))
    classes = blobs.labels.int().argmax(dim=1)
    terms = method.loss(Batch(blobs.features, u, blobs.labels, torch.arange(120)))
    h = torch.tanh(u)
    torch.testing.assert_close(terms["class"], F.cross_entropy(method.classifier(h), classes))
    torch.testing.assert_close(terms["code"], 2 * (h - method.codebook[classes]).square().mean())


def test_codebook_and_what_is_kept_of_it(blobs: TrainSet) -> None:
    """Section 12, pitfalls: codes are distinct and the least distance is known; the classifier is trained."""
    method = HCBDH(12, 20, 3)
    method.before_fit(blobs)
    distances = (method.codebook[:, None] != method.codebook[None]).sum(dim=2)
    assert method.min_distance == int(distances[distances > 0].min()) and len(method.codebook) == 3
    assert "codebook" not in method.state_dict()
    optimised = {id(p) for group in method.parameter_groups(1e-3) for p in group["params"]}
    assert {id(p) for p in method.classifier.parameters()} <= optimised


def test_several_labels_are_refused() -> None:
    """Section 12, supervision: a class label."""
    assert not HCBDH.spec.reads_multi_label


def test_picture_counts_all_pairs() -> None:
    """Section 12, codebook: where the order is the length, all 45 pairs differ in half of the bits."""
    for frame in HCBDH.picture().frames:
        (bars,) = frame.series
        assert sum(bars.y) == 45 and bars.y[0] == 0
        assert (bars.y[10] == 45) == (frame.label in ("16", "32", "64", "128"))


def test_gradient_by_central_differences() -> None:
    """Section 18 of file 1, gradient check."""
    assert torch.autograd.gradcheck(lambda h: code_distance(h, CENTRES), H.clone().requires_grad_())
