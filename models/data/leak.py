"""Images that occur twice: a query that the database or the train images hold too makes scores too good.

Images are the same here when their decoded pixels are, whatever their files are called.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.data.library import DATABASE, QUERY, TRAIN
from models.types import Int64, UInt8


@dataclass(frozen=True)
class Leaks:
    """What `find_leaks` found.

    Attributes:
        rows: queries that the database or the train images hold too, ascending, int64.
        twins: for each of them, the first such row, which is not the query itself unless it has both roles.
        n_in_database: how many of them the database holds.
        n_in_train: how many of them are trained on.
    """

    rows: Int64
    twins: Int64
    n_in_database: int
    n_in_train: int


def find_leaks(hashes: UInt8, roles: UInt8) -> Leaks:
    """Compare the queries with the database and the train images.

    Args:
        hashes: uint8 (n, 16) of the decoded pixels.
        roles: uint8 (n,), bits of `models.data.library`.
    """
    group = _groups(hashes)
    n_groups = int(group.max(initial=-1)) + 1
    queries = np.flatnonzero(roles & QUERY)
    held = {bit: np.bincount(group[(roles & bit) > 0], minlength=n_groups) > 0 for bit in (DATABASE, TRAIN)}
    inside = {bit: held[bit][group[queries]] for bit in held}
    rows = queries[inside[DATABASE] | inside[TRAIN]].astype(np.int64)
    # The first row of each group that is searched or trained on: written from the last to the first.
    first = np.zeros(n_groups, dtype=np.int64)
    searched = np.flatnonzero(roles & (DATABASE | TRAIN))[::-1]
    first[group[searched]] = searched
    return Leaks(rows, first[group[rows]], int(inside[DATABASE].sum()), int(inside[TRAIN].sum()))


def duplicates(hashes: UInt8) -> tuple[Int64, Int64]:
    """Rows whose pixels an earlier row has too, and that earlier row; both int64 (n_duplicates,)."""
    group = _groups(hashes)
    first = np.zeros(int(group.max(initial=-1)) + 1, dtype=np.int64)
    every = np.arange(len(group), dtype=np.int64)
    first[group[::-1]] = every[::-1]
    rows = every[first[group] != every]
    return rows, first[group[rows]]


def _groups(hashes: UInt8) -> Int64:
    """The same number for the same hash, int64 (n,)."""
    keys = np.ascontiguousarray(hashes).view("V16").ravel()
    _, group = np.unique(keys, return_inverse=True)
    return group.astype(np.int64)
