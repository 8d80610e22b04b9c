"""One small run on the digits from configuration to files, and what encoding with it gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.data import load_dataset
from models.engine.build import make_config
from models.engine.config import RunConfig
from models.engine.encode import encode_images, open_encoder
from models.engine.events import EpochDone, Finished, Started, Stored
from models.engine.run import Source, method_key, open_source, run, run_keys
from models.engine.store import RunStore
from models.errors import CheckpointError
from models.types import BinaryCodes


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("HASHLENS_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def source(cache: Path) -> Source:
    return open_source("digits", "small_cnn")


def config(method: str = "dpsh", **changes: object) -> RunConfig:
    return make_config("digits", method, 16, **({"epochs": 3} | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def store(source: Source, tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    store = RunStore(tmp_path_factory.mktemp("runs"))
    kinds = [type(event) for event in run(config(), store.folder("digits", "dpsh", 16), source)]
    assert [kind for kind in kinds if kind in (Started, EpochDone, Finished, Stored)] == [
        Started,
        *[EpochDone] * 3,
        Finished,
        Stored,
    ]
    list(run(config(seed=1), store.folder("digits", "dpsh", 16, 1), source, figures_only=True))
    list(run(config("dpq"), store.folder("digits", "dpq", 16), source))
    return store


def test_a_run_leaves_all_its_files(store: RunStore, source: Source) -> None:
    stored = store.open("digits", "dpsh", 16)
    result = stored.result
    assert stored.config == config()
    assert result["code_kind"] == "binary"
    assert result["protocol"]["n_train"] == 700
    assert 0.1 < result["metrics"]["map"]["expected"] <= 1
    assert result["seconds"]["fit"] > 0
    assert result["peak_memory_bytes"] > 10_000_000
    assert result["health"]["n_items"] == 1397
    assert len(result["curves"]["pr"]["recall"]) == 101
    assert {name: result[name] for name in run_keys(config(), source)} == run_keys(config(), source)
    assert stored.per_query["ap_expected"].mean() == pytest.approx(
        result["metrics"]["map"]["expected"], abs=1e-5
    )
    assert stored.map().xy_database.shape == (1397, 2)
    bits = stored.bit_summary()
    assert bits is not None
    assert bits.counts.shape[0] == 16


def test_more_seeds_keep_figures_alone(store: RunStore) -> None:
    assert sorted(p.name for p in store.folder("digits", "dpsh", 16, 1).iterdir()) == [
        "cost.json",
        "result.json",
    ]


def test_the_shipped_codes_are_what_the_checkpoint_gives(store: RunStore) -> None:
    """From image to code by the path that an upload takes, against the stored codes of the same images."""
    dataset = load_dataset("digits")
    for method in ("dpsh", "dpq"):
        stored = store.open("digits", method, 16)
        encoded = encode_images(open_encoder(stored), [dataset.image("query", row) for row in range(64)])
        query = stored.codes("query")
        if isinstance(query, BinaryCodes):
            assert isinstance(encoded.codes, BinaryCodes)
            assert (encoded.codes.packed == query.packed[:64]).all()
        else:
            stored_queries = stored.queries("query")
            assert isinstance(stored_queries, np.ndarray)
            np.testing.assert_allclose(encoded.queries, stored_queries[:64], atol=1e-2)  # type: ignore[arg-type]


def test_no_images_give_no_codes(store: RunStore) -> None:
    encoded = encode_images(open_encoder(store.open("digits", "dpsh", 16)), [])
    assert len(encoded.codes) == 0
    assert encoded.codes.n_bits == 16


def test_a_run_is_refused_with_other_backbone_weights(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.engine import encode

    real = encode.load_backbone

    def other_weights(*args: object, **kwargs: object) -> object:
        backbone = real(*args, **kwargs)  # type: ignore[arg-type]
        backbone.weights_id = "another"
        return backbone

    monkeypatch.setattr(encode, "load_backbone", other_weights)
    with pytest.raises(CheckpointError, match="Codes would mean nothing"):
        open_encoder(store.open("digits", "dpsh", 16))


def test_the_same_run_gives_the_same_bytes(store: RunStore, source: Source, tmp_path: Path) -> None:
    list(run(config(), tmp_path, source))
    for name in ("result.json", "codes.npz", "map.npz", "bits.npz", "checkpoint.safetensors"):
        old = store.folder("digits", "dpsh", 16) / name
        assert (tmp_path / name).read_bytes() == old.read_bytes(), name


def test_a_method_key_follows_code_not_prose() -> None:
    import ast

    from models.engine import run as module

    def key(source: str) -> str:
        return module.code_key(source)

    base = "class A:\n    spec = Card('one')\n    def loss(self):\n        return 1\n"
    assert key(base) == key('"""Doc."""\n# why\n' + base.replace("Card('one')", "Card('two')"))
    assert key(base) != key(base.replace("return 1", "return 2"))
    assert ast.parse(base)
    assert method_key("dpsh") != method_key("dtsh")


@pytest.mark.slow
def test_finetuning_trains_the_backbone_and_its_checkpoint_carries_it(cache: Path, tmp_path: Path) -> None:
    source = open_source("digits", "small_cnn")
    before = {name: tensor.clone() for name, tensor in source.backbone.state_dict().items()}
    small = _FewTrainRows(source.dataset)
    rows = {split: small.pool_rows(split) for split in ("train", "query", "database")}
    few_features = replace(source.features, rows=rows)
    settings = config(mode="finetune", epochs=1, batch_size=16, lr=1e-2)
    events = list(run(settings, tmp_path, Source(small, source.backbone, few_features)))
    assert isinstance(events[-1], Stored)
    model = events[-2].model  # type: ignore[union-attr]
    assert model.backbone is not None
    moved = [name for name, t in model.backbone.named_parameters() if not (t == before[name].half()).all()]
    assert moved, "the backbone learns"
    still = dict(model.backbone.named_buffers())
    name = "network.layers.1.running_mean"
    assert (still[name] == before[name].half().float()).all(), "its batch norms keep their statistics"
    assert all((source.backbone.state_dict()[n] == t).all() for n, t in before.items()), (
        "the given one is untouched"
    )
    encoder = open_encoder(tmp_path / "checkpoint.safetensors")
    images = [source.dataset.image("query", row) for row in range(8)]
    codes = encode_images(encoder, images).codes
    assert isinstance(codes, BinaryCodes)
    stored = np.load(tmp_path / "codes.npz")["query"][:8]
    assert (np.bitwise_count(codes.packed ^ stored).sum() <= 1).all()


class _FewTrainRows:
    """A data set whose train split is its first 32 rows."""

    def __init__(self, whole: object) -> None:
        self._whole = whole
        self.info = replace(whole.info, n_train=32)  # type: ignore[attr-defined]
        self.train_rows = whole.train_rows[:32]  # type: ignore[attr-defined]

    def pool_rows(self, split: str) -> object:
        rows = self._whole.pool_rows(split)  # type: ignore[attr-defined]
        return rows[:32] if split == "train" else rows

    def labels(self, split: str) -> object:
        labels = self._whole.labels(split)  # type: ignore[attr-defined]
        return labels[:32] if split == "train" else labels

    def __getattr__(self, name: str) -> object:
        return getattr(self._whole, name)
