from __future__ import annotations

import dataclasses
import os
import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from models.engine import build, trainer
from models.engine.build import make_config
from models.engine.config import RunConfig
from models.engine.events import EpochDone, Event, Finished, Started, StepDone, Stopped
from models.engine.inputs import TrainData
from models.engine.model import HashModel
from models.engine.precision import rounded_to_stored
from models.engine.state import TrainingState, all_tensors
from models.engine.trainer import train
from models.errors import CheckpointError, ConfigError, StorageError, TrainingError
from models.methods.base import Method


def run(config: RunConfig, data: TrainData, **kwargs: object) -> list[Event]:
    return list(train(config, data, **kwargs))  # type: ignore[arg-type]


def finished(events: list[Event]) -> HashModel:
    assert isinstance(events[-1], Finished)
    return events[-1].model


def same(a: HashModel, b: HashModel) -> bool:
    left, right = all_tensors(a), all_tensors(b)
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def test_events_come_in_order_and_tell_terms_and_health(config: RunConfig, data: TrainData) -> None:
    events = run(config, data, step_interval_s=0)
    kinds = [type(event) for event in events]
    epoch = [StepDone] * 6 + [EpochDone]  # 90 rows in batches of 16
    assert kinds == [Started, *epoch * 4, Finished]
    started = events[0]
    assert isinstance(started, Started)
    assert (started.n_epochs, started.n_steps, started.epochs_done) == (4, 6, 0)
    done = events[7]
    assert isinstance(done, EpochDone)
    assert set(done.terms) == {"fit", "quantization"}
    steps = [event for event in events[1:7] if isinstance(event, StepDone)]
    assert done.terms["fit"] == pytest.approx(sum(step.terms["fit"] for step in steps) / 6)
    assert [step.step for step in steps] == [1, 2, 3, 4, 5, 6]
    assert 1 <= done.health["distinct_codes"] <= 90
    last = events[-2]
    assert isinstance(last, EpochDone)
    assert last.eta_s == 0


def test_steps_are_told_no_more_often_than_asked(config: RunConfig, data: TrainData) -> None:
    assert not any(isinstance(event, StepDone) for event in run(config, data, step_interval_s=3600))


def test_hooks_are_called_in_the_documented_order(config: RunConfig, data: TrainData) -> None:
    model = finished(run(config, data))
    epoch = ["loss", "after_step"] * 6
    expected = ["before_fit"]
    for i in range(4):
        expected += [f"before_epoch {i}/4", *epoch, "after_epoch"]
    assert model.method.calls == expected


def test_training_lowers_the_loss_and_leaves_rounded_weights(config: RunConfig, data: TrainData) -> None:
    events = run(dataclasses.replace(config, epochs=20), data)
    epochs = [event for event in events if isinstance(event, EpochDone)]
    assert sum(epochs[-1].terms.values()) < 0.5 * sum(epochs[0].terms.values())
    model = finished(events)
    assert not model.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, rounded_to_stored(name, tensor))


def test_same_seed_same_model_and_another_seed_another(config: RunConfig, data: TrainData) -> None:
    torch.manual_seed(99)
    one = finished(run(config, data))
    torch.manual_seed(100)
    assert same(one, finished(run(config, data)))
    assert not same(one, finished(run(dataclasses.replace(config, seed=4), data)))


def test_the_callers_random_numbers_and_the_runs_do_not_mix(config: RunConfig, data: TrainData) -> None:
    undisturbed = finished(run(config, data))
    torch.manual_seed(1)
    expected = torch.rand(40)
    torch.manual_seed(1)
    drawn, model = [], None
    for event in train(config, data, step_interval_s=0):
        drawn.append(torch.rand(1))
        model = event.model if isinstance(event, Finished) else None
    assert torch.equal(torch.cat(drawn), expected[: len(drawn)])
    assert model is not None
    assert same(model, undisturbed)


def test_inputs_stay_as_they_are(config: RunConfig, data: TrainData) -> None:
    features, labels = data.features.copy(), data.labels.copy()
    run(config, data)
    assert (data.features == features).all()
    assert (data.labels == labels).all()


@pytest.mark.parametrize(("n_events", "epochs_done"), [(1, 0), (3, 0), (8, 1), (14, 2), (20, 2), (27, 3)])
def test_a_cancelled_run_resumes_to_the_same_result(
    config: RunConfig, data: TrainData, n_events: int, epochs_done: int
) -> None:
    whole = finished(run(config, data))
    cancel, events = threading.Event(), []
    for event in train(config, data, cancel=cancel, step_interval_s=0):
        events.append(event)
        if len(events) == n_events:
            cancel.set()
    stopped = events[-1]
    assert isinstance(stopped, Stopped)
    assert not stopped.interrupted
    assert stopped.epochs_done == epochs_done
    resumed = run(config, data, resume_from=stopped.state)
    assert isinstance(resumed[0], Started)
    assert resumed[0].epochs_done == stopped.epochs_done
    assert same(finished(resumed), whole)
    again = finished(run(config, data, resume_from=stopped.state))
    assert same(again, whole), "resuming must not change the state it starts from"


def test_a_closed_generator_leaves_a_state_file_that_resumes(
    config: RunConfig, data: TrainData, tmp_path: Path
) -> None:
    state_file = tmp_path / "state.pt"
    running = train(config, data, state_file=state_file)
    for event in running:
        if isinstance(event, EpochDone) and event.epoch == 2:
            break
    running.close()
    assert TrainingState.load(state_file).epochs_done == 2
    model = finished(run(config, data, resume_from=state_file, state_file=state_file))
    assert same(model, finished(run(config, data)))
    assert not state_file.exists()


def test_ctrl_c_keeps_the_last_epoch_and_says_so(
    config: RunConfig,
    data: TrainData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    probe: type[Method],
) -> None:
    def interrupted(self: Any, batch: object) -> None:
        if self.epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(probe, "after_step", interrupted)
    stopped = run(config, data, state_file=tmp_path / "state.pt")[-1]
    assert isinstance(stopped, Stopped)
    assert stopped.interrupted
    assert "after epoch 2 of 4" in stopped.message
    assert "state.pt" in stopped.message
    assert TrainingState.load(tmp_path / "state.pt").epochs_done == 2


def test_a_stop_before_the_first_epoch_says_that_nothing_is_kept(config: RunConfig, data: TrainData) -> None:
    cancel = threading.Event()
    cancel.set()
    stopped = run(config, data, cancel=cancel)[-1]
    assert isinstance(stopped, Stopped)
    assert stopped.state is None
    assert "Nothing is kept" in stopped.message


def test_a_full_disk_does_not_stop_training(
    config: RunConfig, data: TrainData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(trainer, "SAVE_EVERY_S", -1.0)
    monkeypatch.setattr(os, "fsync", full)
    assert isinstance(run(config, data, state_file=tmp_path / "state.pt")[-1], Finished)
    cancel = threading.Event()
    running = train(config, data, cancel=cancel, state_file=tmp_path / "state.pt")
    assert any(isinstance(event, EpochDone) for event in running)
    cancel.set()
    with pytest.raises(StorageError, match="No space left"):
        list(running)


def test_a_term_that_is_not_finite_stops_with_method_epoch_and_term(data: TrainData) -> None:
    config = make_config("tiny", "probe", 8, params={"poison_epoch": 1})
    with pytest.raises(TrainingError, match=r"probe: loss term 'quantization' became nan in epoch 2, step 1"):
        run(config, data)


@pytest.mark.parametrize("value", [float("nan"), 1e6])
def test_weights_that_cannot_be_stored_stop_the_run(
    data: TrainData, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    closed_form = type(build.build_model(make_config("tiny", "closed_form", 8), data).method)
    monkeypatch.setattr(closed_form, "before_fit", lambda self, train: self.projection.fill_(value))
    with pytest.raises(TrainingError, match=r"closed_form: method\.projection is not finite, or too large"):
        run(make_config("tiny", "closed_form", 8), data)


def test_a_state_of_another_run_is_refused(config: RunConfig, data: TrainData) -> None:
    cancel = threading.Event()
    events = []
    for event in train(config, data, cancel=cancel):
        events.append(event)
        if isinstance(event, EpochDone):
            cancel.set()
    stopped = events[-1]
    assert isinstance(stopped, Stopped)
    with pytest.raises(CheckpointError, match=r"lr: 0\.01 there, 0\.5 here"):
        run(dataclasses.replace(config, lr=0.5), data, resume_from=stopped.state)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 truncated", b"not a state"])
def test_a_damaged_state_file_is_refused(
    config: RunConfig, data: TrainData, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "state.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"state\.pt"):
        run(config, data, resume_from=path)
    with pytest.raises(CheckpointError, match="no training state"):
        run(config, data, resume_from=tmp_path / "absent.pt")


def test_a_closed_form_method_has_no_epochs(data: TrainData) -> None:
    events = run(make_config("tiny", "closed_form", 8), data)
    assert [type(event) for event in events] == [Started, Finished]
    assert finished(events).method.projection.abs().sum() > 0


def test_a_codebook_method_trains_in_the_same_loop(data: TrainData) -> None:
    encoded = finished(run(make_config("tiny", "books", 4), data)).encode(data.features)
    assert encoded.embeddings is not None
    assert encoded.embeddings.shape == (90, 4)
    assert encoded.codes.n_bits == 4


def test_multi_label_data_is_refused_by_a_method_that_cannot_read_it(
    config: RunConfig, data: TrainData, monkeypatch: pytest.MonkeyPatch, probe: type[Method]
) -> None:
    spec = dataclasses.replace(probe.spec, reads_multi_label=False, multi_label_note="it counts classes.")
    monkeypatch.setattr(probe, "spec", spec)
    with pytest.raises(ConfigError, match="it counts classes"):
        run(config, dataclasses.replace(data, label_kind="multi"))
