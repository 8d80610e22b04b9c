"""How weights are kept on disk: half precision, matrices in eight bits a number, the largest ones in four.

A head's hidden layer is nine tenths of a checkpoint. Kept in four bits, and the layer of the code itself in
eight, fifty methods at four lengths on three data sets fit into a repository; no method's score changed by
more than a change of the training seed does. Weights are rounded this way before anything is encoded, so
stored codes and scores are those of the stored weights.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

# Matrices with more numbers than these are kept in four and in eight bits.
LARGE, MEDIUM = 2**14, 2**11
# A layer this wide is a hidden one: a layer that codes are read from has a row per bit or number of a word.
HIDDEN_ROWS = 256

Kept = Literal["four bits", "eight bits", "half", "as it is"]


def kept_as(name: str, tensor: Tensor) -> Kept:
    """How the weight `name` of a model is stored.

    A backbone that was trained along stays in half precision, however large. Four bits are for hidden layers
    of a network alone: stacks of matrices are words of codebooks, other matrices are anchors or projections,
    and both decide distances directly.
    """
    if not tensor.is_floating_point():
        return "as it is"
    n = tensor.numel() if name.startswith("method.") else 0
    if tensor.ndim == 2 and n > LARGE and len(tensor) >= HIDDEN_ROWS and name.endswith(".weight"):
        return "four bits"
    if (tensor.ndim == 2 and n > MEDIUM) or (tensor.ndim == 3 and n > LARGE):
        return "eight bits"
    return "half"


def to_eight_bits(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """A matrix as whole multiples of one power of two per row.

    Powers of two make it exact to do twice: a matrix that has been through this comes out unchanged.

    Args:
        matrix: float (..., n, m), finite.

    Returns:
        Multiples, int8 (..., n, m), and the exponent of each row's unit, int8 (..., n).
    """
    largest = matrix.abs().amax(dim=-1).double().clamp(min=2.0**-100)
    exponent = torch.ceil(torch.log2(largest / 127))
    multiples = torch.round(matrix.double() / torch.exp2(exponent)[..., None])
    return multiples.to(torch.int8), exponent.to(torch.int8)


def from_eight_bits(multiples: Tensor, exponent: Tensor) -> Tensor:
    """The matrix, float32 (..., n, m)."""
    return (multiples.double() * torch.exp2(exponent.double())[..., None]).float()


def to_four_bits(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """A matrix as whole multiples, -7 to 7, of one unit per row, two multiples a byte.

    The unit has eight significant bits, so that seven times it is exact and doing this twice changes nothing.

    Args:
        matrix: float (n, m), finite.

    Returns:
        Pairs, uint8 (n, ceil(m / 2)): the multiple plus 8, first of a pair in the high half, 0 where an odd
        row ends; and the unit of each row, bfloat16 (n,).
    """
    unit = (matrix.abs().amax(dim=1).clamp(min=2.0**-100) / 7).bfloat16()
    multiples = torch.round(matrix / unit.float()[:, None]).clamp(-7, 7).to(torch.uint8) + 8
    padded = torch.nn.functional.pad(multiples, (0, matrix.shape[1] % 2))
    return padded[:, 0::2] * 16 + padded[:, 1::2], unit


def from_four_bits(pairs: Tensor, unit: Tensor) -> Tensor:
    """The matrix, float32 (n, m)."""
    multiples = torch.stack([pairs >> 4, pairs & 15], dim=2).flatten(1)
    if multiples.shape[1] and bool((multiples[:, -1] == 0).all()):
        multiples = multiples[:, :-1]
    return (multiples.float() - 8) * unit.float()[:, None]


def rounded_to_stored(name: str, tensor: Tensor) -> Tensor:
    """The weight `name` of a model as it will come back from disk; whole numbers stay."""
    kept = kept_as(name, tensor)
    if kept == "four bits":
        return from_four_bits(*to_four_bits(tensor))
    if kept == "eight bits":
        return from_eight_bits(*to_eight_bits(tensor))
    return tensor.half().float() if kept == "half" else tensor
