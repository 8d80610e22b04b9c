"""How weights are kept on disk: half precision, and large matrices in eight bits a number.

A head's hidden layer is nine tenths of a checkpoint. Kept in eight bits, fifty methods at four lengths on
three data sets fit into a repository. Weights are rounded this way before anything is encoded, so stored
codes and scores are those of the stored weights.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Arrays with more numbers than this are kept in eight bits; projections to the code itself stay in half
# precision.
LARGE = 2**14


def is_large(name: str, tensor: Tensor) -> bool:
    """True for what is kept in eight bits: large matrices, and stacks of them, of the method.

    A backbone that was trained along stays in half precision, however large.
    """
    shaped = tensor.is_floating_point() and tensor.ndim in (2, 3) and tensor.numel() > LARGE
    return shaped and name.startswith("method.")


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


def rounded_to_stored(name: str, tensor: Tensor) -> Tensor:
    """The weight `name` of a model as it will come back from disk; whole numbers stay."""
    if not tensor.is_floating_point():
        return tensor
    return from_eight_bits(*to_eight_bits(tensor)) if is_large(name, tensor) else tensor.half().float()
