"""Class losses for methods that learn a classifier on the code."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)


def class_loss(logits: Tensor, labels: Tensor, *, multi_label: bool) -> Tensor:
    """Cross-entropy, or one binary cross-entropy per class for multi-label data; mean over images.

    The binary ones are summed over the classes: their mean would shrink the loss by the number of classes
    against every other term of a method. Images without a label leave the softmax form (nothing to name) and
    stay in the binary form (every class is absent).

    Args:
        logits: float (n, n_classes).
        labels: bool (n, n_classes); for the softmax form also float, each label's share.
        multi_label: which form.

    Returns:
        Scalar; 0, connected to the graph, when no image counts.
    """
    y = labels.to(logits.dtype)
    if multi_label:
        return F.binary_cross_entropy_with_logits(logits, y, reduction="none").sum(dim=1).mean()
    labelled = labels.any(dim=1)
    per_image = -(torch.log_softmax(logits, dim=1) * y).sum(dim=1)
    return per_image.sum() / labelled.sum().clamp(min=1)
