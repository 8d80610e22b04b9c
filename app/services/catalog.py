"""What can be chosen: data sets, methods and code lengths for which codes are stored on this machine.

A method can have several runs of one length on a data set: on the features of several backbones, and with
the backbone trained along. Each has a name of its own, which stands wherever a method is chosen: `dpsh` is
the run on the data set's main input, `dpsh~resnet18`, `dpsh~finetune` and `dpsh~resnet18~finetune` are
others. Only this module knows how such a name is put together.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from models.data import dataset_names, load_dataset
from models.data.base import Dataset, DatasetInfo, sample_data_root
from models.engine.config import Mode
from models.engine.store import RunStore, RunSummary, StoredRun
from models.errors import DataError, NotAvailableError, UnknownNameError
from models.networks.names import DEFAULT_BACKBONE, DESCRIPTORS, HOG, is_backbone
from models.registry import method_names
from models.spec import CodeKind
from models.types import Split

OPENING_BITS, OPENING_SLACK = 32, 0.02
SEED = 0  # the run whose codes are shown; other seeds only count in the spread of the leaderboard
_APART, _FINE_TUNED = "~", "finetune"


@dataclass(frozen=True, order=True)
class Input:
    """What methods are given: features of a backbone, or images with the backbone trained along."""

    backbone: str
    mode: Mode = "head"

    @property
    def label(self) -> str:
        """In a few words."""
        if self.mode == "given":
            return "codes made elsewhere"
        if self.mode == "finetune":
            return f"{self.backbone}, fine-tuned"
        return _short(self.backbone) if self.backbone in DESCRIPTORS else f"{self.backbone} features"


@dataclass(frozen=True)
class _Stored:
    """The runs of a data set by name, in the order in which they are shown.

    Attributes:
        main: the backbone that needs no naming.
        runs: by name and code length, the seeds of each in ascending order.
        scored, coded: lengths of which figures, and of which codes are stored, by name; ascending.
    """

    main: str = DEFAULT_BACKBONE
    runs: Mapping[str, Mapping[int, tuple[RunSummary, ...]]] = field(default_factory=dict)
    scored: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    coded: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@lru_cache(maxsize=1)
def _stored() -> dict[str, _Stored]:
    """Every stored run by data set, from folder names."""
    runs: dict[str, list[RunSummary]] = {}
    for run in RunStore().runs(every_backbone=True, every_mode=True):
        runs.setdefault(run.dataset, []).append(run)
    return {dataset: _named(found) for dataset, found in runs.items()}


def _of(dataset: str) -> _Stored:
    return _stored().get(dataset, _Stored())


def _named(runs: Sequence[RunSummary]) -> _Stored:
    main = _main_backbone(runs)
    found: dict[str, dict[int, list[RunSummary]]] = {}
    for run in sorted(runs):
        backbone = "" if run.backbone == main else run.backbone
        name = _name(run.method, backbone, fine_tuned=run.mode == _FINE_TUNED)
        found.setdefault(name, {}).setdefault(run.n_bits, []).append(run)
    order = {name: place for place, name in enumerate(method_names())}

    def place(name: str) -> tuple[int, int, str, str, bool]:
        method, backbone, fine_tuned = _parts(name)
        return _family_place(method), order.get(method, len(order)), method, backbone, fine_tuned

    named = {
        name: {n: tuple(found[name][n]) for n in sorted(found[name])} for name in sorted(found, key=place)
    }
    shown = {
        name: [first[0] for first in by_length.values() if first[0].seed == SEED]
        for name, by_length in named.items()
    }
    scored = {name: tuple(run.n_bits for run in runs) for name, runs in shown.items() if runs}
    coded = {name: tuple(run.n_bits for run in runs if run.has_codes) for name, runs in shown.items()}
    return _Stored(main, named, scored, {name: lengths for name, lengths in coded.items() if lengths})


def _main_backbone(runs: Sequence[RunSummary]) -> str:
    """The default backbone where there are runs on it, else the one with most; frozen ones count first."""
    shown = [run for run in runs if run.seed == SEED] or runs
    counts = Counter(run.backbone for run in shown if run.mode == "head")
    counts = counts or Counter(run.backbone for run in shown)

    def rank(name: str) -> tuple[bool, bool, int, str]:
        return name == DEFAULT_BACKBONE, name not in DESCRIPTORS, counts[name], name

    return max(counts, key=rank)


def _name(method: str, backbone: str, *, fine_tuned: bool) -> str:
    return _APART.join((method, *filter(None, (backbone, _FINE_TUNED if fine_tuned else ""))))


def _parts(name: str) -> tuple[str, str, bool]:
    """Method, backbone ("" for the main one), and whether that was trained along."""
    method, *rest = name.split(_APART)
    return method, _APART.join(part for part in rest if part != _FINE_TUNED), _FINE_TUNED in rest


def _family_place(method: str) -> int:
    """Place of a method's family, families in the order in which the cards name them first."""
    families = list(dict.fromkeys(card.get("family") for card in _cards().values()))
    family = _cards().get(method, {}).get("family")
    return families.index(family) if family in families else len(families)


def method_of(name: str) -> str:
    """The method in the registry that a name stands for."""
    return _parts(name)[0]


def is_known(name: str) -> bool:
    """True for a well-formed name of a method that has a card, whether or not there are such runs."""
    method, backbone, fine_tuned = _parts(name)
    return (
        method in _cards()
        and (not backbone or is_backbone(backbone))
        and name == _name(method, backbone, fine_tuned=fine_tuned)
    )


def main_input(dataset: str) -> Input:
    """What runs stand on whose name says no more than the method."""
    return Input(_of(dataset).main)


def input_of(dataset: str, name: str) -> Input:
    """What the runs of that name stand on."""
    _, backbone, fine_tuned = _parts(name)
    return Input(backbone or _of(dataset).main, "finetune" if fine_tuned else "head")


@lru_cache(maxsize=1)
def datasets() -> tuple[DatasetInfo, ...]:
    """Data sets that are on this machine together with codes.

    Raises:
        NotAvailableError: there is none.
    """
    pools = {name: place for place, name in enumerate(dataset_names())}
    known = [name for name in _stored() if name.partition("@")[0] in pools and methods(name)]
    names = sorted(known, key=lambda name: (pools[name.partition("@")[0]], "@" in name, name))
    there = tuple(info for info in map(_info, names) if info is not None and info.available)
    if not there:
        raise NotAvailableError(
            f"No data set with stored codes in {sample_data_root()}. Run `make sample-data`, then `make zoo`."
        )
    return there


def _info(dataset: str) -> DatasetInfo | None:
    """The card of a data set; None where it is unknown or damaged, which must not close the others."""
    try:
        return load_dataset(dataset).info
    except (DataError, UnknownNameError):
        return None


def methods(dataset: str) -> tuple[str, ...]:
    """Names that have codes for `dataset`, in the order in which they are shown."""
    return tuple(_of(dataset).coded)


def lengths(dataset: str, name: str) -> tuple[int, ...]:
    """Code lengths of which codes are stored, ascending."""
    return _of(dataset).coded.get(name, ())


def scored(dataset: str) -> tuple[str, ...]:
    """Names that have figures for `dataset`, those that keep nothing else among them, in the same order."""
    return tuple(_of(dataset).scored)


def scored_lengths(dataset: str, name: str) -> tuple[int, ...]:
    """Code lengths of which figures are stored, ascending."""
    return _of(dataset).scored.get(name, ())


def seeds(dataset: str, name: str, n_bits: int) -> tuple[RunSummary, ...]:
    """Every run of that name and length, by seed."""
    return _of(dataset).runs.get(name, {}).get(n_bits, ())


def names_of(dataset: str, method: str) -> tuple[str, ...]:
    """Names with codes that stand for one method of the registry, that on the main input first."""
    return tuple(name for name in methods(dataset) if method_of(name) == method)


def nearest_method(dataset: str, wanted: str) -> str:
    """That name where it has codes, else another of the same method, else the one to open with."""
    if wanted in methods(dataset):
        return wanted
    return next(iter(names_of(dataset, method_of(wanted))), None) or default_method(dataset)


def default_length(dataset: str, method: str) -> int:
    """The length to open with: the one nearest to 32 bits."""
    return min(lengths(dataset, method), key=lambda n: (abs(n - OPENING_BITS), n))


@lru_cache(maxsize=16)
def default_method(dataset: str) -> str:
    """The method to open with: about the best, and with enough distinct codes for a ranking to be seen.

    Those on the main input come first, whose networks are small enough to be stored, and of them those whose
    codes have bits to show; of those within `OPENING_SLACK` of the best expected mAP, the one with the most
    distinct codes, because collapsed codes answer with a single large tie.
    """

    def result(method: str) -> dict[str, Any]:
        return open_run(dataset, method, default_length(dataset, method)).result

    def score(method: str) -> float:
        return float(result(method).get("metrics", {}).get("map", {}).get("expected", 0.0))

    there = [m for m in methods(dataset) if method_of(m) == m] or list(methods(dataset))
    names = [m for m in there if has_bits(dataset, m, default_length(dataset, m))] or there
    best = max(map(score, names))
    good = [method for method in names if score(method) >= best - OPENING_SLACK]
    return max(good, key=lambda method: result(method).get("health", {}).get("distinct_codes", 0))


@lru_cache(maxsize=16)
def default_query(dataset: str) -> int:
    """Row of the query to open with: its AP is nearest to the mean, so that right and wrong show."""
    if not has_labels(dataset):
        return 0
    method = default_method(dataset)
    ap = open_run(dataset, method, default_length(dataset, method)).per_query["ap_expected"]
    return int(np.abs(ap - ap.mean()).argmin())


def why_no_runs(dataset: str, method: str) -> str:
    """Why a method has no codes for a data set, in its own words where it gave any; no full stop."""
    card = _cards().get(method_of(method))
    if card is None:
        return "there is no such method"
    info = _info(dataset)
    if info is not None and info.available and info.n_classes == 0 and method in methods(dataset):
        return "it has codes here, but images without labels give nothing to score"
    if method in scored(dataset):
        return "its runs here keep their figures only, which stand on the Metrics page"
    if info is not None and info.label_kind == "multi" and not card.get("reads_multi_label", True):
        reason = str(card.get("multi_label_note") or "it needs exactly one class per image")
        return f"these images have several labels each, and {method_label(method)} does not read them: " + (
            reason.rstrip(".")
        )
    return "nobody has run it on these data yet"


def has_bits(dataset: str, method: str, n_bits: int) -> bool:
    """True for binary codes; False for codes that name words of codebooks."""
    return bool(open_run(dataset, method, n_bits).result.get("code_kind", CodeKind.BINARY) == CodeKind.BINARY)


def has_labels(dataset: str) -> bool:
    """False where nothing is known of the images' classes: nothing is relevant then, and nothing scored."""
    return open_dataset(dataset).info.n_classes > 0


def has_images(dataset: str) -> bool:
    """False where only labels and codes are on this machine, and words stand for the pictures."""
    return open_dataset(dataset).info.has_images


def is_given(dataset: str, method: str, n_bits: int) -> bool:
    """True for codes that another system made, whose network is not here."""
    return open_run(dataset, method, n_bits).config.mode == "given"


def why_no_network(dataset: str, method: str, n_bits: int) -> str:
    """Why a run cannot encode an image of one's own, and what can; empty when it can."""
    run = open_run(dataset, method, n_bits)
    if run.checkpoint_path.is_file():
        return ""
    what = f"{method_label(method)} at {n_bits} bits on {dataset} cannot encode an image of your own: "
    if run.config.mode == "given":
        return what + "its codes were made elsewhere, and their network is not here. Ask with a stored image."
    why = "its network is not kept with the codes"
    if run.config.mode == "finetune":
        why = "its backbone was trained along, and a network of that size is not kept with the codes"
    others = ", ".join(_with_network(dataset, method, n_bits)[:3])
    able = f"Choose one whose network is here ({others})" if others else "Ask with a stored image"
    return f"{what}{why}. {able}, or train it on this machine: `{run.config.train_command}`."


def _with_network(dataset: str, method: str, n_bits: int) -> list[str]:
    """Labels of what can encode at a length: other runs of the method, the one to open with, the others."""
    names = (*names_of(dataset, method_of(method)), default_method(dataset), *methods(dataset))
    return [
        method_label(name)
        for name in dict.fromkeys(names)
        if n_bits in lengths(dataset, name) and open_run(dataset, name, n_bits).checkpoint_path.is_file()
    ]


def n_rows(dataset: str, split: Split) -> int:
    """Number of images in a split."""
    return open_dataset(dataset).info.n_rows(split)


@lru_cache(maxsize=8)
def open_dataset(name: str) -> Dataset:
    """A data set; its arrays are read-only and shared by every session."""
    return load_dataset(name)


@lru_cache(maxsize=256)
def open_run(dataset: str, method: str, n_bits: int) -> StoredRun:
    """A stored run; what it has read stays in memory, read-only and shared by every session."""
    stands_on = input_of(dataset, method)
    return RunStore().open(
        dataset, method_of(method), n_bits, SEED, backbone=stands_on.backbone, mode=stands_on.mode
    )


@lru_cache(maxsize=1)
def _cards() -> dict[str, dict[str, Any]]:
    path = sample_data_root() / "methods.json"
    if not path.is_file():
        return {}
    return {card["name"]: card for card in json.loads(path.read_text("utf-8"))}


def carded() -> tuple[str, ...]:
    """Names of all methods that have a card, in the order in which they are shown."""
    order = {name: place for place, name in enumerate(method_names())}
    return tuple(sorted(_cards(), key=lambda name: order.get(name, len(order))))


def method_card(name: str) -> dict[str, Any]:
    """What a method says of itself: title, family, supervision, idea and so on, as the zoo wrote it down."""
    method = method_of(name)
    return _cards().get(method, {"name": method, "title": method})


def method_label(name: str) -> str:
    """Name of a method where room is short, as the papers write it, and what else a name says."""
    return _plain_label(name) + _beside(name)


def run_label(name: str, n_bits: int) -> str:
    """A run in a few words: method, length, and what else its name says."""
    return f"{_plain_label(name)} {n_bits} bits{_beside(name)}"


def _plain_label(name: str) -> str:
    return str(method_card(name).get("label") or method_of(name).upper())


def _beside(name: str) -> str:
    """What a name says beside the method; where room is short, the end of a backbone's name can go."""
    _, backbone, fine_tuned = _parts(name)
    if fine_tuned:
        return f", fine-tuned {backbone}".rstrip()
    return f" on {_short(backbone)}" if backbone else ""


def _short(backbone: str) -> str:
    """A backbone in running text."""
    return backbone.upper() if backbone == HOG else backbone


def method_family(name: str) -> str:
    """Family of a method in the survey of 2020; empty when nobody said."""
    return str(method_card(name).get("family", ""))


def method_entry(name: str) -> str:
    """A method as a list of many names it: with its family."""
    family = method_family(name)
    return f"{method_label(name)} · {family}" if family else method_label(name)


@lru_cache(maxsize=16)
def captions(dataset: str, split: Split) -> tuple[str, ...] | None:
    """One sentence per image, "" where an image has none; None when the data set has no captions."""
    return open_dataset(dataset).captions(split)


def describe(dataset: str, split: Split, row: int) -> str:
    """An image in words, for alternative text: its caption, else its classes, else which one it is."""
    sentences = captions(dataset, split)
    if sentences is not None and sentences[row]:
        return sentences[row]
    return ", ".join(label_names(dataset, split, row)) or f"{split} image {row}"


def label_names(dataset: str, split: Split, row: int) -> list[str]:
    """Names of the classes or tags of an image."""
    data = open_dataset(dataset)
    return [name for name, has in zip(data.info.class_names, data.labels(split)[row], strict=True) if has]
