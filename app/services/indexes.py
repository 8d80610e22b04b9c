"""Which index may answer a query, with what settings, and the opened indexes of this server.

FAISS and Milvus are loaded when the first index is opened, in a thread of its own. Exhaustive search, which a
page opens with, needs neither.
"""

from __future__ import annotations

import atexit
import math
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args

from app.services import catalog, ties
from models.errors import HashingError
from models.index import KINDS, Index, open_index
from models.index.binary_multi_hash import MAX_SUBSTRING_BITS
from models.index.binary_multi_index import MAX_SUBSTRING_BITS as LONGEST_EXACT
from models.index.binary_multi_index import default_substrings
from models.index.buckets import Buckets
from models.spec import CodeKind
from models.types import BinaryCodes

EXHAUSTIVE = "exhaustive"
# In the order in which they are offered.
NAMES = {
    EXHAUSTIVE: "exhaustive",
    "ivf": "IVF",
    "hnsw": "HNSW",
    "multi-hash": "multi-index hashing",
    "multi-index": "multi-index, exact",
    "multi-table": "multi-table look-up",
    "ivf-adc": "IVF-ADC",
    "milvus": "Milvus",
}
# The same idea over the other kind of code.
COUNTERPARTS = {"ivf": "ivf-adc", "ivf-adc": "ivf"}

Key = Literal["probe", "ef", "links", "tables", "flips"]  # of a setting, in the address
KEYS: tuple[Key, ...] = get_args(Key)

EFS, LINKS, TABLES, FLIPS = (16, 32, 64, 128, 256, 512), (4, 8, 16, 32), (1, 2, 4, 8, 16, 32), (0, 1, 2, 3)
PARTS = (1, 2, 3, 4, 6, 8)  # tables of multi-index hashing, beside the advised number
PATIENCE_S = 1.5  # a page waits so long for an index before it shows something else
N_OPENED = 48  # indexes kept in memory; one over 6,000 codes takes about a megabyte


@dataclass(frozen=True)
class Knob:
    """A setting that the page offers.

    Attributes:
        key: its name in the address.
        setting: keyword of `open_index`.
        label: what it is, where it stands.
        options: values on offer, ascending.
        default: one of them.
        help: one or two sentences.
    """

    key: Key
    setting: str
    label: str
    options: tuple[int, ...]
    default: int
    help: str

    def nearest(self, text: str) -> int:
        """The option nearest to what somebody wrote; the default for what is no number."""
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            return self.default
        return min(self.options, key=lambda option: (abs(option - int(text)), option))


@dataclass(frozen=True)
class Choice:
    """An index with its settings; `values` by the key of the knob, empty for kinds without any."""

    kind: str = EXHAUSTIVE
    values: tuple[tuple[Key, int], ...] = ()

    @property
    def exhaustive(self) -> bool:
        """True for the search that the page does by itself."""
        return self.kind == EXHAUSTIVE

    def params(self) -> dict[str, str]:
        """Its part of the address; nothing for exhaustive search."""
        if self.exhaustive:
            return {}
        return {"index": self.kind, **{key: str(value) for key, value in self.values}}


def offered(dataset: str, method: str, n_bits: int) -> tuple[str, ...]:
    """Kinds that can hold the codes of a run, on this machine."""
    bits = catalog.has_bits(dataset, method, n_bits)
    code_kind = CodeKind.BINARY if bits else CodeKind.CODEBOOK
    return tuple(
        name for name in NAMES if code_kind in KINDS[name].classes and (name != "milvus" or _has_milvus())
    )


def why_not(dataset: str, method: str, n_bits: int, kind: str) -> str:
    """Why a kind is not offered for a run; no full stop."""
    code_kind = CodeKind.BINARY if catalog.has_bits(dataset, method, n_bits) else CodeKind.CODEBOOK
    if code_kind in KINDS[kind].classes:
        return f"{NAMES[kind]} is not installed here"
    holds = "bits that count the same" if code_kind is CodeKind.CODEBOOK else "codes made of words"
    return f"The index {NAMES[kind]} holds {holds}, and those of {catalog.method_label(method)} are others"


@lru_cache(maxsize=1)
def _has_milvus() -> bool:
    return find_spec("pymilvus") is not None and find_spec("milvus_lite") is not None


@lru_cache(maxsize=256)
def n_distinct(dataset: str, method: str, n_bits: int) -> int:
    """Distinct codes in the database of a run."""
    codes = catalog.open_run(dataset, method, n_bits).codes("database")
    return len(Buckets(codes.packed if isinstance(codes, BinaryCodes) else codes.indices))


def knobs(dataset: str, method: str, n_bits: int, kind: str) -> tuple[Knob, ...]:
    """Settings of a kind that are worth changing, with the values that the codes of a run allow."""
    if kind in ("ivf", "ivf-adc"):
        n_lists = math.isqrt(n_distinct(dataset, method, n_bits))
        return (
            Knob(
                "probe",
                "n_probes",
                f"Lists to look into, of {n_lists}",
                tuple(range(1, n_lists + 1)),
                -(-n_lists // 8),
                "n_probe: the lists whose centres are nearest to the query are looked into. More lists find "
                "more and take longer; all of them are exhaustive search.",
            ),
        )
    if kind == "hnsw":
        return (
            Knob(
                "ef",
                "ef_search",
                "Candidates kept (ef)",
                EFS,
                64,
                "Codes that the walk keeps in mind. More find more and take longer. Never fewer are kept "
                "than there are results to show, so below that number it changes nothing.",
            ),
            Knob(
                "links",
                "n_links",
                "Links of a code (M)",
                LINKS,
                16,
                "Near codes that each code is linked to. With few the walk gets stuck; more take memory. "
                "Another number builds the graph again.",
            ),
        )
    n = catalog.n_rows(dataset, "database")
    if kind == "multi-hash":
        # Substrings of about log2(n) bits, as the paper advises.
        advised = max(1, n_bits // max(n.bit_length() - 1, 1))
        parts = {part for part in PARTS if FLIPS[-1] <= n_bits // part <= MAX_SUBSTRING_BITS}
        return (
            _tables(
                "n_hashes",
                tuple(sorted(parts | {advised})),
                advised,
                "One per substring of the code. More tables have shorter substrings, which more codes share: "
                "they find more and compare more.",
            ),
            _flips(FLIPS, 1, "substring"),
        )
    if kind == "multi-index":
        fewest, advised = -(-n_bits // LONGEST_EXACT), default_substrings(n, n_bits)
        parts = {part for part in PARTS if fewest <= part <= n_bits}
        return (
            _tables(
                "n_substrings",
                tuple(sorted(parts | {advised})),
                advised,
                "One per substring of the code. The answer is the same with any number: fewer tables have "
                "smaller buckets to compare, and more of them to visit.",
            ),
        )
    if kind == "multi-table":
        return (
            _tables(
                "n_tables",
                TABLES,
                8,
                "Each is keyed by other bits of the code, drawn at random. An image is found if it shares "
                "the query's key in any of them.",
            ),
            _flips(FLIPS[:3], 0, "key"),
        )
    return ()


def _tables(setting: str, options: tuple[int, ...], default: int, text: str) -> Knob:
    return Knob("tables", setting, "Tables", options, default, text)


def _flips(options: tuple[int, ...], default: int, what: str) -> Knob:
    return Knob(
        "flips",
        "n_flips",
        "Bits flipped",
        options,
        default,
        f"Each {what} of the query is also looked up with up to so many of its bits flipped: the radius "
        "of the look-up in every table.",
    )


def nearest(dataset: str, method: str, n_bits: int, asked: Mapping[str, str]) -> Choice:
    """The choice that exists and is nearest to what the address says."""
    kind = asked.get("index", "").strip().lower()
    if kind in ("", EXHAUSTIVE):
        return Choice()
    kinds = offered(dataset, method, n_bits)
    if kind not in kinds:
        kind = COUNTERPARTS.get(kind, EXHAUSTIVE)
    if kind == EXHAUSTIVE or kind not in kinds:
        return Choice()
    values = tuple(
        (knob.key, knob.nearest(asked.get(knob.key, ""))) for knob in knobs(dataset, method, n_bits, kind)
    )
    return Choice(kind, values)


@dataclass(frozen=True)
class Built:
    """An index over the codes of a run, and the exhaustive one that it is judged by.

    Both hold the codes in the order drawn for ties (`app.services.ties`): row i is database row
    `drawn(n)[i]`.
    """

    index: Index
    exact: Index
    lock: threading.Lock


@dataclass(frozen=True)
class Opened:
    """An index that is ready, with the settings that were chosen."""

    choice: Choice
    built: Built

    @property
    def exact(self) -> Index:
        """Exhaustive search of the same codes."""
        return self.built.exact

    @property
    def complete_radius(self) -> int | None:
        """Bits within which multi-index hashing misses nothing; None for other kinds."""
        if self.choice.kind != "multi-hash":
            return None
        values = dict(self.choice.values)
        return values["tables"] * (values["flips"] + 1) - 1

    @contextmanager
    def tuned(self) -> Iterator[Index]:
        """The index with its settings; one search at a time, because FAISS keeps them in the index."""
        kind, values = self.choice.kind, dict(self.choice.values)
        index: Any = self.built.index
        with self.built.lock:
            if kind in ("ivf", "ivf-adc"):
                index.faiss_index.nprobe = values["probe"]
            elif kind == "hnsw":
                index.faiss_index.hnsw.efSearch = values["ef"]
            elif kind == "multi-hash":
                index.faiss_index.nflip = values["flips"]
            yield index


# What `Opened.tuned` changes without building again.
_AT_SEARCH = {"ivf": "probe", "ivf-adc": "probe", "hnsw": "ef", "multi-hash": "flips"}


class _Building:
    """An index being built in a thread of its own; after a failure the next `wait` begins again."""

    def __init__(self, build: Callable[[], Built]) -> None:
        self._build = build
        self._future: Future[Built] | None = None

    @property
    def done(self) -> bool:
        """Built or failed, in any case not under way."""
        return self._future is None or self._future.done()

    def wait(self, patience_s: float) -> Built | None:
        """What was built; None where that takes longer.

        Raises:
            HashingError: what went wrong with it.
        """
        future = self._future
        if future is None:
            future = self._future = Future()
            threading.Thread(target=self._run, args=(future,), name="index build", daemon=True).start()
        if not wait([future], patience_s).done:
            return None
        try:
            return future.result()
        except HashingError:
            self._future = None
            raise

    def _run(self, future: Future[Built]) -> None:
        try:
            future.set_result(self._build())
        except BaseException as error:  # told by `wait`, to whoever wanted the index
            future.set_exception(error)


_asking = threading.Lock()
_graphs = threading.Lock()  # FAISS counts the steps of all graphs in one place


def opened(
    dataset: str, method: str, n_bits: int, choice: Choice, *, patience_s: float = PATIENCE_S
) -> Opened | None:
    """The index of a choice over the codes of a run, built once; None while it is being built.

    Raises:
        HashingError: it cannot be built; NotAvailableError where Milvus does not answer.
    """
    built = _asked(dataset, method, n_bits, choice).wait(patience_s)
    return None if built is None else Opened(choice, built)


def being_built(dataset: str, method: str, n_bits: int, choice: Choice) -> bool:
    """True until `opened` has an answer, if only that it failed."""
    return not _asked(dataset, method, n_bits, choice).done


def _asked(dataset: str, method: str, n_bits: int, choice: Choice) -> _Building:
    kept = tuple(item for item in choice.values if item[0] != _AT_SEARCH.get(choice.kind))
    with _asking:  # two sessions that ask at once share one build
        return _building(dataset, method, n_bits, choice.kind, kept)


@lru_cache(maxsize=N_OPENED)
def _building(
    dataset: str, method: str, n_bits: int, kind: str, values: tuple[tuple[Key, int], ...]
) -> _Building:
    settings: dict[str, Any] = {
        knob.setting: dict(values)[knob.key]
        for knob in knobs(dataset, method, n_bits, kind)
        if knob.key in dict(values)
    }

    def build() -> Built:
        codes = catalog.open_run(dataset, method, n_bits).codes("database")
        codes = codes[ties.drawn(len(codes))]
        if kind == "milvus":
            collection = re.sub(r"\W", "_", f"{dataset}_{method}_{n_bits}")  # Milvus takes nothing else
            settings.update(uri=_milvus_file(), collection=collection)
        lock = _graphs if kind == "hnsw" else threading.Lock()
        return Built(open_index(codes, kind, **settings), open_index(codes), lock)

    return _Building(build)


@lru_cache(maxsize=1)
def _milvus_file() -> str:
    """A file of milvus-lite that lives as long as this server; one process serves the codes of all runs."""
    folder = tempfile.mkdtemp(prefix="hashlens-milvus-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return str(Path(folder) / "search.db")
