"""Tiny images in folders and archives, and an import from beginning to end."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.data.importing import ImportReport, Plan, run_import


def picture(seed: int, size: tuple[int, int] = (12, 10), suffix: str = ".png") -> bytes:
    """An image of its own for each seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    image.save(buffer, {".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP", ".bmp": "BMP"}[suffix])
    return buffer.getvalue()


@pytest.fixture
def make_picture() -> Callable[..., bytes]:
    return picture


@pytest.fixture(params=["folder", "zip"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Mapping[str, bytes]], Path]:
    """Put files into a folder, or into an archive, and name it."""

    def put(files: Mapping[str, bytes]) -> Path:
        if request.param == "zip":
            return zipped(tmp_path / "pictures.zip", files)
        return in_folder(tmp_path / "pictures", files)

    return put


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def in_folder(path: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return path


@pytest.fixture
def zip_of() -> Callable[[Path, Mapping[str, bytes]], Path]:
    return zipped


@pytest.fixture
def folder_of() -> Callable[[Path, Mapping[str, bytes]], Path]:
    return in_folder


@pytest.fixture
def carry_out() -> Callable[..., ImportReport]:
    """Run an import to its end and return the report."""

    def run(plan: Plan, **options: Any) -> ImportReport:
        events = run_import(plan, **options)
        while True:
            try:
                next(events)
            except StopIteration as end:
                report: ImportReport = end.value
                return report

    return run
