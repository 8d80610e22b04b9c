"""Heads that choose words of learned codebooks instead of bits."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PrincipalHead(nn.Linear):
    """Features reduced to their directions of largest variance, as one frozen linear map.

    Args:
        n_features: width of the features.
        n_outputs: number of directions; those beyond the rank of the features give 0.
    """

    def __init__(self, n_features: int, n_outputs: int) -> None:
        super().__init__(n_features, n_outputs)
        self.requires_grad_(False)

    @torch.no_grad()
    def fit(self, features: Tensor, rotation: Tensor | None = None) -> Tensor:
        """Find the directions of features, float (n, n_features); returns what they become, (n, n_outputs).

        Args:
            features: of the train split.
            rotation: orthogonal, float (n_outputs, n_outputs), multiplied onto the reduced features.
        """
        mean = features.double().mean(dim=0)
        centred = features.double() - mean
        variances, vectors = torch.linalg.eigh(centred.T @ centred)  # ascending
        # The remaining directions of degenerate features hold rounding noise, which new images would amplify.
        vectors = (vectors * (variances > 1e-9 * variances[-1])).flip(1)[:, : self.out_features]
        directions = vectors.new_zeros(self.in_features, self.out_features)
        directions[:, : vectors.shape[1]] = vectors
        self.set(directions if rotation is None else directions @ rotation.to(directions), mean)
        outputs: Tensor = self(features)
        return outputs

    @torch.no_grad()
    def rotate(self, rotation: Tensor) -> None:
        """Multiply a further orthogonal matrix, float (n_outputs, n_outputs), onto the outputs (rows)."""
        self.weight.copy_(rotation.T.to(self.weight) @ self.weight)
        self.bias.copy_(self.bias @ rotation.to(self.bias))

    def set(self, directions: Tensor, mean: Tensor) -> None:
        """Store columns of directions, float (n_features, n_outputs), and what is subtracted before them."""
        self.weight.copy_(directions.T)
        self.bias.copy_(-(mean.to(directions) @ directions))


def random_rotation(width: int, generator: torch.Generator) -> Tensor:
    """A rotation drawn at random, double (width, width); every slice then holds about the same variance."""
    drawn = torch.randn(width, width, generator=generator, dtype=torch.float64)
    rotation: Tensor = torch.linalg.qr(drawn).Q
    return rotation


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
