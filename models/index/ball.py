"""What a look-up by code costs: codes in a Hamming ball, and in the balls of multi-index hashing.

A look-up visits every bucket within radius r of the query's code. A code of b bits has C(b, i) others at
distance i, so that there are sum_{i <= r} C(b, i) buckets to visit, however many items there are.

Multi-index hashing (Norouzi, Punjani and Fleet, 2012) keeps one table per substring. Write r = m q + a with
0 <= a < m. A code within r of the query differs in at most q bits in one of the first a + 1 substrings, or in
at most q - 1 bits in one of the others, so that these small balls are all that has to be visited.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

from models.errors import ConfigError


@dataclass(frozen=True)
class LookUp:
    """What one query costs.

    Attributes:
        n_buckets: buckets visited.
        n_expected: items met there, if all codes are equally likely.
    """

    n_buckets: int
    n_expected: float

    @property
    def work(self) -> float:
        """Buckets visited and items compared, which a scan of n items is measured against."""
        return self.n_buckets + self.n_expected


def ball(n_bits: int, radius: int) -> int:
    """Codes within a Hamming radius of a code, itself included; 0 for a negative radius."""
    return sum(comb(n_bits, i) for i in range(min(radius, n_bits) + 1))


def look_up(n: int, n_bits: int, radius: int, *, n_tables: int = 1) -> LookUp:
    """The cost of finding everything within `radius` of a query.

    Args:
        n: items in the database.
        n_bits: code length.
        radius: Hamming radius.
        n_tables: 1 for one table keyed by the whole code; more for multi-index hashing.

    Raises:
        ConfigError: a number outside its range.
    """
    if n < 1 or n_bits < 1 or not 0 <= radius <= n_bits or not 1 <= n_tables <= n_bits:
        raise ConfigError(
            f"A look-up needs n and n_bits of at least 1, a radius of 0 to n_bits and 1 to n_bits tables; "
            f"got n={n}, n_bits={n_bits}, radius={radius}, n_tables={n_tables}."
        )
    q, a = divmod(radius, n_tables)
    n_buckets, n_expected = 0, 0.0
    for table in range(n_tables):
        # The first substrings are one bit longer where the length does not divide evenly.
        length = n_bits // n_tables + (table < n_bits % n_tables)
        visited = ball(length, q if table <= a else q - 1)
        n_buckets += visited
        n_expected += n * (visited / 2**length)
    return LookUp(n_buckets, n_expected)


def longest_radius(n: int, n_bits: int, *, n_tables: int = 1) -> int | None:
    """The largest radius at which a look-up visits and compares less than a scan; None: not even 0."""
    fitting = [r for r in range(n_bits + 1) if look_up(n, n_bits, r, n_tables=n_tables).work < n]
    return max(fitting, default=None)
