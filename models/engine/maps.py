"""Maps of codes: each distinct code gets one place in the plane, however many images share it.

Layout: UMAP (L. McInnes, J. Healy, J. Melville, arXiv 1802.03426) on exact nearest neighbours of the
    distinct codes;
classical scaling (W. Torgerson, Psychometrika 17, 1952) when there are too few codes for a neighbour graph.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from models.codes.hamming import hamming_distances
from models.engine.run_files import CodeMap
from models.engine.threads import torch_threads
from models.types import BinaryCodes, CodebookCodes, Codes, Float32, Float64, Int64

N_NEIGHBOURS = 15
FEWEST_FOR_UMAP = 50
N_EPOCHS = 300  # 500 is UMAP's own choice at this size: twice the time, one hundredth more neighbours kept
MIN_DIST = 0.1
MOST_ROWS = (
    10_000  # database images laid out; beyond, a sample: the layout takes seconds for each thousand codes
)
CHUNK = 512  # rows of the distance matrix in memory at a time


def map_codes(database: Codes, query: Codes, seed: int = 0, most_rows: int = MOST_ROWS) -> CodeMap:
    """Lay out the codes of both splits together.

    Args:
        database: codes of the database.
        query: codes of the queries, of the same kind and length.
        seed: the same codes and seed give the same map.
        most_rows: of a larger database, so many rows are drawn at random, by the seed alone, and laid out.

    Returns:
        Positions within -1 to 1, and how far the map can be trusted.
    """
    drawn = _drawn_rows(len(database), most_rows, seed)
    if drawn is not None:
        database = database[drawn]
    rows = np.concatenate([_rows(database), _rows(query)])
    _, first, place = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    place = place.ravel()
    distinct = _select(database, query, first)
    n = len(first)
    if n < FEWEST_FOR_UMAP:
        xy = _classical_scaling(np.concatenate(list(_distance_chunks(distinct))).astype(np.float64))
    else:
        with torch_threads(None):
            xy = _umap(distinct, seed)
    xy = _within_unit(xy)
    # With few codes, 15 neighbours would be nearly all of them and any map would seem faithful.
    k = min(N_NEIGHBOURS, n // 2)
    preserved = neighbour_preservation(xy, _distance_chunks(distinct), k)
    xy_all = xy.astype(np.float32)[place]
    return CodeMap(xy_all[: len(database)], xy_all[len(database) :], preserved, k, drawn)


def _drawn_rows(n: int, most: int, seed: int) -> Int64 | None:
    """`most` of `n` rows, ascending; None when there are not more."""
    if n <= most:
        return None
    return np.sort(np.random.default_rng([seed, n]).choice(n, most, replace=False)).astype(np.int64)


def neighbour_preservation(xy: Float64, distances: Iterator[npt.NDArray[Any]], k: int) -> float:
    """Mean share of each point's k nearest that are also among its k nearest on the map.

    Where several points share the k-th distance, any choice among them is right: a map neighbour counts if
    it is nearer than that distance, or if it lies at it and there is still room.

    Args:
        xy: float64 (n, 2), the map.
        distances: rows of the true distance matrix, in order, in chunks (n_chunk, n).
        k: number of neighbours, 1 to n - 1; 0 (a single point) gives 1.
    """
    if k == 0:
        return 1.0
    total, start = 0.0, 0
    for chunk in distances:
        own = np.arange(len(chunk)), np.arange(start, start + len(chunk))
        true = chunk.astype(np.float64)
        true[own] = np.inf
        on_map = ((xy[start : start + len(chunk), None] - xy[None]) ** 2).sum(axis=2)
        on_map[own] = np.inf
        shown = np.argpartition(on_map, k - 1, axis=1)[:, :k]
        kth = np.partition(true, k - 1, axis=1)[:, k - 1 : k]
        shown_true = np.take_along_axis(true, shown, axis=1)
        room = k - (true < kth).sum(axis=1)
        hits = (shown_true < kth).sum(axis=1) + np.minimum((shown_true == kth).sum(axis=1), room)
        total += float(hits.sum()) / k
        start += len(chunk)
    return total / len(xy)


def _rows(codes: Codes) -> npt.NDArray[np.uint8]:
    return codes.packed if isinstance(codes, BinaryCodes) else codes.indices


def _select(database: Codes, query: Codes, rows: Int64) -> Codes:
    """Codes of some rows of database and query put together."""
    both = np.concatenate([_rows(database), _rows(query)])[rows]
    if isinstance(database, BinaryCodes):
        return BinaryCodes(both, database.n_bits)
    return CodebookCodes(both, database.codebooks, database.structure, database.metric)


def _vectors(codes: Codes) -> Float32:
    """Codes as points: bits as -1 and 1, or decoded words."""
    if isinstance(codes, BinaryCodes):
        from models.codes.packing import unpack

        return unpack(codes).astype(np.float32)
    return codes.decode()


def _distance_chunks(codes: Codes) -> Iterator[npt.NDArray[Any]]:
    """Rows of the distance matrix of codes with themselves: Hamming, or Euclidean between decoded words."""
    vectors = codes.decode().astype(np.float64) if isinstance(codes, CodebookCodes) else np.empty((0, 0))
    squares = (vectors**2).sum(axis=1)
    for start in range(0, len(codes), CHUNK):
        part = slice(start, start + CHUNK)
        if isinstance(codes, BinaryCodes):
            yield hamming_distances(codes[part], codes)
        else:
            squared = squares[part, None] + squares - 2 * vectors[part] @ vectors.T
            yield np.sqrt(np.maximum(squared, 0))


def _umap(codes: Codes, seed: int) -> Float64:
    """UMAP in the plane from exact neighbours.

    The two halves of UMAP are called directly: its estimator would build a second, approximate neighbour
    index to be able to place later points, which takes longer than the layout itself.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # umap misses TensorFlow aloud
        from umap.umap_ import find_ab_params, fuzzy_simplicial_set, simplicial_set_embedding

    neighbours, distances = _nearest(codes)
    vectors = _vectors(codes)
    random = np.random.RandomState(seed)
    graph, _, _ = fuzzy_simplicial_set(
        vectors, N_NEIGHBOURS, random, "euclidean", knn_indices=neighbours, knn_dists=distances
    )
    a, b = find_ab_params(1.0, MIN_DIST)
    xy, _ = simplicial_set_embedding(
        vectors,
        graph,
        n_components=2,
        initial_alpha=1.0,
        a=a,
        b=b,
        gamma=1.0,
        negative_sample_rate=5,
        n_epochs=N_EPOCHS,
        init=_principal_plane(vectors, random),
        random_state=random,
        metric="euclidean",
        metric_kwds={},
        densmap=False,
        densmap_kwds={},
        output_dens=False,
        parallel=False,
    )
    return np.asarray(xy, dtype=np.float64)


def _nearest(codes: Codes) -> tuple[Int64, Float32]:
    """The nearest codes of each code, itself first: rows and distances, (n, N_NEIGHBOURS)."""
    rows, distances, start = [], [], 0
    for chunk in _distance_chunks(codes):
        d = chunk.astype(np.float32)
        d[np.arange(len(d)), np.arange(start, start + len(d))] = -1  # itself comes first
        nearest = np.argpartition(d, N_NEIGHBOURS - 1, axis=1)[:, :N_NEIGHBOURS]
        order = np.take_along_axis(d, nearest, axis=1).argsort(axis=1, kind="stable")
        rows.append(np.take_along_axis(nearest, order, axis=1))
        distances.append(np.maximum(np.take_along_axis(d, rows[-1], axis=1), 0))
        start += len(d)
    return np.concatenate(rows), np.concatenate(distances)


def _principal_plane(vectors: Float32, random: np.random.RandomState) -> Float32:
    """Starting positions: the two directions of largest variance, 20 wide, jittered against coincidence."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    plane = centred @ axes[:, :-3:-1]
    if plane.shape[1] == 1:
        plane = np.concatenate([plane, np.zeros_like(plane)], axis=1)
    plane *= 10 / max(float(np.abs(plane).max()), 1e-12)
    jittered: Float32 = (plane + random.normal(scale=1e-3, size=plane.shape)).astype(np.float32)
    return jittered


def _classical_scaling(distances: Float64) -> Float64:
    """Plane whose Euclidean distances come nearest to `distances` (n, n), by inner products."""
    n = len(distances)
    centring = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-0.5 * centring @ distances**2 @ centring)
    xy = np.zeros((n, 2))
    top = slice(n - 1, max(n - 3, -1) if n >= 3 else None, -1)
    found = vectors[:, top][:, :2] * np.sqrt(np.maximum(values[top][:2], 0))
    xy[:, : found.shape[1]] = found
    return xy


def _within_unit(xy: Float64) -> Float64:
    """Centred, the longer side from -1 to 1; proportions stay."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    half = float((high - low).max()) / 2
    centred: Float64 = xy - (low + high) / 2
    return centred / (half if half > 0 else 1.0)
