"""What can be chosen: data sets, methods and code lengths for which codes are stored on this machine."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np

from models.data import dataset_names, load_dataset
from models.data.base import Dataset, DatasetInfo, sample_data_root
from models.engine.store import RunStore, StoredRun
from models.errors import DataError, NotAvailableError, UnknownNameError
from models.networks.names import DEFAULT_BACKBONE
from models.registry import method_names
from models.spec import CodeKind
from models.types import Split

OPENING_BITS, OPENING_SLACK = 32, 0.02
SEED = 0  # the run whose codes are shown; other seeds only count in the spread of the leaderboard


@lru_cache(maxsize=1)
def _stored() -> dict[str, dict[str, dict[int, str]]]:
    """Backbone by data set, method and code length, methods in the registry's order, from folder names.

    One run is shown per method and length: the one on the default backbone where there is one.
    """
    found: dict[str, dict[str, dict[int, str]]] = {}
    for run in sorted(RunStore().runs(every_backbone=True), key=lambda r: r.backbone != DEFAULT_BACKBONE):
        if run.seed == SEED and run.has_codes:
            found.setdefault(run.dataset, {}).setdefault(run.method, {}).setdefault(run.n_bits, run.backbone)
    order = {name: place for place, name in enumerate(method_names())}
    return {
        dataset: {
            name: dict(sorted(methods[name].items()))
            for name in sorted(methods, key=lambda m: (_family_place(m), order.get(m, len(order)), m))
        }
        for dataset, methods in found.items()
    }


def _family_place(method: str) -> int:
    """Place of a method's family, families in the order in which the cards name them first."""
    families = list(dict.fromkeys(card.get("family") for card in _cards().values()))
    family = _cards().get(method, {}).get("family")
    return families.index(family) if family in families else len(families)


@lru_cache(maxsize=1)
def datasets() -> tuple[DatasetInfo, ...]:
    """Data sets that are on this machine together with codes.

    Raises:
        NotAvailableError: there is none.
    """
    pools = {name: place for place, name in enumerate(dataset_names())}
    known = [name for name in _stored() if name.partition("@")[0] in pools]
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
    """Names of the methods that have codes for `dataset`, in the order in which they are shown."""
    return tuple(_stored().get(dataset, {}))


def lengths(dataset: str, method: str) -> tuple[int, ...]:
    """Code lengths stored for a method on a data set, ascending."""
    return tuple(_stored().get(dataset, {}).get(method, {}))


def backbone(dataset: str, method: str, n_bits: int) -> str:
    """What the shown run of a method and length stands on."""
    return _stored().get(dataset, {}).get(method, {}).get(n_bits, DEFAULT_BACKBONE)


def default_length(dataset: str, method: str) -> int:
    """The length to open with: the one nearest to 32 bits."""
    return min(lengths(dataset, method), key=lambda n: (abs(n - OPENING_BITS), n))


@lru_cache(maxsize=16)
def default_method(dataset: str) -> str:
    """The method to open with: about the best, and with enough distinct codes for a ranking to be seen.

    Methods whose codes have bits to show come first; of those within `OPENING_SLACK` of the best expected
    mAP, the one with the most distinct codes, because collapsed codes answer with a single large tie.
    """

    def result(method: str) -> dict[str, Any]:
        return open_run(dataset, method, default_length(dataset, method)).result

    def score(method: str) -> float:
        return float(result(method).get("metrics", {}).get("map", {}).get("expected", 0.0))

    names = [m for m in methods(dataset) if has_bits(dataset, m, default_length(dataset, m))]
    names = names or list(methods(dataset))
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
    card = _cards().get(method)
    if card is None:
        return "there is no such method"
    info = _info(dataset)
    if info is not None and info.available and info.n_classes == 0 and method in methods(dataset):
        return "it has codes here, but images without labels give nothing to score"
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
    return RunStore().open(dataset, method, n_bits, SEED, backbone(dataset, method, n_bits))


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
    return _cards().get(name, {"name": name, "title": name})


def method_label(name: str) -> str:
    """Name of a method where room is short, as the papers write it."""
    return str(method_card(name).get("label") or name.upper())


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
