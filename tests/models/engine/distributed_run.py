"""Trains one small method under `torch.distributed.run` and saves its weights; see test_distributed.py."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.engine import build
from models.engine.config import RunConfig
from models.engine.devices import make_fabric
from models.engine.events import Finished
from models.engine.inputs import FeatureInputs, TrainData
from models.engine.trainer import train
from models.methods.base import Batch, Method
from models.spec import Citation, CodeKind, Family, MethodSpec, Supervision


class Pairs(Method):
    """A loss over all pairs of the batch: wrong if a process sees only its own share."""

    spec = MethodSpec(
        "pairs", "Pairs", "Pairs", Family.PAIRWISE, Supervision.PAIRS, CodeKind.BINARY,
        Citation("", "", "", 2000), loss_kind="", idea="", good_for="", objective="", symbols=(),
    )  # fmt: skip

    def build_head(self) -> nn.Module:
        self.scale = nn.Parameter(torch.ones(()))  # used by the loss alone
        return nn.Linear(self.n_features, self.n_bits)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        similar = (batch.labels.float() @ batch.labels.float().T) > 0
        inner = batch.u @ batch.u.T * self.scale
        order = batch.rows.float() / 100  # shows when rows come back in another order than u
        return {"pairs": (inner - 2.0 * similar).square().mean(), "rows": (order * batch.u[:, 0]).mean()}


def main(out: Path, n_processes: int) -> None:
    build.get_method = lambda name: Pairs
    fabric = make_fabric("cpu", devices=n_processes, strategy="ddp" if n_processes > 1 else "auto")
    rng = np.random.default_rng(0)
    labels = (np.arange(42) % 3)[:, None] == np.arange(3)
    features = rng.normal(size=(42, 6)).astype(np.float32)
    config = RunConfig("tiny", "pairs", 8, 0, "none", "head", 3, 16, 1e-2, 1e-4, "shuffled", {})
    for event in train(config, TrainData(FeatureInputs(features), labels, "single", features), fabric=fabric):
        if isinstance(event, Finished) and fabric.is_global_zero:
            torch.save(event.model.state_dict(), out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
