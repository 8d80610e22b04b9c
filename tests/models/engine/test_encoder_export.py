"""An exported encoder makes the codes of this library, without it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.cli import main
from models.codes.exchange import read_codes, write_codes
from models.codes.packing import pack
from models.data import load_dataset
from models.engine.encode import encode_images, open_encoder
from models.engine.store import RunStore
from models.types import BinaryCodes
from tests.models.index.other_python import other_python


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return other_python(tmp_path_factory.mktemp("venv"), ["numpy", "faiss-cpu", "torch", "pillow"])


@pytest.mark.slow
@pytest.mark.parametrize(("method", "kind"), [("dpsh", "hnsw"), ("dpq", "ivf-adc")])
def test_from_image_to_results_without_this_library(
    method: str, kind: str, tmp_path: Path, python: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunStore().open("digits", method, 16, 0)
    write_codes(tmp_path / "db.npz", run.codes("database"))
    commands = (
        f"index build --database {tmp_path}/db.npz --kind {kind} --out {tmp_path}/i",
        f"index export {tmp_path}/i --out {tmp_path}/out --run digits/{method}/16",
    )
    for command in commands:
        assert main(command.split()) == 0
    digits = load_dataset("digits")
    images = [digits.image("query", row) for row in range(12)]
    images += [Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 61, 3), dtype=np.uint8))]
    for i, image in enumerate(images):
        image.save(tmp_path / f"{i}.png")
    arguments = [
        ["out/encode.py", "q.npz", *(f"{i}.png" for i in range(len(images)))],
        ["out/search.py", "q.npz", "7"],
    ]
    printed = ""
    for line in arguments:
        ran = subprocess.run(
            [python, *line], cwd=tmp_path, capture_output=True, text=True,
            env={"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        printed = ran.stdout
    assert len(printed.splitlines()) == 7 * len(images)
    ours, theirs = encode_images(open_encoder(run), images), read_codes(tmp_path / "q.npz")
    if isinstance(ours.codes, BinaryCodes):
        assert isinstance(theirs.codes, BinaryCodes)
        assert np.array_equal(ours.codes.packed, theirs.codes.packed)
    else:
        assert theirs.embeddings == pytest.approx(ours.embeddings, abs=2e-3)


def test_the_run_has_to_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_codes(tmp_path / "db.npz", pack(np.eye(24)))
    assert main(f"index build --database {tmp_path}/db.npz --out {tmp_path}/i".split()) == 0
    assert main(f"index export {tmp_path}/i --out {tmp_path}/out --run digits/dpsh/16".split()) == 2
    assert "gives 16 bits, and the index holds 24-bit binary codes" in capsys.readouterr().err
    assert main(f"index export {tmp_path}/i --out {tmp_path}/out --run digits/dpq/16".split()) == 2
    assert "for codebook codes" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
