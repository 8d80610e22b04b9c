"""Small data of one's own for the tests of the app: zips of images, and code files."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from models.codes.exchange import write_codes
from models.codes.packing import pack
from models.data import load_dataset
from models.data.importing import plan_import, run_import
from models.data.library import library_root
from models.engine.config import RunConfig
from models.engine.run_files import (
    BitSummary,
    CodeMap,
    RunCodes,
    write_bit_summary,
    write_map,
    write_run_codes,
)
from models.engine.store import RunStore

COLOURS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (40, 60, 200)}


def picture(colour: tuple[int, int, int], seed: int) -> bytes:
    """A PNG of one colour with noise, so that no two are alike."""
    noise = np.random.default_rng(seed).integers(-30, 30, (24, 24, 3))
    pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def image_zip(
    path: Path, each: int = 12, *, folders: bool = True, extra: dict[str, bytes] | None = None
) -> Path:
    """A zip of images in three colours; a folder for each colour, or none at all."""
    with zipfile.ZipFile(path, "w") as archive:
        for place, (name, colour) in enumerate(COLOURS.items()):
            for i in range(each):
                member = f"{name}/{i:03d}.png" if folders else f"{name}-{i:03d}.png"
                archive.writestr(member, picture(colour, 100 * place + i))
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return path


def code_files(folder: Path, *, labelled: bool, n_query: int = 8, n_database: int = 36) -> tuple[Path, Path]:
    """Binary codes of 16 bits that follow three classes, as two files."""
    rng = np.random.default_rng(3)
    classes = np.arange(n_query + n_database) % 3
    codes = pack(rng.normal(size=(3, 16))[classes] + 0.8 * rng.normal(size=(len(classes), 16)) >= 0)
    paths = folder / "query.npz", folder / "database.npz"
    for path, rows in zip(paths, (slice(0, n_query), slice(n_query, None)), strict=True):
        write_codes(path, codes[rows], labels=classes[rows] if labelled else None)
    return paths


def read_images(name: str, path: Path) -> None:
    """Put the images of a zip into the library."""
    for _ in run_import(plan_import(name, path)):
        pass


def store_run(name: str, method: str, n_bits: int = 16) -> None:
    """A run of random codes without figures, as a method stores it that was trained without labels."""
    rng, info = np.random.default_rng(n_bits), load_dataset(name).info
    u = np.tanh(rng.normal(size=(info.n_database, n_bits)))
    codes = RunCodes(pack(u >= 0), pack(rng.normal(size=(info.n_query, n_bits)) >= 0))
    folder = RunStore(library_root() / "runs").folder(name, method, n_bits)
    folder.mkdir(parents=True)
    write_run_codes(folder / "codes.npz", codes, {})
    places = [rng.random((n, 2)).astype(np.float32) for n in (info.n_database, info.n_query)]
    write_map(folder / "map.npz", CodeMap(places[0], places[1], 0.5, 10))
    edges = np.linspace(-1, 1, 41)
    counts = np.stack([np.histogram(bit, edges)[0] for bit in u.T]).astype(np.int64)
    order = np.argsort(u, axis=0, kind="stable").T.astype(np.int64)
    write_bit_summary(folder / "bits.npz", BitSummary(edges, counts, order[:, :12], order[:, :-13:-1]))
    config = RunConfig(name, method, n_bits, 0, "small_cnn", "head", 0, 128, 1e-3, 1e-4, "shuffled")
    protocol = {
        "k": None, "normalize_by": "relevant", "tie_rule": "expected", "radius": 2, "n_query": info.n_query,
        "n_database": info.n_database, "n_train": info.n_train, "train_in_database": True,
        "relevance": "at least one shared label",
    }  # fmt: skip
    result = {"config": config.to_dict(), "protocol": protocol, "code_kind": "binary", "health": {}}
    (folder / "result.json").write_text(json.dumps(result))
