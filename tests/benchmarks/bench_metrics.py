"""Evaluating 1,000 queries against 54,000 items at 64 bits, and the usual way: sorting every query."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from models.metrics import (
    average_precision,
    distance_histogram,
    evaluate,
    precision_at_k,
    precision_recall_curve,
    radius_lookup,
)
from models.types import BinaryCodes
from tests.benchmarks.measure import Row, extra_peak_bytes, medians_s

N_QUERY, N_DATABASE, N_BITS, N_CLASSES = 1_000, 54_000, 64, 10
KS = (1, 10, 100, 1000)

Problem = tuple[BinaryCodes, BinaryCodes, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]


@functools.cache
def problem() -> Problem:
    """Codes that know their class to some extent: a class code with 20 % of its bits flipped."""
    rng = np.random.default_rng(0)
    centres = rng.random((N_CLASSES, N_BITS)) < 0.5

    def split(n: int) -> tuple[BinaryCodes, npt.NDArray[np.bool_]]:
        classes = rng.integers(N_CLASSES, size=n)
        bits = centres[classes] ^ (rng.random((n, N_BITS)) < 0.2)
        return BinaryCodes(np.packbits(bits, axis=1), N_BITS), np.eye(N_CLASSES, dtype=bool)[classes]

    (queries, query_labels), (database, database_labels) = split(N_QUERY), split(N_DATABASE)
    return queries, database, query_labels, database_labels


def same_scores() -> object:
    """What the peer computes, with ties: mAP over all, P@k, PR curve, radius 2."""
    histogram = distance_histogram(*problem())
    return (
        average_precision(histogram).mean(),
        precision_at_k(histogram, KS).mean(0),
        precision_recall_curve(histogram),
        radius_lookup(histogram, 2),
    )


def everything() -> object:
    """One call: mAP by all four tie rules, P@k, R@k, PR and P@N curves, radius 2."""
    return evaluate(*problem(), ks=KS, radius=2)


def by_sorting() -> tuple[float, ...]:
    """The straightforward way, without ties: argsort per query, then cumulative sums."""
    queries, database, query_labels, database_labels = problem()
    query_bits, database_bits = (
        np.unpackbits(codes.packed, axis=1).astype(np.float32) * 2 - 1 for codes in (queries, database)
    )
    classes = database_labels.argmax(1)
    ranks = np.arange(1, N_DATABASE + 1)
    totals = np.zeros(3 + len(KS))
    precision_recall = np.zeros((2, N_DATABASE))
    for bits, label in zip(query_bits, query_labels.argmax(1), strict=True):
        distances = (N_BITS - database_bits @ bits) / 2
        order = np.argsort(distances)
        relevant = classes[order] == label
        hits = np.cumsum(relevant)
        precision = hits / ranks
        inside = distances <= 2
        found = (inside & (classes == label)).sum()
        totals[0] += (precision * relevant).sum() / hits[-1]
        totals[1] += found / max(inside.sum(), 1)
        totals[2] += found / hits[-1]
        totals[3:] += precision[np.asarray(KS) - 1]
        precision_recall += precision, hits / hits[-1]
    return tuple(totals / N_QUERY)


def alone(ready: Callable[[], None]) -> None:
    """Ours in a fresh process, kernels compiled and inputs made before the memory is looked at."""
    queries, database, query_labels, database_labels = problem()
    evaluate(queries[:8], database, query_labels[:8], database_labels, ks=KS)
    ready()
    everything()


def bench() -> list[Row]:
    """Time against the peer, and memory."""
    size = f"{N_QUERY:,} queries x {N_DATABASE:,} items x {N_BITS} bits"
    rows = []
    for what, task, aim in (
        ("mAP over all, P@k, PR curve, radius 2", same_scores, "at least 30x"),
        ("evaluate: all tie rules, R@k and P@N besides", everything, ""),
    ):
        mine, peer = medians_s(task, by_sorting, runs=5)
        rows.append(
            Row(
                f"{what}; {size}",
                f"{mine:.3f} s",
                f"{peer:.1f} s, numpy argsort",
                f"{peer / mine:.0f}x faster",
                aim,
            )
        )
    grown = extra_peak_bytes(alone)
    return [*rows, Row(f"extra memory of evaluate; {size}", f"{grown / 1e6:.0f} MB", aim="below 100 MB")]
