"""One query under three distances that differ in what is rounded to words: item, query as well, nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from app.services import catalog, compare, embeddings
from app.services.search import Asked
from app.services.words import stored_codes
from models.codes.asymmetric import asymmetric_distances
from models.codes.symmetric import flat_distances, symmetric_distances
from models.metrics import average_precision, histogram_of_distances
from models.types import CodebookCodes, Float32, Float64

Name = Literal["asymmetric", "symmetric", "flat"]
N_SHOWN = 12
CHUNK = 64


@dataclass(frozen=True)
class Way:
    """The database under one distance.

    Attributes:
        name: which.
        ranked: the ranking.
        scores: of this query; None for an upload.
        n_distinct: different distances.
        n_tied: images that share their distance with another.
        largest_tie: images at the most frequent distance.
    """

    name: Name
    ranked: compare.Ranked
    scores: compare.Scores | None
    n_distinct: int
    n_tied: int
    largest_tie: int


def ways(asked: Asked) -> tuple[Way, ...]:
    """The query under every distance that can be had: flat only once the database's vectors are computed."""
    assert isinstance(asked.codes, CodebookCodes), "the page asks `codes.has_single_bits` first"
    run = (asked.dataset, asked.method, asked.n_bits)
    vectors = embeddings.computed(*run)
    own = CodebookCodes(
        np.frombuffer(asked.code, dtype=np.uint8)[None].copy(),
        asked.codes.codebooks,
        asked.codes.structure,
        asked.codes.metric,
    )
    query = query_vector(asked)
    found: dict[Name, Float32] = {
        "asymmetric": asymmetric_distances(query, asked.codes)[0],
        "symmetric": symmetric_distances(own, asked.codes)[0],
    }
    if vectors is not None:
        found["flat"] = flat_distances(query, vectors, asked.codes.metric)[0]
    return tuple(_way(asked, name, distances) for name, distances in found.items())


def query_vector(asked: Asked) -> Float32:
    """The vector that asks, float32 (1, size); decoded words for a database image until it is computed."""
    assert isinstance(asked.queries, np.ndarray)
    vectors = embeddings.computed(asked.dataset, asked.method, asked.n_bits)
    return vectors[[asked.row]] if asked.split == "database" and vectors is not None else asked.queries


def _way(asked: Asked, name: Name, distances: Float32) -> Way:
    labels = catalog.open_dataset(asked.dataset).labels("database")
    ranked = compare.rank_by(
        compare.Side(asked.method, asked.n_bits),
        distances,
        left_out=asked.row if asked.split == "database" else None,
        relevant=None if asked.tags is None else (labels & asked.tags).any(axis=1),
    )
    sizes = np.unique(ranked.distances, return_counts=True)[1]
    return Way(
        name,
        ranked,
        compare.scores(ranked, N_SHOWN),
        len(sizes),
        int(sizes[sizes > 1].sum()),
        int(sizes.max()),
    )


def mean_ap(dataset: str, method: str, n_bits: int) -> dict[Name, float]:
    """Expected mAP of all queries under every distance that can be had; takes a second or more at first."""
    return dict(_mean_ap(dataset, method, n_bits, embeddings.computed(dataset, method, n_bits) is not None))


@lru_cache(maxsize=16)
def _mean_ap(dataset: str, method: str, n_bits: int, ready: bool) -> dict[Name, float]:
    run, data = catalog.open_run(dataset, method, n_bits), catalog.open_dataset(dataset)
    codes, vectors = stored_codes(dataset, method, n_bits), run.queries("query")
    assert isinstance(vectors, np.ndarray)
    rounded = stored_codes(dataset, method, n_bits, query=True).decode()
    flat = embeddings.computed(dataset, method, n_bits) if ready else None
    labels = data.labels("database").T.astype(np.float32)
    ap: dict[Name, list[Float64]] = {"asymmetric": [], "symmetric": []}
    if flat is not None:
        ap["flat"] = []
    for start in range(0, len(vectors), CHUNK):
        part = slice(start, start + CHUNK)
        relevant = data.labels("query")[part].astype(np.float32) @ labels > 0
        found: dict[Name, Float32] = {
            "asymmetric": asymmetric_distances(vectors[part], codes),
            # The same as the symmetric distance, by look-up.
            "symmetric": asymmetric_distances(rounded[part], codes),
        }
        if flat is not None:
            found["flat"] = _flat(vectors[part], flat, codes.metric)
        for name, distances in found.items():
            ap[name].append(average_precision(histogram_of_distances(distances, relevant)))
    return {name: float(np.concatenate(values).mean()) for name, values in ap.items()}


def _flat(queries: Float32, database: Float32, metric: Literal["l2", "ip"]) -> Float32:
    """Flat distances by one matrix product, without the query's own squared length, which moves no rank."""
    products = -(queries @ database.T)
    if metric == "ip":
        return np.asarray(products, dtype=np.float32)
    return np.asarray(2 * products + np.square(database).sum(axis=1), dtype=np.float32)
