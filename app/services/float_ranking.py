"""Ranking by the backbone's features themselves: what retrieval would be if nothing were hashed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from app.services import catalog
from app.services.upload import Upload
from models.data.image_file import read_image
from models.engine.features import read_features, shipped_features_path
from models.metrics import average_precision, histogram_of_distances
from models.types import Float32, Float64, Split

if TYPE_CHECKING:
    from models.networks.backbones import Backbone

BACKBONE = "small_cnn"  # its features are shipped
CHUNK = 64  # queries whose distances are in memory at a time


def available(dataset: str) -> bool:
    """True when the features of a data set are on this machine."""
    return shipped_features_path(dataset, BACKBONE).is_file()


def distances(dataset: str, split: Split, row: int) -> Float32:
    """Cosine distance of a stored image to every database image, float32 (n_database,) in 0 to 2."""
    queries = _unit(dataset)["query" if split == "query" else "database"]
    found: Float32 = _cosine(queries[[row]], dataset)[0]
    return found


def distances_of_upload(dataset: str, upload: Upload) -> Float32:
    """The same for an upload; loads torch."""
    from models.engine.features import embed_images

    image, _ = read_image(upload.content)
    found: Float32 = _cosine(_normalised(embed_images(_backbone(dataset), [image])), dataset)[0]
    return found


@lru_cache(maxsize=4)
def _backbone(dataset: str) -> Backbone:
    from models.networks.backbones import load_backbone

    return load_backbone(BACKBONE, image_size=catalog.open_dataset(dataset).info.image_size)


@lru_cache(maxsize=4)
def per_query_ap(dataset: str) -> Float64:
    """Expected AP of every query over the whole database, float64 (n_query,), read-only."""
    data = catalog.open_dataset(dataset)
    labels = data.labels("database").T.astype(np.float32)
    scores = []
    for start in range(0, data.info.n_query, CHUNK):
        rows = slice(start, start + CHUNK)
        relevant = data.labels("query")[rows].astype(np.float32) @ labels > 0
        away = _cosine(_unit(dataset)["query"][rows], dataset)
        scores.append(average_precision(histogram_of_distances(away, relevant)))
    result = np.concatenate(scores)
    result.setflags(write=False)
    return result


@lru_cache(maxsize=4)
def _unit(dataset: str) -> dict[str, Float32]:
    features = read_features(shipped_features_path(dataset, BACKBONE))
    return {
        "query": _normalised(features.of("query")),
        "database": _normalised(features.of("database")),
    }


def _normalised(vectors: npt.NDArray[np.floating]) -> Float32:
    vectors = vectors.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def _cosine(queries: Float32, dataset: str) -> Float32:
    return np.asarray(1 - queries @ _unit(dataset)["database"].T, dtype=np.float32)
