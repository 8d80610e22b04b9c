"""From names to a run: a method's recipe to a full configuration, a configuration to an untrained model."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

import torch

from models.engine.config import Mode, RunConfig
from models.engine.inputs import TrainData
from models.engine.model import HashModel
from models.engine.sampling import SAMPLERS
from models.errors import ConfigError
from models.methods.base import make_params
from models.methods.finetuning import FineTune, finetune_settings
from models.networks.names import DEFAULT_BACKBONE, DESCRIPTORS
from models.registry import get_method, method_names


def make_config(
    dataset: str,
    method: str,
    n_bits: int,
    seed: int = 0,
    *,
    backbone: str = DEFAULT_BACKBONE,
    mode: Mode = "head",
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    weight_decay: float | None = None,
    sampler: str | None = None,
    params: Mapping[str, Any] | None = None,
    label_vectors: str | None = None,
    short: bool = False,
) -> RunConfig:
    """A configuration in which everything left out is the method's own recipe and defaults.

    Args:
        label_vectors: SHA-256 of the file of label vectors, for a method that reads them.
        short: in `finetune` mode, one short schedule for all methods instead of their sources' settings.

    Raises:
        UnknownNameError: no such method.
        ConfigError: a length the method cannot produce, an unknown or out-of-range setting.
    """
    method_class = get_method(method)
    spec = method_class.spec
    spec.check_n_bits(n_bits)
    recipe = spec.recipe
    trained_along = finetune_settings(method, short=short)
    usual = trained_along if mode == "finetune" else recipe
    given = {"lr": lr, "batch_size": batch_size, "weight_decay": weight_decay, "sampler": sampler}
    if recipe.epochs == 0 and (idle := [name for name, value in given.items() if value is not None]):
        raise ConfigError(f"{method} is not trained in steps: {', '.join(idle)} would have no effect.")
    if label_vectors is not None and not method_class.reads_label_vectors:
        readers = ", ".join(name for name in method_names() if get_method(name).reads_label_vectors)
        raise ConfigError(
            f"{method} reads no label vectors: they would have no effect. Those read them: {readers}."
        )
    config = RunConfig(
        dataset=dataset,
        method=method,
        n_bits=n_bits,
        seed=seed,
        backbone=backbone,
        mode=mode,
        epochs=usual.epochs if epochs is None else epochs,
        batch_size=usual.batch_size if batch_size is None else batch_size,
        lr=usual.lr if lr is None else lr,
        weight_decay=usual.weight_decay if weight_decay is None else weight_decay,
        sampler=recipe.sampler if sampler is None else sampler,
        params=dataclasses.asdict(make_params(method_class.Params, dict(params or {}))),
        label_vectors=label_vectors,
        finetune=_finetune(trained_along) if mode == "finetune" else None,
    )
    if mode != "finetune" and short:
        raise ConfigError("The short schedule is a setting of mode finetune; heads have one recipe.")
    _check(config, closed_form=recipe.epochs == 0)
    return config


def head_config(config: RunConfig) -> RunConfig:
    """The run of a `finetune` run's head alone, on the features of the untouched backbone."""
    return make_config(
        *(config.dataset, config.method, config.n_bits, config.seed),
        backbone=config.backbone,
        sampler=config.sampler,
        params=config.params,
        label_vectors=config.label_vectors,
    )


def _finetune(usual: FineTune) -> dict[str, Any]:
    """What of a run's settings only mode `finetune` has."""
    names = ("optimizer", "backbone_lr", "momentum", "decay", "decay_every", "warm_start")
    return {name: getattr(usual, name) for name in names}


def _check(config: RunConfig, *, closed_form: bool) -> None:
    if config.mode == "finetune" and closed_form:
        raise ConfigError(
            f"{config.method} is solved in closed form; it cannot train a backbone. Use mode head."
        )
    if closed_form and config.epochs != 0:
        raise ConfigError(
            f"{config.method} is solved in closed form; it has no epochs ({config.epochs} were asked for)."
        )
    if config.epochs < (0 if closed_form else 1):
        raise ConfigError(f"{config.method} trains for at least 1 epoch; got {config.epochs}.")
    if config.batch_size < 1:
        raise ConfigError(f"A batch holds at least one image; got batch_size={config.batch_size}.")
    if not config.lr > 0 or config.weight_decay < 0 or config.seed < 0:
        raise ConfigError(
            "The learning rate is above 0, weight decay and seed are not negative; got "
            f"lr={config.lr}, weight_decay={config.weight_decay}, seed={config.seed}."
        )
    if config.seed >= 2**63:
        raise ConfigError(f"A seed is below 2^63; got {config.seed}.")
    if config.mode not in ("head", "finetune"):
        raise ConfigError(f"A run's mode is head or finetune; got {config.mode!r}.")
    if config.mode == "finetune" and config.backbone in DESCRIPTORS:
        raise ConfigError(f"{config.backbone} has no weights that could be trained. Use mode head.")
    if config.sampler not in SAMPLERS:
        raise ConfigError(f"Unknown sampler {config.sampler!r}. Known: {', '.join(SAMPLERS)}.")


def _check_label_vectors(config: RunConfig, data: TrainData) -> None:
    if (config.label_vectors is None) != (data.label_vectors is None):
        named, given = ("no", "some") if config.label_vectors is None else ("a", "none")
        raise ConfigError(
            f"The configuration names {named} file of label vectors, and {given} came with the data. "
            "Give both or neither."
        )
    n_classes = data.labels.shape[1]
    if data.label_vectors is not None and len(data.label_vectors) != n_classes:
        raise ConfigError(f"{len(data.label_vectors)} label vectors do not fit {n_classes} classes.")


def build_model(config: RunConfig, data: TrainData) -> HashModel:
    """An untrained model for the train split; weights come from torch's global generator.

    Raises:
        ConfigError: the method does not take the data's labels, or label vectors are missing or of others.
    """
    method_class = get_method(config.method)
    method_class.spec.check_labels(data.label_kind)
    _check_label_vectors(config, data)
    features = torch.from_numpy(data.features.copy())
    method = method_class(
        config.n_bits,
        features.shape[1],
        data.labels.shape[1],
        make_params(method_class.Params, dict(config.params)),
    )
    # The caller's backbone stays as it is: training changes a copy.
    backbone = copy.deepcopy(data.backbone)
    return HashModel(method, features.mean(dim=0), features.std(dim=0, correction=0), backbone)
