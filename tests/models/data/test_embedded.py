from __future__ import annotations

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.data.embedded import Embedded
from models.errors import DataError, NotAvailableError
from models.files import npz_bytes

N = {"query": 3, "database": 6}
TRAIN_ROWS = np.array([1, 4])


def colour(split: str, row: int) -> tuple[int, int, int]:
    return (row * 40, 200 if split == "query" else 20, 99)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    folder.mkdir()
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        for split, n in N.items():
            for row in range(n):
                buffer = io.BytesIO()
                Image.new("RGB", (8, 8), colour(split, row)).save(buffer, "WEBP", lossless=True)
                archive.writestr(f"{split}/{row:05d}.webp", buffer.getvalue())
    labels = {split: np.arange(n)[:, None] % 2 == np.arange(2) for split, n in N.items()}
    (folder / "labels.npz").write_bytes(npz_bytes({**labels, "train_rows": TRAIN_ROWS}))
    captions = {split: [f"{split} {row}" for row in range(n)] for split, n in N.items()}
    (folder / "captions.json").write_text(json.dumps(captions))
    entry = {
        "title": "Tiny",
        "label_kind": "single",
        "class_names": ["even", "odd"],
        "image_size": 8,
        "licence": "CC0-1.0",
        "source": "this test",
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"datasets": {"tiny": entry}}))
    return tmp_path


def test_everything_comes_back(root: Path) -> None:
    data = Embedded("tiny", root)
    assert data.info.available
    assert (data.info.n_train, data.info.n_query, data.info.n_database, data.info.n_classes) == (2, 3, 6, 2)
    assert data.info.class_names == ("even", "odd")
    assert data.train_rows.tolist() == [1, 4]
    assert (data.labels("train") == data.labels("database")[TRAIN_ROWS]).all()
    for split, n in N.items():
        for row in range(n):
            assert data.image(split, row).getpixel((0, 0)) == colour(split, row)  # type: ignore[arg-type]
    assert data.image("train", 1).getpixel((0, 0)) == colour("database", 4)
    content, mime = data.image_bytes("query", 2)
    assert mime == "image/webp"
    assert content[:4] == b"RIFF"
    assert data.captions("train") == ("database 1", "database 4")
    assert data.captions("query") == ("query 0", "query 1", "query 2")


def test_labels_are_read_only_and_captions_optional(root: Path) -> None:
    (root / "tiny" / "captions.json").unlink()
    data = Embedded("tiny", root)
    assert data.captions("query") is None
    with pytest.raises(ValueError, match="read-only"):
        data.labels("train")[0] = True


def test_many_threads_may_read(root: Path) -> None:
    data = Embedded("tiny", root)
    rows = [row % 6 for row in range(200)]
    with ThreadPoolExecutor(8) as pool:
        pixels = list(pool.map(lambda row: data.image("database", row).getpixel((0, 0)), rows))
    assert pixels == [colour("database", row) for row in rows]


def test_the_key_changes_with_images_and_labels(root: Path) -> None:
    key = Embedded("tiny", root).content_key
    assert key == Embedded("tiny", root).content_key
    labels = root / "tiny" / "labels.npz"
    with np.load(labels) as archive:
        arrays = dict(archive)
    labels.write_bytes(npz_bytes(arrays | {"train_rows": np.array([1, 3])}))
    assert Embedded("tiny", root).content_key != key


@pytest.mark.parametrize("missing", ["tiny/images.zip", "tiny/labels.npz", "manifest.json"])
def test_absent_data_say_how_to_get_them(root: Path, missing: str) -> None:
    (root / missing).unlink()
    data = Embedded("tiny", root)
    assert not data.info.available
    assert "make sample-data" in data.info.note
    with pytest.raises(NotAvailableError, match="make sample-data"):
        data.labels("query")
    with pytest.raises(NotAvailableError):
        data.image("query", 0)
    with pytest.raises(NotAvailableError):
        _ = data.content_key


@pytest.mark.parametrize("damage", [b"", b"not an archive", None])
@pytest.mark.parametrize("file", ["tiny/images.zip", "tiny/labels.npz"])
def test_damaged_files_are_named(root: Path, file: str, damage: bytes | None) -> None:
    path = root / file
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage is None else damage)
    with pytest.raises(DataError, match=r"damaged.*make sample-data"):
        Embedded("tiny", root).image("query", 0)


def test_a_damaged_image_or_manifest_is_named(root: Path) -> None:
    with zipfile.ZipFile(root / "tiny" / "images.zip", "w") as archive:
        archive.writestr("query/00000.webp", b"RIFF but no picture")
    data = Embedded("tiny", root)
    with pytest.raises(DataError, match=r"query/00000\.webp"):
        data.image("query", 0)
    with pytest.raises(DataError, match="no image"):
        data.image("query", 1)
    (root / "manifest.json").write_text("{")
    with pytest.raises(DataError, match="not a manifest"):
        _ = Embedded("tiny", root).info


def test_rows_outside_are_refused(root: Path) -> None:
    data = Embedded("tiny", root)
    with pytest.raises(DataError, match="rows 0 to 2"):
        data.image("query", 3)
    with pytest.raises(DataError, match="split"):
        data.labels("test")  # type: ignore[arg-type]
