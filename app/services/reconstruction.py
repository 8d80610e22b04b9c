"""What the words lose of the vectors that they stand for: over all images, by class, and at both ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from app.services import catalog, embeddings
from app.services.codes import frozen
from app.services.words import stored_codes
from models.codes.symmetric import reconstruction_errors, relative_error
from models.types import Float64, Int64

N_BINS, N_SHOWN = 40, 6
RANGE = (0.1, 0.9)

Of = Literal["query", "database"]


@dataclass(frozen=True)
class Reconstruction:
    """Squared error of each image, as a share of the squared length of its vector.

    Attributes:
        edges: float64 (n_bins + 1,), of the histogram.
        share: float64 (n_bins,), share of the images; the last bin holds everything beyond.
        mean: over images.
        of_variance: share of the variance that is lost: 1 is no better than the mean vector.
        n: images.
        class_mean: float64 (n_classes,), NaN for a class without images.
        class_low, class_high: float64 (n_classes,), between which eight images of ten lie.
        smallest, largest: int64 (n_shown,), rows at the two ends, the most extreme first.
        errors: float64 (n,), of each row.
    """

    edges: Float64
    share: Float64
    mean: float
    of_variance: float
    n: int
    class_mean: Float64
    class_low: Float64
    class_high: Float64
    smallest: Int64
    largest: Int64
    errors: Float64


@lru_cache(maxsize=32)
def reconstruction(dataset: str, method: str, n_bits: int, of: Of = "query") -> Reconstruction:
    """Loss of each vector when its own words stand for it.

    Args:
        dataset, method, n_bits: the run.
        of: whose vectors; those of the database have to be computed first, see `app.services.embeddings`.
    """
    run = catalog.open_run(dataset, method, n_bits)
    vectors = run.queries("query") if of == "query" else embeddings.computed(dataset, method, n_bits)
    assert isinstance(vectors, np.ndarray), "the page asks `embeddings.computed` first"
    codes = stored_codes(dataset, method, n_bits, query=of == "query")
    lengths = np.square(vectors, dtype=np.float64).sum(axis=1)
    lost = reconstruction_errors(vectors, codes) / np.maximum(lengths, 1e-12)
    edges = np.linspace(0, max(1e-6, float(np.quantile(lost, 0.99))), N_BINS + 1)
    share = np.histogram(np.minimum(lost, edges[-1]), edges)[0] / max(1, len(lost))
    labels = catalog.open_dataset(dataset).labels(of)
    by_class = np.array(
        [
            (lost[has].mean(), *np.quantile(lost[has], RANGE)) if has.any() else (np.nan,) * 3
            for has in labels.T
        ]
    ).reshape(-1, 3)
    order = np.argsort(lost, kind="stable")
    return Reconstruction(
        frozen(edges),
        frozen(share),
        float(lost.mean()),
        relative_error(vectors, codes),
        len(lost),
        *(frozen(column.copy()) for column in by_class.T),
        frozen(order[:N_SHOWN].copy()),
        frozen(order[::-1][:N_SHOWN].copy()),
        frozen(lost),
    )
