"""Features of a pool: streamed into a file, broken off in every way, and taken up again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.engine import feature_file
from models.engine.feature_file import FeatureFile
from models.engine.features import (
    Features,
    compute_features,
    dataset_features,
    embed_images,
    features_on_disk,
    made_with,
    open_features,
)
from models.errors import DataError, NotAvailableError, StorageError
from models.networks.backbones import Backbone, load_backbone

WIDTH = 256


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone("small_cnn", image_size=8)


def computed(tiles: Any, backbone: Backbone) -> Features:
    return dataset_features(tiles, backbone)


def test_a_stream_equals_the_images_one_by_one(tiles: Any, backbone: Backbone, library: Path) -> None:
    features = computed(tiles, backbone)
    assert isinstance(features.pool, np.memmap)
    slow = embed_images(backbone, [tiles.pool_image(row) for row in tiles.pool_rows("train")])
    np.testing.assert_allclose(features.of("train"), slow, atol=2e-3)
    assert (features.n("query"), features.n("train"), features.n("database")) == (4, 18, 128)
    assert torch.get_num_threads() >= 1


def test_features_are_computed_once_for_all_protocols(tiles: Any, backbone: Backbone, library: Path) -> None:
    first = computed(tiles, backbone)
    other = type(tiles)(150, "another")
    again = computed(other, backbone)
    assert other.seen == []
    assert (again.pool == first.pool).all()
    assert again.key != first.key, "a run under another protocol is another run"
    assert len(list((library / "features").glob("*.npy"))) == 1


@pytest.mark.parametrize("how", ["cancel", "close", "error"])
def test_what_is_broken_off_is_taken_up_again(
    tiles: Any, backbone: Backbone, library: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, real = np.array(computed(tiles, backbone).pool), tiles.pool_image

    def breaking(row: int) -> Any:
        if row >= 100:
            raise DataError("No such image.")
        return real(row)

    for file in (library / "features").iterdir():
        file.unlink()
    tiles.seen.clear()
    cancel = threading.Event()
    with monkeypatch.context() as patch:
        if how == "error":
            patch.setattr(tiles, "pool_image", breaking)
        events = compute_features(tiles, backbone, cancel)
        assert next(events).done == 32
        assert next(events).done == 64
        if how == "cancel":
            cancel.set()
            assert next(events, None) is None
        elif how == "close":
            events.close()
        else:
            with pytest.raises(DataError, match="No such image"):
                list(events)
    tiles.seen.clear()
    last = list(compute_features(tiles, backbone))[-1]
    assert (last.done, last.total) == (150, 150)
    assert min(tiles.seen) >= 64, "no row is computed twice"
    assert (computed(tiles, backbone).pool == whole).all()


def test_a_kill_loses_no_row_that_was_kept(tmp_path: Path) -> None:
    """kill -9 while a file is being written: what was kept is there, what came after is cut off."""
    code = (
        "import sys, time, numpy as np; from pathlib import Path; "
        "from models.engine.feature_file import FeatureFile\n"
        "file = FeatureFile(Path(sys.argv[1]), 100, 4)\n"
        "with file.writing():\n"
        "    file.append(np.full((10, 4), 1, np.float16)); file.keep()\n"
        "    file.append(np.full((10, 4), 2, np.float16)); print('written', flush=True); time.sleep(60)\n"
    )
    path = tmp_path / "f.npy"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"written\n"
    file = FeatureFile(path, 100, 4)
    with pytest.raises(NotAvailableError, match="Another process"), file.writing():
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert file.done == 10
    with file.writing():
        file.append(np.full((90, 4), 3, np.float16))
    assert file.is_whole
    assert file.mapped()[[0, 9, 10, 99], 0].tolist() == [1, 1, 3, 3]


@pytest.mark.parametrize("damage", ["truncated", "empty", "another width", "note"])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "f.npy"
    file = FeatureFile(path, 8, 4)
    with file.writing():
        file.append(np.ones((8, 4), np.float16))
    assert file.is_whole
    if damage == "note":
        path.with_suffix(".json").write_text("{")
    elif damage == "another width":
        np.save(path, np.ones((8, 40), np.float16))
    else:
        path.write_bytes(path.read_bytes()[:-1] if damage == "truncated" else b"")
    assert file.done == 0
    with file.writing():
        file.append(np.zeros((8, 4), np.float16))
    assert file.mapped().sum() == 0


def test_a_disk_without_room_is_said_before_the_work(tmp_path: Path) -> None:
    file = FeatureFile(tmp_path / "f.npy", 10**12, 1000)
    with pytest.raises(StorageError, match=r"take \d+ MB more.*HASHLENS_LIBRARY"), file.writing():
        raise AssertionError("nothing is computed")


def test_a_disk_that_fills_up_keeps_what_is_there(
    tiles: Any, backbone: Backbone, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def write(file: object, content: bytes) -> None:
        written.append(len(content))
        if len(written) > 3:  # the header and two batches
            raise OSError(28, "No space left on device")
        os.write(file.fileno(), content)  # type: ignore[attr-defined]

    with monkeypatch.context() as patch:
        patch.setattr(feature_file, "_write", write)
        with pytest.raises(StorageError, match="No space left"):
            computed(tiles, backbone)
    tiles.seen.clear()
    computed(tiles, backbone)
    assert min(tiles.seen) == 64


def test_images_that_are_not_here_are_asked_for(tiles: Any, backbone: Backbone, library: Path) -> None:
    whole = computed(tiles, backbone)
    tiles.info = replace(tiles.info, has_images=False)
    assert (computed(tiles, backbone).pool == whole.pool).all(), "features that are there need no image"
    for file in (library / "features").iterdir():
        file.unlink()
    with pytest.raises(NotAvailableError, match="Fetch them"):
        computed(tiles, backbone)


def test_an_unreadable_image_is_an_error_with_its_reason(
    tiles: Any, backbone: Backbone, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(row: int) -> Image.Image:
        raise DataError(f"Image {row} is damaged.")

    monkeypatch.setattr(tiles, "pool_image", broken)
    with pytest.raises(DataError, match="Image 0 is damaged"):
        computed(tiles, backbone)


def test_the_command_computes_tells_and_finds_again(
    tiles: Any, library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from models import cli, data

    monkeypatch.setattr(data, "load_dataset", lambda name: tiles)
    command = ["features", "tiles", "--json"]
    assert cli.main(command) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["n_images"], first["n_features"], first["backbone"]) == (150, WIDTH, "small_cnn")
    assert first["images_per_s"] > 0
    tiles.seen.clear()
    assert cli.main(command) == 0
    assert json.loads(capsys.readouterr().out)["images_per_s"] is None
    assert tiles.seen == []


def test_ctrl_c_keeps_what_is_done_and_says_so(
    tiles: Any, library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real interrupt of the main thread, as a terminal sends it."""
    from models import cli, data

    monkeypatch.setattr(data, "load_dataset", lambda name: tiles)
    real, main = tiles.pool_image, threading.main_thread().ident

    def image(row: int) -> Any:
        if row == 96:
            assert main is not None
            signal.pthread_kill(main, signal.SIGINT)
        return real(row)

    monkeypatch.setattr(tiles, "pool_image", image)
    code = cli.main(["features", "tiles"])
    assert code != 0
    assert "The same command goes on from there" in capsys.readouterr().err


def test_whole_features_are_found_by_backbone_and_mapped(
    tiles: Any, backbone: Backbone, library: Path
) -> None:
    assert features_on_disk(tiles) == {}
    features = computed(tiles, backbone)
    (path,) = features_on_disk(tiles).values()
    opened = open_features(path, tiles)
    assert isinstance(opened.pool, np.memmap) and (opened.pool == features.pool).all()
    assert {split: rows.tolist() for split, rows in opened.rows.items()} == {
        split: rows.tolist() for split, rows in features.rows.items()
    }
    assert made_with(opened, tiles, backbone)
    assert not made_with(replace(opened, key="0" * 16), tiles, backbone)
    # Other weights of the same backbone, written later, count; half a file never does.
    for name, done in (("0" * 16, tiles.n_pool), ("1" * 16, tiles.n_pool - 1)):
        other = path.with_name(f"{path.stem[:-16]}{name}.npy")
        other.write_bytes(path.read_bytes())
        note = {"done": done, "n": tiles.n_pool, "n_features": WIDTH}
        other.with_suffix(".json").write_text(json.dumps(note))
    assert features_on_disk(tiles)["small_cnn"].stem.endswith("0" * 16)
