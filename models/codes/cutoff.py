"""The one check of a cut-off rank."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from models.errors import DataError


def check_k(k: int | None, n_database: int) -> int:
    """The last rank that counts: k itself, or the whole ranking for None.

    Raises:
        DataError: k is no whole number, below 1 or above the size of the database. It is never cut silently:
            a score at another k than the one asked for is another score.
    """
    if k is None:
        return n_database
    try:
        rank = operator.index(k)
    except TypeError:
        raise DataError(f"k is a whole number of ranks; got {k!r}.") from None
    if isinstance(k, bool) or not 1 <= rank <= n_database:
        raise DataError(
            f"k={k} is not a rank of this database, which has {n_database} items. "
            f"Choose 1 to {n_database}, or leave k out for the whole ranking."
        )
    return rank


def check_ks(ks: Sequence[int], n_database: int) -> list[int]:
    """Several cut-offs, in the order given; see `check_k`."""
    return [check_k(k, n_database) for k in ks]
