"""What every metric is computed from: per query, how many items stand at each distance, and how many count.

Items at one distance form a tie group: no metric may depend on how they are ordered among themselves, so
their number is all that is kept. Relevant means sharing at least one label with the query; the affinity of an
item is the number of labels shared, and its gain is 2^affinity - 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.codes.asymmetric import asymmetric_distances
from models.codes.hamming import check_equal_length
from models.codes.packing import as_words
from models.errors import DataError
from models.types import BinaryCodes, Bool, Codes, Float32, Float64, Int32, Int64, Queries


@dataclass(frozen=True)
class RankingHistogram:
    """Tie groups of each query's ranking, nearest first.

    Attributes:
        levels: float32 (n_query, n_levels), distance of each group. Hamming: every row is 0, 1, ..., n_bits.
            Real distances: the distinct values of that query, padded with NaN (groups of 0 items); neighbours
            without a relevant item are put together under the nearest, since no metric can tell them apart.
        n_total: int32 (n_query, n_levels), items in the group.
        n_relevant: int32 (n_query, n_levels), relevant items in the group.
        gain_sum: float64 (n_query, n_levels), gains summed over the group; None unless graded.
        affinity_sum: float64 (n_query, n_levels), affinities summed over the group; None unless graded.
        n_by_affinity: int64 (n_query, highest affinity + 1), items of the database by affinity; None unless
            graded. The ideal order of NDCG follows from it.
    """

    levels: Float32
    n_total: Int32
    n_relevant: Int32
    gain_sum: Float64 | None = None
    affinity_sum: Float64 | None = None
    n_by_affinity: Int64 | None = None

    @property
    def n_query(self) -> int:
        """Number of queries."""
        return int(self.n_total.shape[0])

    @property
    def n_database(self) -> int:
        """Number of items that each query ranks."""
        return int(self.n_total[0].sum()) if self.n_query else 0

    @property
    def relevant_in_database(self) -> Int64:
        """Relevant items of each query, int64 (n_query,)."""
        return np.asarray(self.n_relevant.sum(axis=1, dtype=np.int64))


@dataclass(frozen=True)
class RowOrder:
    """The ranking whose ties keep the order of database rows, cut at rank k.

    Attributes:
        precision_sum: float64 (n_query,), precision summed over the relevant ranks up to k.
        n_found: int64 (n_query,), relevant items up to k.
    """

    precision_sum: Float64
    n_found: Int64


def distance_histogram(
    queries: Queries, database: Codes, query_labels: Bool, database_labels: Bool, graded: bool = False
) -> RankingHistogram:
    """Count items and relevant items by distance, without keeping the matrix of distances for Hamming codes.

    Args:
        queries: binary codes, or float32 (n_query, embedding_size) for codebook codes.
        database: codes of the same kind.
        query_labels: bool (n_query, n_classes).
        database_labels: bool (n_database, n_classes).
        graded: also keep gains and affinities, for NDCG, ACG and WAP.

    Raises:
        DataError: nothing to rank, codes of different kind or length, or labels that do not fit.
    """
    return rank(queries, database, query_labels, database_labels, graded, 0)[0]


def rank(
    queries: Queries, database: Codes, query_labels: Bool, database_labels: Bool, graded: bool, k: int
) -> tuple[RankingHistogram, RowOrder]:
    """The histogram and, for k > 0, the row order cut there; arguments and errors as `distance_histogram`."""
    check_pair(queries, database, query_labels, database_labels)
    if isinstance(queries, BinaryCodes) and isinstance(database, BinaryCodes):
        from models.metrics.kernels import rank_pairs

        highest = _highest_affinity(query_labels, database_labels) if graded else 1
        ranked = rank_pairs(
            as_words(queries.packed),
            as_words(database.packed),
            as_words(np.packbits(query_labels, axis=1)),
            as_words(np.packbits(database_labels, axis=1)),
            n_levels=queries.n_bits + 1,
            n_grades=highest + 1,
            k=k,
        )
        levels = np.broadcast_to(np.arange(queries.n_bits + 1, dtype=np.float32), ranked.counts.shape[:2])
        h = _from_counts(levels, ranked.counts, graded)
        return h, RowOrder(ranked.precision_sum, ranked.n_found)
    assert not isinstance(queries, BinaryCodes), "check_pair lets equal kinds through"
    assert not isinstance(database, BinaryCodes), "check_pair lets equal kinds through"
    distances, shared = asymmetric_distances(queries, database), affinities(query_labels, database_labels)
    _check_distances(distances, shared)
    orders = _in_row_order(distances)
    return _histogram(distances, shared, graded, orders), _row_order(orders, shared > 0, k)


def histogram_of_distances(
    distances: npt.NDArray[Any], relevance: npt.NDArray[Any], graded: bool = False
) -> RankingHistogram:
    """The same record for a matrix of real distances, whose equal values form the tie groups.

    Args:
        distances: real (n_query, n_database); smaller is nearer.
        relevance: bool or whole numbers (n_query, n_database): relevant or not, or number of shared labels.
        graded: also keep gains and affinities.

    Raises:
        DataError: nothing to rank, shapes that differ, or NaN.
    """
    _check_distances(distances, relevance)
    return _histogram(distances, relevance, graded, np.argsort(distances, axis=1))


def _check_distances(distances: npt.NDArray[Any], relevance: npt.NDArray[Any]) -> None:
    if distances.ndim != 2 or 0 in distances.shape or distances.shape != relevance.shape:
        raise DataError(
            "Distances and relevance have one shape (n_query, n_database), with at least one of each; "
            f"got {distances.shape} and {relevance.shape}."
        )
    if np.isnan(distances).any():
        raise DataError(f"{int(np.isnan(distances).sum())} of {distances.size} distances are NaN.")


def _histogram(
    distances: npt.NDArray[Any], relevance: npt.NDArray[Any], graded: bool, orders: npt.NDArray[np.intp]
) -> RankingHistogram:
    """The record, with the order of each row of distances given."""
    highest = int(relevance.max()) if graded else 1
    groups = [
        _tie_groups(row[order], grades[order], highest)
        for row, grades, order in zip(distances, relevance, orders, strict=True)
    ]
    n_levels = max(len(levels) for levels, _ in groups)
    all_levels = np.full((len(groups), n_levels), np.nan, dtype=np.float32)
    counts = np.zeros((len(groups), n_levels, highest + 1), dtype=np.int32)
    for i, (levels, by_grade) in enumerate(groups):
        all_levels[i, : len(levels)] = levels
        counts[i, : len(levels)] = by_grade
    return _from_counts(all_levels, counts, graded)


def check_pair(queries: Queries, database: Codes, query_labels: Bool, database_labels: Bool) -> None:
    """Raise DataError unless queries and database are comparable and labelled with the same classes."""
    if len(database) == 0:
        raise DataError("The database is empty: there is nothing to rank. Give at least one item.")
    if len(queries) == 0:
        raise DataError("There are no queries. Give at least one.")
    if isinstance(queries, BinaryCodes) != isinstance(database, BinaryCodes):
        raise DataError(
            f"Queries are {_kind(queries)} and the database holds {_kind(database)}. "
            "Binary codes are compared with binary codes, real vectors with codebook codes."
        )
    if isinstance(queries, BinaryCodes) and isinstance(database, BinaryCodes):
        check_equal_length(queries, database)
    for name, labels, n in (
        ("query", query_labels, len(queries)),
        ("database", database_labels, len(database)),
    ):
        if labels.dtype != np.bool_ or labels.ndim != 2 or len(labels) != n:
            raise DataError(
                f"The {name} labels are multi-hot bool of shape ({n}, n_classes); "
                f"got {labels.dtype} of shape {labels.shape}."
            )
    if query_labels.shape[1] != database_labels.shape[1] or query_labels.shape[1] == 0:
        raise DataError(
            f"Query labels name {query_labels.shape[1]} classes, database labels {database_labels.shape[1]}. "
            "Both need the same, at least one."
        )


def affinities(query_labels: Bool, database_labels: Bool) -> Int32:
    """Number of labels shared by each pair, int32 (n_query, n_database)."""
    # float32 goes through BLAS and is exact up to 2^24 labels.
    return (query_labels.astype(np.float32) @ database_labels.astype(np.float32).T).astype(np.int32)


def _kind(codes: Queries | Codes) -> str:
    if isinstance(codes, BinaryCodes):
        return "binary codes"
    return "real vectors" if isinstance(codes, np.ndarray) else "codebook codes"


def _highest_affinity(query_labels: Bool, database_labels: Bool) -> int:
    """A bound on the number of shared labels: the smaller of the two largest label sets."""
    return max(1, int(min(query_labels.sum(axis=1).max(), database_labels.sum(axis=1).max())))


def _in_row_order(distances: Float32) -> npt.NDArray[np.intp]:
    """Order of each row's items, (n_query, n_database): by distance, ties in the order of rows.

    A whole number that holds the distance above and the row below sorts several times faster than a stable
    argsort.
    """
    bits = (distances + np.float32(0)).view(np.uint32)  # adding 0 makes -0 equal to 0
    negative = bits >> 31 == 1
    ascending = np.where(negative, ~bits, bits | np.uint32(1 << 31)).astype(np.uint64)
    keys = ascending << np.uint64(32) | np.arange(distances.shape[1], dtype=np.uint64)
    keys.sort(axis=1)
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.intp)


def _row_order(orders: npt.NDArray[np.intp], relevant: Bool, k: int) -> RowOrder:
    """From a stable sort, which is what row order means."""
    precision_sum, n_found = np.zeros(len(orders)), np.zeros(len(orders), dtype=np.int64)
    if k > 0:
        for i, order in enumerate(orders):
            ranked = relevant[i][order[:k]]
            at = np.flatnonzero(ranked) + 1
            precision_sum[i], n_found[i] = (np.arange(1, len(at) + 1) / at).sum(), len(at)
    return RowOrder(precision_sum, n_found)


def _tie_groups(
    ranked: npt.NDArray[Any], grades: npt.NDArray[Any], highest: int
) -> tuple[npt.NDArray[Any], Int64]:
    """Distances of one query's groups, ascending, and items by group and grade (n_groups, highest + 1).

    Args:
        ranked: distances, ascending.
        grades: of the same items.
        highest: grade.
    """
    begins = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    has_relevant = np.maximum.reduceat(grades, begins) > 0
    begins = begins[np.concatenate(([True], has_relevant[1:] | has_relevant[:-1]))]
    group = np.repeat(np.arange(len(begins)), np.diff(begins, append=len(ranked)))
    grade = np.minimum(grades.astype(np.int64), highest)
    by_grade = np.bincount(group * (highest + 1) + grade, minlength=len(begins) * (highest + 1))
    return ranked[begins], by_grade.reshape(len(begins), highest + 1)


def _from_counts(levels: Float32, counts: npt.NDArray[np.int32], graded: bool) -> RankingHistogram:
    """The record behind items by query, level and grade, (n_query, n_levels, highest grade + 1)."""
    n_total = counts.sum(axis=2, dtype=np.int32)
    n_relevant = counts[:, :, 1:].sum(axis=2, dtype=np.int32)
    if not graded:
        return RankingHistogram(levels, n_total, n_relevant)
    affinity = np.arange(counts.shape[2], dtype=np.float64)
    return RankingHistogram(
        levels,
        n_total,
        n_relevant,
        gain_sum=counts @ (np.exp2(affinity) - 1.0),
        affinity_sum=counts @ affinity,
        n_by_affinity=counts.sum(axis=1, dtype=np.int64),
    )
