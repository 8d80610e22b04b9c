"""Optimiser and learning rates of a run: one recipe for heads, the method's own settings for fine-tuning."""

from __future__ import annotations

import math
from typing import Any

import torch

from models.engine.config import RunConfig
from models.engine.model import HashModel


def make_optimizer(model: HashModel, config: RunConfig) -> torch.optim.Optimizer:
    """AdamW for a head; in `finetune` mode what the configuration names, the backbone at a lower rate."""
    groups = model.method.parameter_groups(config.lr)
    settings = config.finetune
    if settings is None:
        return torch.optim.AdamW(groups, weight_decay=config.weight_decay)
    assert model.backbone is not None, "fine-tuning trains a backbone"
    backbone: dict[str, Any] = {
        "params": list(model.backbone.parameters()),
        "lr": config.lr * settings["backbone_lr"],
    }
    groups.append(backbone)
    decay = config.weight_decay
    if settings["optimizer"] == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=settings["momentum"], weight_decay=decay)
    if settings["optimizer"] == "rmsprop":
        return torch.optim.RMSprop(groups, weight_decay=decay)
    return torch.optim.Adam(groups, weight_decay=decay)


def rate_factor(config: RunConfig, done: float) -> float:
    """What all learning rates are multiplied by when a share `done`, 0 to 1, of the steps is over.

    Along half a cosine to 0 for a head; in `finetune` mode in the steps that the configuration names, and
    along the cosine where it names none.
    """
    if config.finetune is None or config.finetune["decay"] is None:
        return 0.5 * (1 + math.cos(math.pi * done))
    # A third of a run is not a third in floating point.
    drops = math.floor(done / config.finetune["decay_every"] + 1e-9)
    return float(config.finetune["decay"] ** drops)
