from __future__ import annotations

import dataclasses
import errno
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from models.engine import checkpoint as module
from models.engine.build import make_config
from models.engine.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from models.engine.config import RunConfig
from models.engine.events import Finished
from models.engine.inputs import TrainData
from models.engine.trainer import train
from models.errors import CheckpointError, StorageError
from models.types import BinaryCodes, CodebookCodes


def trained(config: RunConfig, data: TrainData) -> Checkpoint:
    *_, last = train(config, data)
    assert isinstance(last, Finished)
    return Checkpoint(last.model, config, "abc", 64)


@pytest.fixture
def saved(config: RunConfig, data: TrainData, tmp_path: Path) -> Path:
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, trained(config, data))
    return path


@pytest.mark.parametrize(("method", "n_bits"), [("probe", 8), ("closed_form", 12), ("books", 4)])
def test_a_loaded_model_gives_the_codes_of_the_saved_one(
    data: TrainData, tmp_path: Path, method: str, n_bits: int
) -> None:
    original = trained(make_config("tiny", method, n_bits), data)
    save_checkpoint(tmp_path / "c.safetensors", original)
    before = torch.get_rng_state()
    loaded = load_checkpoint(tmp_path / "c.safetensors", expected=original.config)
    assert torch.equal(torch.get_rng_state(), before)
    assert (loaded.config, loaded.weights_id, loaded.image_size) == (original.config, "abc", 64)
    one, two = (c.model.encode(data.features) for c in (original, loaded))
    assert (one.u == two.u).all()
    if isinstance(one.codes, BinaryCodes):
        assert isinstance(two.codes, BinaryCodes)
        assert (one.codes.packed == two.codes.packed).all()
    else:
        assert isinstance(two.codes, CodebookCodes)
        assert (one.codes.indices == two.codes.indices).all()
        assert (one.codes.codebooks == two.codes.codebooks).all()
        assert one.embeddings is not None
        assert two.embeddings is not None
        assert (one.embeddings == two.embeddings).all()


def test_few_bytes_a_weight_without_the_training_only_buffers(saved: Path, data: TrainData) -> None:
    tensors, header = module._read(saved)
    assert "method.centres" in tensors
    assert "method.bank" not in tensors
    large = "method.head.layers.0.weight"
    medium = "method.head.layers.3.weight"
    assert (tensors[large].dtype, tensors[f"{large}.unit"].dtype) == (torch.uint8, torch.bfloat16)
    assert tensors[medium].dtype == tensors[f"{medium}.exponent"].dtype == torch.int8
    rest = [t for name, t in tensors.items() if not name.startswith((large, medium))]
    assert all(t.dtype == torch.float16 for t in rest)
    assert header["config"]["method"] == "probe"
    assert "torch" in header["versions"]


def test_the_same_model_gives_the_same_bytes(
    config: RunConfig, data: TrainData, tmp_path: Path, saved: Path
) -> None:
    save_checkpoint(tmp_path / "again", trained(config, data))
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()


@pytest.mark.parametrize("keep", [0, 4, 40, 500, -1])
def test_a_truncated_file_is_refused(saved: Path, keep: int) -> None:
    saved.write_bytes(saved.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"checkpoint\.safetensors is truncated or no safetensors file"):
        load_checkpoint(saved)


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "x.safetensors"
    save_file({"weight": torch.zeros(2)}, foreign)
    with pytest.raises(CheckpointError, match="no Hashlens checkpoint"):
        load_checkpoint(foreign)
    foreign.write_bytes(b"\x89PNG" * 50)
    with pytest.raises(CheckpointError, match="no safetensors file"):
        load_checkpoint(foreign)
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        load_checkpoint(tmp_path / "absent")


def test_another_runs_checkpoint_is_refused(saved: Path, config: RunConfig) -> None:
    with pytest.raises(CheckpointError, match="another run: n_bits, seed differ"):
        load_checkpoint(saved, expected=dataclasses.replace(config, n_bits=16, seed=9))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 99}, "Update Hashlens"),
        ({"config": {"method": "probe"}}, "header without"),
        ({"n_features": 7}, "has shape"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(saved: Path, change: dict[str, object], message: str) -> None:
    import json

    tensors, header = module._read(saved)
    save_file(tensors, saved, {"hashlens": json.dumps(header | change)})
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(saved)


def test_a_method_that_no_longer_exists_is_named(saved: Path) -> None:
    import json

    tensors, header = module._read(saved)
    header["config"]["method"] = "lhs"
    save_file(tensors, saved, {"hashlens": json.dumps(header)})
    with pytest.raises(CheckpointError, match="Did you mean lsh"):
        load_checkpoint(saved)


def test_missing_and_unknown_tensors_are_named(saved: Path) -> None:
    import json

    tensors, header = module._read(saved)
    tensors["method.extra"] = tensors.pop("mean")
    save_file(tensors, saved, {"hashlens": json.dumps(header)})
    with pytest.raises(CheckpointError, match=r"missing \['mean'\], unknown \['method.extra'\]"):
        load_checkpoint(saved)


def test_a_full_disk_leaves_the_old_checkpoint(
    saved: Path, config: RunConfig, data: TrainData, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    other = trained(dataclasses.replace(config, seed=8), data)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        save_checkpoint(saved, other)
    assert saved.read_bytes() == before
    assert np.isfinite(load_checkpoint(saved).model.encode(data.features).u).all()
