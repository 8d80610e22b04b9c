"""Golden values of methods/2-implicit-and-classification.md, section 9 (SUBIC), and laws that hold for it."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from models.errors import ConfigError
from models.methods.base import Batch, TrainSet
from models.methods.classification.subic import (
    SUBIC,
    SUBICParams,
    batch_entropy,
    mean_entropy,
    symmetric_distances,
)

# Two images, two blocks of four words.
LOGITS = torch.tensor(
    [[[2, 0, 0, 0], [0, 0, 0, 0]], [[0, 1, 0, 0], [0, 0, 3, 0]]], dtype=torch.float64
)  # fmt: skip


@pytest.fixture
def method() -> SUBIC:
    torch.manual_seed(0)
    return SUBIC(8, 20, 3).double().eval()


def outputs() -> Tensor:
    """The two images for blocks of 16 words: the other twelve get no share to speak of."""
    return F.pad(LOGITS, (0, 12), value=-80.0).flatten(1)


def random_logits(scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(4)
    return scale * torch.randn(30, 3, 16, generator=generator, dtype=torch.float64)


def test_entropies() -> None:
    """Section 9, tests: mean entropy 1.4794623 bits (1.0254851 nats), batch 1.7526727 (1.2148601)."""
    assert float(mean_entropy(LOGITS)) == pytest.approx(1.4794623, abs=1e-7)
    assert float(mean_entropy(LOGITS)) * math.log(2) == pytest.approx(1.0254851, abs=1e-7)
    assert float(batch_entropy(LOGITS)) == pytest.approx(1.7526727, abs=1e-7)
    assert float(batch_entropy(LOGITS)) * math.log(2) == pytest.approx(1.2148601, abs=1e-7)


def test_entropy_of_logits_is_lse_minus_the_mean_logit() -> None:
    """Section 9, loss: H = (lse(u) - sum of pi u) / ln 2."""
    logits = random_logits()
    shares = torch.softmax(logits, dim=-1)
    expected = (torch.logsumexp(logits, dim=-1) - (shares * logits).sum(dim=-1)).mean() / math.log(2)
    torch.testing.assert_close(mean_entropy(logits), expected)


def test_codes_of_the_two_images(method: SUBIC) -> None:
    """Section 9, tests: codes (0, 0) and (1, 2); ties go to the lowest index."""
    assert method.assign(outputs()).tolist() == [[0, 0], [1, 2]]


def test_asymmetric_score(method: SUBIC) -> None:
    """Section 9, tests: shares of image 1 against the code of image 2 give 0.3462551."""
    code = method.assign(outputs())[1]
    stored = method.codebooks()[torch.arange(2), code].flatten()
    query = method.embed(outputs())[0]
    assert float(query @ stored) == pytest.approx(0.3462551, abs=1e-7)
    shares = torch.softmax(LOGITS[0], dim=-1)
    assert float(query @ stored) == pytest.approx(float(shares[0, 1] + shares[1, 2]), abs=1e-12)
    assert method.metric == "ip"


def test_words_are_the_unit_vectors(method: SUBIC) -> None:
    """Section 9, codes: one-hot of the argmax in each block."""
    words = method.codebooks()
    assert words.shape == (2, 16, 16)
    assert all(torch.equal(block, torch.eye(16)) for block in words.float())


def test_symmetric_distance_counts_blocks(method: SUBIC) -> None:
    """Section 9, distance: Hamming distance of the one-hot vectors is twice the disagreeing blocks."""
    generator = torch.Generator().manual_seed(1)
    codes, others = (torch.randint(0, 3, (n, 5), generator=generator) for n in (7, 4))
    found = symmetric_distances(codes, others)
    one_hot, other_hot = (F.one_hot(c, 16).flatten(1).float() for c in (codes, others))
    torch.testing.assert_close(2.0 * found, torch.cdist(one_hot, other_hot, p=1))
    assert symmetric_distances(torch.tensor([[0, 0]]), torch.tensor([[1, 2], [0, 3], [0, 0]])).tolist() == [
        [2, 1, 0]
    ]


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_the_batch_is_never_less_mixed_than_its_images(scale: float) -> None:
    """Section 9, tests: batch entropy >= mean entropy; one image alone has both equal."""
    logits = random_logits(scale)
    assert float(batch_entropy(logits)) > float(mean_entropy(logits))
    assert float(batch_entropy(logits[:1])) == pytest.approx(float(mean_entropy(logits[:1])), abs=1e-9)


def test_firm_choices_have_no_entropy() -> None:
    """Section 9, tests: mean entropy goes to 0 as logits grow and no block is tied."""
    values = [float(mean_entropy(random_logits(scale))) for scale in (0.0, 1.0, 10.0, 1e4)]
    assert values[0] == pytest.approx(4.0) and values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(0.0, abs=1e-9)


def test_few_images_cannot_use_all_words() -> None:
    """Section 9, pitfall 1: N one-hot vectors have an average entropy of at most log2 N."""
    firm = random_logits(1e4)
    for n in (2, 5, 12):
        assert float(batch_entropy(firm[:n])) <= math.log2(n) + 1e-9


def test_terms_are_weighted_and_signed(method: SUBIC) -> None:
    """Section 9, settings: entropies divided by log2 Q = 4; the batch's entropy is subtracted."""
    labels = torch.eye(3, dtype=torch.bool)[[0, 2]]
    method.params = SUBICParams(gamma=2.0, mu=3.0, warm_up=0.0)
    method.before_epoch(0, 30)
    terms = method.loss(Batch(torch.zeros(2, 20), outputs(), labels, torch.arange(2)))
    assert float(terms["mean_entropy"]) == pytest.approx(2 * 1.4794623 / 4, abs=1e-7)
    assert float(terms["batch_entropy"]) == pytest.approx(-3 * 1.7526727 / 4, abs=1e-7)
    expected = F.cross_entropy(method.classifier(method.embed(outputs())), torch.tensor([0, 2]))
    torch.testing.assert_close(terms["class"], expected)


def test_gamma_warms_up() -> None:
    """Section 9, pitfall 2: too large a gamma early and every image picks the same word."""
    method = SUBIC(8, 20, 3, SUBICParams(gamma=2.0, warm_up=0.5))
    found = []
    for epoch in range(8):
        method.before_epoch(epoch, 8)
        found.append(method.gamma)
    assert found == [0.5, 1.0, 1.5, 2.0, 2.0, 2.0, 2.0, 2.0]


def test_gradients_by_central_differences(method: SUBIC) -> None:
    """File 1, section 18, check 8."""
    labels = torch.eye(3, dtype=torch.bool)[[0, 2]]
    u = random_logits()[:2, :2].flatten(1).requires_grad_()

    def total(v: Tensor) -> Tensor:
        return torch.stack(
            list(method.loss(Batch(torch.zeros(2, 20), v, labels, torch.arange(2))).values())
        ).sum()

    assert torch.autograd.gradcheck(total, (u,))


def test_order_of_words_and_blocks_does_not_matter() -> None:
    """File 1, section 18, check 3, for words instead of bits."""
    logits, order = random_logits(), torch.randperm(16, generator=torch.Generator().manual_seed(0))
    for entropy in (mean_entropy, batch_entropy):
        torch.testing.assert_close(entropy(logits[:, :, order]), entropy(logits))
        torch.testing.assert_close(entropy(logits[:, [2, 0, 1]]), entropy(logits))


def test_several_labels_change_the_class_loss(method: SUBIC, blobs: TrainSet) -> None:
    """Our addition: one yes-no cross-entropy per class."""
    method.before_fit(blobs)
    assert not method.multi_label
    method.before_fit(TrainSet(blobs.features, blobs.labels | blobs.labels.roll(1, 1), blobs.generator))
    assert method.multi_label


@pytest.mark.parametrize("n_bits", [4, 10, 30, 260])
def test_lengths_are_whole_blocks(n_bits: int) -> None:
    """Section 9, pitfall 3: bits are M log2 Q."""
    with pytest.raises(ConfigError, match=r"8, 12, 16, 24, 32, 48, 64"):
        SUBIC(n_bits, 20, 3)


def test_picture_shows_shares() -> None:
    """Each row sums to 1, and the largest share of every block grows with the outputs."""
    picture = SUBIC.picture()
    assert picture.kind == "grid"
    frames = [torch.tensor(frame.grid) for frame in picture.frames]
    for shares in frames:
        assert shares.shape == (8, 16)
        torch.testing.assert_close(shares.sum(dim=1), torch.ones(8), atol=2e-3, rtol=0)
    largest = torch.stack([shares.amax(dim=1) for shares in frames])
    assert bool((largest.diff(dim=0) > 0).all())
