"""A small method that uses every hook, a tiny train split, and nothing that needs real methods or weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from models.data.base import DatasetInfo
from models.data.digits import INFO
from models.engine import build, checkpoint
from models.engine.config import RunConfig
from models.engine.inputs import FeatureInputs, TrainData
from models.errors import NotAvailableError
from models.methods.base import Batch, CodebookMethod, Method, TrainSet, param
from models.networks.heads import HashHead
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision
from models.types import Bool, Int64, Split

N_TRAIN, N_FEATURES, N_CLASSES = 90, 12, 3


def make_spec(name: str, **fields: Any) -> MethodSpec:
    known: dict[str, Any] = {
        "name": name,
        "label": name,
        "title": name,
        "family": Family.PAIRWISE,
        "supervision": Supervision.LABELS,
        "code_kind": CodeKind.BINARY,
        "citation": Citation("Nobody", "Nothing", "Nowhere", 2000),
        "loss_kind": "test",
        "idea": "",
        "good_for": "",
        "objective": "",
        "symbols": (),
        "recipe": Recipe(epochs=4, batch_size=16, lr=1e-2),
    }
    return MethodSpec(**(known | fields))


class Probe(Method):
    """Learned; keeps a memory bank, draws random numbers in its loss, and writes down each hook call."""

    @dataclass(frozen=True)
    class Params:
        weight: float = param(0.1, "Weight of the quantisation term.", source="made up", low=0.0, high=10.0)
        poison_epoch: int = param(-1, "Epoch whose loss becomes NaN.", source="made up")

    spec = make_spec("probe")
    calls: list[str]

    def build_head(self) -> torch.nn.Module:
        return HashHead(self.n_features, self.n_bits, hidden=2048)  # a matrix that is kept in four bits

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        super().__init__(n_bits, n_features, n_classes, params)
        self.calls = []
        self.register_buffer("bank", torch.empty(0), persistent=False)
        self.register_buffer("centres", None)

    def before_fit(self, train: TrainSet) -> None:
        self.calls.append("before_fit")
        self.bank = torch.zeros(len(train.features), self.n_bits)
        self.centres = torch.randn(self.n_classes, self.n_bits, generator=train.generator)

    def before_epoch(self, epoch: int, n_epochs: int) -> None:
        self.calls.append(f"before_epoch {epoch}/{n_epochs}")
        self.epoch = epoch

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        self.calls.append("loss")
        noisy = batch.u + 0.1 * torch.randn_like(batch.u)
        target = batch.labels.float() @ self.centres
        fit = (noisy - target).square().mean() + 0.01 * (batch.u @ self.bank.T).square().mean()
        poison = float("nan") if self.epoch == self.params.poison_epoch else 1.0
        quantization = self.params.weight * (batch.u.abs() - 1).square().mean() * poison
        return {"fit": fit, "quantization": quantization}

    def after_step(self, batch: Batch) -> None:
        self.calls.append("after_step")
        self.bank[batch.rows] = batch.u.detach()

    def after_epoch(self, outputs: Callable[[], Tensor]) -> None:
        self.calls.append("after_epoch")
        assert outputs().shape == (len(self.bank), self.n_bits)
        assert not outputs().requires_grad


class ClosedForm(Method):
    """Solved before the first epoch."""

    spec = make_spec("closed_form", recipe=Recipe(epochs=0))

    def build_head(self) -> torch.nn.Module:
        return torch.nn.Identity()

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        super().__init__(n_bits, n_features, n_classes, params)
        self.register_buffer("projection", torch.zeros(n_features, n_bits))

    def before_fit(self, train: TrainSet) -> None:
        self.projection.copy_(torch.randn(self.n_features, self.n_bits, generator=train.generator))

    def forward(self, features: Tensor) -> Tensor:
        projected: Tensor = features @ self.projection
        return projected


class Books(CodebookMethod):
    """Two books of four words in two dimensions."""

    spec = make_spec("books", code_kind=CodeKind.CODEBOOK)

    def build_head(self) -> torch.nn.Module:
        self.words = torch.nn.Parameter(torch.randn(2, 4, 2))
        return HashHead(self.n_features, 4, hidden=8)

    def codebooks(self) -> Tensor:
        return self.words

    def assign(self, u: Tensor) -> Tensor:
        parts = u.reshape(len(u), 2, 1, 2)
        return (parts - self.words).square().sum(-1).argmin(-1)

    def embed(self, u: Tensor) -> Tensor:
        return u

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        nearest = self.words[torch.arange(2), self.assign(batch.u)].reshape(len(batch.u), 4)
        return {"distortion": (batch.u - nearest).square().mean()}


class Tiles:
    """A pool of small random images, under a protocol whose train split is outside the database.

    Rows: 4 queries, 18 train images, the rest is the database; the class follows from the row.
    """

    def __init__(self, n: int, protocol: str = "disjoint") -> None:
        self.n_pool = n
        self.info: DatasetInfo = replace(
            INFO, name="tiles", protocol=protocol, n_query=4, n_database=n - 22, n_train=18, n_classes=3
        )
        self.pool_key, self.content_key = f"tiles{n}", f"tiles{n}{protocol}"
        self.seen: list[int] = []

    def pool_rows(self, split: Split) -> Int64:
        bounds = {"query": (0, 4), "train": (4, 22), "database": (22, self.n_pool)}
        return np.arange(*bounds[split])

    def pool_image(self, row: int) -> Image.Image:
        if not self.info.has_images:
            raise NotAvailableError("Fetch them.")
        self.seen.append(row)
        pixels = np.random.default_rng(row).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        return Image.fromarray(pixels)

    def labels(self, split: Split) -> Bool:
        return self.pool_rows(split)[:, None] % 3 == np.arange(3)


METHODS: dict[str, type[Method]] = {"probe": Probe, "closed_form": ClosedForm, "books": Books}


@pytest.fixture(autouse=True)
def _test_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine knows a method by its class alone, so any class will do."""
    for module in (build, checkpoint):
        real = module.get_method
        monkeypatch.setattr(module, "get_method", lambda name, real=real: METHODS.get(name) or real(name))


@pytest.fixture
def tiles() -> Tiles:
    return Tiles(150)


@pytest.fixture
def probe() -> type[Probe]:
    return Probe


@pytest.fixture
def data() -> TrainData:
    rng = np.random.default_rng(0)
    classes = np.arange(N_TRAIN) % N_CLASSES
    labels = classes[:, None] == np.arange(N_CLASSES)
    features = rng.normal(size=(N_TRAIN, N_FEATURES)) + 2 * labels @ rng.normal(size=(N_CLASSES, N_FEATURES))
    features = features.astype(np.float32)
    for array in (labels, features):
        array.setflags(write=False)
    return TrainData(FeatureInputs(features), labels, "single", features)


@pytest.fixture
def config() -> RunConfig:
    return build.make_config("tiny", "probe", 8, seed=3)
