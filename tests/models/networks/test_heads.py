"""The hash layer and the word chooser, without any method around them."""

from __future__ import annotations

import pytest
import torch

from models.networks.codebook_heads import WordChooser
from models.networks.heads import HashHead


@pytest.mark.parametrize(("gain", "size"), [(1.0, 0.2), (4.0, 0.8)])
def test_outputs_start_at_the_promised_size(gain: float, size: float) -> None:
    torch.manual_seed(0)
    head = HashHead(256, 64, gain=gain).eval()
    assert head(torch.randn(500, 256)).abs().mean().item() == pytest.approx(size, rel=0.25)


def test_dropout_rests_in_evaluation_mode() -> None:
    torch.manual_seed(0)
    head, features = HashHead(20, 8), torch.randn(5, 20)
    assert not torch.equal(head.train()(features), head(features))
    assert torch.equal(head.eval()(features), head(features))


def test_each_book_reads_its_own_slice() -> None:
    torch.manual_seed(0)
    books = WordChooser(n_codebooks=3, n_centroids=16, slice_width=4, word_width=5)
    u = torch.randn(2, 12)
    changed = u.clone()
    changed[:, 4:8] += 1
    same = (books(u) == books(changed)).all(dim=2).all(dim=0)
    assert same.tolist() == [True, False, True]
    one_hot = torch.nn.functional.one_hot(torch.tensor([[3, 0, 15]]), 16).float()
    expected = torch.cat([books.words[0, 3], books.words[1, 0], books.words[2, 15]])
    torch.testing.assert_close(books.mixture(one_hot)[0], expected)
