"""Backbone features of a data set: computed once per (images, weights, transform), then read from disk.

Features are rounded to half precision, always: what is shipped, what is cached and what an upload gives are
then the same numbers, at half the bytes. Reading needs no torch. Those of an embedded data set lie in one
small archive; those of a pool in a file that is written a batch at a time and read as a memory map, so that
neither has to fit into memory (`models.engine.feature_file`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.data.base import SPLITS, Dataset, sample_data_root
from models.data.library import library_root
from models.engine.feature_events import FeatureEvent, Pace
from models.engine.feature_file import FeatureFile
from models.engine.run_files import read_arrays
from models.errors import CheckpointError, NotAvailableError, StorageError
from models.files import npz_bytes, write_atomically
from models.networks.names import DEFAULT_BACKBONE, is_backbone, network_of
from models.types import Float16, Float32, Int64, Split

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.networks.backbones import Backbone

__all__ = [
    "FeatureEvent",
    "Features",
    "compute_features",
    "dataset_features",
    "embed_images",
    "feature_key",
    "features_on_disk",
    "made_with",
    "open_features",
    "read_features",
    "shipped_features_path",
    "write_features",
]

BATCH = 64  # images per forward pass
Progress = Callable[[int, int], None]  # images done, images in all


@dataclass(frozen=True)
class Features:
    """Backbone output for all images of a data set, read piece by piece.

    Attributes:
        pool: (n_pool, n_features), float16 as a memory map, or float32 with values of half precision.
        rows: rows of `pool` by split; a features file that was read without its data set knows no `train`.
        key: what they were computed from, see `feature_key` and `pool_feature_key`.
    """

    pool: Float16 | Float32
    rows: Mapping[Split, Int64]
    key: str

    @property
    def width(self) -> int:
        """Number of features of an image."""
        return int(self.pool.shape[1])

    def n(self, split: Split) -> int:
        """Number of images in a split."""
        return len(self.rows[split])

    def of(self, split: Split, rows: slice | Int64 | None = None) -> Float32:
        """Features of a split, float32 (n, n_features), a copy.

        Args:
            split: which images.
            rows: which of them, in this order; None is all.
        """
        chosen = self.rows[split] if rows is None else self.rows[split][rows]
        return np.asarray(self.pool[chosen], dtype=np.float32)

    def chunks(self, split: Split, size: int) -> Iterator[Float32]:
        """A split in pieces of `size` rows, in order; at least one piece, which may be empty."""
        for start in range(0, max(self.n(split), 1), size):
            yield self.of(split, slice(start, start + size))


def stacked(query: Float32, database: Float32, key: str) -> Features:
    """Features of queries and database that were computed one after the other."""
    rows: dict[Split, Int64] = {
        "query": np.arange(len(query)),
        "database": len(query) + np.arange(len(database)),
    }
    return Features(np.concatenate([query, database]), rows, key)


def feature_key(dataset: Dataset, backbone: Backbone) -> str:
    """16 hex digits that change with the images, the split, the backbone's weights and the transform."""
    return _key(dataset.content_key, backbone)


def pool_feature_key(dataset: Dataset, backbone: Backbone) -> str:
    """16 hex digits that change with the images, the backbone's weights and the transform."""
    return _key(dataset.pool_key, backbone)


def made_with(features: Features, dataset: Dataset, backbone: Backbone) -> bool:
    """True when these features are what the backbone, with the weights it has, makes of the data set."""
    return features.key in (feature_key(dataset, backbone), pool_feature_key(dataset, backbone))


def _key(content: str, backbone: Backbone) -> str:
    # The size is in the transform: where the name says the usual one, the features are the same.
    parts = [content, network_of(backbone.name), backbone.weights_id, asdict(backbone.transform)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def dataset_features(dataset: Dataset, backbone: Backbone, progress: Progress | None = None) -> Features:
    """`compute_features` to its end.

    Raises:
        NotAvailableError, StorageError: see there.
    """
    events = compute_features(dataset, backbone)
    while True:
        try:
            event = next(events)
        except StopIteration as stop:
            assert isinstance(stop.value, Features), "nobody could cancel"
            return stop.value
        if progress is not None:
            progress(event.done, event.total)


def compute_features(
    dataset: Dataset, backbone: Backbone, cancel: threading.Event | None = None
) -> Generator[FeatureEvent, None, Features | None]:
    """Features from disk where they are, else from the images, told while they are made and then kept.

    An embedded data set has them in the shipped file, else in the cache; a file that is damaged or was
    computed from something else is passed over and, in the cache, replaced. Those of a pool are in the
    library; what was begun and broken off, by Ctrl-C, by a kill or by `cancel`, is taken up where it stopped.

    Args:
        dataset: whose images; protocols of one pool share their features.
        backbone: the network.
        cancel: set it, from any thread, to stop after the batches under way.

    Yields:
        How far it is, about twice a second; nothing where everything is on disk.

    Returns:
        The features; None when cancelled.

    Raises:
        NotAvailableError: the data set or its images are not on this machine, or another process is
            computing these features.
        StorageError: the disk has no room for the features of a pool.
    """
    if not dataset.info.available:
        raise NotAvailableError(f"{dataset.info.name} is not on this machine. {dataset.info.note}")
    if dataset.info.protocol:
        return (yield from _pool_features(dataset, backbone, cancel))
    return (yield from _embedded_features(dataset, backbone, cancel))


def _embedded_features(
    dataset: Dataset, backbone: Backbone, cancel: threading.Event | None
) -> Generator[FeatureEvent, None, Features | None]:
    key = feature_key(dataset, backbone)
    cached = cache_root() / "features" / f"{dataset.info.name}-{backbone.name}-{key}.npz"
    for path in (shipped_features_path(dataset.info.name, backbone.name), cached):
        with contextlib.suppress(CheckpointError, FileNotFoundError):
            found = read_features(path)
            if found.key == key:
                return _of_dataset(found, dataset)
    computed: dict[Split, Float32] = {}
    pace = Pace(dataset.info.n_query + dataset.info.n_database)
    for split in ("query", "database"):
        chunks = []
        for start in range(0, dataset.info.n_rows(split), BATCH):
            if cancel is not None and cancel.is_set():
                return None
            rows = range(start, min(start + BATCH, dataset.info.n_rows(split)))
            chunks.append(embed_images(backbone, [dataset.image(split, row) for row in rows]))
            yield pace.advanced(len(rows))
        computed[split] = np.concatenate(chunks)
    features = stacked(computed["query"], computed["database"], key)
    with contextlib.suppress(StorageError):  # a full disk costs the cache, not the features
        write_features(cached, features)
    return _of_dataset(features, dataset)


def _pool_features(
    dataset: Dataset, backbone: Backbone, cancel: threading.Event | None
) -> Generator[FeatureEvent, None, Features | None]:
    key = pool_feature_key(dataset, backbone)
    path = library_root() / "features" / f"{dataset.info.pool}-{backbone.name}-{key}.npy"
    file = FeatureFile(path, dataset.n_pool, backbone.n_features)
    if not file.is_whole:
        if not dataset.info.has_images:
            dataset.pool_image(0)  # says how to get them
        from models.engine.feature_stream import stream_features

        with file.writing():
            yield from stream_features(dataset.pool_image, backbone, file, cancel)
    if not file.is_whole:
        return None
    return _of_dataset(Features(file.mapped(), {}, feature_key(dataset, backbone)), dataset)


def features_on_disk(dataset: Dataset) -> dict[str, Path]:
    """Files of whole features of a data set by backbone, found without loading torch.

    Of a pool's features with several weights of one backbone it is the file that was written last.
    """
    info = dataset.info
    if not info.protocol:
        path = shipped_features_path(info.name, DEFAULT_BACKBONE)
        return {DEFAULT_BACKBONE: path} if path.is_file() else {}
    found: dict[str, Path] = {}
    for path in sorted((library_root() / "features").glob(f"{info.pool}-*.npy"), key=_changed_ns):
        # Names of backbones hold no hyphen, so that of another pool, which begins alike, does not fit.
        name, _, _ = path.stem.removeprefix(f"{info.pool}-").partition("-")
        if re.fullmatch(rf"{name}-[0-9a-f]{{16}}", path.stem.removeprefix(f"{info.pool}-")):
            file = FeatureFile.on_disk(path)
            if is_backbone(name) and file is not None and file.n == dataset.n_pool and file.is_whole:
                found[name] = path
    return found


def open_features(path: Path, dataset: Dataset) -> Features:
    """Features from a file that `features_on_disk` names.

    Raises:
        CheckpointError: truncated or foreign.
        FileNotFoundError: it went away.
    """
    if path.suffix == ".npz":
        return _of_dataset(read_features(path), dataset)
    key = path.stem.rpartition("-")[2]
    return _of_dataset(Features(np.load(path, mmap_mode="r", allow_pickle=False), {}, key), dataset)


def _changed_ns(path: Path) -> int:
    return path.stat().st_mtime_ns


def _of_dataset(features: Features, dataset: Dataset) -> Features:
    """The same features with the rows of a data set's splits."""
    return replace(features, rows={split: dataset.pool_rows(split) for split in SPLITS})


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
    """Read a features file of an embedded data set: queries and database.

    Raises:
        CheckpointError: truncated or foreign.
        FileNotFoundError: there is none.
    """
    arrays = read_arrays(path)
    try:
        query, database = (arrays[split].astype(np.float32) for split in ("query", "database"))
        return stacked(query, database, str(arrays["key"]))
    except KeyError as error:
        raise CheckpointError(f"{path} has no array {error}; it is no features file.") from None


def write_features(path: Path, features: Features) -> None:
    """Write a features file of queries and database, atomically, in half precision."""
    arrays = {
        "query": features.of("query").astype(np.float16),
        "database": features.of("database").astype(np.float16),
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
