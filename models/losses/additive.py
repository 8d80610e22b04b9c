"""Additive codebooks: an item is the sum of one word from each book (DTQ, DVSQ, DSQ, SPDAQ).

Books and codes answer each other: for fixed books the word of one book after the other is chosen anew
(iterated conditional modes, "ICM"), for fixed codes the best books solve a least-squares problem. Neither
step raises the squared error, but for a ridge that keeps words short.

Source: methods/3-quantization.md, section 0.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from models.losses.codebooks import kmeans, start_words

N_SWEEPS = 3
# Of least squares. 0.001 is usual for many items per word. With one or two, as 64 bits have them on 2,000
# items, such words fit these items exactly and new ones badly; with 1 they do not.
RIDGE = 1.0
# A word whose squared length is below this after an update was used by no item.
DEAD = 1e-8


def decode(books: Tensor, codes: Tensor) -> Tensor:
    """Sum of the chosen words, float (n, dim).

    Args:
        books: float (n_codebooks, n_centroids, dim).
        codes: int64 (n, n_codebooks).
    """
    return books[torch.arange(len(books), device=codes.device), codes].sum(dim=1)


def block_books(z: Tensor, n_codebooks: int, n_centroids: int, generator: torch.Generator) -> Tensor:
    """Books to start from: book m is k-means on slice m of the vectors, and 0 outside that slice.

    Sums of such words are concatenations, so the codes begin as those of a product quantizer. Slices are
    equally wide; the last one takes what is left over.

    Args:
        z: float (n, dim), finite.
        n_codebooks, n_centroids: sizes.
        generator: source of random numbers (CPU).

    Returns:
        float (n_codebooks, n_centroids, dim).
    """
    dim = z.shape[1]
    books = z.new_zeros(n_codebooks, n_centroids, dim)
    edges = [m * (dim // n_codebooks) for m in range(n_codebooks)] + [dim]
    for book, (start, stop) in zip(books, pairwise(edges), strict=True):
        part = z[:, start:stop]
        book[:, start:stop] = kmeans(part, start_words(part, 1, n_centroids, generator))[0]
    return books


def greedy_codes(z: Tensor, books: Tensor) -> Tensor:
    """Words chosen book after book, each the nearest to what the books before left over; int64 (n, M)."""
    left, chosen = z.clone(), []
    for words in books:
        word = _nearest(left, words)
        left -= words[word]
        chosen.append(word)
    return torch.stack(chosen, dim=1)


def improve_codes(z: Tensor, books: Tensor, codes: Tensor, orders: Sequence[Sequence[int]]) -> Tensor:
    """Sweeps of ICM: each book's word becomes the best one given the words of all other books.

    Args:
        z: float (n, dim), what the sums shall come near to.
        books: float (n_codebooks, n_centroids, dim).
        codes: int64 (n, n_codebooks), to start from; not changed.
        orders: per sweep, the books in the order of their visit.

    Returns:
        int64 (n, n_codebooks). Equally good words: the lowest index.
    """
    codes, left = codes.clone(), z - decode(books, codes)
    for order in orders:
        for m in order:
            left += books[m][codes[:, m]]
            codes[:, m] = _nearest(left, books[m])
            left -= books[m][codes[:, m]]
    return codes


def encode(z: Tensor, books: Tensor, n_sweeps: int = N_SWEEPS) -> Tensor:
    """Codes of new items: greedy ones, improved by sweeps through the books in order; int64 (n, M)."""
    return improve_codes(z, books, greedy_codes(z, books), n_sweeps * [range(len(books))])


def fit_books(z: Tensor, codes: Tensor, old: Tensor, ridge: float = RIDGE) -> Tensor:
    """The books whose sums come nearest to `z` for given codes: least squares with a ridge.

    The ridge is needed: a vector added to all words of one book and taken from all of another changes no sum.

    Args:
        z: float (n, dim).
        codes: int64 (n, n_codebooks).
        old: float (n_codebooks, n_centroids, dim); words that no item uses stay as they are here.
        ridge: weight of the squared words.

    Returns:
        float (n_codebooks, n_centroids, dim), like `old`. Solved in double precision.
    """
    n_codebooks, n_centroids, dim = old.shape
    columns = codes + n_centroids * torch.arange(n_codebooks, device=codes.device)
    target = z.double()
    size = n_codebooks * n_centroids
    if size <= len(z):  # (H'H + ridge) C = H'z, where H marks the words of each item
        pairs = (columns[:, :, None] * size + columns[:, None, :]).flatten()
        gram = torch.bincount(pairs, minlength=size * size).reshape(size, size).to(target)
        sums = target.new_zeros(size, dim)
        sums.index_add_(0, columns.flatten(), target.repeat_interleave(n_codebooks, dim=0))
        books = _solve(gram, sums, ridge)
    else:  # the same, C = H'(HH' + ridge)^-1 z; HH' counts the books in which two items agree
        agree = target.new_zeros(len(z), len(z))
        for column in codes.T:
            agree += column[:, None] == column
        shares = _solve(agree, target, ridge)
        books = target.new_zeros(size, dim)
        books.index_add_(0, columns.flatten(), shares.repeat_interleave(n_codebooks, dim=0))
    books = books.reshape(old.shape)
    unused = books.square().sum(dim=2, keepdim=True) < DEAD
    return torch.where(unused, old.double(), books).to(old)


def _solve(matrix: Tensor, right: Tensor, ridge: float) -> Tensor:
    """(matrix + ridge I)^-1 right, for a matrix without negative eigenvalues; it is overwritten."""
    matrix.diagonal().add_(ridge)
    return torch.cholesky_solve(right, torch.linalg.cholesky(matrix))


def _nearest(z: Tensor, words: Tensor) -> Tensor:
    """Index of the nearest word, int64 (n,), for z, float (n, dim), and words, float (n_centroids, dim)."""
    return torch.addmm(words.square().sum(dim=1), z, words.T, alpha=-2).argmin(dim=1)
