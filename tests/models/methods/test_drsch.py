"""Golden values of methods/1-pairwise-and-multiwise.md, section 15 (DRSCH), and laws of section 18."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from models.codes.asymmetric import asymmetric_distances
from models.index.adc_flat import AdcFlat
from models.methods.base import Batch, TrainSet
from models.methods.multiwise.drsch import DRSCH, drsch_loss, graph_term, heaviest_bits
from models.types import CodebookCodes

WEIGHTS = torch.tensor([1.0, 0.5, 1.0, 2.0], dtype=torch.float64)
LABELS = torch.tensor([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=torch.bool)


def with_weights(n_bits: int, n_features: int, weights: Tensor) -> DRSCH:
    method = DRSCH(n_bits, n_features, 2).eval()
    with torch.no_grad():
        method.weights.copy_(weights)
    return method


def stored(method: DRSCH, u: Tensor) -> tuple[CodebookCodes, np.ndarray]:
    """What a database holds of some images, and what they are compared by as queries."""
    words = method.codebooks().float().numpy()
    codes = CodebookCodes(method.assign(u).numpy().astype(np.uint8), words)
    return codes, method.embed(u).float().numpy()


def test_weighted_hamming_distances(fixture_t: Tensor) -> None:
    """Section 15, test 1: 4.0 between images 1 and 2, 2.25 between 1 and 3, by words and by the index."""
    codes, queries = stored(with_weights(4, 4, WEIGHTS), fixture_t)
    distances = asymmetric_distances(queries, codes)
    assert distances[0, 1] == 4.0 and distances[0, 2] == 2.25
    assert (np.diag(distances) == 0).all() and (distances == distances.T).all()
    found = AdcFlat(codes).search(queries[:1], 4)
    assert found.ids.tolist() == [[0, 2, 1, 3]]
    np.testing.assert_allclose(found.distances, [[0, 2.25, 4, 6.25]], atol=1e-6)


def test_search_is_the_weighted_count_of_differing_bits() -> None:
    """Section 15, out-of-sample: sum of w_k^2 over differing bits, weights of both signs, 16 bits."""
    generator = torch.Generator().manual_seed(0)
    w = torch.randint(-8, 9, (16,), generator=generator) / 4
    u = torch.randn(50, 16, generator=generator)
    codes, queries = stored(with_weights(16, 16, w), u)
    bits = (u >= 0).float()
    expected = ((bits[:, None] != bits[None]) * w.square()).sum(dim=2).numpy()
    np.testing.assert_array_equal(asymmetric_distances(queries, codes), expected)
    ranked = AdcFlat(codes).search(queries, 50)
    np.testing.assert_allclose(ranked.distances, np.sort(expected, axis=1), atol=1e-4)


def test_graph_term_is_the_trace(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 15, test 2: trace 1.184271, from the Laplacian, and as half the sum over pairs."""
    r = WEIGHTS * torch.sigmoid(fixture_t)
    a = (pairs_t & ~torch.eye(4, dtype=torch.bool)).double()
    laplacian = torch.diag(a.sum(dim=1)) - a
    trace = torch.trace(r.T @ laplacian @ r)
    assert float(trace) == pytest.approx(1.184271, abs=1e-6)
    assert float(graph_term(r, pairs_t) * a.sum()) == pytest.approx(1.184271, abs=1e-6)


def test_mean_of_the_eight_triplets(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 15, test 3: C = -0.5."""
    r = WEIGHTS * torch.sigmoid(fixture_t)
    assert float(drsch_loss(r, pairs_t, 0.5, 0.1)["triplets"]) == pytest.approx(-0.035170, abs=1e-6)


def test_met_triplets_cost_minus_the_margin(pairs_t: Tensor) -> None:
    """Section 15: max(C, x) is C, not 0, where x is below C."""
    r = torch.tensor([[3.0, 0], [3, 0], [0, 3], [0, 3]], dtype=torch.float64)
    terms = drsch_loss(r, pairs_t, 5.0, 0.1)
    assert float(terms["triplets"]) == -5 and float(terms["graph"]) == 0


@pytest.mark.parametrize(("n_bits", "kept"), [(1, [3]), (2, [0, 3]), (3, [0, 2, 3]), (4, [0, 1, 2, 3])])
def test_shorter_codes_keep_the_heaviest_bits(n_bits: int, kept: list[int]) -> None:
    """Section 15, test 4: bit 4, then bit 1 before bit 3, which weighs the same; the sign does not matter."""
    assert heaviest_bits(WEIGHTS, n_bits).tolist() == kept
    assert heaviest_bits(-WEIGHTS, n_bits).tolist() == kept


def test_a_shorter_code_is_the_distance_over_kept_bits(fixture_t: Tensor) -> None:
    """Section 15: two of the four books alone give the weighted distance of those two bits."""
    codes, queries = stored(with_weights(4, 4, WEIGHTS), fixture_t)
    kept = heaviest_bits(WEIGHTS, 2).numpy()
    short = CodebookCodes(codes.indices[:, kept], codes.codebooks[kept])
    distances = asymmetric_distances(np.ascontiguousarray(queries[:, kept]), short)
    assert distances[0].tolist() == [0, 4, 1, 5]


def test_the_method_weighs_and_scales_the_margin(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 15, defaults: C = -5 K / 64, lambda = 0.1, r = w times sigmoid(u), w starts at 1."""
    batch = Batch(fixture_t, fixture_t, LABELS, torch.arange(4))
    assert bool((DRSCH(4, 4, 2).weights == 1).all())
    found = {name: term.item() for name, term in with_weights(4, 4, WEIGHTS).loss(batch).items()}
    expected = drsch_loss(WEIGHTS * torch.sigmoid(fixture_t), pairs_t, 5 * 4 / 64, 0.1)
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value)), name
    assert found["graph"] == pytest.approx(0.1 * 1.184271 / 4, abs=1e-6)


def test_weights_are_learned_and_saved(blobs: TrainSet) -> None:
    """Section 15: the weight layer has a gradient and belongs to the code."""
    method = DRSCH(8, 20, 3)
    batch = Batch(blobs.features, method(blobs.features), blobs.labels, torch.arange(120))
    torch.stack(list(method.loss(batch).values())).sum().backward()
    assert method.weights.grad is not None and bool((method.weights.grad != 0).all())
    assert "weights" in method.state_dict()


def test_bits_and_weights_permuted_alike_or_flipped(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 3."""

    def total(u: Tensor, w: Tensor) -> float:
        return sum(float(term) for term in drsch_loss(w * torch.sigmoid(u), pairs_t, 0.5, 0.1).values())

    expected = pytest.approx(total(fixture_t, WEIGHTS), abs=1e-12)
    order = [2, 3, 1, 0]
    assert total(fixture_t[:, order], WEIGHTS[order]) == expected
    assert total(fixture_t * torch.tensor([1.0, -1, -1, 1]), WEIGHTS) == expected
    assert total(fixture_t[:, order], WEIGHTS) != expected, "the weights belong to their bits"


def test_swapped_codes_cost_more(pairs_t: Tensor) -> None:
    """Section 18, check 2."""
    good = torch.tensor([[1.0] * 4, [1.0] * 4, [0.0] * 4, [0.0] * 4])
    for name, value in drsch_loss(good, pairs_t, 0.5, 0.1).items():
        assert value < drsch_loss(good[[0, 2, 1, 3]], pairs_t, 0.5, 0.1)[name]


def test_gradient_by_central_differences(fixture_t: Tensor, pairs_t: Tensor) -> None:
    """Section 18, check 8: away from the kink at C, in outputs and in weights."""
    u, w = fixture_t.clone().requires_grad_(), WEIGHTS.clone().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, v: torch.stack(list(drsch_loss(v * torch.sigmoid(x), pairs_t, 0.5, 0.1).values())), (u, w)
    )


def test_no_triplet_is_zero(fixture_t: Tensor) -> None:
    """Section 0.1: a mean over no triplet is 0, not the margin, and has a graph."""
    r = fixture_t.clone().requires_grad_()
    terms = drsch_loss(r, torch.eye(4, dtype=torch.bool), 0.5, 0.1)
    assert terms["triplets"].item() == 0 and terms["triplets"].requires_grad and terms["graph"].item() == 0
