"""The command that draws the demo sets: same bytes whoever draws, and a manifest that tells the truth."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.data import generate
from models.data.base import sample_data_root
from models.data.embedded import Embedded
from models.files import sha256_of


def small(recipe: generate.Recipe, n: int = 3) -> generate.Recipe:
    captions = recipe.captions and {split: given[:n] for split, given in recipe.captions.items()}
    labels = {split: given[:n] for split, given in recipe.labels.items()}
    return replace(recipe, labels=labels, train_rows=np.array([0, 2]), captions=captions)


@pytest.mark.parametrize("name", generate.RECIPES)
def test_one_worker_and_two_draw_the_same_bytes(name: str) -> None:
    alone = generate.draw_all(name, "query", 5, jobs=1, chunk=5)
    shared = generate.draw_all(name, "query", 5, jobs=2, chunk=2)
    assert alone == shared
    assert len(set(alone)) == 5
    assert generate.draw_rows(name, "query", [4]) == alone[4:]


@pytest.mark.parametrize("name", generate.RECIPES)
def test_what_is_written_can_be_read_and_is_the_same_twice(name: str, tmp_path: Path) -> None:
    recipe = small(generate.RECIPES[name]())
    entries = [generate.make(recipe, tmp_path / folder, jobs=1) for folder in ("a", "b")]
    assert entries[0] == entries[1]
    generate.write_manifest(tmp_path / "a", {name: entries[0]})
    data = Embedded(name, tmp_path / "a")
    assert (data.info.n_query, data.info.n_database, data.info.n_train) == (3, 3, 2)
    assert data.info.class_names == recipe.class_names
    assert data.image("database", 2).size == (recipe.image_size, recipe.image_size)
    assert np.array_equal(data.labels("train"), recipe.labels["database"][[0, 2]])
    if recipe.captions is not None:
        assert data.captions("query") == tuple(recipe.captions["query"])


def test_the_archive_is_plain_and_without_a_clock() -> None:
    pictures = {"query": [b"one"], "database": [b"two", b"three"]}
    content = generate.images_zip(pictures)
    assert content == generate.images_zip(pictures)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["query/00000.webp", "database/00000.webp", "database/00001.webp"]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.read("database/00001.webp") == b"three"


def test_the_manifest_keeps_what_was_not_drawn(tmp_path: Path) -> None:
    generate.write_manifest(tmp_path, {"toyworld": {"seed": 1}})
    generate.write_manifest(tmp_path, {"toyscenes": {"seed": 2}})
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert manifest == {"datasets": {"toyscenes": {"seed": 2}, "toyworld": {"seed": 1}}}


def test_shipped_files_are_those_of_the_manifest() -> None:
    root = sample_data_root()
    manifest = json.loads((root / "manifest.json").read_text("utf-8"))["datasets"]
    assert set(generate.RECIPES) <= set(manifest)
    for name, entry in manifest.items():
        for file, facts in entry["files"].items():
            assert sha256_of(root / name / file) == facts["sha256"], f"{name}/{file}"
            assert (root / name / file).stat().st_size == facts["bytes"]


def test_shipped_archives_hold_a_picture_for_every_label() -> None:
    for name in generate.RECIPES:
        with zipfile.ZipFile(sample_data_root() / name / "images.zip") as archive:
            members = archive.namelist()
            info = Embedded(name).info
            assert len(members) == info.n_query + info.n_database
            with Image.open(io.BytesIO(archive.read(members[-1]))) as image:
                assert image.format == "WEBP" and image.size == (info.image_size, info.image_size)


@pytest.mark.parametrize(
    ("arguments", "message"), [(["toyword"], "toyword"), (["--jobs", "0"], "at least 1")]
)
def test_mistakes_are_told_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        generate.main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
