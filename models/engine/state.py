"""Where a training run stands between two epochs: enough to go on as if nothing had happened."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.engine.config import RunConfig
from models.errors import CheckpointError
from models.files import write_atomically

_FORMAT = "hashlens-training-state-1"


@dataclass(frozen=True)
class TrainingState:
    """A copy of everything that training has changed.

    Random numbers of an epoch follow from seed and epoch (see `RunRandomness`), so the only generator
    kept is the one that the method was given in `before_fit`.

    Attributes:
        config: the run it belongs to.
        epochs_done: finished epochs.
        tensors: parameters and all buffers, those that no checkpoint keeps included.
        optimizer: the optimiser's state.
        generator: state of the method's own generator.
    """

    config: RunConfig
    epochs_done: int
    tensors: dict[str, Tensor]
    optimizer: dict[str, Any]
    generator: Tensor

    def save(self, path: Path) -> None:
        """Write to a file, atomically."""
        record = {
            "format": _FORMAT,
            "config": self.config.to_json(),
            "epochs_done": self.epochs_done,
            "tensors": self.tensors,
            "optimizer": self.optimizer,
            "generator": self.generator,
        }
        buffer = io.BytesIO()
        torch.save(record, buffer)
        write_atomically(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> TrainingState:
        """Read a file that `save` wrote.

        Raises:
            CheckpointError: no such file, truncated, or something else.
        """
        try:
            record = torch.load(path, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            raise CheckpointError(f"There is no training state {path}. Train from the start.") from None
        except (RuntimeError, EOFError, OSError, ValueError, KeyError, pickle.UnpicklingError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise CheckpointError(
                f"{path} is truncated or no training state ({reason}). Train from the start."
            ) from None
        if not isinstance(record, dict) or record.get("format") != _FORMAT:
            raise CheckpointError(f"{path} is no training state of this version. Train from the start.")
        config = RunConfig.from_json(record["config"])
        return cls(config, record["epochs_done"], record["tensors"], record["optimizer"], record["generator"])

    def check_config(self, config: RunConfig) -> None:
        """Raise CheckpointError, naming what differs, when this state is of another run."""
        if self.config == config:
            return
        ours, theirs = vars(config), vars(self.config)
        differing = [f"{k}: {theirs[k]!r} there, {ours[k]!r} here" for k in ours if ours[k] != theirs[k]]
        raise CheckpointError(
            f"The training state is of another run ({'; '.join(differing)}). "
            "Use the same settings, or train anew."
        )


def capture(
    config: RunConfig, epochs_done: int, module: nn.Module, optimizer: Any, generator: torch.Generator
) -> TrainingState:
    """Copy the state of a run to the CPU."""
    return TrainingState(
        config,
        epochs_done,
        _copied(all_tensors(module)),
        _copied(optimizer.state_dict()),
        generator.get_state(),
    )


def restore(state: TrainingState, module: nn.Module, optimizer: Any, generator: torch.Generator) -> None:
    """Put a captured state back into a module that was built, and fitted up to `before_fit`, the same way."""
    with torch.no_grad():
        for name, tensor in all_tensors(module).items():
            tensor.copy_(state.tensors[name])
    # The optimiser keeps what it is given and changes it in place; the state must stay as it is.
    optimizer.load_state_dict(_copied(state.optimizer))
    generator.set_state(state.generator)


def all_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name; unlike `state_dict`, with the non-persistent buffers."""
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _copied(value: Any) -> Any:
    """Nested dicts and lists with every tensor cloned to the CPU."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value


class RunRandomness:
    """Keeps a run's random numbers apart from those of the program around it.

    Training hands control back at every event; whatever the caller draws from torch's global generator
    meanwhile must not change the result, and training must not disturb the caller.
    """

    def __init__(self, *seeds: int) -> None:
        self._states: list[Tensor] = []
        with self.active():
            self.reseed(*seeds)

    def reseed(self, *seeds: int) -> None:
        """Seed torch's generators from a few integers; call while active."""
        # A small multiplicative hash: neighbouring seeds and epochs give unrelated streams.
        mixed = 0
        for seed in seeds:
            mixed = (mixed * 0x9E3779B97F4A7C15 + seed + 1) % 2**63
        torch.manual_seed(mixed)

    @contextmanager
    def active(self) -> Iterator[None]:
        """Inside, torch's global generators are this run's."""
        outside = _generator_states()
        if self._states:
            _set_generator_states(self._states)
        try:
            yield
        finally:
            self._states = _generator_states()
            _set_generator_states(outside)


def _generator_states() -> list[Tensor]:
    states = [torch.get_rng_state()]
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        states.append(torch.cuda.get_rng_state())
    return states


def _set_generator_states(states: list[Tensor]) -> None:
    torch.set_rng_state(states[0])
    if len(states) > 1:
        torch.cuda.set_rng_state(states[1])
