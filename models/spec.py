"""What a method says of itself: the record behind the registry, the CLI and the method card."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from models.errors import ConfigError


class Family(StrEnum):
    """Families of the 2020 survey; `later_name` is the one of the 2023 edition (ACM TKDD 17(1))."""

    PAIRWISE = "pairwise"
    MULTIWISE = "multiwise"
    IMPLICIT = "implicit"
    CLASSIFICATION = "classification"
    QUANTIZATION = "quantization"
    UNSUPERVISED = "unsupervised"
    ADVERSARIAL = "adversarial"
    ENSEMBLE = "ensemble"
    CROSSMODAL = "crossmodal"
    CLASSIC = "classic"

    @property
    def later_name(self) -> str:
        """Name of the family in the 2023 edition of the survey."""
        return {
            Family.PAIRWISE: "pairwise",
            Family.MULTIWISE: "ranking-based",
            Family.IMPLICIT: "ranking-based, list-wise",
            Family.CLASSIFICATION: "pointwise",
            Family.QUANTIZATION: "quantization",
            Family.UNSUPERVISED: "deep unsupervised",
            Family.ADVERSARIAL: "other techniques",
            Family.ENSEMBLE: "other techniques",
            Family.CROSSMODAL: "multi-modal",
            Family.CLASSIC: "shallow (not part of the taxonomy)",
        }[self]


class Supervision(StrEnum):
    """What a method reads besides the images."""

    NONE = "unsupervised"
    PAIRS = "pairs"  # only whether two images share a label
    TRIPLETS = "triplets"  # only which of two images is the more similar one
    LABELS = "labels"  # the classes themselves


class CodeKind(StrEnum):
    """What is stored per image; index and distance follow from it."""

    BINARY = "binary"
    CODEBOOK = "codebook"


@dataclass(frozen=True)
class Citation:
    """Where a method was published."""

    authors: str
    title: str
    venue: str
    year: int
    arxiv: str | None = None


@dataclass(frozen=True)
class PublishedResult:
    """A figure quoted from elsewhere; never shown in one column with our own."""

    map: float
    n_bits: int
    dataset: str
    protocol: str
    backbone: str
    source: str
    verified: bool = True


@dataclass(frozen=True)
class Recipe:
    """Training settings that a method asks for; the shared defaults are the same for every method."""

    epochs: int = 30
    batch_size: int = 128
    lr: float = 1e-3
    weight_decay: float = 1e-4
    sampler: Literal["shuffled", "class_balanced"] = "shuffled"


@dataclass(frozen=True)
class BitRule:
    """Which code lengths a method can produce."""

    multiple_of: int = 1
    lowest: int = 1
    highest: int = 1024

    def allows(self, n_bits: int) -> bool:
        """True when `n_bits` is a length that the method can produce."""
        return self.lowest <= n_bits <= self.highest and n_bits % self.multiple_of == 0

    def __str__(self) -> str:
        step = "" if self.multiple_of == 1 else f", multiples of {self.multiple_of}"
        return f"{self.lowest} to {self.highest}{step}"


@dataclass(frozen=True)
class MethodSpec:
    """The identity card of a method. Text fields are shown to the reader as they stand.

    `objective` is KaTeX without dollar signs; `symbols` explains each symbol in it. `reads_multi_label` is False
    with a reason in `multi_label_note` for methods that need exactly one class per image.
    """

    name: str
    title: str
    family: Family
    supervision: Supervision
    code_kind: CodeKind
    citation: Citation
    loss_kind: str
    idea: str
    good_for: str
    objective: str
    symbols: tuple[tuple[str, str], ...]
    n_bits: BitRule = BitRule()
    reads_multi_label: bool = True
    multi_label_note: str = ""
    recipe: Recipe = Recipe()
    differs: tuple[str, ...] = ()
    published: tuple[PublishedResult, ...] = ()
    references: tuple[str, ...] = ()
    # Contract checks that the method is excused from, each with its reason.
    exceptions: dict[str, str] = field(default_factory=dict)

    def check_n_bits(self, n_bits: int) -> None:
        """Raise ConfigError, naming the allowed lengths, when `n_bits` is not one of them."""
        if not self.n_bits.allows(n_bits):
            raise ConfigError(
                f"{self.name} cannot produce {n_bits} bits. Allowed: {self.n_bits}. Choose one of those lengths."
            )

    def check_labels(self, label_kind: str) -> None:
        """Raise ConfigError, with the method's reason, for multi-label data that it cannot read."""
        if label_kind == "multi" and not self.reads_multi_label:
            raise ConfigError(f"{self.name} does not take multi-label data: {self.multi_label_note}")
