"""Which indexes there are, with their settings, and the one way to open any of them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from models.errors import ConfigError, DataError, UnknownNameError
from models.index.base import Index
from models.spec import CodeKind
from models.types import BinaryCodes, Codes


@dataclass(frozen=True)
class IndexSetting:
    """A whole number that an index is built or searched with.

    Attributes:
        name: keyword of `open_index`.
        lowest: smallest value.
        highest: largest value; the database may allow less.
        default: None where it is chosen from the database.
        help: one line.
        at_search: it may be changed without building the index again.
    """

    name: str
    lowest: int
    highest: int
    default: int | None
    help: str
    at_search: bool = False

    def check(self, value: Any) -> int | None:
        """The value.

        Raises:
            ConfigError: no whole number in the range, and not None where that is the default.
        """
        if value is None and self.default is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not self.lowest <= value <= self.highest:
            raise ConfigError(
                f"{self.name}={value!r} is no whole number from {self.lowest} to {self.highest}. {self.help}."
            )
        return value


@dataclass(frozen=True)
class TextSetting:
    """A name or an address that an index needs.

    Attributes:
        name: keyword of `open_index`.
        default: taken where none is given.
        help: one line.
        at_search: it may be changed without building the index again.
    """

    name: str
    default: str
    help: str
    at_search: bool = False

    def check(self, value: Any) -> str:
        """The value.

        Raises:
            ConfigError: no text, or empty.
        """
        if not isinstance(value, str) or not value.strip():
            raise ConfigError(f"{self.name}={value!r} is no text. {self.help}.")
        return value


@dataclass(frozen=True)
class IndexKind:
    """One kind of index.

    Attributes:
        name: as given to `open_index`.
        help: one line.
        classes: for each kind of code it can hold, the class as "module:name".
        exhaustive: True if nothing near is ever missed.
        settings: what can be chosen.
        keeps_file: a stored index keeps FAISS's file, because building takes long.
    """

    name: str
    help: str
    classes: dict[CodeKind, str]
    exhaustive: bool = False
    settings: tuple[IndexSetting | TextSetting, ...] = ()
    keeps_file: bool = False

    def checked(self, settings: dict[str, Any]) -> dict[str, Any]:
        """All settings, defaults filled in.

        Raises:
            ConfigError: a value outside its range, or a setting that this kind does not have.
        """
        known = {setting.name: setting for setting in self.settings}
        for name in settings:
            if name not in known:
                have = f"has {', '.join(known)}" if known else "has no settings"
                raise ConfigError(f"An index of kind {self.name!r} has no setting {name!r}; it {have}.")
        return {name: known[name].check(settings.get(name, known[name].default)) for name in known}


def _table() -> dict[str, IndexKind]:
    s = IndexSetting
    binary, codebook = CodeKind.BINARY, CodeKind.CODEBOOK
    lists = s("n_lists", 1, 65536, None, "Lists; by default the square root of the number of distinct codes")
    probes = s("n_probes", 1, 65536, None, "Lists a query looks into; by default one in eight", True)
    seed = s("seed", 0, 2**31 - 1, 0, "Seed of what is drawn at random")
    kinds = (
        IndexKind(
            "exhaustive",
            "Every query against every code: the truth that the others are measured by",
            {binary: "models.index.binary_flat:BinaryFlat", codebook: "models.index.adc_flat:AdcFlat"},
            exhaustive=True,
        ),
        IndexKind(
            "ivf",
            "Inverted lists: only the lists with the nearest centres are looked into",
            {binary: "models.index.binary_ivf:BinaryIvf"},
            keeps_file=True,
            settings=(lists, probes),
        ),
        IndexKind(
            "hnsw",
            "A graph of near codes, walked from link to link",
            {binary: "models.index.binary_hnsw:BinaryHnsw"},
            keeps_file=True,
            settings=(
                s("n_links", 2, 128, 16, "Links of a code"),
                s("ef_construction", 1, 2000, 40, "Candidates kept while a code is inserted"),
                s("ef_search", 1, 10000, 64, "Candidates kept during a search", True),
            ),
        ),
        IndexKind(
            "multi-hash",
            "One table per substring of the code: complete within a Hamming radius",
            {binary: "models.index.binary_multi_hash:BinaryMultiHash"},
            keeps_file=True,
            settings=(
                s("n_hashes", 1, 1024, None, "Substrings; by default of about log2(n) bits each"),
                s("n_flips", 0, 3, 1, "Bits flipped in each substring of a query", True),
            ),
        ),
        IndexKind(
            "multi-index",
            "One sorted table per substring, searched by growing radius: misses nothing",
            {binary: "models.index.binary_multi_index:BinaryMultiIndex"},
            exhaustive=True,
            settings=(s("n_substrings", 1, 1024, None, "Tables; by default so that a bucket holds 8 items"),),
        ),
        IndexKind(
            "multi-table",
            "Several tables keyed by bits drawn at random",
            {binary: "models.index.binary_multi_table:BinaryMultiTable"},
            settings=(
                s("n_tables", 1, 256, 8, "Tables"),
                s("n_key_bits", 1, 62, None, "Bits of a key; by default about log2(n)"),
                s("n_flips", 0, 3, 0, "Bits flipped in each key of a query", True),
                seed,
            ),
        ),
        IndexKind(
            "ivf-adc",
            "Inverted lists over codebook codes: only the lists with the nearest centres are looked into",
            {codebook: "models.index.adc_ivf:AdcIvf"},
            keeps_file=True,
            settings=(lists, probes),
        ),
        IndexKind(
            "milvus",
            "Every query against every code, in a file of milvus-lite or on a Milvus cluster",
            {binary: "models.index.milvus:MilvusIndex"},
            exhaustive=True,
            settings=(
                TextSetting("uri", "milvus.db", "A file that ends in .db, or the address of a cluster"),
                TextSetting("collection", "hashlens", "Name of the collection"),
                s("batch_size", 1, 10000, 1000, "Items sent at once"),
            ),
        ),
    )
    return {kind.name: kind for kind in kinds}


KINDS = _table()


def index_kind(name: str) -> IndexKind:
    """The kind of this name.

    Raises:
        UnknownNameError: nobody knows it; close names are given.
    """
    if name not in KINDS:
        raise UnknownNameError("index kind", name, KINDS)
    return KINDS[name]


def open_index(codes: Codes, kind: str = "exhaustive", **settings: Any) -> Index:
    """An index over these codes.

    Args:
        codes: the database.
        kind: a name of `KINDS`.
        **settings: of that kind; those left out take their defaults.

    Raises:
        UnknownNameError: no such kind.
        ConfigError: a setting that the kind does not have, or outside what the database allows.
        DataError: the database is empty, or holds codes of a kind that this index cannot.
    """
    chosen = index_kind(kind)
    index: Index = index_class(chosen, codes)(codes, **chosen.checked(settings))
    return index


def index_class(kind: IndexKind, codes: Codes) -> Any:
    """The class that holds these codes; its module is loaded now.

    Raises:
        DataError: this kind of index cannot hold them.
    """
    code_kind = CodeKind.BINARY if isinstance(codes, BinaryCodes) else CodeKind.CODEBOOK
    if code_kind not in kind.classes:
        fitting = ", ".join(name for name, other in KINDS.items() if code_kind in other.classes)
        raise DataError(
            f"An index of kind {kind.name!r} cannot hold {code_kind} codes. Choose one of: {fitting}."
        )
    module, name = kind.classes[code_kind].split(":")
    return getattr(import_module(module), name)
