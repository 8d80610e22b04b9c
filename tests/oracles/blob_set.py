"""The blob set of methods/4-new-directions-and-classic.md, section G, and a method's mAP on it."""

from __future__ import annotations

import torch
from torch import Tensor

from models.methods.base import Method, TrainSet

N_CLASSES, N_FEATURES, CHANCE = 4, 20, 0.25


def blob_map(method_type: type[Method], n_bits: int, *, seed: int = 0, scale: float = 1.0) -> float:
    """4 classes around centres of norm 4, unit noise; 400 train, 200 query, 1,000 database; mAP over all.

    Ties of the distance are broken at random.
    """
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(N_CLASSES, N_FEATURES, generator=generator)
    centres = 4 * centres / centres.norm(dim=1, keepdim=True)
    classes = torch.arange(1600) % N_CLASSES
    features = scale * (centres[classes] + torch.randn(1600, N_FEATURES, generator=generator))
    labels = classes[:, None] == torch.arange(N_CLASSES)
    torch.manual_seed(seed)
    method = method_type(n_bits, N_FEATURES, N_CLASSES)
    method.before_fit(TrainSet(features[:400], labels[:400], torch.Generator().manual_seed(seed)))
    method.eval()
    with torch.no_grad():
        u = method(features)
    assert bool(torch.isfinite(u).all())
    codes = method.binarize(u).double()
    return mean_average_precision(codes[400:600] @ codes[600:].T, labels[400:600], labels[600:], generator)


def mean_average_precision(
    similarity: Tensor, queries: Tensor, database: Tensor, generator: torch.Generator
) -> float:
    """mAP over the whole ranking by falling similarity, float (n_query, n_database)."""
    shuffled = torch.randperm(len(database), generator=generator)
    order = shuffled[similarity[:, shuffled].argsort(dim=1, descending=True, stable=True)]
    relevant = (queries.double() @ database.double().T).gather(1, order)
    precision = relevant.cumsum(dim=1) / torch.arange(1, len(database) + 1)
    return float(((precision * relevant).sum(dim=1) / relevant.sum(dim=1)).mean())
