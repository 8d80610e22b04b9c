"""Backbone features of a data set: computed once per (images, weights, transform), then read from disk.

Features are rounded to half precision, always: what is shipped, what is cached and what an upload gives are
then the same numbers, at half the bytes. Reading needs no torch.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.data.base import Dataset, sample_data_root
from models.engine.run_files import read_arrays
from models.errors import CheckpointError, NotAvailableError, StorageError
from models.files import npz_bytes, write_atomically
from models.types import Float32, Split

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.networks.backbones import Backbone

BATCH = 64  # images per forward pass
Progress = Callable[[int, int], None]  # images done, images in all


@dataclass(frozen=True)
class Features:
    """Backbone output for the queries and the database of a data set.

    Attributes:
        query: float32 (n_query, n_features), values of half precision.
        database: float32 (n_database, n_features), likewise; train is `database[dataset.train_rows]`.
        key: what they were computed from, see `feature_key`.
    """

    query: Float32
    database: Float32
    key: str


def feature_key(dataset: Dataset, backbone: Backbone) -> str:
    """16 hex digits that change with the images, the split, the backbone's weights and the transform."""
    parts = [dataset.content_key, backbone.name, backbone.weights_id, asdict(backbone.transform)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def dataset_features(dataset: Dataset, backbone: Backbone, progress: Progress | None = None) -> Features:
    """Features from the shipped file, else from the cache, else from the images (and then cached).

    A file that is damaged or was computed from something else is passed over and, in the cache, replaced.

    Raises:
        NotAvailableError: the data set's images are not on this machine.
    """
    if not dataset.info.available:
        raise NotAvailableError(f"{dataset.info.name} is not on this machine. {dataset.info.note}")
    key = feature_key(dataset, backbone)
    cached = cache_root() / "features" / f"{dataset.info.name}-{backbone.name}-{key}.npz"
    for path in (shipped_features_path(dataset.info.name, backbone.name), cached):
        with contextlib.suppress(CheckpointError, FileNotFoundError):
            found = read_features(path)
            if found.key == key:
                return found
    n_query, n_database = dataset.info.n_query, dataset.info.n_database

    def computed(split: Split, n: int, before: int) -> Float32:
        chunks = []
        for start in range(0, n, BATCH):
            images = [dataset.image(split, row) for row in range(start, min(start + BATCH, n))]
            chunks.append(embed_images(backbone, images))
            if progress is not None:
                progress(before + start + len(images), n_query + n_database)
        return np.concatenate(chunks)

    features = Features(computed("query", n_query, 0), computed("database", n_database, n_query), key)
    with contextlib.suppress(StorageError):  # a full disk costs the cache, not the features
        write_features(cached, features)
    return features


def embed_images(backbone: Backbone, images: Sequence[Image]) -> Float32:
    """Backbone output of RGB images, float32 (n, n_features) with values of half precision."""
    import torch

    from models.data.transforms import image_batch

    parts = [np.empty((0, backbone.n_features), dtype=np.float32)]
    with torch.no_grad():
        for start in range(0, len(images), BATCH):
            batch = image_batch(images[start : start + BATCH], backbone.transform)
            parts.append(backbone(torch.from_numpy(batch)).half().float().numpy())
    return np.concatenate(parts)


def read_features(path: Path) -> Features:
    """Read a features file.

    Raises:
        CheckpointError: truncated or foreign.
        FileNotFoundError: there is none.
    """
    arrays = read_arrays(path)
    try:
        query, database = (arrays[split].astype(np.float32) for split in ("query", "database"))
        return Features(query, database, str(arrays["key"]))
    except KeyError as error:
        raise CheckpointError(f"{path} has no array {error}; it is no features file.") from None


def write_features(path: Path, features: Features) -> None:
    """Write a features file, atomically, in half precision."""
    arrays = {
        "query": features.query.astype(np.float16),
        "database": features.database.astype(np.float16),
        "key": np.array(features.key),
    }
    write_atomically(path, npz_bytes(arrays))


def shipped_features_path(dataset: str, backbone: str) -> Path:
    """Where the repository keeps the features of an embedded data set."""
    return sample_data_root() / dataset / f"features-{backbone}.npz"


def cache_root() -> Path:
    """Folder for what can be computed again: HASHLENS_CACHE, else `.cache` beside the package."""
    given = os.environ.get("HASHLENS_CACHE")
    return Path(given) if given else Path(__file__).resolve().parents[2] / ".cache"
