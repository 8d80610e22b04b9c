"""The contract between a method and the engine: what a method may be asked, and when.

A method is a torch module that turns backbone features into relaxed codes `u`, and a loss on them. It names
no device, opens no file and knows neither data set nor engine. Closed-form methods override `before_fit` and
declare a recipe with `epochs=0`; everything else is a hook with a do-nothing default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from models.codes.binarize import binarize
from models.methods.params import NoParams, make_params, param
from models.methods.picture import Picture
from models.networks.heads import HashHead
from models.spec import MethodSpec

__all__ = ["Batch", "CodebookMethod", "Method", "NoParams", "TrainSet", "make_params", "param"]


@dataclass(frozen=True)
class Batch:
    """One training step as a method sees it.

    Attributes:
        features: float (batch, n_features), standardised backbone output.
        u: float (batch, n_outputs), this method's output for `features`; carries the gradient.
        labels: bool (batch, n_classes), multi-hot.
        rows: int64 (batch,), position of each image in the train split (for memory banks).
    """

    features: Tensor
    u: Tensor
    labels: Tensor
    rows: Tensor


@dataclass(frozen=True)
class TrainSet:
    """The whole train split, for closed-form fits and tables built before the first epoch.

    Attributes:
        features: float (n_train, n_features), standardised.
        labels: bool (n_train, n_classes).
        generator: the run's own source of random numbers (CPU).
        label_vectors: float (n_classes, width), meanings of the labels that the user gave, as word vectors
            of their names; None: nobody gave any. Only methods that say `reads_label_vectors` get them.
    """

    features: Tensor
    labels: Tensor
    generator: torch.Generator
    label_vectors: Tensor | None = None


class Method(nn.Module):
    """Base of every hashing method with binary codes."""

    spec: ClassVar[MethodSpec]
    Params: ClassVar[type[Any]] = NoParams
    reads_label_vectors: ClassVar[bool] = False

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes and build the head; weights come from torch's global generator, which the engine seeds.

        Raises:
            ConfigError: the method cannot produce `n_bits`.
        """
        super().__init__()
        self.spec.check_n_bits(n_bits)
        self.n_bits, self.n_features, self.n_classes = n_bits, n_features, n_classes
        self.params = self.Params() if params is None else params
        self.head = self.build_head()

    def build_head(self) -> nn.Module:
        """Network from features (n, n_features) to u (n, n_outputs)."""
        return HashHead(self.n_features, self.n_bits)

    def forward(self, features: Tensor) -> Tensor:
        """Relaxed code u, float (n, n_outputs), before any sign."""
        out: Tensor = self.head(features)
        return out

    def binarize(self, u: Tensor) -> Tensor:
        """Binary code in {-1, +1}, (n, n_bits)."""
        return binarize(u)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Named terms, already weighted; their sum is minimised. Each is a scalar connected to `batch.u`."""
        raise NotImplementedError(f"{type(self).__name__} has epochs > 0 but no loss.")

    @classmethod
    def picture(cls) -> Picture | None:
        """What the card draws to show the loss at work, computed with the loss itself; None draws nothing."""
        return None

    # Hooks, in the order in which the engine calls them.

    def before_fit(self, train: TrainSet) -> None:
        """Once, before the first epoch: closed-form solutions, hash centres, memory banks."""

    def before_finetuning(self, u: Tensor) -> None:
        """Once, when a trained head starts the training of the backbone; `u` of the train split.

        Signs of u have to stay as they are.
        """

    def before_epoch(self, epoch: int, n_epochs: int) -> None:
        """At the start of epoch `epoch` (from 0): continuation schedules."""

    def after_step(self, batch: Batch) -> None:
        """After the optimiser's step, without gradient: memory banks."""

    def after_epoch(self, outputs: Callable[[], Tensor]) -> None:
        """After each epoch; `outputs()` computes u of the train split in evaluation mode, rows in order."""

    def learned_codes(self) -> Tensor | None:
        """Codes that training found for the train images themselves, {-1, +1}, (n_train, n_bits).

        They stand in the database instead of the network's codes; every other image, and every query, gets
        the network's. None: the network codes all images.
        """
        return None

    def parameter_groups(self, lr: float) -> list[dict[str, Any]]:
        """Parameter groups for the optimiser; override for parts with a learning rate of their own."""
        return [{"params": list(self.parameters()), "lr": lr}]


class CodebookMethod(Method):
    """Base of methods whose codes name words of learned codebooks."""

    structure: ClassVar[Literal["product", "additive"]] = "product"
    metric: ClassVar[Literal["l2", "ip"]] = "l2"

    def codebooks(self) -> Tensor:
        """The words, float (n_codebooks, n_centroids, dim)."""
        raise NotImplementedError

    def assign(self, u: Tensor) -> Tensor:
        """Word chosen in each book, int64 (n, n_codebooks), by the method's own rule."""
        raise NotImplementedError

    def embed(self, u: Tensor) -> Tensor:
        """Query vector compared with decoded words, float (n, n_codebooks * dim) for product codebooks."""
        raise NotImplementedError
