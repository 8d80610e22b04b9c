"""Ranking by the backbone's features themselves: what retrieval would be if nothing were hashed.

The features of an embedded set are shipped; those of a data set of the library lie in a file that is mapped,
and the database is read from it a piece at a time, so that neither it nor its distances to all queries have
to fit into memory.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from app.services import catalog
from app.services.upload import Upload
from models.data.image_file import read_image
from models.engine.features import Features, features_on_disk, open_features
from models.engine.results import protocol
from models.engine.store import RunStore
from models.errors import NotAvailableError
from models.metrics import average_precision, histogram_of_distances
from models.networks.names import DEFAULT_BACKBONE
from models.types import Float32, Float64, Split

if TYPE_CHECKING:
    from models.networks.backbones import Backbone

BACKBONE = DEFAULT_BACKBONE  # of the embedded sets
PIECE = 4096  # database rows that are read at a time
IN_MEMORY = 2**23  # distances that are in memory at a time


def available(dataset: str) -> bool:
    """True when features of a data set are on this machine."""
    return backbone_name(dataset) is not None


def backbone_name(dataset: str) -> str | None:
    """Whose features rank: of those that are here, the backbone that most runs of the data set stand on."""
    here = features_on_disk(catalog.open_dataset(dataset))
    runs = Counter(run.backbone for run in RunStore().runs(dataset, every_backbone=True))
    return max(here, key=lambda name: (runs[name], name == DEFAULT_BACKBONE, name), default=None)


def distances(dataset: str, split: Split, row: int) -> Float32:
    """Cosine distance of a stored image to every database image, float32 (n_database,) in 0 to 2."""
    features = _features(dataset)
    query = features.of("query" if split == "query" else "database", np.array([row]))
    found: Float32 = _cosine(_normalised(query), features)[0]
    return found


def distances_of_upload(dataset: str, upload: Upload) -> Float32:
    """The same for an upload; loads torch.

    Raises:
        NotAvailableError: the features were made with other weights than this machine has.
        WeightsError: this machine has no weights of the backbone.
    """
    from models.engine.features import embed_images

    image, _ = read_image(upload.content)
    made = embed_images(_backbone(dataset), [image])
    found: Float32 = _cosine(_normalised(made), _features(dataset))[0]
    return found


@lru_cache(maxsize=4)
def _backbone(dataset: str) -> Backbone:
    from models.engine.features import made_with
    from models.networks.backbones import load_backbone

    name, data = _named(dataset), catalog.open_dataset(dataset)
    network = load_backbone(name, image_size=data.info.image_size)
    if not made_with(_features(dataset), data, network):
        raise NotAvailableError(
            f"The features of {dataset} were computed with other weights of {name} than this machine has, so "
            "an image of your own cannot be put among them. Run `python -m models features "
            f"{data.info.pool} --backbone {name}` here, or ask with one of the images of the data set."
        )
    return network


def per_query_ap(dataset: str) -> Float64:
    """Expected AP of every query by the data set's protocol, float64 (n_query,), read-only."""
    path = features_on_disk(catalog.open_dataset(dataset))[_named(dataset)]
    return _per_query_ap(dataset, path)


@lru_cache(maxsize=4)
def _per_query_ap(dataset: str, path: Path) -> Float64:
    data, features = catalog.open_dataset(dataset), open_features(path, catalog.open_dataset(dataset))
    info, rules = data.info, protocol(data.info)
    labels = data.labels("database").T.astype(np.float32)
    at_once, scores = max(1, IN_MEMORY // info.n_database), []
    for start in range(0, info.n_query, at_once):
        rows = slice(start, start + at_once)
        relevant = data.labels("query")[rows].astype(np.float32) @ labels > 0
        away = _cosine(_normalised(features.of("query", rows)), features)
        histogram = histogram_of_distances(away, relevant)
        scores.append(average_precision(histogram, k=rules["k"], normalize_by=rules["normalize_by"]))
    result = np.concatenate(scores)
    result.setflags(write=False)
    return result


def _features(dataset: str) -> Features:
    data = catalog.open_dataset(dataset)
    return _opened(dataset, features_on_disk(data)[_named(dataset)])


@lru_cache(maxsize=4)
def _opened(dataset: str, path: Path) -> Features:
    return open_features(path, catalog.open_dataset(dataset))


def _named(dataset: str) -> str:
    name = backbone_name(dataset)
    if name is None:
        raise NotAvailableError(
            f"No features of {dataset} are on this machine, so nothing ranks without codes. Run `python -m "
            f"models features {catalog.open_dataset(dataset).info.pool}`."
        )
    return name


def _normalised(vectors: npt.NDArray[np.floating]) -> Float32:
    vectors = vectors.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def _cosine(queries: Float32, features: Features) -> Float32:
    """Distances of normalised queries to the whole database, float32 (n_query, n_database)."""
    away = np.empty((len(queries), features.n("database")), dtype=np.float32)
    start = 0
    for piece in features.chunks("database", PIECE):
        np.matmul(queries, _normalised(piece).T, out=away[:, start : start + len(piece)])
        start += len(piece)
    np.subtract(1, away, out=away)
    return away
