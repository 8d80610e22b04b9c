"""Hash centres: one code per class, far from all others, chosen before training (CSQ, HCBDH, DPN, OrthoHash).

Source: methods/2-implicit-and-classification.md, section 11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from models.codes.binarize import binarize
from models.errors import ConfigError
from models.losses.hadamard import hadamard

ROW_DRAWS = 16
CANDIDATES = 200
PROJECTIONS = 200


@dataclass(frozen=True)
class HashCentres:
    """Centres and how good they are.

    Attributes:
        codes: float (n_classes, n_bits), values in {-1, +1}.
        kind: rows of a Hadamard matrix, such rows and their negatives, found greedily, drawn at random, or
            rows of a larger Hadamard matrix brought to length by a random projection.
        min_distance: smallest Hamming distance between two centres, in bits; n_bits for a single class.
        n_distinct_columns: bits that tell classes apart differently; a column that repeats adds no
            information.
    """

    codes: Tensor
    kind: Literal["hadamard", "hadamard and negatives", "greedy", "random", "projected hadamard"]
    min_distance: int
    n_distinct_columns: int


def hash_centres(n_classes: int, n_bits: int, generator: torch.Generator) -> HashCentres:
    """Choose centres for `n_classes` classes.

    A Hadamard matrix of order `n_bits`, where there is one, gives up to 2 * n_bits centres that are n_bits
    / 2 or n_bits apart. Its first rows would be a bad choice: 10 rows of order 64 have 16 distinct columns,
    so 64 bits act like 15. Rows are drawn at random instead, without the all-ones row where it can be
    spared, and the draw with the most distinct columns of 16 is kept. Otherwise centres are found one by
    one, each the farthest from those so far among 200 random balanced codes.

    Args:
        n_classes: number of centres.
        n_bits: code length.
        generator: source of random numbers (CPU).

    Raises:
        ConfigError: there are more classes than codes.
    """
    _check_room(n_classes, n_bits)
    kind: Literal["hadamard", "hadamard and negatives", "greedy"] = "hadamard"
    matrix = hadamard(n_bits)
    if matrix is not None and n_classes > n_bits:
        kind, matrix = "hadamard and negatives", torch.cat([matrix, -matrix])
    if matrix is None or n_classes > len(matrix):
        kind, codes = "greedy", _greedy(n_classes, n_bits, generator)
    else:
        codes = _random_rows(matrix.float(), n_classes, generator)
    return HashCentres(codes, kind, _min_distance(codes), _distinct_columns(codes))


def random_centres(n_classes: int, n_bits: int, generator: torch.Generator) -> HashCentres:
    """Centres whose bits are all drawn by the toss of a coin; short ones may meet, see `min_distance`.

    Args:
        n_classes, n_bits, generator: as in `hash_centres`.
    """
    codes = binarize(torch.rand(n_classes, n_bits, generator=generator) - 0.5)
    return HashCentres(codes, "random", _min_distance(codes), _distinct_columns(codes))


def projected_centres(n_classes: int, n_bits: int, generator: torch.Generator) -> HashCentres:
    """Rows of the smallest Hadamard matrix of order 2^n that has enough, brought to `n_bits` by projection.

    Rows are drawn at random without the all-ones row, so the order exceeds `n_classes`. Where it differs
    from `n_bits`, a row becomes the sign of its product with a Gaussian matrix, which breaks exact
    orthogonality; of 16 such matrices the one with the farthest centres is kept.

    Args:
        n_classes, n_bits, generator: as in `hash_centres`.

    Raises:
        ConfigError: no projection that was tried keeps all classes apart.

    Source: methods/2-implicit-and-classification.md, section 12.
    """
    _check_room(n_classes, n_bits)
    order = 1 << (max(n_bits, n_classes + 1) - 1).bit_length()
    matrix = hadamard(order)
    assert matrix is not None
    rows = _random_rows(matrix.float(), n_classes, generator)
    if order == n_bits:
        return HashCentres(rows, "hadamard", _min_distance(rows), _distinct_columns(rows))
    best = torch.ones(n_classes, n_bits)
    for draw in range(PROJECTIONS):
        codes = binarize(rows @ torch.randn(order, n_bits, generator=generator))
        best = max(best, codes, key=_min_distance)
        if draw >= ROW_DRAWS - 1 and _min_distance(best) > 0:
            break
    found = HashCentres(best, "projected hadamard", _min_distance(best), _distinct_columns(best))
    if found.min_distance == 0:
        raise ConfigError(
            f"No projection keeps {n_classes} classes apart in {n_bits} bits. Choose a longer code."
        )
    return found


def multi_label_centres(centres: Tensor, labels: Tensor, filler: Tensor) -> Tensor:
    """One centre per image: the majority of its labels' centres, bit by bit; ties are filled from `filler`.

    Args:
        centres: float (n_classes, n_bits), values in {-1, +1}.
        labels: bool (n, n_classes). An image without a label gets `filler`; leave it out of the loss.
        filler: float (n_bits,), values in {-1, +1}, the same for the whole run.

    Returns:
        float (n, n_bits), values in {-1, +1}.
    """
    votes = labels.to(centres.dtype) @ centres
    return torch.where(votes == 0, filler, binarize(votes))


def _check_room(n_classes: int, n_bits: int) -> None:
    """Raise ConfigError when there are more classes than codes."""
    if n_bits < 63 and n_classes > 2**n_bits:
        raise ConfigError(
            f"{n_classes} classes cannot have {n_classes} different centres of {n_bits} bits "
            f"({2**n_bits} codes exist). Choose a longer code."
        )


def _random_rows(matrix: Tensor, n_rows: int, generator: torch.Generator) -> Tensor:
    """The draw of rows with the most distinct columns; constant rows only when they are needed."""
    varied = matrix[(matrix != matrix[:, :1]).any(dim=1)]
    pool = varied if n_rows <= len(varied) else matrix
    draws = [pool[torch.randperm(len(pool), generator=generator)[:n_rows]] for _ in range(ROW_DRAWS)]
    return max(draws, key=_distinct_columns)


def _greedy(n_classes: int, n_bits: int, generator: torch.Generator) -> Tensor:
    """Centres one by one, each the best of 200 codes in which half of the bits are -1."""
    chosen = torch.empty(0, n_bits)
    while len(chosen) < n_classes:
        order = torch.rand(CANDIDATES, n_bits, generator=generator).argsort(dim=1)
        candidates = torch.where(order < n_bits // 2, 1.0, -1.0)
        if len(chosen) and _nearest(candidates, chosen).max() == 0:
            # A short code has few balanced words; when all are taken, any free word is better than a double.
            candidates = binarize(torch.rand(16 * CANDIDATES, n_bits, generator=generator) - 0.5)
        best = int(_nearest(candidates, chosen).argmax()) if len(chosen) else 0
        if len(chosen) == 0 or _nearest(candidates[best : best + 1], chosen).item() > 0:
            chosen = torch.cat([chosen, candidates[best : best + 1]])
    return chosen


def _nearest(codes: Tensor, others: Tensor) -> Tensor:
    """Hamming distance from each code to the nearest of the others, (n,)."""
    return (0.5 * (codes.shape[1] - codes @ others.T)).amin(dim=1)


def _min_distance(codes: Tensor) -> int:
    distances = 0.5 * (codes.shape[1] - codes @ codes.T)
    return int(distances.fill_diagonal_(codes.shape[1]).min())


def _distinct_columns(codes: Tensor) -> int:
    return len(torch.unique(codes, dim=1).T)
