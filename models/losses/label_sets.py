"""Similarities of all pairs, without the matrix of all pairs: equal sets of labels have equal rows."""

from __future__ import annotations

import torch
from torch import Tensor


class PairSimilarity:
    """S, +1 for two images that share a label and -1 for two that do not, as products with it need it.

    Attributes:
        set_of: int64 (n,), which set of labels an image has.
        between_sets: float64 (n_sets, n_sets), the similarity of two images with those sets.
    """

    def __init__(self, labels: Tensor) -> None:
        """`labels`: bool (n, n_classes)."""
        sets, self.set_of = torch.unique(labels, dim=0, return_inverse=True)
        self.between_sets = torch.where(sets.double() @ sets.double().T > 0.5, 1.0, -1.0).double()

    def times(self, values: Tensor) -> Tensor:
        """S @ values, float64 (n, k), for values of shape (n, k)."""
        return (self.between_sets @ self._sums(values))[self.set_of]

    def form(self, values: Tensor) -> Tensor:
        """The trace of values' S values, float64 scalar."""
        sums = self._sums(values)
        return (sums * (self.between_sets @ sums)).sum()

    def columns(self, rows: Tensor) -> Tensor:
        """Columns of S, float64 (n, len(rows))."""
        return self.between_sets[self.set_of][:, self.set_of[rows]]

    def _sums(self, values: Tensor) -> Tensor:
        sums = torch.zeros(len(self.between_sets), values.shape[1], dtype=torch.float64, device=values.device)
        return sums.index_add_(0, self.set_of, values.double())


class Residue:
    """What bits found so far leave of n_bits S: R = n_bits S - B B', without forming R."""

    def __init__(self, labels: Tensor, n_bits: int) -> None:
        """`labels`: bool (n, n_classes)."""
        self.similarity, self.n_bits = PairSimilarity(labels), n_bits
        self.bits = torch.zeros(len(labels), 0, dtype=torch.float64, device=labels.device)

    def times(self, values: Tensor) -> Tensor:
        """R values, float64 (n, k), of values (n, k)."""
        return self.n_bits * self.similarity.times(values) - self.bits @ (self.bits.T @ values)

    def explained(self, bit: Tensor) -> float:
        """bit' R bit of a bit, float64 (n,): how much of R it takes over."""
        return float(bit @ self.times(bit[:, None])[:, 0])

    def take(self, bit: Tensor) -> None:
        """Append a bit, float64 (n,)."""
        self.bits = torch.cat([self.bits, bit[:, None]], dim=1)
