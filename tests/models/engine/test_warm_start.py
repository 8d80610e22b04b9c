"""Fine-tuning by the short schedule goes on from a head that was trained on the untouched features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.engine.build import head_config, make_config
from models.engine.config import RunConfig
from models.engine.events import EpochDone, Finished
from models.engine.inputs import FeatureInputs, TrainData
from models.engine.trainer import train
from models.types import Int64


class Images:
    """Small pictures of three kinds."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.classes = np.arange(90) % 3
        means = rng.normal(size=(3, 12))
        noise = rng.normal(size=(90, 12)) / 2
        self.all = torch.from_numpy((means[self.classes] + noise).astype(np.float32).reshape(90, 3, 2, 2))

    def __len__(self) -> int:
        return len(self.all)

    def batches(self, rows: Iterable[Int64]) -> Iterator[Tensor]:
        return (self.all[torch.from_numpy(r)] for r in rows)

    def augmented(self, inputs: Tensor) -> Tensor:
        return inputs


@pytest.fixture
def data() -> TrainData:
    images, layer = Images(), nn.Linear(12, 12, bias=False)
    nn.init.eye_(layer.weight)
    backbone = nn.Sequential(nn.Flatten(), layer)
    features = images.all.flatten(1).numpy()
    return TrainData(images, np.eye(3, dtype=bool)[images.classes], "single", features, backbone)


def short(method: str, **changes: object) -> RunConfig:
    return make_config("digits", method, 16, mode="finetune", short=True, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "method", ["dpsh", "hashnet", "dsdh", "dtsh", "csq", "greedyhash", "orthohash", "dpq"]
)
def test_what_does_not_move_is_the_trained_head(data: TrainData, method: str) -> None:
    config = short(method, lr=1e-12, epochs=1)
    alone = replace(data, inputs=FeatureInputs(data.features), backbone=None)
    (head,) = [e.model for e in train(head_config(config), alone) if isinstance(e, Finished)]
    (whole,) = [e.model for e in train(config, data) if isinstance(e, Finished)]
    trained, after = (dict(model.method.named_parameters()) for model in (head, whole))
    assert trained
    for name, tensor in trained.items():
        torch.testing.assert_close(after[name], tensor, rtol=2e-2, atol=2e-2, msg=name)


def test_saturated_outputs_come_back_to_where_the_loss_has_a_slope(data: TrainData) -> None:
    """MIHash: every bit stays, half of the outputs lie below 0.8."""
    config = short("mihash", lr=1e-12, epochs=1)
    alone = replace(data, inputs=FeatureInputs(data.features), backbone=None)
    outputs = []
    for settings, split in ((head_config(config), alone), (config, data)):
        (model,) = [e.model for e in train(settings, split) if isinstance(e, Finished)]
        x = split.inputs.all if isinstance(split.inputs, Images) else torch.from_numpy(data.features)
        with torch.no_grad():
            outputs.append(model.eval()(x)[1])
    head, after = outputs
    assert float(head.abs().median()) > 2, "training alone drives them far out"
    assert float(after.abs().median()) == pytest.approx(0.8, rel=0.02)
    clear = head.abs() > 0.02 * head.abs().median()
    assert torch.equal((head > 0)[clear], (after > 0)[clear])


def test_its_steps_begin_where_the_head_ended(data: TrainData) -> None:
    def first_loss(config: RunConfig) -> float:
        return next(sum(e.terms.values()) for e in train(config, data) if isinstance(e, EpochDone))

    warm = short("dpsh", epochs=1)
    assert warm.finetune is not None
    cold = replace(warm, finetune=dict(warm.finetune, warm_start=False))
    assert first_loss(warm) < 0.7 * first_loss(cold)
