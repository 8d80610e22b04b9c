from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.data.digits import Digits
from models.engine import features as module
from models.engine.features import (
    compute_features,
    dataset_features,
    embed_images,
    feature_key,
    read_features,
    shipped_features_path,
    stacked,
    write_features,
)
from models.errors import CheckpointError
from models.networks.backbones import Backbone, small_cnn_transform
from models.networks.small_cnn import N_FEATURES, SmallCNN


def random_backbone(seed: int) -> Backbone:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SmallCNN().eval()
    return Backbone("small_cnn", network, N_FEATURES, small_cnn_transform(8), f"random{seed}")


class FewDigits(Digits):
    """Digits with few queries and a small database, to compute features of in no time."""

    from dataclasses import replace

    info = replace(Digits.info, n_query=5, n_database=7)


@pytest.fixture
def dataset() -> Digits:
    return FewDigits()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HASHLENS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(tmp_path / "sample_data"))
    return tmp_path / "cache" / "features"


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of images that went through a backbone, per batch."""
    seen: list[int] = []

    def counted(backbone: Backbone, images: list[Image.Image]) -> object:
        seen.append(len(images))
        return embed_images(backbone, images)

    monkeypatch.setattr(module, "embed_images", counted)
    return seen


def test_features_are_computed_once_and_come_back_the_same(
    dataset: Digits, count: list[int], cache: Path
) -> None:
    backbone, told = random_backbone(0), []
    first = dataset_features(dataset, backbone, lambda done, n: told.append((done, n)))
    assert told == [(5, 12), (12, 12)]
    assert first.of("query").shape == (5, N_FEATURES)
    assert (first.n("database"), first.width) == (7, N_FEATURES)
    assert first.of("database").dtype == np.float32
    again = dataset_features(dataset, backbone)
    assert sum(count) == 12
    assert again.key == first.key
    assert (again.of("database") == first.of("database")).all()
    query = first.of("query")
    assert (query == query.astype(np.float16)).all(), "values of half precision, cached or not"
    assert (first.of("query", np.array([3, 1])) == query[[3, 1]]).all()
    assert (np.concatenate(list(first.chunks("database", 3))) == first.of("database")).all()


def test_other_weights_or_transform_are_another_entry(dataset: Digits, count: list[int], cache: Path) -> None:
    one, other = random_backbone(0), random_backbone(1)
    assert not (dataset_features(dataset, one).pool == dataset_features(dataset, other).pool).all()
    assert len(list(cache.iterdir())) == 2
    key = feature_key(dataset, one)
    one.transform = small_cnn_transform(80)
    assert feature_key(dataset, one) != key


@pytest.mark.parametrize("content", [b"", b"not an archive", None])
def test_a_damaged_cache_file_is_replaced(
    dataset: Digits, count: list[int], cache: Path, content: bytes | None
) -> None:
    backbone = random_backbone(0)
    first = dataset_features(dataset, backbone)
    (file,) = cache.iterdir()
    good = file.read_bytes()
    file.write_bytes(good[: len(good) // 2] if content is None else content)
    assert (dataset_features(dataset, backbone).pool == first.pool).all()
    assert file.read_bytes() == good
    assert sum(count) == 24


def test_shipped_features_are_used_when_they_are_of_these_images(
    dataset: Digits, count: list[int], cache: Path
) -> None:
    backbone = random_backbone(0)
    path = shipped_features_path("digits", "small_cnn")
    shipped = stacked(
        *(np.full((n, N_FEATURES), 0.5, np.float32) for n in (5, 7)), feature_key(dataset, backbone)
    )
    write_features(path, shipped)
    assert (dataset_features(dataset, backbone).pool == 0.5).all()
    assert count == []
    assert not (dataset_features(dataset, random_backbone(1)).pool == 0.5).all()


def test_a_full_disk_costs_the_cache_not_the_features(
    dataset: Digits, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    from models import files

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    assert dataset_features(dataset, random_backbone(0)).of("query").shape == (5, N_FEATURES)
    assert list(cache.iterdir()) == []


def test_a_cancelled_computation_gives_nothing(dataset: Digits, cache: Path) -> None:
    cancel = threading.Event()
    events = compute_features(dataset, random_backbone(0), cancel)
    assert next(events).done == 5
    cancel.set()
    with pytest.raises(StopIteration) as stopped:
        next(events)
    assert stopped.value.value is None
    assert not cache.exists()


def test_reading_a_foreign_file_is_an_error(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", query=np.zeros((1, 2)))
    with pytest.raises(CheckpointError, match="no array"):
        read_features(tmp_path / "x.npz")


def test_no_images_give_no_features() -> None:
    assert embed_images(random_backbone(0), []).shape == (0, N_FEATURES)
