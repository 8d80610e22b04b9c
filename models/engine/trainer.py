"""The one training loop. Nothing here is particular to a method: methods differ by the hooks they fill.

Recipe for heads, shared by all: AdamW on all parameters, learning rate falling to 0 along a cosine over the
run's steps. Where the backbone is trained along, optimiser and schedule are those of the method's sources
(`models.methods.finetuning`). No warm-up, no clipping; the last epoch is the result, never the best one
on some split. Epochs, batch size, rate, decay and sampler are the method's own unless the caller says
otherwise.

Order of hooks: `before_fit`, and `before_finetuning` after a warm start; then per epoch `before_epoch`, per
step `loss` and `after_step`, then `after_epoch`.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor

from models.engine.build import build_model, head_config
from models.engine.config import RunConfig
from models.engine.devices import single_device
from models.engine.events import EpochDone, Event, Finished, Started, StepDone, Stopped
from models.engine.health import train_health
from models.engine.inputs import FeatureInputs, TrainData
from models.engine.model import HashModel
from models.engine.optimizer import make_optimizer, rate_factor
from models.engine.sampling import epoch_batches
from models.engine.state import RunRandomness, TrainingState, capture, restore
from models.engine.step import TrainingStep, TrainOutputs, asked_to_stop, own_share
from models.engine.threads import torch_threads
from models.errors import StorageError, TrainingError
from models.methods.base import Batch, TrainSet

SAVE_EVERY_S = 30.0


def train(
    config: RunConfig,
    data: TrainData,
    *,
    cancel: threading.Event | None = None,
    resume_from: TrainingState | Path | None = None,
    state_file: Path | None = None,
    fabric: Fabric | None = None,
    step_interval_s: float = 0.2,
    with_health: bool = True,
) -> Generator[Event, None, None]:
    """Train a method and tell how it goes.

    Args:
        config: the run; `models.engine.build.make_config` fills in a method's recipe.
        data: the train split.
        cancel: set it, from any thread, to stop after the current step.
        resume_from: a state that `Stopped` carried, or the file it named; the result is that of an
            undisturbed run.
        state_file: where the state is kept, every half minute and when the run stops (cancelled, Ctrl-C,
            generator closed); removed at the end.
        fabric: launched Fabric that names devices and strategy; None is one CPU device. With several
            processes every one of them calls this function; a batch is shared out, the loss is that of the
            whole batch.
        step_interval_s: least time between two `StepDone`; 0 tells every step.
        with_health: encode the train split after each epoch to tell how its codes are; without, `EpochDone`
            has no such figures, and a run on wide features takes an eighth less time.

    Yields:
        `Started`, then `StepDone` and `EpochDone`, and at the end `Finished` or `Stopped`.

    Raises:
        TrainingError: a loss term is not finite; names method, epoch and term.
        ConfigError: method and data or settings do not fit together.
        CheckpointError: `resume_from` is of another run.
        StorageError: the run was stopped and its state cannot be written.
    """
    began = last_told = last_saved = time.monotonic()
    fabric = fabric or single_device()
    if isinstance(resume_from, Path):
        resume_from = TrainingState.load(resume_from)
    if resume_from is not None:
        resume_from.check_config(config)
    batches = own_share(epoch_batches(config.sampler, data.labels, config.batch_size, config.seed, 0), fabric)
    n_steps, epochs_done = len(batches), 0

    randomness = RunRandomness(config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    # A head is so small that a second thread costs more than it gives; one thread also gives the same codes
    # on every number of cores.
    n_threads = 1 if data.backbone is None and fabric.device.type == "cpu" else None

    @contextmanager
    def working() -> Iterator[None]:
        with randomness.active(), torch_threads(n_threads):
            yield

    with working():
        model = build_model(config, data).to(fabric.device)
        labels = torch.from_numpy(data.labels.copy()).to(fabric.device)
        standardised = (torch.from_numpy(data.features.copy()).to(fabric.device) - model.mean) / model.std
        given = data.label_vectors
        vectors = None if given is None else torch.from_numpy(given.copy()).to(fabric.device)
        model.method.before_fit(TrainSet(standardised, labels, generator, vectors))
    if config.finetune is not None and config.finetune["warm_start"] and resume_from is None:
        model.method.load_state_dict(_trained_head(config, data))
        with working(), torch.no_grad():
            model.method.eval()
            model.method.before_finetuning(model.method(standardised))
    n_parameters = sum(p.numel() for p in model.parameters())
    if config.epochs == 0:
        yield Started(config, 0, 0, n_parameters)
        yield _finished(model, config, began)
        return

    optimizer = make_optimizer(model, config)
    rates = [group["lr"] for group in optimizer.param_groups]
    state: TrainingState | None = None
    if resume_from is not None:
        restore(resume_from, model, optimizer, generator)
        state, epochs_done = resume_from, resume_from.epochs_done
    step_module, wrapped_optimizer = fabric.setup(TrainingStep(model, fabric), optimizer)

    def keep() -> None:
        if state is not None and state_file is not None and fabric.is_global_zero:
            state.save(state_file)

    yield Started(config, config.epochs, n_steps, n_parameters, epochs_done)
    try:
        resumed_after = epochs_done
        for epoch in range(epochs_done, config.epochs):
            with working():
                # Epochs have seeds of their own, so a resumed run needs no generator of the one before.
                randomness.reseed(config.seed, epoch + 1, fabric.global_rank)
                model.method.before_epoch(epoch, config.epochs)
            model.train()
            rows_of_steps = own_share(
                epoch_batches(config.sampler, data.labels, config.batch_size, config.seed, epoch), fabric
            )
            sums: dict[str, float] = {}
            for step, inputs in enumerate(data.inputs.batches(rows_of_steps)):
                if asked_to_stop(cancel, fabric):
                    keep()
                    yield Stopped(epochs_done, config.epochs, state, state_file, interrupted=False)
                    return
                with working():
                    done = (epoch * n_steps + step) / (config.epochs * n_steps)
                    for group, rate in zip(optimizer.param_groups, rates, strict=True):
                        group["lr"] = rate * rate_factor(config, done)
                    rows = torch.from_numpy(rows_of_steps[step]).to(fabric.device)
                    moved = data.inputs.augmented(inputs.to(fabric.device))
                    terms, batch = step_module(moved, labels[rows], rows)
                    values = _finite(terms, config, epoch + 1, step + 1)
                    wrapped_optimizer.zero_grad(set_to_none=True)
                    fabric.backward(sum(terms.values()))
                    wrapped_optimizer.step()
                    with torch.no_grad():
                        model.method.after_step(Batch(*batch))
                for name, value in values.items():
                    sums[name] = sums.get(name, 0.0) + value
                if time.monotonic() - last_told >= step_interval_s:
                    last_told = time.monotonic()
                    yield StepDone(epoch + 1, config.epochs, step + 1, n_steps, values)

            with working(), torch.no_grad():
                outputs = TrainOutputs(model, data, fabric)
                model.method.after_epoch(outputs)
                health = train_health(model, outputs()) if with_health else {}
            epochs_done = epoch + 1
            state = capture(config, epochs_done, model, optimizer, generator)
            now = time.monotonic()
            if now - last_saved > SAVE_EVERY_S:
                with suppress(StorageError):  # a full disk is no reason to stop; the next save may succeed
                    keep()
                last_saved = now
            eta_s = (now - began) / (epochs_done - resumed_after) * (config.epochs - epochs_done)
            means = {name: total / n_steps for name, total in sums.items()}
            yield EpochDone(epochs_done, config.epochs, means, health, now - began, eta_s)
    except KeyboardInterrupt:
        keep()
        yield Stopped(epochs_done, config.epochs, state, state_file, interrupted=True)
        return
    except GeneratorExit:  # the caller lost interest: nobody reads an event any more, but the state is kept
        if epochs_done < config.epochs:
            with suppress(StorageError):
                keep()
        raise
    if state_file is not None and fabric.is_global_zero:
        state_file.unlink(missing_ok=True)
    yield _finished(model, config, began)


def _trained_head(config: RunConfig, data: TrainData) -> dict[str, Tensor]:
    """State of the method after training on the features of the untouched backbone alone."""
    alone = replace(data, inputs=FeatureInputs(data.features), backbone=None)
    for event in train(head_config(config), alone, with_health=False):
        if isinstance(event, Finished):
            return event.model.method.state_dict()
    raise KeyboardInterrupt  # Ctrl-C reached the training of the head


def _finite(terms: dict[str, Tensor], config: RunConfig, epoch: int, step: int) -> dict[str, float]:
    """Terms as numbers; one transfer from the device for all of them."""
    numbers = torch.stack([term.detach() for term in terms.values()]).tolist()
    values = dict(zip(terms, numbers, strict=True))
    for name, value in values.items():
        if not math.isfinite(value):
            raise TrainingError(
                f"{config.method}: loss term {name!r} became {value} in epoch {epoch}, step {step}. "
                f"Lower the learning rate (now {config.lr:g}) or the term's weight, or look for NaN in the "
                "features."
            )
    return values


def _finished(model: HashModel, config: RunConfig, began: float) -> Finished:
    model.cpu().eval()
    model.round_weights()
    for name, tensor in model.state_dict().items():
        if not torch.isfinite(tensor).all():  # the last step has no loss after it that would show it
            raise TrainingError(
                f"{config.method}: {name} is not finite, or too large to store, after epoch {config.epochs}. "
                f"Lower the learning rate (now {config.lr:g})."
            )
    return Finished(model, time.monotonic() - began)
