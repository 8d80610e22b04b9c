"""Ship what was made of a large data set of the library: its runs, into the sample data.

Every run ships its figures. Codes, map and checkpoint of 60,000 images take half a megabyte a run, so only a
choice ships them, at one length and for the first seed: methods whose figures somebody published under such
a protocol, those that were fine-tuned, the best of each family, and whoever is asked for. A fine-tuned run
ships without its checkpoint, which holds a whole backbone.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.data.base import sample_data_root
from models.data.importing.shipping import ship_labels
from models.data.library import library_root
from models.data.protocols import family_of
from models.engine.config import Mode
from models.engine.store import RunStore, RunSummary
from models.engine.table import WHOLE_BITS
from models.engine.zoo import known_methods
from models.engine.zoo_manifest import write_manifest
from models.errors import DataError, UnknownNameError
from models.published import blocks_of
from models.registry import get_spec, method_names

FIGURES = ("result.json", "cost.json")
CODES = ("codes.npz", "map.npz", "bits.npz")
CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class Shipped:
    """What went into the sample data.

    Attributes:
        n_runs: runs with figures.
        whole: methods whose codes went along.
        n_bytes: of all files of these runs.
    """

    n_runs: int
    whole: tuple[str, ...]
    n_bytes: int


def ship_runs(dataset: str, also: Sequence[str] = ()) -> Shipped:
    """Replace the sample data's runs on a data set by the library's, and write the manifest.

    Labels, splits and signature of its images are written anew, too.

    Args:
        dataset: of the library, with the protocol where it is not the default one.
        also: methods that ship their codes in any case.

    Raises:
        UnknownNameError: no such method.
        DataError: the library has no runs on it, or no images.
    """
    known_methods(also)
    library, target = RunStore(library_root() / "runs"), sample_data_root()
    found = [
        run
        for run in library.runs(dataset, every_backbone=True, every_mode=True)
        if run.method in method_names()  # not codes of another system
    ]
    if not found:
        raise DataError(f"The library has no runs on {dataset}. Make them: `python -m models table`.")
    pool = dataset.partition("@")[0]
    ship_labels(pool, target / pool)
    whole = worth_codes(library, dataset, found) | set(also)
    shutil.rmtree(target / "runs" / dataset, ignore_errors=True)
    n_bytes = 0
    for run in found:
        source = library.folder(*_place(run))
        folder = target / "runs" / source.relative_to(library_root() / "runs")
        folder.mkdir(parents=True)
        for name in _files(run, run.method in whole):
            if (source / name).is_file():
                shutil.copyfile(source / name, folder / name)
                n_bytes += (folder / name).stat().st_size
    baselines = library_root() / dataset / "baselines.json"
    if baselines.is_file():
        (target / dataset).mkdir(exist_ok=True)
        shutil.copyfile(baselines, target / dataset / "baselines.json")
    write_manifest(target)
    return Shipped(len(found), tuple(name for name in method_names() if name in whole), n_bytes)


def worth_codes(store: RunStore, dataset: str, runs: Iterable[RunSummary]) -> set[str]:
    """Methods that ship codes: published under such a protocol, fine-tuned, or best of their family."""
    kept = [run for run in runs if run.has_codes and run.n_bits == WHOLE_BITS and run.seed == 0]
    names = {run.method for run in kept}
    try:
        blocks = blocks_of(family_of(dataset))
    except UnknownNameError:  # a protocol of the data set's own
        blocks = ()
    wanted = {name for block in blocks for name in block.by_method(WHOLE_BITS)}
    wanted |= {run.method for run in kept if run.mode == "finetune"}
    best: dict[str, tuple[float, str]] = {}
    for run in kept:
        if run.mode == "head":
            score = float(store.open(*_place(run)).result["metrics"]["map"]["expected"])
            family = get_spec(run.method).family.value
            best[family] = max(best.get(family, (0.0, "")), (score, run.method))
    return names & (wanted | {method for _, method in best.values()})


def _files(run: RunSummary, whole: bool) -> tuple[str, ...]:
    if not whole or run.n_bits != WHOLE_BITS or run.seed != 0:
        return FIGURES
    return (*FIGURES, *CODES) if run.mode == "finetune" else (*FIGURES, *CODES, CHECKPOINT)


def _place(run: RunSummary) -> tuple[str, str, int, int, str, Mode]:
    return (run.dataset, run.method, run.n_bits, run.seed, run.backbone, run.mode)
