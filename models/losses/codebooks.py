"""Learned books of words, and the codes that name them: what quantizers share.

Product: a vector is cut into slices, and each is replaced by the nearest word of its book. Additive: it is
replaced by a sum of words; those steps stand in `additive`. Also codes by a beam, and training with FAISS.

Source: methods/3-quantization.md, sections 0.4 and 0.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.errors import ConfigError
from models.types import Float32

N_ROUNDS = 25  # of k-means, as in FAISS
CHUNK = 2048  # vectors coded at a time
PRODUCT_WIDTH = 96  # of features that are reduced before a product quantizer; 48 before sums of words
ADDITIVE_WIDTH = 48


def slices(z: Tensor, n_codebooks: int) -> Tensor:
    """Slice m of every vector, float (n_codebooks, n, width), from z, float (n, n_codebooks * width)."""
    return z.reshape(len(z), n_codebooks, z.shape[1] // n_codebooks).transpose(0, 1)


def nearest_words(z: Tensor, words: Tensor) -> Tensor:
    """Nearest word of each slice, int64 (n, n_codebooks); equally near ones: the lowest index.

    Args:
        z: float (n, n_codebooks * width).
        words: float (n_codebooks, n_centroids, width).
    """
    return torch.cat([_nearest(slices(part, len(words)), words).T for part in torch.split(z, CHUNK)])


def concatenated(words: Tensor, codes: Tensor) -> Tensor:
    """Decoded vectors, float (n, n_codebooks * width): the chosen words one after the other.

    Args:
        words: float (n_codebooks, n_centroids, width).
        codes: int64 (n, n_codebooks).
    """
    return words[torch.arange(len(words), device=codes.device), codes].flatten(1)


def enough_points(points: Tensor, n_words: int, generator: torch.Generator) -> Tensor:
    """The points in random order and, if fewer than `n_words`, midpoints of random pairs of them.

    Args:
        points: float (n, width), n > 0.
        n_words: smallest number of points to return.
        generator: source of random numbers (CPU).
    """
    n = len(points)
    order = torch.randperm(n, generator=generator).to(points.device)
    pairs = torch.randint(n, (2, max(0, n_words - n)), generator=generator).to(points.device)
    return torch.cat([points[order], points[pairs].mean(dim=0)])


def start_words(z: Tensor, n_codebooks: int, n_centroids: int, generator: torch.Generator) -> Tensor:
    """Slices of random vectors as words to start k-means from, float (n_codebooks, n_centroids, width)."""
    return slices(enough_points(z, n_centroids, generator)[:n_centroids], n_codebooks).contiguous()


def kmeans(z: Tensor, words: Tensor, n_rounds: int = N_ROUNDS) -> Tensor:
    """k-means of every slice: words become the means of the slices that are nearest to them, in turn.

    A word that nothing is nearest to moves to the slice that is farthest from its own word. With no more
    vectors than words, the words stay as they are.

    Args:
        z: float (n, n_codebooks * width).
        words: float (n_codebooks, n_centroids, width), to start from.
        n_rounds: how often.

    Returns:
        float (n_codebooks, n_centroids, width). No round raises the squared error of the vectors.
    """
    n_codebooks, n_centroids, width = words.shape
    if len(z) <= n_centroids:
        return words
    points = slices(z, n_codebooks).contiguous()
    offsets = n_centroids * torch.arange(n_codebooks, device=z.device)[:, None]
    for _ in range(n_rounds):
        index = (_nearest(points, words) + offsets).flatten()
        counts = torch.bincount(index, minlength=n_codebooks * n_centroids)
        sums = points.new_zeros(n_codebooks * n_centroids, width).index_add_(0, index, points.flatten(0, 1))
        means = sums / counts[:, None].clamp(min=1)
        left = (points.flatten(0, 1) - means[index]).square().sum(dim=1).reshape(n_codebooks, -1)
        empty = (counts == 0).reshape(n_codebooks, n_centroids)
        place = (empty.cumsum(dim=1) - 1).clamp(min=0)  # the first empty word gets the farthest slice
        farthest = left.argsort(dim=1, descending=True, stable=True).gather(1, place)
        spare = points.gather(1, farthest[:, :, None].expand(-1, -1, width))
        words = torch.where(empty[:, :, None], spare, means.reshape(words.shape))
    return words


def beam_codes(z: Tensor, books: Tensor, width: int) -> Tensor:
    """Words of additive books, chosen book after book, while the `width` best sums so far are kept.

    A beam of one takes the nearest word to what the books before left over, and never looks back.

    Args:
        z: float (n, dim).
        books: float (n_codebooks, n_centroids, dim).
        width: of the beam.

    Returns:
        int64 (n, n_codebooks), the best of the kept sums.
    """
    return torch.cat([_beam(part, books, width) for part in torch.split(z, CHUNK)])


class ProductBooks(nn.Module):
    """Learned words of a product quantizer, and which of them each train image has.

    Attributes:
        words: float (n_codebooks, n_centroids, width).
        codes: int64 (n_train, n_codebooks), needed in training only.
    """

    words: Tensor
    codes: Tensor

    def __init__(self, n_codebooks: int, n_centroids: int, width: int) -> None:
        super().__init__()
        self.register_buffer("words", torch.zeros(n_codebooks, n_centroids, width))
        self.register_buffer("codes", torch.empty(0, dtype=torch.int64), persistent=False)

    @torch.no_grad()
    def start(self, z: Tensor, generator: torch.Generator) -> None:
        """Words from random train images and k-means; z, float (n_train, n_codebooks * width)."""
        n_codebooks, n_centroids, _ = self.words.shape
        self.words = start_words(z, n_codebooks, n_centroids, generator)
        self.improve(z, N_ROUNDS)

    @torch.no_grad()
    def improve(self, z: Tensor, n_rounds: int) -> None:
        """Go on with k-means from the present words, and give every train image its nearest words."""
        self.words = kmeans(z, self.words, n_rounds)
        self.codes = nearest_words(z, self.words)

    def decoded(self, rows: Tensor) -> Tensor:
        """What the codes of train images `rows`, int64 (n,), stand for; float (n, n_codebooks * width)."""
        return concatenated(self.words, self.codes[rows])


def slice_width(n_bits: int, n_features: int, label: str) -> int:
    """Numbers per slice of reduced features, for a product quantizer of the features themselves.

    Raises:
        ConfigError: more slices than features.
    """
    width = min(PRODUCT_WIDTH, n_features) // (n_bits // 8)
    if width < 1:
        most = 8 * min(PRODUCT_WIDTH, n_features)
        raise ConfigError(
            f"{label} needs a feature per slice: at most {most} bits here, {n_bits} were asked for."
        )
    return width


@contextmanager
def faiss_training(generator: torch.Generator) -> Iterator[int]:
    """FAISS on one thread, so that words do not depend on the number of cores; gives a seed."""
    import faiss

    n_threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield int(torch.randint(2**31 - 1, (1,), generator=generator))
    finally:
        faiss.omp_set_num_threads(n_threads)


def faiss_points(z: Tensor, n_words: int, generator: torch.Generator) -> Float32:
    """At least `n_words` points to learn words from, as FAISS takes them; z, float (n, width)."""
    points = enough_points(z, n_words, generator).float().cpu().numpy()
    return np.ascontiguousarray(points)


def set_clustering(clustering: Any, seed: int) -> None:
    """Settings of k-means in FAISS: a seed, the rounds, and no warning about few points per word."""
    clustering.seed, clustering.niter, clustering.min_points_per_centroid = seed, N_ROUNDS, 1


def _nearest(points: Tensor, words: Tensor) -> Tensor:
    """Index of the nearest word, int64 (m, n), for points, float (m, n, width), and words (m, k, width)."""
    squares = words.square().sum(dim=2)[:, None]
    return torch.baddbmm(squares, points, words.transpose(1, 2), alpha=-2).argmin(dim=2)


def _beam(z: Tensor, books: Tensor, width: int) -> Tensor:
    n, n_centroids = len(z), books.shape[1]
    left, codes = z[:, None], torch.zeros(n, 1, 0, dtype=torch.int64, device=z.device)
    for words in books:
        n_kept = left.shape[1]
        costs = left.square().sum(dim=2)[:, :, None] - 2 * left @ words.T + words.square().sum(dim=1)
        best = costs.flatten(1).topk(min(width, n_kept * n_centroids), largest=False).indices
        parent, word = best // n_centroids, best % n_centroids
        codes = codes.gather(1, parent[:, :, None].expand(-1, -1, codes.shape[2]))
        codes = torch.cat([codes, word[:, :, None]], dim=2)
        left = left.gather(1, parent[:, :, None].expand(-1, -1, left.shape[2])) - words[word]
    return codes[:, 0]
