"""What can be chosen: data sets, methods and code lengths for which codes are stored on this machine."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from models.data import dataset_infos, load_dataset
from models.data.base import Dataset, DatasetInfo, sample_data_root
from models.engine.store import RunStore, StoredRun
from models.errors import NotAvailableError
from models.registry import method_names
from models.spec import CodeKind
from models.types import Split

SEED = 0  # the run whose codes are shown; other seeds only count in the spread of the leaderboard


@lru_cache(maxsize=1)
def _stored() -> dict[str, dict[str, tuple[int, ...]]]:
    """Code lengths by data set and method, methods in the registry's order, read from folder names."""
    lengths: dict[str, dict[str, list[int]]] = {}
    for run in RunStore().runs():
        if run.seed == SEED and run.has_codes:
            lengths.setdefault(run.dataset, {}).setdefault(run.method, []).append(run.n_bits)
    order = {name: place for place, name in enumerate(method_names())}
    return {
        dataset: {
            name: tuple(sorted(methods[name]))
            for name in sorted(methods, key=lambda m: order.get(m, len(order)))
        }
        for dataset, methods in lengths.items()
    }


@lru_cache(maxsize=1)
def datasets() -> tuple[DatasetInfo, ...]:
    """Data sets that are on this machine together with codes.

    Raises:
        NotAvailableError: there is none.
    """
    there = tuple(info for info in dataset_infos() if info.available and info.name in _stored())
    if not there:
        raise NotAvailableError(
            f"No data set with stored codes in {sample_data_root()}. Run `make sample-data`, then `make zoo`."
        )
    return there


def methods(dataset: str) -> tuple[str, ...]:
    """Names of the methods that have codes for `dataset`, in the order in which they are shown."""
    return tuple(_stored().get(dataset, {}))


def lengths(dataset: str, method: str) -> tuple[int, ...]:
    """Code lengths stored for a method on a data set, ascending."""
    return _stored().get(dataset, {}).get(method, ())


@lru_cache(maxsize=16)
def default_method(dataset: str) -> str:
    """The method to open with: best expected mAP near 32 bits, methods whose codes have bits first."""

    def score(method: str) -> tuple[bool, float]:
        n_bits = min(lengths(dataset, method), key=lambda n: abs(n - 32))
        expected = (
            open_run(dataset, method, n_bits).result.get("metrics", {}).get("map", {}).get("expected", 0.0)
        )
        return has_bits(dataset, method, n_bits), float(expected)

    return max(methods(dataset), key=score)


def has_bits(dataset: str, method: str, n_bits: int) -> bool:
    """True for binary codes; False for codes that name words of codebooks."""
    return bool(open_run(dataset, method, n_bits).result.get("code_kind", CodeKind.BINARY) == CodeKind.BINARY)


def n_rows(dataset: str, split: Split) -> int:
    """Number of images in a split."""
    return open_dataset(dataset).info.n_rows(split)


@lru_cache(maxsize=8)
def open_dataset(name: str) -> Dataset:
    """A data set; its arrays are read-only and shared by every session."""
    return load_dataset(name)


@lru_cache(maxsize=48)
def open_run(dataset: str, method: str, n_bits: int) -> StoredRun:
    """A stored run; what it has read stays in memory, read-only and shared by every session."""
    return RunStore().open(dataset, method, n_bits, SEED)


@lru_cache(maxsize=1)
def _cards() -> dict[str, dict[str, Any]]:
    path = sample_data_root() / "methods.json"
    if not path.is_file():
        return {}
    return {card["name"]: card for card in json.loads(path.read_text("utf-8"))}


def method_card(name: str) -> dict[str, Any]:
    """What a method says of itself: title, family, supervision, idea and so on, as the zoo wrote it down."""
    return _cards().get(name, {"name": name, "title": name})


def method_title(name: str) -> str:
    """Full name of a method."""
    return str(method_card(name)["title"])


def method_label(name: str) -> str:
    """Name of a method where room is short, as the papers write it."""
    return str(method_card(name).get("label") or name.upper())


def describe(dataset: str, split: Split, row: int) -> str:
    """An image in words, for alternative text: its caption, else its classes."""
    data = open_dataset(dataset)
    captions = data.captions(split)
    if captions is not None:
        return captions[row]
    return ", ".join(label_names(dataset, split, row))


def label_names(dataset: str, split: Split, row: int) -> list[str]:
    """Names of the classes or tags of an image."""
    data = open_dataset(dataset)
    return [name for name, has in zip(data.info.class_names, data.labels(split)[row], strict=True) if has]
