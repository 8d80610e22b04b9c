"""Books of words that are added up, as a part of a model: words, train codes, and codes of new images.

Source: methods/3-quantization.md, sections 0.4 and 3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.losses.additive import N_SWEEPS, block_books, decode, fit_books, improve_codes
from models.losses.codebooks import beam_codes

BEAM = 5  # as in FAISS


class AdditiveBooks(nn.Module):
    """Learned words of which an item is a sum, one of each book, and which of them each train image has.

    `root`, float (dim, dim), where it is given, is what errors are multiplied with before their length is
    measured: codes then minimise |(z - sum) root|^2. It plays no part in the choice of the words, whose
    least squares have the same solution for every root.

    Attributes:
        words: float (n_codebooks, n_centroids, dim).
        codes: int64 (n_train, n_codebooks), needed in training only.
    """

    words: Tensor
    codes: Tensor

    def __init__(self, n_codebooks: int, n_centroids: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("words", torch.zeros(n_codebooks, n_centroids, dim))
        self.register_buffer("codes", torch.empty(0, dtype=torch.int64), persistent=False)

    @torch.no_grad()
    def start(self, z: Tensor, generator: torch.Generator, root: Tensor | None = None) -> None:
        """Words of k-means on one slice each, and codes of train images; z, float (n_train, dim)."""
        n_codebooks, n_centroids, _ = self.words.shape
        self.words = block_books(z, n_codebooks, n_centroids, generator)
        self.codes = self.assign(z, root)

    @torch.no_grad()
    def improve(self, z: Tensor, root: Tensor | None = None) -> None:
        """Codes from the present ones, word by word; then words by least squares."""
        orders = N_SWEEPS * [range(len(self.words))]
        self.codes = improve_codes(_times(z, root), _times(self.words, root), self.codes, orders)
        self.words = fit_books(z, self.codes, self.words)

    def assign(self, z: Tensor, root: Tensor | None = None) -> Tensor:
        """Codes of items: a beam of 5, then three sweeps that choose each book's word anew; (n, M)."""
        z, words = _times(z, root), _times(self.words, root)
        return improve_codes(z, words, beam_codes(z, words, BEAM), N_SWEEPS * [range(len(words))])

    def decoded(self, rows: Tensor) -> Tensor:
        """What the codes of train images `rows`, int64 (n,), stand for; float (n, dim)."""
        return decode(self.words, self.codes[rows])


def orthogonality(words: Tensor) -> Tensor:
    """|C C' - I|^2 over the words of all books, float (M, K, dim); at least M K - dim for M K > dim."""
    stacked = words.flatten(0, 1)
    # |C C'|^2 = |C'C|^2, and C'C is only as wide as a word.
    return (stacked.T @ stacked).square().sum() - 2 * stacked.square().sum() + len(stacked)


@torch.enable_grad()
def spread_words(z: Tensor, codes: Tensor, words: Tensor, gamma: float) -> Tensor:
    """Lower the mean of |z - zhat|^2 plus gamma times `orthogonality`, from `words`, at fixed codes.

    Words are measured against the root mean square length of z in that term.
    """
    scale = z.square().sum(dim=1).mean().sqrt().clamp(min=1e-6)
    moved = words.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([moved], max_iter=10, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = (z - decode(moved, codes)).square().sum(dim=1).mean() + gamma * orthogonality(moved / scale)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return moved.detach()


def _times(vectors: Tensor, root: Tensor | None) -> Tensor:
    return vectors if root is None else vectors @ root.to(vectors.dtype)
