"""What each bit looks like before the sign is taken."""

from __future__ import annotations

import numpy as np

from models.engine.run_files import BitSummary
from models.types import Float32

N_BINS = 40
N_STRONGEST = 12


def summarise_bits(u: Float32) -> BitSummary:
    """Histogram of relaxed values per bit, and the images at either end.

    The bins lie symmetrically about 0, so that no bin holds values of both signs; their range covers 99.5 %
    of all values and the outer bins take the rest.

    Args:
        u: float32 (n_database, n_bits), n_database >= 1.
    """
    reach = max(float(np.quantile(np.abs(u), 0.995)), 1e-6)
    edges = np.linspace(-reach, reach, N_BINS + 1)
    inside = np.clip(u, -reach, reach)
    counts = np.stack([np.histogram(column, edges)[0] for column in inside.T])
    order = np.argsort(u, axis=0, kind="stable").T
    rows = N_STRONGEST if len(u) >= N_STRONGEST else len(u)
    return BitSummary(
        edges,
        counts.astype(np.int64),
        order[:, :rows].astype(np.int64),
        order[:, ::-1][:, :rows].astype(np.int64),
    )
