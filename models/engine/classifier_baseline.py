"""A plain classifier as a hashing method: what supervised codes have to beat.

A. Sablayrolles, M. Douze, N. Usunier, H. Jégou, "How should we evaluate supervised hashing?", ICASSP 2017:
where queries have the classes of the train images, writing down the class that a classifier predicts beats
most published codes in these metrics; on unseen classes it does not. The classifier here is linear on the
backbone's features; which of its codings the paper has is (unverified).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.codes.packing import pack
from models.data.base import Dataset
from models.engine.features import Features
from models.engine.results import curves, rounded, score
from models.engine.run_files import RunCodes
from models.types import Bool, Float32, Float64, Split

DECAY = 1e-3  # weight of the squared weights; ours
MOST_STEPS = 200
CHUNK = 8_192  # rows in memory at a time


def classifier_codes(dataset: Dataset, features: Features) -> dict[str, Any]:
    """Train on the train split, code the others three ways, and score them.

    Returns:
        By name of the coding: `n_bits`, `map_expected`, `metrics` and `curves` like a run's result.
        `class number` and `one bit per class` write down the likeliest class; they need one class per image.
        `signs of logits` keeps one bit per class too, but says for each class whether it is likelier than on
        average. Codings have a bit for each class that the train images show.
    """
    labels = dataset.labels("train")
    seen = np.flatnonzero(labels.any(axis=0))
    single = dataset.info.label_kind == "single"
    train = features.of("train")
    mean, std = train.mean(axis=0), train.std(axis=0)
    std[std < 1e-6] = 1
    weights = train_classifier((train - mean) / std, labels[:, seen], single=single)

    def logits(split: Split) -> Float32:
        parts = [with_one((part - mean) / std) @ weights for part in features.chunks(split, CHUNK)]
        return np.concatenate(parts).astype(np.float32)

    database, query = logits("database"), logits("query")
    middle = np.median(with_one((train - mean) / std) @ weights, axis=0)
    codings: dict[str, tuple[Bool, Bool]] = {"signs of logits": (database >= middle, query >= middle)}
    if single:
        codings["class number"] = (class_numbers(database), class_numbers(query))
        codings["one bit per class"] = (one_hot(database), one_hot(query))
    record = {}
    for name, (of_database, of_query) in codings.items():
        evaluation = score(RunCodes(pack(of_database), pack(of_query)), dataset)
        metrics = rounded(evaluation.to_json())
        record[name] = {
            "n_bits": of_database.shape[1],
            "map_expected": metrics["map"]["expected"],
            "metrics": metrics,
            "curves": curves(evaluation),
        }
    return record


def train_classifier(x: Float32, labels: Bool, *, single: bool) -> Float32:
    """Weights of a linear classifier, the last row its bias: the minimum of cross-entropy plus decay.

    Args:
        x: float32 (n, n_features), standardised.
        labels: bool (n, n_classes); every class occurs.
        single: one class per image (softmax); else a yes or no for each class (sigmoid).

    Returns:
        float32 (n_features + 1, n_classes).
    """
    from scipy.optimize import minimize

    inputs, y = with_one(x), labels.astype(np.float32)
    shape = (inputs.shape[1], labels.shape[1])

    def loss(flat: Float64) -> tuple[float, Float64]:
        w = flat.reshape(shape).astype(np.float32)
        z = inputs @ w
        if single:
            z -= z.max(axis=1, keepdims=True)
            log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
            value, slope = -(y * log_p).sum(), np.exp(log_p) - y
        else:
            value, slope = (np.logaddexp(0, z) - y * z).sum(), 0.5 * (1 + np.tanh(z / 2)) - y
        decayed = w.copy()
        decayed[-1] = 0  # the bias is free
        gradient = inputs.T @ slope / len(x) + DECAY * decayed
        total = float(value) / len(x) + 0.5 * DECAY * float((decayed**2).sum())
        return total, gradient.astype(np.float64).ravel()

    found = minimize(
        loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": MOST_STEPS}
    )
    weights: Float32 = found.x.reshape(shape).astype(np.float32)
    return weights


def with_one(x: Float32) -> Float32:
    """A column of ones beside the features, for the bias."""
    return np.concatenate([x, np.ones((len(x), 1), np.float32)], axis=1)


def class_numbers(logits: npt.NDArray[Any]) -> Bool:
    """Number of the likeliest class in binary, highest bit first, bool (n, ceil(log2 n_classes))."""
    n_bits = max(1, int(np.ceil(np.log2(logits.shape[1]))))
    shifts = np.arange(n_bits)[::-1]
    bits: Bool = (logits.argmax(axis=1)[:, None] >> shifts & 1).astype(bool)
    return bits


def one_hot(logits: npt.NDArray[Any]) -> Bool:
    """A bit for each class, set for the likeliest, bool (n, n_classes)."""
    bits: Bool = np.arange(logits.shape[1]) == logits.argmax(axis=1)[:, None]
    return bits
