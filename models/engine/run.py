"""One run from configuration to stored files: train, encode, score, lay out, write."""

from __future__ import annotations

import ast
import hashlib
import inspect
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from lightning_fabric import Fabric

from models.codes.packing import pack
from models.data import load_dataset
from models.data.base import Dataset
from models.engine.bit_summary import summarise_bits
from models.engine.checkpoint import Checkpoint, save_checkpoint
from models.engine.config import RunConfig
from models.engine.encode import encode_split
from models.engine.events import Event, Finished, Stored
from models.engine.features import Features, Progress, dataset_features
from models.engine.memory import peak_bytes, reset_peak
from models.engine.model import HashModel
from models.engine.prepare import train_data
from models.engine.results import FORMAT, per_query, result_record, score
from models.engine.run_files import RunCodes, write_bit_summary, write_json, write_map, write_run_codes
from models.engine.state import TrainingState
from models.engine.trainer import train
from models.networks.backbones import Backbone, load_backbone
from models.registry import get_method
from models.types import BinaryCodes, Codes, Float32


@dataclass(frozen=True)
class Source:
    """What a run is made from: a data set and its features.

    Attributes:
        dataset: labels and images.
        backbone: made the features.
        features: of queries and database.
        label_vectors: float32 (n_classes, width), if the user gave any; the config names their file.
    """

    dataset: Dataset
    backbone: Backbone
    features: Features
    label_vectors: Float32 | None = None


def open_source(
    dataset_name: str,
    backbone_name: str,
    weights_file: Path | None = None,
    progress: Progress | None = None,
) -> Source:
    """Load a data set, its backbone and its features, which are computed if nobody has yet.

    Args:
        dataset_name: see `load_dataset`.
        backbone_name, weights_file: see `load_backbone`.
        progress: told images done and images in all.

    Raises:
        UnknownNameError, NotAvailableError, WeightsError: see `load_dataset`, `dataset_features`,
        `load_backbone`.
    """
    dataset = load_dataset(dataset_name)
    backbone = load_backbone(backbone_name, weights_file, image_size=dataset.info.image_size)
    return Source(dataset, backbone, dataset_features(dataset, backbone, progress))


def run(
    config: RunConfig,
    folder: Path,
    source: Source,
    *,
    figures_only: bool = False,
    with_health: bool = True,
    cancel: threading.Event | None = None,
    resume_from: TrainingState | Path | None = None,
    state_file: Path | None = None,
    fabric: Fabric | None = None,
) -> Generator[Event, None, None]:
    """Train and store one run.

    Args:
        config: the run.
        folder: gets `result.json` (last, so that its presence means that all is there), `cost.json`, and
            unless `figures_only`, codes, map, bits and checkpoint.
        source: opened by `open_source` for the config's data set and backbone.
        figures_only: keep only what the leaderboard needs.
        with_health: tell after each epoch how the codes are, which takes an eighth of the time of a head, and
            a pass over all train images where the backbone is trained along.
        cancel, resume_from, state_file, fabric: see `models.engine.trainer.train`.

    Yields:
        The events of `train`; after `Finished`, one `Stored`.
    """
    reset_peak()
    data = train_data(config, source.dataset, source.features, source.backbone, source.label_vectors)
    for event in train(
        config,
        data,
        cancel=cancel,
        resume_from=resume_from,
        state_file=state_file,
        fabric=fabric,
        with_health=with_health,
    ):
        peak = peak_bytes() if isinstance(event, Finished) else 0
        yield event
        if isinstance(event, Finished) and (fabric is None or fabric.is_global_zero):
            result = _store(config, folder, source, event, peak, figures_only)
            yield Stored(folder, result)


def _store(
    config: RunConfig, folder: Path, source: Source, finished: Finished, peak: int, figures_only: bool
) -> dict[str, Any]:
    """Encode, score and write; `peak` is the memory that training took, libraries included."""
    model, seconds, clock = finished.model, {"fit": finished.seconds}, time.monotonic()

    def lap(name: str) -> None:
        nonlocal clock
        seconds[name], clock = time.monotonic() - clock, time.monotonic()

    database = encode_split(model, source.dataset, "database", source.features)
    query = encode_split(model, source.dataset, "query", source.features)
    database_codes = with_learned_codes(model, database.codes, source.dataset)
    codes = RunCodes(database_codes, query.codes, query.embeddings)
    lap("encode")
    evaluation = score(codes, source.dataset) if source.dataset.info.n_classes else None
    lap("evaluate")
    if not figures_only:
        from models.engine.maps import map_codes

        image_size = source.dataset.info.image_size
        save_checkpoint(
            folder / "checkpoint.safetensors",
            Checkpoint(model, config, source.backbone.weights_id, image_size),
        )
        write_run_codes(folder / "codes.npz", codes, per_query(evaluation))
        if isinstance(codes.database, BinaryCodes) and database.u.shape[1] == codes.database.n_bits:
            write_bit_summary(folder / "bits.npz", summarise_bits(database.u))
        write_map(folder / "map.npz", map_codes(codes.database, codes.query))
        lap("map")
    cost = {
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "peak_memory_bytes": peak,
        "n_parameters": n_parameters(model),
    }
    result = result_record(config, source.dataset, codes, evaluation, run_keys(config, source))
    if database_codes is not database.codes:
        result["learned_codes"] = len(source.dataset.train_rows)  # those of train images in the database
    write_json(folder / "cost.json", cost)
    write_json(folder / "result.json", result)
    return result | cost


def with_learned_codes(model: HashModel, codes: Codes, dataset: Dataset) -> Codes:
    """Database codes in which the train images carry the codes that training found for them, if it did.

    Where no train image is in the database, such codes are of no use and the given ones come back.
    """
    learned = model.method.learned_codes()
    train, database = dataset.pool_rows("train"), dataset.pool_rows("database")
    _, of_train, of_database = np.intersect1d(train, database, assume_unique=True, return_indices=True)
    if learned is None or not len(of_database):
        return codes
    assert isinstance(codes, BinaryCodes), "only bits can be learned one by one"
    packed = codes.packed.copy()
    packed[of_database] = pack(learned.cpu().numpy()).packed[of_train]
    return BinaryCodes(packed, codes.n_bits)


def n_parameters(model: HashModel) -> int:
    """Numbers that training may change."""
    return int(np.sum([p.numel() for p in model.parameters()], dtype=np.int64))


def run_keys(config: RunConfig, source: Source) -> dict[str, str]:
    """Fingerprints of settings, features and method: a stored run with the same three is current."""
    return {
        "key": config.key,
        "data_key": source.features.key,
        "method_key": method_key(config.method),
    }


def method_key(name: str) -> str:
    """12 hex digits that change with the code of a method's file."""
    module = inspect.getmodule(get_method(name))
    assert module is not None, "a method lives in a file"
    return code_key(inspect.getsource(module))


def code_key(source: str) -> str:
    """12 hex digits that change with Python code, not with comments, docstrings, layout or method card."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [statement for statement in body if not _is_prose(statement)]
            node.body = kept  # type: ignore[attr-defined]
    return hashlib.sha256(f"{FORMAT} {ast.unparse(tree)}".encode()).hexdigest()[:12]


def _is_prose(statement: ast.AST) -> bool:
    """Docstrings and the method's card; what the card decides (its recipe) is part of the configuration."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return any(isinstance(target, ast.Name) and target.id.lower() == "spec" for target in targets)
