"""Evaluating 1,000 queries against 54,000 items, and the usual ways: sorting each query, and torchmetrics."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from models.metrics import (
    average_precision,
    distance_histogram,
    evaluate,
    precision_at_k,
    precision_recall_curve,
    radius_lookup,
    row_order_average_precision,
)
from models.types import BinaryCodes
from tests.benchmarks.measure import Row, extra_peak_bytes, medians_s

N_QUERY, N_DATABASE, LENGTHS = 1_000, 54_000, (16, 32, 64, 128)
N_CLASSES = {"single": 10, "multi": 81}
KS = (1, 10, 100, 1000)
# The peers take each query by itself: their time for all is that for some, times the share.
N_PEER_QUERY, N_CHECKED = 100, 20

Problem = tuple[BinaryCodes, BinaryCodes, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]


@functools.lru_cache(maxsize=2)
def problem(n_bits: int, labels: str, n_query: int = N_QUERY, n_database: int = N_DATABASE) -> Problem:
    """Codes that know their labels to some extent.

    A class has a random code. An item's code is the majority of those of its labels, with 20 % of its bits
    flipped. `multi`: one to four labels out of 81, some far more frequent than others, as in NUS-WIDE.
    """
    rng = np.random.default_rng(0)
    n_classes = N_CLASSES[labels]
    centres = rng.random((n_classes, n_bits)) < 0.5
    frequency = 1 / np.arange(1, n_classes + 1) if labels == "multi" else np.ones(n_classes)
    most = 4 if labels == "multi" else 1

    def split(n: int) -> tuple[BinaryCodes, npt.NDArray[np.bool_]]:
        drawn = rng.choice(n_classes, size=(n, most), p=frequency / frequency.sum())
        used = np.arange(most) < rng.integers(1, most + 1, size=(n, 1))
        multi_hot = np.zeros((n, n_classes), dtype=bool)
        for column in range(most):
            multi_hot[np.flatnonzero(used[:, column]), drawn[used[:, column], column]] = True
        votes = multi_hot.astype(np.float32) @ (centres * 2.0 - 1.0).astype(np.float32)
        bits = (votes > 0) ^ (rng.random((n, n_bits)) < 0.2)
        return BinaryCodes(np.packbits(bits, axis=1), n_bits), multi_hot

    (queries, query_labels), (database, database_labels) = split(n_query), split(n_database)
    return queries, database, query_labels, database_labels


def same_scores(given: Problem) -> object:
    """What the peers compute, with ties: mAP over all, P@k, PR curve, radius 2."""
    histogram = distance_histogram(*given)
    return (
        average_precision(histogram).mean(),
        precision_at_k(histogram, KS).mean(0),
        precision_recall_curve(histogram),
        radius_lookup(histogram, 2),
    )


def everything(given: Problem) -> object:
    """One call: mAP by all four tie rules, P@k, R@k, PR and P@N curves, radius 2; NDCG for several labels."""
    return evaluate(*given, ks=KS, radius=2)


def by_sorting(given: Problem, n_query: int, kind: str = "quicksort") -> npt.NDArray[np.float64]:
    """The straightforward way, without ties: argsort per query, then cumulative sums. AP of each query."""
    queries, database, query_labels, database_labels = given
    query_bits, database_bits = (
        np.unpackbits(codes.packed, axis=1).astype(np.float32) * 2 - 1 for codes in (queries, database)
    )
    n_bits, n_database = database.n_bits, len(database)
    of_database = database_labels.astype(np.float32)
    ranks = np.arange(1, n_database + 1)
    totals = np.zeros((n_query, 3 + len(KS)))
    precision_recall = np.zeros((2, n_database))
    for row in range(n_query):
        distances = (n_bits - database_bits @ query_bits[row]) / 2
        shares = of_database @ query_labels[row].astype(np.float32) > 0
        order = np.argsort(distances, kind=kind)  # type: ignore[call-overload]
        relevant = shares[order]
        hits = np.cumsum(relevant)
        precision = hits / ranks
        inside = distances <= 2
        found = (inside & shares).sum()
        n_relevant = max(hits[-1], 1)
        totals[row, 0] = (precision * relevant).sum() / n_relevant
        totals[row, 1:3] = found / max(inside.sum(), 1), found / n_relevant
        totals[row, 3:] = precision[np.asarray(KS) - 1]
        precision_recall += precision, hits / n_relevant
    return totals[:, 0]


def by_torchmetrics(given: Problem, n_query: int) -> npt.NDArray[np.float64]:
    """AP of each query by torchmetrics, ties in the order of rows: no two scores are equal."""
    import torch

    from models.torchvision_ops import declare_missing_ops

    declare_missing_ops()
    from torchmetrics.functional.retrieval import retrieval_average_precision

    queries, database, query_labels, database_labels = given
    query_bits, database_bits = (
        torch.from_numpy(np.unpackbits(codes.packed, axis=1).astype(np.float32) * 2 - 1)
        for codes in (queries, database)
    )
    of_queries, of_database = (
        torch.from_numpy(labels.astype(np.float32)) for labels in (query_labels, database_labels)
    )
    row_of_item = torch.arange(len(database), dtype=torch.float32)
    highest = (database.n_bits + 1) * len(database)
    found = np.empty(n_query)
    for row in range(n_query):
        distances = (database.n_bits - database_bits @ query_bits[row]) / 2
        # Whole numbers below 2^24, exact in float32; above 0, or torchmetrics would not count the item.
        scores = highest - (distances * len(database) + row_of_item)
        found[row] = retrieval_average_precision(scores, of_database @ of_queries[row] > 0)
    return found


def check_agreement(given: Problem, n_query: int) -> None:
    """Raise AssertionError unless all three find the same average precision where ties keep row order."""
    queries, database, query_labels, database_labels = given
    ours = row_order_average_precision(queries[:n_query], database, query_labels[:n_query], database_labels)
    np.testing.assert_allclose(ours, by_sorting(given, n_query, "stable"), atol=1e-9)
    np.testing.assert_allclose(ours, by_torchmetrics(given, n_query), atol=1e-5)


def ours_alone(n_bits: int, labels: str, ready: Callable[[], None]) -> None:
    """In a fresh process, kernels compiled and inputs made before the memory is looked at."""
    given = problem(n_bits, labels)
    queries, database, query_labels, database_labels = given
    everything((queries[:8], database, query_labels[:8], database_labels))
    ready()
    everything(given)


def sorting_alone(n_bits: int, labels: str, ready: Callable[[], None]) -> None:
    """The same for the peer that sorts; its inputs as numbers are part of it."""
    given = problem(n_bits, labels)
    ready()
    by_sorting(given, N_PEER_QUERY)


def torchmetrics_alone(n_bits: int, labels: str, ready: Callable[[], None]) -> None:
    """The same for torchmetrics, which is loaded before."""
    given = problem(n_bits, labels)
    small = tuple(part[:50] for part in given)
    by_torchmetrics(small, 1)  # type: ignore[arg-type]
    ready()
    by_torchmetrics(given, N_PEER_QUERY)


def bench(
    lengths: Sequence[int] = LENGTHS, n_query: int = N_QUERY, n_database: int = N_DATABASE
) -> list[Row]:
    """Time against both peers at every length, single and several labels; memory of each at 64 bits."""
    rows = []
    for labels in N_CLASSES:
        for n_bits in lengths:
            rows += timed(problem(n_bits, labels, n_query, n_database), labels)
    if n_query == N_QUERY:
        rows += [memory(labels) for labels in N_CLASSES]
    return rows


def timed(given: Problem, labels: str) -> list[Row]:
    """One length."""
    n_query, n_database, n_bits = len(given[0]), len(given[1]), given[1].n_bits
    n_peer = min(N_PEER_QUERY, n_query)
    check_agreement(given, min(N_CHECKED, n_query))
    share = n_query / n_peer
    size = f"{n_query:,} x {n_database:,} x {n_bits} bits, {N_CLASSES[labels]} {labels} labels"
    scores_s, sorting_s = medians_s(lambda: same_scores(given), lambda: by_sorting(given, n_peer), runs=3)
    all_s, torch_s = medians_s(lambda: everything(given), lambda: by_torchmetrics(given, n_peer), runs=3)
    return [
        Row(
            f"mAP over all, P@k, PR curve, radius 2; {size}",
            f"{scores_s:.3f} s",
            f"{sorting_s * share:.1f} s, numpy argsort",
            f"{sorting_s * share / scores_s:.0f}x faster",
            "at least 30x" if n_bits == 64 and labels == "single" else "",
        ),
        Row(
            f"evaluate: all tie rules and curves; {size}",
            f"{all_s:.3f} s",
            f"{torch_s * share:.1f} s, torchmetrics, mAP alone",
            f"{torch_s * share / all_s:.0f}x faster",
        ),
    ]


def memory(labels: str, n_bits: int = 64) -> Row:
    """What each takes at its peak beyond codes and labels, in a process of its own."""
    ours, sorting, torch = (
        extra_peak_bytes(functools.partial(alone, n_bits, labels)) / 1e6
        for alone in (ours_alone, sorting_alone, torchmetrics_alone)
    )
    return Row(
        f"extra memory of evaluate; {N_QUERY:,} x {N_DATABASE:,} x {n_bits} bits, "
        f"{N_CLASSES[labels]} {labels} labels",
        f"{ours:.0f} MB",
        f"{sorting:.0f} MB, numpy argsort; {torch:.0f} MB, torchmetrics",
        f"{sorting / max(ours, 1):.1f}x and {torch / max(ours, 1):.1f}x less",
        "below 100 MB",
    )
