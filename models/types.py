"""Plain records that travel between the parts of the library. NumPy only, no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.errors import DataError

Split = Literal["train", "query", "database"]
LabelKind = Literal["single", "multi"]
TieRule = Literal["expected", "optimistic", "pessimistic", "row_order"]
# What the sum of AP is divided by, see `models.metrics.average_precision`.
NormalizeBy = Literal["relevant", "min_k_relevant", "retrieved"]

UInt8 = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float16 = npt.NDArray[np.float16]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

_NORM_BITS = {"computed": 0, "byte": 8, "float": 32}


@dataclass(frozen=True)
class ImageTransform:
    """How an RGB image becomes the input of a backbone; `models.data.transforms.image_array` carries it out.

    Attributes:
        resize: the shorter side after resizing, in pixels (Pillow's antialiased filters).
        size: side of the square cut from the middle, in pixels.
        mean: subtracted per channel, in units of 0 to 1.
        std: divided by per channel, same units.
        interpolation: filter of the resizing.
    """

    resize: int
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"


@dataclass(frozen=True)
class BinaryCodes:
    """Binary codes, eight bits a byte.

    Attributes:
        packed: uint8 (n, ceil(n_bits / 8)); bit 0 is the highest bit of byte 0 (NumPy's big order), zero
            padded; a set bit stands for +1.
        n_bits: code length in bits.
    """

    packed: UInt8
    n_bits: int

    def __post_init__(self) -> None:
        width = -(-self.n_bits // 8)
        if self.n_bits < 1:
            raise DataError(f"A code has at least 1 bit; n_bits={self.n_bits} was given.")
        if self.packed.dtype != np.uint8 or self.packed.ndim != 2 or self.packed.shape[1] != width:
            raise DataError(
                f"Packed codes of {self.n_bits} bits are uint8 of shape (n, {width}); "
                f"got {self.packed.dtype} of shape {self.packed.shape}."
            )

    def __len__(self) -> int:
        return int(self.packed.shape[0])

    def __getitem__(self, rows: slice | Int64 | list[int]) -> BinaryCodes:
        return BinaryCodes(self.packed[rows], self.n_bits)


@dataclass(frozen=True)
class CodebookCodes:
    """Codes that name one word per book; distances are real numbers between a query vector and decoded words.

    Attributes:
        indices: uint8 (n, n_codebooks), the chosen word of each book.
        codebooks: float32 (n_codebooks, n_centroids, dim). `product`: the decoded vector is the concatenation
            of the chosen words, n_codebooks * dim long. `additive`: their sum, dim long.
        structure: how words combine.
        metric: `l2` ranks by squared Euclidean distance; `ip` by negative inner product. Part of the method.
    """

    indices: UInt8
    codebooks: Float32
    structure: Literal["product", "additive"] = "product"
    metric: Literal["l2", "ip"] = "l2"

    def __post_init__(self) -> None:
        if self.codebooks.ndim != 3 or self.codebooks.dtype != np.float32:
            raise DataError(
                "Codebooks are float32 of shape (n_codebooks, n_centroids, dim); "
                f"got {self.codebooks.dtype} of shape {self.codebooks.shape}."
            )
        n_codebooks, n_centroids, _ = self.codebooks.shape
        if n_centroids not in (2, 4, 8, 16, 32, 64, 128, 256):
            raise DataError(f"A book holds a power of two words, 2 to 256; got {n_centroids}.")
        if self.indices.ndim != 2 or self.indices.shape[1] != n_codebooks or self.indices.dtype != np.uint8:
            raise DataError(
                f"Codes for {n_codebooks} books are uint8 of shape (n, {n_codebooks}); "
                f"got {self.indices.dtype} of shape {self.indices.shape}."
            )
        if self.indices.size and int(self.indices.max()) >= n_centroids:
            highest = int(self.indices.max())
            raise DataError(f"A code names word {highest} of a book with {n_centroids} words.")

    def __len__(self) -> int:
        return int(self.indices.shape[0])

    def __getitem__(self, rows: slice | Int64 | list[int]) -> CodebookCodes:
        return CodebookCodes(self.indices[rows], self.codebooks, self.structure, self.metric)

    @property
    def n_bits(self) -> int:
        """Bits that name the words of an item: n_codebooks * log2(n_centroids); see `item_bits`."""
        return int(self.codebooks.shape[0] * np.log2(self.codebooks.shape[1]))

    @property
    def needs_norm(self) -> bool:
        """True where a distance takes an item's squared length besides table look-ups: additive with `l2`."""
        return self.structure == "additive" and self.metric == "l2"

    def item_bits(self, norm: Literal["computed", "byte", "float"] = "computed") -> int:
        """Bits that an item costs in full: its words, and its squared length where that is stored.

        Args:
            norm: how codes with `needs_norm` come by it; others cost the same in all three cases.
                `computed`: from the words, at each search or when an index is loaded, at no cost in storage.
                `byte`: rounded, 8 bits more. `float`: exact, 32 bits more.
        """
        return self.n_bits + (_NORM_BITS[norm] if self.needs_norm else 0)

    def decode(self) -> Float32:
        """Reconstructed vectors, float32 (n, n_codebooks * dim) for `product`, (n, dim) for `additive`."""
        words = self.codebooks[np.arange(self.codebooks.shape[0]), self.indices]
        if self.structure == "product":
            return np.ascontiguousarray(words.reshape(len(self), -1))
        return np.asarray(words.sum(axis=1), dtype=np.float32)


Codes = BinaryCodes | CodebookCodes
# What a query is compared by: its own binary code, or a real vector (asymmetric distance to codebook codes).
Queries = BinaryCodes | Float32
