"""The training command of small_cnn, on a handful of pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

pytest.importorskip("skia", reason="drawing needs skia-python (requirements-dev.txt) and libgl1, libegl1")

from models.data.pretraining import CATEGORIES, Pictures
from models.engine.pretrain import (
    PretrainConfig,
    augmented,
    main,
    normalised,
    pretrain,
    weights_bytes,
)
from models.networks.backbones import load_backbone

SMALL = PretrainConfig(n_per_category=2, n_held_out_per_category=1, epochs=1, batch_size=32)
TINY = ("--n-per-category=1", "--n-held-out-per-category=1", "--epochs=1", "--processes=1")


@pytest.fixture(autouse=True)
def _torch_as_before() -> Iterator[None]:
    n_threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        yield
    torch.set_num_threads(n_threads)


def pictures(n_per_category: int, seed: int) -> Pictures:
    """Noise on a level of its own for each category: can be learned, needs no drawing."""
    n = n_per_category * len(CATEGORIES)
    categories = np.repeat(np.arange(len(CATEGORIES)), n_per_category)
    noise = np.random.default_rng(seed).integers(0, 30, (n, 32, 32, 3))
    images = (noise + 4 * categories[:, None, None, None]).astype(np.uint8)
    images.setflags(write=False)
    return Pictures(images, categories)


def test_the_same_seed_gives_the_same_file() -> None:
    files = [
        weights_bytes(SMALL, pretrain(SMALL, pictures(2, 0), pictures(1, 1), lambda line: None))
        for _ in range(2)
    ]
    assert files[0] == files[1]


def test_another_seed_gives_other_weights() -> None:
    other = PretrainConfig(**{**vars(SMALL), "seed": 1})
    first, second = (pretrain(c, pictures(2, 0), pictures(1, 1), lambda line: None) for c in (SMALL, other))
    assert not torch.equal(first.weights["layers.0.weight"], second.weights["layers.0.weight"])


def test_it_learns() -> None:
    config = PretrainConfig(**{**vars(SMALL), "epochs": 8, "lr": 5e-3})
    result = pretrain(config, pictures(8, 0), pictures(2, 1), lambda line: None)
    assert result.held_out_accuracy > 0.15  # chance is 0.02


def test_progress_tells_epoch_loss_and_time_left() -> None:
    lines: list[str] = []
    pretrain(SMALL, pictures(2, 0), pictures(1, 1), lines.append)
    assert lines[0].startswith("epoch 1/1, step 1/3: loss ")
    assert lines[-2].endswith("0 s left")
    assert lines[-1].endswith("\n")


def test_the_file_opens_as_a_backbone_and_says_how_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    result = pretrain(SMALL, pictures(2, 0), pictures(1, 1), lambda line: None)
    path.write_bytes(weights_bytes(SMALL, result))
    backbone = load_backbone("small_cnn", path)
    assert backbone(torch.randn(2, 3, 64, 64)).shape == (2, 256)
    with safe_open(path, "pt") as file:
        record = json.loads(file.metadata()["hashlens"])
    assert record["config"]["seed"] == SMALL.seed
    assert record["categories"] == list(CATEGORIES)
    assert record["n_images"] == 92
    assert 0 <= record["held_out_accuracy"] <= 1


def test_augmentation_keeps_the_pixels_of_each_image() -> None:
    images = torch.arange(2 * 3 * 8 * 8, dtype=torch.float32).reshape(2, 3, 8, 8)
    before = images.clone()
    changed = augmented(images, 2)
    assert changed.shape == images.shape
    assert torch.equal(images, before)
    for old, new in zip(images, changed, strict=True):
        assert torch.equal(old.flatten().sort().values, new.flatten().sort().values)


def test_augmentation_without_roll_only_mirrors_and_swaps_channels() -> None:
    torch.manual_seed(0)
    image = torch.rand(3, 6, 6)
    allowed = [
        variant[list(order)]
        for variant in (image, image.flip(2))
        for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    ]
    seen = {
        next(i for i, expected in enumerate(allowed) if torch.equal(new, expected))
        for new in augmented(image.expand(200, 3, 6, 6), 0)
    }
    assert len(seen) == 12


def test_normalised_images_lie_around_zero() -> None:
    assert normalised(
        torch.tensor([[[[0, 128, 255]]]], dtype=torch.uint8)
    ).flatten().tolist() == pytest.approx([-2.0, 0.00784, 2.0], abs=1e-4)


def test_the_command_writes_weights_and_draws_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HASHLENS_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "weights.safetensors"
    arguments = [*TINY, f"--out={out}"]
    assert main(arguments) == 0
    first = out.read_bytes()
    told = capsys.readouterr()
    assert told.out == ""
    assert "drawing 46/46" in told.err
    assert "held-out accuracy" in told.err
    assert main(arguments) == 0
    assert out.read_bytes() == first
    assert "drawing" not in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_a_users_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HASHLENS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "weights.safetensors"
    arguments = [
        "--n-per-category=1",
        "--n-held-out-per-category=1",
        "--epochs=1",
        "--processes=1",
        f"--out={out}",
    ]
    assert main(arguments) == 2
    assert "Could not write" in capsys.readouterr().err


@pytest.mark.parametrize(
    "setting", ["--epochs=0", "--n-per-category=0", "--lr=0", "--seed=-1", "--batch-size=-5"]
)
def test_an_impossible_setting_is_named(setting: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([setting]) == 2
    name = setting.strip("-").partition("=")[0].replace("-", "_")
    assert f"{name} is" in capsys.readouterr().err
