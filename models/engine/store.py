"""Stored runs: what the app and the leaderboard read. Only numpy and json, so a page opens without torch.

A run is the folder `<dataset>/<method>/<n_bits>-s<seed>` below `sample_data/runs` or the library's `runs`;
with another backbone than the default, `<n_bits>-s<seed>-<backbone>`, and behind that `-finetune` where the
backbone was trained along. What is made on this machine from a data set of the library goes into the library;
a run that is in both places is read there. Of the embedded sets, extra seeds and other backbones keep figures
alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from models.data import embedded_names
from models.data.base import sample_data_root
from models.data.library import library_root
from models.engine.config import Mode, RunConfig
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

_FOLDER = re.compile(
    r"(?P<n_bits>\d+)-s(?P<seed>\d+)(-(?!finetune$)(?P<backbone>[\w@]+))?(-(?P<mode>finetune))?"
)


@dataclass(frozen=True, order=True)
class RunSummary:
    """Which run a folder holds, by its name alone; `has_codes` is False for seeds that keep only a result."""

    dataset: str
    method: str
    n_bits: int
    seed: int
    has_codes: bool
    backbone: str = DEFAULT_BACKBONE
    mode: Mode = "head"


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
    """All stored runs, under one folder or under several."""

    def __init__(self, root: Path | None = None) -> None:
        """Runs below `root`; None is the shipped ones and those of the library."""
        self._root = root

    @property
    def roots(self) -> tuple[Path, ...]:
        """Folders in which runs are looked for; of a run that is in several, the first one counts."""
        if self._root is not None:
            return (self._root,)
        return (library_root() / "runs", sample_data_root() / "runs")

    def folder(
        self,
        dataset: str,
        method: str,
        n_bits: int,
        seed: int = 0,
        backbone: str = DEFAULT_BACKBONE,
        mode: Mode = "head",
    ) -> Path:
        """Where that run is, or, if there is none, would be written."""
        suffix = "" if backbone == DEFAULT_BACKBONE else f"-{backbone}"
        suffix += "" if mode == "head" else f"-{mode}"
        below = Path(dataset, method, f"{n_bits}-s{seed}{suffix}")
        for root in self.roots:
            if (root / below / "result.json").is_file():
                return root / below
        if self._root is None and dataset in embedded_names():
            return sample_data_root() / "runs" / below
        return self.roots[0] / below

    def runs(
        self, dataset: str | None = None, *, every_backbone: bool = False, every_mode: bool = False
    ) -> list[RunSummary]:
        """Every finished run, sorted by data set, method, length and seed; folder names say it all.

        Args:
            dataset: only this one; None is all.
            every_backbone: those on other backbones than the default, too.
            every_mode: those whose backbone was trained along, too.
        """
        found: dict[tuple[str, str, str], RunSummary] = {}
        for result in (
            path for root in self.roots for path in root.glob(f"{dataset or '*'}/*/*/result.json")
        ):
            folder = result.parent
            place = (folder.parent.parent.name, folder.parent.name, folder.name)
            match = _FOLDER.fullmatch(folder.name)
            if match is None or place in found:
                continue
            backbone = match["backbone"] or DEFAULT_BACKBONE
            mode: Mode = "finetune" if match["mode"] else "head"
            if (every_backbone or backbone == DEFAULT_BACKBONE) and (every_mode or mode == "head"):
                n_bits, seed = int(match["n_bits"]), int(match["seed"])
                has_codes = (folder / "codes.npz").is_file()
                found[place] = RunSummary(place[0], place[1], n_bits, seed, has_codes, backbone, mode)
        return sorted(found.values())

    def open(
        self,
        dataset: str,
        method: str,
        n_bits: int,
        seed: int = 0,
        backbone: str = DEFAULT_BACKBONE,
        mode: Mode = "head",
    ) -> StoredRun:
        """Open a run.

        Raises:
            NotAvailableError: there is no such run; the message lists what there is.
        """
        folder = self.folder(dataset, method, n_bits, seed, backbone, mode)
        if not (folder / "result.json").is_file():
            every = self.runs(dataset, every_backbone=True, every_mode=True)
            there = [r for r in every if (r.backbone, r.mode) == (backbone, mode)]
            lengths = [str(r.n_bits) for r in there if r.method == method and r.seed == seed]
            methods = sorted({r.method for r in there})
            hint = f"lengths {', '.join(lengths)}" if lengths else f"methods {', '.join(methods) or 'none'}"
            stands_on = backbone if mode == "head" else f"{backbone}, trained along"
            raise NotAvailableError(
                f"No run of {method} with {n_bits} bits, seed {seed}, on {dataset} with {stands_on}. "
                f"Stored for it: {hint}. "
                "Train it with `python -m models train`, or run `make zoo`."
            )
        return StoredRun(folder)
