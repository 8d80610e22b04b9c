"""Stored runs: what the app and the leaderboard read. Only numpy and json, so a page opens without torch.

A run is the folder `sample_data/runs/<dataset>/<method>/<n_bits>-s<seed>`; with another backbone than the
default, `<n_bits>-s<seed>-<backbone>`. Extra seeds and other backbones keep figures alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from models.data.base import sample_data_root
from models.engine.config import RunConfig
from models.engine.run_files import (
    BitSummary,
    CodeMap,
    RunCodes,
    read_bit_summary,
    read_json,
    read_map,
    read_run_codes,
)
from models.errors import CheckpointError, NotAvailableError
from models.networks.names import DEFAULT_BACKBONE
from models.types import BinaryCodes, Codes, Float64, Queries, Split

__all__ = ["BitSummary", "CodeMap", "RunStore", "RunSummary", "StoredRun"]

_FOLDER = re.compile(r"(?P<n_bits>\d+)-s(?P<seed>\d+)(-(?P<backbone>\w+))?")


@dataclass(frozen=True, order=True)
class RunSummary:
    """Which run a folder holds, by its name alone; `has_codes` is False for seeds that keep only a result."""

    dataset: str
    method: str
    n_bits: int
    seed: int
    has_codes: bool
    backbone: str = DEFAULT_BACKBONE


class StoredRun:
    """One run, read from disk piece by piece as it is asked for. Arrays are read-only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def result(self) -> dict[str, Any]:
        """`result.json` together with `seconds` and `peak_memory_bytes` of `cost.json`, if there is one."""
        result = read_json(self.folder / "result.json")
        cost = self.folder / "cost.json"
        return {**result, **read_json(cost)} if cost.is_file() else result

    @cached_property
    def config(self) -> RunConfig:
        """What decided the codes."""
        try:
            return RunConfig(**self.result["config"])
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"{self.folder}/result.json has no usable config: {error}") from None

    @cached_property
    def _codes(self) -> tuple[RunCodes, dict[str, Float64]]:
        try:
            return read_run_codes(self.folder / "codes.npz")
        except FileNotFoundError:
            raise NotAvailableError(
                f"The run in {self.folder} keeps its figures only, no codes. Use seed 0, or run `make zoo`."
            ) from None

    def codes(self, split: Split) -> Codes:
        """Stored codes of the queries or the database."""
        codes = self._codes[0]
        if split == "query":
            return codes.query
        if split == "database":
            return codes.database
        raise NotAvailableError(
            "A run stores codes of query and database; the train split lies in the latter."
        )

    def queries(self, split: Split) -> Queries:
        """What rows of `split` are compared by when they are the query.

        Binary codes; for codebook codes float32 vectors: embeddings for the query split, decoded words for
        the database (whose embeddings are not kept), so that distance is symmetric there.
        """
        codes = self.codes(split)
        if isinstance(codes, BinaryCodes):
            return codes
        return self._codes[0].queries if split == "query" else codes.decode()

    @property
    def per_query(self) -> dict[str, Float64]:
        """Figures per query, (n_query,): ap_expected, ap_optimistic, ap_pessimistic."""
        return self._codes[1]

    @cached_property
    def _map(self) -> CodeMap:
        try:
            return read_map(self.folder / "map.npz")
        except FileNotFoundError:
            raise NotAvailableError(
                f"There is no map in {self.folder}. Rebuild it with `make zoo`."
            ) from None

    def map(self) -> CodeMap:
        """Positions of all images on the map of codes."""
        return self._map

    @cached_property
    def _bit_summary(self) -> BitSummary | None:
        path = self.folder / "bits.npz"
        return read_bit_summary(path) if path.is_file() else None

    def bit_summary(self) -> BitSummary | None:
        """Relaxed values per bit; None for codebook codes, whose bits have no meaning of their own."""
        return self._bit_summary

    @property
    def checkpoint_path(self) -> Path:
        """The trained weights; needs torch to open (`models.engine.checkpoint`)."""
        return self.folder / "checkpoint.safetensors"


class RunStore:
    """All stored runs under a folder."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = sample_data_root() / "runs" if root is None else root

    def folder(
        self, dataset: str, method: str, n_bits: int, seed: int = 0, backbone: str = DEFAULT_BACKBONE
    ) -> Path:
        """Where that run is, or would be."""
        suffix = "" if backbone == DEFAULT_BACKBONE else f"-{backbone}"
        return self.root / dataset / method / f"{n_bits}-s{seed}{suffix}"

    def runs(self, dataset: str | None = None, *, every_backbone: bool = False) -> list[RunSummary]:
        """Every finished run, sorted by data set, method, length and seed; folder names say it all.

        Args:
            dataset: only this one; None is all.
            every_backbone: those on other backbones than the default, too.
        """
        found = []
        for result in self.root.glob(f"{dataset or '*'}/*/*/result.json"):
            folder = result.parent
            if match := _FOLDER.fullmatch(folder.name):
                method, data = folder.parent.name, folder.parent.parent.name
                backbone = match["backbone"] or DEFAULT_BACKBONE
                if not every_backbone and backbone != DEFAULT_BACKBONE:
                    continue
                n_bits, seed = int(match["n_bits"]), int(match["seed"])
                has_codes = (folder / "codes.npz").is_file()
                found.append(RunSummary(data, method, n_bits, seed, has_codes, backbone))
        return sorted(found)

    def open(
        self, dataset: str, method: str, n_bits: int, seed: int = 0, backbone: str = DEFAULT_BACKBONE
    ) -> StoredRun:
        """Open a run.

        Raises:
            NotAvailableError: there is no such run; the message lists what there is.
        """
        folder = self.folder(dataset, method, n_bits, seed, backbone)
        if not (folder / "result.json").is_file():
            there = [r for r in self.runs(dataset, every_backbone=True) if r.backbone == backbone]
            lengths = [str(r.n_bits) for r in there if r.method == method and r.seed == seed]
            methods = sorted({r.method for r in there})
            hint = f"lengths {', '.join(lengths)}" if lengths else f"methods {', '.join(methods) or 'none'}"
            raise NotAvailableError(
                f"No run of {method} with {n_bits} bits, seed {seed}, on {dataset} with {backbone}. "
                f"Stored for it: {hint}. "
                "Train it with `python -m models train`, or run `make zoo`."
            )
        return StoredRun(folder)
