"""Hamming distances between packed codes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.codes.packing import as_words
from models.errors import DataError
from models.types import BinaryCodes


def check_equal_length(query: BinaryCodes, database: BinaryCodes) -> None:
    """Raise DataError, naming both lengths, when the codes cannot be compared."""
    if query.n_bits != database.n_bits:
        raise DataError(
            f"Query codes have {query.n_bits} bits and database codes {database.n_bits}. "
            "Encode both with the same method and length."
        )


def hamming_distances(query: BinaryCodes, database: BinaryCodes) -> npt.NDArray[np.int32]:
    """Number of differing bits for every pair, int32 (n_query, n_database).

    The whole matrix is built; `models.metrics` and `models.index` rank large databases without it.

    Raises:
        DataError: codes of unequal length.
    """
    check_equal_length(query, database)
    query_words, database_words = as_words(query.packed), as_words(database.packed)
    distances = np.zeros((len(query), len(database)), dtype=np.int32)
    # One word at a time keeps the temporary at (n_query, n_database).
    for word in range(query_words.shape[1]):
        distances += np.bitwise_count(query_words[:, word, None] ^ database_words[None, :, word])
    return distances
