"""Trained models on disk: safetensors, with all that is needed to rebuild them in the header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from models.engine.config import RunConfig
from models.engine.model import HashModel
from models.engine.precision import from_eight_bits, from_four_bits, kept_as, to_eight_bits, to_four_bits
from models.engine.versions import library_versions
from models.errors import CheckpointError, UnknownNameError, WeightsError
from models.files import write_atomically
from models.methods.base import make_params
from models.networks.backbones import Backbone, backbone_from_state
from models.registry import get_method

FORMAT_VERSION = 2
# Beside a matrix in eight bits: the exponents of its rows; beside one in four bits: the units.
_EXPONENT, _UNIT = ".exponent", ".unit"
_REBUILD = "Rebuild it with `make zoo`, or train again."


@dataclass(frozen=True)
class Checkpoint:
    """A trained model and where it came from.

    Attributes:
        model: on the CPU, in evaluation mode.
        config: the run.
        weights_id: of the backbone that made the features (`Backbone.weights_id`), before any fine-tuning.
        image_size: the side of images that the backbone was opened for.
    """

    model: HashModel
    config: RunConfig
    weights_id: str
    image_size: int


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a trained model, atomically; the same model gives the same bytes.

    Weights are stored as `models.engine.precision` says; `train` has rounded them so, and nothing is lost.

    Raises:
        StorageError: the disk is full; an older checkpoint at `path` is intact.
    """
    model = checkpoint.model
    header = {
        "format_version": FORMAT_VERSION,
        "config": json.loads(checkpoint.config.to_json()),
        "n_features": model.method.n_features,
        "n_classes": model.method.n_classes,
        "weights_id": checkpoint.weights_id,
        "image_size": checkpoint.image_size,
        "versions": library_versions(),
    }
    tensors = {}
    for name, tensor in model.state_dict().items():
        kept = kept_as(name, tensor)
        if kept == "four bits":
            tensors[name], tensors[f"{name}{_UNIT}"] = to_four_bits(tensor)
        elif kept == "eight bits":
            tensors[name], tensors[f"{name}{_EXPONENT}"] = to_eight_bits(tensor)
        else:
            tensors[name] = (tensor.half() if kept == "half" else tensor).contiguous()
    # One entry: safetensors writes several in an order that changes from run to run.
    write_atomically(path, save(tensors, {"hashlens": json.dumps(header, sort_keys=True)}))


def load_checkpoint(path: Path, expected: RunConfig | None = None) -> Checkpoint:
    """Rebuild a trained model, on the CPU, in evaluation mode.

    Args:
        path: what `save_checkpoint` wrote.
        expected: refuse a checkpoint of any other run.

    Raises:
        CheckpointError: no such file, truncated, not ours, of a newer format, or of another run.
    """
    stored, header = _read(path)
    tensors = {
        name: _as_float(tensor, stored.get(f"{name}{_EXPONENT}"), stored.get(f"{name}{_UNIT}"))
        for name, tensor in stored.items()
        if not name.endswith((_EXPONENT, _UNIT))
    }
    try:
        config = RunConfig(**header["config"])
        n_features, n_classes = int(header["n_features"]), int(header["n_classes"])
        weights_id, image_size = str(header["weights_id"]), int(header["image_size"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} has a header without {error}. {_REBUILD}") from None
    if expected is not None and expected != config:
        differing = [k for k, v in vars(expected).items() if vars(config)[k] != v]
        raise CheckpointError(f"{path} is of another run: {', '.join(differing)} differ. {_REBUILD}")
    try:
        method_class = get_method(config.method)
    except UnknownNameError as error:
        raise CheckpointError(f"{path} holds a method that this version does not have. {error}") from None
    with torch.random.fork_rng(devices=[]):  # drawing weights that are replaced at once must not show outside
        params = make_params(method_class.Params, dict(config.params))
        method = method_class(config.n_bits, n_features, n_classes, params)
    backbone = None
    if config.mode == "finetune":
        try:
            backbone = _trained_backbone(config, tensors, image_size)
        except (WeightsError, UnknownNameError) as error:
            raise CheckpointError(f"{path} holds no usable backbone: {error} {_REBUILD}") from None
    model = HashModel(method, torch.zeros(n_features), torch.ones(n_features), backbone)
    _fill(model, tensors, path)
    return Checkpoint(model.eval(), config, weights_id, image_size)


def _as_float(tensor: Tensor, exponent: Tensor | None, unit: Tensor | None) -> Tensor:
    """A stored tensor as the model holds it."""
    if unit is not None:
        return from_four_bits(tensor, unit)
    if exponent is not None:
        return from_eight_bits(tensor, exponent)
    return tensor.float() if tensor.is_floating_point() else tensor


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and our header."""
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint {path}. {_REBUILD}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a dict
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is truncated or no safetensors file ({error}). {_REBUILD}") from None
    try:
        header = json.loads(metadata["hashlens"])
        version = int(header["format_version"])
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(
            f"{path} is a safetensors file, but no Hashlens checkpoint: its header names no run. {_REBUILD}"
        ) from None
    if version > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has format {version}; this version reads up to {FORMAT_VERSION}. Update Hashlens."
        )
    return tensors, header


def _fill(model: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy tensors into a model; buffers may have shapes that only the fit decided."""
    own = model.state_dict()
    declared = {
        f"{prefix}{'.' if prefix else ''}{name}"
        for prefix, module in model.named_modules()
        for name in module._buffers  # None stands for a buffer that the fit makes
        if name not in module._non_persistent_buffers_set
    }
    missing, unknown = set(own) - set(tensors), set(tensors) - set(own) - declared
    if missing or unknown:
        raise CheckpointError(
            f"{path} does not fit its own configuration: tensors missing {sorted(missing) or 'none'}, "
            f"unknown {sorted(unknown) or 'none'}. It is of another version of the method. {_REBUILD}"
        )
    for name, value in tensors.items():
        module_name, _, leaf = name.rpartition(".")
        if name in declared:
            model.get_submodule(module_name)._buffers[leaf] = value
        elif own[name].shape == value.shape:
            own[name].copy_(value)
        else:
            raise CheckpointError(
                f"{path}: {name} has shape {tuple(value.shape)}, its configuration asks for "
                f"{tuple(own[name].shape)}. {_REBUILD}"
            )


def _trained_backbone(config: RunConfig, tensors: Mapping[str, Tensor], image_size: int) -> Backbone:
    """A backbone around the checkpoint's own weights."""
    prefix = "backbone.network."
    state = {key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)}
    return backbone_from_state(config.backbone, state, image_size=image_size)
