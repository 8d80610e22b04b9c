"""Runs on a pool: train outside the database, a pool larger than memory, a backbone that is trained along."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.engine.baselines import baselines
from models.engine.build import build_model, make_config
from models.engine.encode import BLOCK, encode_images, encode_split, joined, open_encoder
from models.engine.events import Finished, Stored
from models.engine.features import Features, dataset_features, stacked
from models.engine.inputs import TrainData
from models.engine.prepare import train_data
from models.engine.run import Source, run
from models.networks.backbones import Backbone, backbone_from_state, load_backbone
from models.torchvision_ops import declare_missing_ops
from models.types import BinaryCodes, CodebookCodes, Int64


@pytest.fixture
def tiles(tiles: Any) -> Any:
    """So few that the map of their codes takes no time."""
    return type(tiles)(58)


@pytest.fixture
def source(tiles: Any, library: Path) -> Source:
    backbone = load_backbone("small_cnn", image_size=8)
    return Source(tiles, backbone, dataset_features(tiles, backbone))


def test_a_disjoint_train_split_is_trained_on_and_not_searched(source: Source, tmp_path: Path) -> None:
    config = make_config("tiles", "dpsh", 16, epochs=1)
    data = train_data(config, source.dataset, source.features, source.backbone)
    assert (data.features == source.features.of("train")).all()
    assert (data.labels == source.dataset.labels("train")).all()
    stored = list(run(config, tmp_path, source))[-1]
    assert isinstance(stored, Stored)
    assert stored.result["metrics"]["n_database"] == 36
    assert stored.result["metrics"]["n_query"] == 4


def test_learned_codes_of_images_outside_the_database_are_not_stored(source: Source, tmp_path: Path) -> None:
    config = make_config("tiles", "adsh", 16, epochs=1)
    events = list(run(config, tmp_path, source, figures_only=True))
    finished = next(event for event in events if isinstance(event, Finished))
    assert finished.model.method.learned_codes() is not None
    assert isinstance(events[-1], Stored)
    assert "learned_codes" not in events[-1].result


def test_learned_codes_go_to_those_train_images_that_are_in_the_database(
    source: Source, tmp_path: Path
) -> None:
    """A train split half inside: rows 4 to 21 are trained on, the database begins at row 13."""
    dataset: Any = source.dataset
    bounds = {"query": (0, 4), "train": (4, 22), "database": (13, dataset.n_pool)}
    dataset.pool_rows = lambda split: np.arange(*bounds[split])
    dataset.info = replace(dataset.info, n_database=dataset.n_pool - 13)
    dataset.train_rows = np.arange(9)
    rows = {split: dataset.pool_rows(split) for split in bounds}
    half = Source(dataset, source.backbone, replace(source.features, rows=rows))  # type: ignore[arg-type]
    events = list(run(make_config("tiles", "adsh", 16, epochs=1), tmp_path, half))
    finished = next(event for event in events if isinstance(event, Finished))
    learned = finished.model.method.learned_codes()
    assert learned is not None
    assert isinstance(events[-1], Stored)
    assert events[-1].result["learned_codes"] == 9
    packed = np.load(tmp_path / "codes.npz")["database"]
    assert (np.unpackbits(packed[:9], axis=1) == (learned.numpy()[9:] > 0)).all()


def test_baselines_of_a_pool_count_every_pair(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks, the same figures."""
    from models.engine import baselines as module

    whole = baselines(source.dataset, source.features, "small_cnn", (16,))
    monkeypatch.setattr(module, "BLOCK", 20)
    monkeypatch.setattr(module, "PAIRS_AT_ONCE", 100)
    assert baselines(source.dataset, source.features, "small_cnn", (16,)) == whole
    assert 0 < whole["float_ranking"]["small_cnn"]["map_expected"] < 1


class Endless:
    """A memory map of more rows than anybody should read at once."""

    def __init__(self, n: int, width: int) -> None:
        self.shape, self.most = (n, width), 0

    def __getitem__(self, rows: Int64) -> Any:
        self.most = max(self.most, len(rows))
        return np.repeat((rows % 7).astype(np.float16)[:, None], self.shape[1], axis=1)


def test_a_pool_larger_than_memory_is_encoded_in_blocks(data: TrainData) -> None:
    n, width = 200_000, 512
    pool = Endless(n, width)
    rows: Any = {"database": np.arange(n)}
    features = Features(pool, rows, "")  # type: ignore[arg-type]
    wide = np.repeat(data.features[:, :1], width, axis=1)
    model = build_model(make_config("tiny", "books", 4), replace(data, features=wide)).eval()
    tracemalloc.start()
    encoded = encode_split(model, None, "database", features)  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pool.most == BLOCK
    assert peak < n * width * 4 / 3, "a fraction of the features, which take 400 MB as floats"
    assert isinstance(encoded.codes, CodebookCodes)
    assert len(encoded.codes) == n
    assert (encoded.codes.indices[:7] == encoded.codes.indices[7 * 20_000 : 7 * 20_001]).all()


@pytest.mark.parametrize("method", ["probe", "books"])
def test_blocks_give_the_codes_of_the_whole(data: TrainData, method: str) -> None:
    model = build_model(make_config("tiny", method, 8 if method == "probe" else 4), data).eval()
    whole = model.encode(data.features)
    parts = joined([model.encode(data.features[:50]), model.encode(data.features[50:])])
    np.testing.assert_allclose(parts.u, whole.u, atol=1e-6)
    if isinstance(whole.codes, CodebookCodes):
        assert isinstance(parts.codes, CodebookCodes)
        assert (parts.codes.indices == whole.codes.indices).all()
        assert parts.embeddings is not None
        assert parts.embeddings.shape == whole.embeddings.shape  # type: ignore[union-attr]
    else:
        assert isinstance(parts.codes, BinaryCodes)
        assert isinstance(whole.codes, BinaryCodes)
        assert (parts.codes.packed == whole.codes.packed).all()


def test_an_empty_split_has_no_codes(data: TrainData) -> None:
    features = stacked(data.features[:0], data.features, "")
    model = build_model(make_config("tiny", "probe", 8), data).eval()
    assert len(encode_split(model, None, "query", features).codes) == 0  # type: ignore[arg-type]


def mobilenet(input_size: int) -> Backbone:
    """Random weights; what its batch norms have seen differs from what they are about to see."""
    declare_missing_ops()
    from torchvision.models import get_model

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = get_model("mobilenet_v2").state_dict()
    return backbone_from_state(f"mobilenet_v2@{input_size}", state)


@pytest.mark.parametrize("method", ["dpsh", "csq"])
def test_a_torchvision_backbone_is_trained_along(
    tiles: Any, library: Path, tmp_path: Path, method: str
) -> None:
    """From images to a checkpoint that encodes by itself, at a lower resolution than the images'."""
    backbone = mobilenet(64)
    config = make_config(
        "tiles", method, 16, backbone="mobilenet_v2@64", mode="finetune", epochs=2, batch_size=9
    )
    assert config.finetune is not None
    source = Source(tiles, backbone, dataset_features(tiles, backbone))
    before = {name: tensor.clone() for name, tensor in backbone.state_dict().items()}
    events = list(run(config, tmp_path, source))
    model = next(event.model for event in events if isinstance(event, Finished))
    after = model.backbone.state_dict()  # type: ignore[union-attr]
    changed = {name for name in after if not torch.equal(after[name], before[name].half().float())}
    assert "network.features.0.0.weight" in changed, "the first layer learns, too"
    assert not any("running_" in name for name in changed), "batch norms keep their statistics"
    assert all(torch.equal(tensor, backbone.state_dict()[name]) for name, tensor in before.items())
    encoder = open_encoder(tmp_path / "checkpoint.safetensors")
    assert encoder.backbone.transform.size == 64
    codes = encode_images(encoder, [tiles.pool_image(row) for row in tiles.pool_rows("query")]).codes
    assert isinstance(codes, BinaryCodes)
    stored = np.load(tmp_path / "codes.npz")["query"]
    assert (np.bitwise_count(codes.packed ^ stored).sum(axis=1) <= 1).all()
