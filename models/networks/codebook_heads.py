"""Heads that choose words of learned codebooks instead of bits."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class WordChooser(nn.Module):
    """One small linear classifier per book, which names a word, and the words themselves.

    Words are chosen by learned scores, not by their distance to anything, and have a width of their own.

    Args:
        n_codebooks: number of books, M.
        n_centroids: words per book, K.
        slice_width: width F of the slice of `u` that a book's classifier reads.
        word_width: width E of a word.
    """

    def __init__(self, n_codebooks: int, n_centroids: int, slice_width: int, word_width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_codebooks, slice_width, n_centroids) * slice_width**-0.5)
        self.bias = nn.Parameter(torch.zeros(n_codebooks, n_centroids))
        self.words = nn.Parameter(torch.randn(n_codebooks, n_centroids, word_width) * word_width**-0.5)

    def forward(self, u: Tensor) -> Tensor:
        """Scores of the words, float (n, M, K), from u, float (n, M * F), slice after slice."""
        n_codebooks, slice_width, _ = self.weight.shape
        slices = u.reshape(-1, n_codebooks, slice_width)
        return torch.einsum("nmf,mfk->nmk", slices, self.weight) + self.bias

    def mixture(self, shares: Tensor) -> Tensor:
        """Words mixed by `shares`, float (n, M, K), book after book: float (n, M * E)."""
        return torch.einsum("nmk,mke->nme", shares, self.words).flatten(1)


def straight_through_choice(p: Tensor) -> Tensor:
    """One-hot of the largest share in the last dimension; in the backward pass it behaves like `p` itself.

    Args:
        p: float (..., K), shares that sum to 1. Equal shares: the word with the lowest index.
    """
    one_hot = torch.zeros_like(p).scatter_(-1, p.argmax(dim=-1, keepdim=True), 1.0)
    return p + (one_hot - p).detach()
