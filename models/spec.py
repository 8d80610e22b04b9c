"""What a method says of itself: the record behind the registry, the CLI and the method card."""

from __future__ import annotations

from collections.abc import Mapping
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
class Protocol:
    """What a published figure was measured on; figures compare only within one protocol and one backbone."""

    dataset: str
    text: str


def quote(
    maps: Mapping[int, float], protocol: Protocol, *, backbone: str, source: str, verified: bool = True
) -> tuple[PublishedResult, ...]:
    """Published results of one table row: mAP by code length, all of one protocol, backbone and source.

    Args:
        maps: code length to mAP.
        protocol: what they were measured on.
        backbone: network or features in front of the codes.
        source: where the figures were read.
        verified: False when the figures are recalled or second hand.
    """
    return tuple(
        PublishedResult(value, n_bits, protocol.dataset, protocol.text, backbone, source, verified)
        for n_bits, value in maps.items()
    )


@dataclass(frozen=True)
class Recipe:
    """Training settings that a method asks for; the shared defaults are the same for every method.

    The learning rate is the best of 0.001, 0.003 and 0.01 for the methods as a whole, with a fifth of the
    train split held out as queries on the three embedded data sets at 32 bits; the query split took no
    part.
    """

    epochs: int = 30
    batch_size: int = 128
    lr: float = 3e-3
    weight_decay: float = 1e-4
    sampler: Literal["shuffled", "class_balanced"] = "shuffled"


# Code lengths that people use; a rule's reach is shown as those among them that it allows.
USUAL_N_BITS = (8, 12, 16, 24, 32, 48, 64, 96, 128, 256)


@dataclass(frozen=True)
class BitRule:
    """Which code lengths a method can produce."""

    multiple_of: int = 1
    lowest: int = 1
    highest: int = 1024

    def allows(self, n_bits: int) -> bool:
        """True when `n_bits` is a length that the method can produce."""
        return self.lowest <= n_bits <= self.highest and n_bits % self.multiple_of == 0

    def usual(self) -> list[int]:
        """The usual code lengths among those allowed, ascending."""
        return [n for n in USUAL_N_BITS if self.allows(n)]

    def __str__(self) -> str:
        if self.multiple_of == 1:
            return f"{self.lowest} to {self.highest}"
        usual = ", ".join(map(str, self.usual()))
        return f"multiples of {self.multiple_of} from {self.lowest} to {self.highest} (for example {usual})"


@dataclass(frozen=True)
class MethodSpec:
    """The identity card of a method. Text fields are shown to the reader as they stand.

    Attributes:
        name: the word for command lines, folders and addresses.
        label: how the papers write it, where room is short ("MIHash").
        title: the name in full.
        family: family of the 2020 survey; `family.later_name` is that of the 2023 edition.
        later_family: where the 2023 edition puts this method, when that is not its family's later name.
        family_note: a word on its place, for methods that the 2020 edition does not name.
        supervision: what is read besides the images.
        code_kind: what is stored per image.
        citation: where it was published.
        loss_kind: kind of loss in a few words ("likelihood of pairs").
        idea: three sentences.
        good_for: one plain sentence.
        objective: KaTeX without dollar signs.
        symbols: (KaTeX symbol, meaning) for each symbol of the objective.
        n_bits: code lengths.
        reads_multi_label: False for methods that need exactly one class per image.
        multi_label_note: the reason, when it does not read them; how it does, when that needs a word.
        recipe: training settings.
        differs: where ours is not the paper's, one sentence each; what no source confirms says (unverified).
        reconstruction: what of the method was put together without a source, "" when nothing was; shown as a
            badge beside the title.
        published: figures quoted from elsewhere.
        references: what was read besides the citation.
        exceptions: contract checks that the method is excused from, each with its reason.
    """

    name: str
    label: str
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
    later_family: str = ""
    family_note: str = ""
    n_bits: BitRule = BitRule()
    reads_multi_label: bool = True
    multi_label_note: str = ""
    recipe: Recipe = Recipe()
    differs: tuple[str, ...] = ()
    reconstruction: str = ""
    published: tuple[PublishedResult, ...] = ()
    references: tuple[str, ...] = ()
    exceptions: Mapping[str, str] = field(default_factory=dict)

    @property
    def later_name(self) -> str:
        """Name of the method's family in the 2023 edition of the survey."""
        return self.later_family or self.family.later_name

    def check_n_bits(self, n_bits: int) -> None:
        """Raise ConfigError, naming the allowed lengths, when `n_bits` is not one of them."""
        if not self.n_bits.allows(n_bits):
            raise ConfigError(
                f"{self.label} cannot produce {n_bits} bits. Allowed: {self.n_bits}. Choose one of them."
            )

    def check_labels(self, label_kind: str) -> None:
        """Raise ConfigError, with the method's reason, for multi-label data that it cannot read."""
        if label_kind == "multi" and not self.reads_multi_label:
            raise ConfigError(f"{self.label} does not take multi-label data. {self.multi_label_note}")
