"""One training step, shared out over processes where there are several."""

from __future__ import annotations

import threading

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from models.engine.inputs import TrainData
from models.engine.model import FEATURE_CHUNK, IMAGE_CHUNK, HashModel
from models.methods.base import Batch
from models.types import Int64


class TrainingStep(nn.Module):
    """Forward pass and loss as one module, so that every strategy sees all parameters a step uses."""

    def __init__(self, model: HashModel, fabric: Fabric) -> None:
        super().__init__()
        self.model = model
        self._fabric = fabric

    def forward(
        self, inputs: Tensor, labels: Tensor, rows: Tensor
    ) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor, Tensor, Tensor]]:
        """Loss terms and the batch, (features, u, labels, rows), that they were computed on."""
        features, u = self.model(inputs)
        # A pairwise loss on shares of a batch is not the loss on the batch, so every process sees all of
        # it. The gradient that comes back through the gathering is the sum over processes; the strategy's
        # mean undoes it.
        batch = (
            self._gathered(features),
            self._gathered(u),
            self._gathered(labels.byte()).bool(),
            self._gathered(rows),
        )
        return self.model.method.loss(Batch(*batch)), batch

    def _gathered(self, tensor: Tensor) -> Tensor:
        if self._fabric.world_size == 1:
            return tensor
        parts = self._fabric.all_gather(tensor, sync_grads=tensor.requires_grad)
        assert isinstance(parts, Tensor)
        return parts.flatten(0, 1)


class TrainOutputs:
    """u of the whole train split in evaluation mode, computed once per epoch and only if somebody asks."""

    def __init__(self, model: HashModel, data: TrainData, fabric: Fabric) -> None:
        self._model, self._data, self._fabric = model, data, fabric
        self._u: Tensor | None = None

    def __call__(self) -> Tensor:
        """Float (n_train, n_outputs), rows in order."""
        if self._u is None:
            self._model.eval()
            n = len(self._data.inputs)
            size = FEATURE_CHUNK if self._model.backbone is None else IMAGE_CHUNK
            rows = [torch.arange(i, min(i + size, n)).numpy() for i in range(0, n, size)]
            chunks = [
                self._model(inputs.to(self._fabric.device))[1] for inputs in self._data.inputs.batches(rows)
            ]
            self._u = torch.cat(chunks)
        return self._u


def own_share(batches: list[Int64], fabric: Fabric) -> list[Int64]:
    """This process's part of each batch; rows that do not divide evenly are left out, the same everywhere."""
    n = fabric.world_size
    even = [rows[: len(rows) // n * n] for rows in batches]
    return [rows.reshape(n, -1)[fabric.global_rank] for rows in even if len(rows)]


def asked_to_stop(cancel: threading.Event | None, fabric: Fabric) -> bool:
    """True when any process was asked to stop; all of them then leave the loop at the same step."""
    asked = cancel is not None and cancel.is_set()
    if fabric.world_size == 1:
        return asked
    votes = fabric.all_reduce(torch.tensor(float(asked), device=fabric.device), reduce_op="sum")
    assert isinstance(votes, Tensor)
    return bool(votes > 0)
