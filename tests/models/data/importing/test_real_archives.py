"""The development archives: real photographs with labels and captions, and CIFAR-10 as images."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.data import load_dataset, load_pool
from models.data.importing import ImportReport, plan_fetch, plan_import
from models.data.importing.known import known_set
from models.data.importing.signature import signature

pytestmark = pytest.mark.shared_data
CarryOut = Callable[..., ImportReport]


def archive(shared_data: Path, name: str) -> Path:
    path = shared_data / name
    if not path.is_file():
        pytest.skip(f"{name} is not among the development data")
    return path


@pytest.mark.usefixtures("library")
def test_photographs_with_labels_and_captions(shared_data: Path, carry_out: CarryOut) -> None:
    path = archive(shared_data, "coco-mini.zip")
    report = carry_out(plan_import("coco-mini", path))
    assert (report.n, report.n_classes, report.skipped) == (410, 80, ())
    with zipfile.ZipFile(path) as packed:
        lines = list(csv.DictReader(io.StringIO(packed.read("labels.csv").decode())))
        first = packed.read(min(line["image"] for line in lines))
    pool = load_pool("coco-mini")
    by_row = sorted(lines, key=lambda line: line["image"])
    for labels, line in zip(pool.pool_labels, by_row, strict=True):
        named = {pool.info.class_names[c] for c in np.flatnonzero(labels)}
        assert named == set(line["labels"].split(";"))
    assert pool.pool_image_bytes(0) == (first, "image/jpeg")
    for split in ("query", "database"):
        captions = pool.captions(split)  # type: ignore[arg-type]
        expected = [by_row[row]["caption"] for row in pool.pool_rows(split)]  # type: ignore[arg-type]
        assert captions is not None
        assert [bool(caption) for caption in captions] == [bool(caption) for caption in expected]


def test_weak_labels_of_many_photographs(shared_data: Path) -> None:
    plan = plan_import("flickr", archive(shared_data, "flickr8k-mini.zip"))
    plan.source.close()
    assert (plan.n_images, len(plan.class_names), plan.label_kind) == (6000, 25, "multi")
    assert plan.skipped == ()
    assert all(len(entry.captions) == 5 for entry in plan.source.entries)


def test_cifar10_as_images_has_the_rows_that_are_shipped(shared_data: Path) -> None:
    plan = plan_fetch("cifar10", archive(shared_data, "cifar10-images.zip"), save_as="cifar10-again")
    try:
        assert (plan.n_images, plan.skipped, plan.notes) == (60_000, (), ())
        shipped = load_dataset("cifar10")
        labels = shipped.pool_labels  # type: ignore[attr-defined]
        assert [entry.labels[0] for entry in plan.source.entries] == labels.argmax(axis=1).tolist()
        assert plan.source.entries[5_000].name == "train/automobile/0000.jpg"
        assert plan.source.entries[50_001].name == "test/airplane/0001.jpg"
        assert known_set("cifar10").class_names == shipped.info.class_names  # type: ignore[union-attr]
        stored_file = Path(shipped.folder) / "signature.npz"  # type: ignore[attr-defined]
        from PIL import Image

        with np.load(stored_file) as stored:
            for row in (0, 12_345, 59_999):
                image = Image.open(io.BytesIO(plan.source.read(row))).convert("RGB")
                assert signature(image).tolist() == stored["cells"][row].tolist()
    finally:
        plan.source.close()
