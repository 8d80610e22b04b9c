"""Draw the embedded data sets again: `python -m models.data.generate` (or `make sample-data`).

Writes `images.zip`, `labels.npz` and, where pictures have sentences, `captions.json` under
`sample_data/<name>/`, and `sample_data/manifest.json` with counts, seeds, settings, versions and the SHA-256
of every file. The decoded shipped pictures are the truth: features and every shown number come from them.
Same code and versions, same bytes, by any number of workers.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import platform
import sys
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from models.data.base import sample_data_root
from models.errors import HashingError
from models.files import npz_bytes, write_atomically
from models.types import Bool, Int64, UInt8

WEBP_QUALITY = 82
LICENCE = "CC0-1.0 (pictures, labels and sentences; the generator is MIT)"
_PACKAGES = ("numpy", "pillow", "skia-python")


@dataclass(frozen=True)
class Recipe:
    """How one data set is made.

    Attributes:
        name, title, label_kind, class_names, image_size, seed: as in the manifest.
        config: every setting of the drawing.
        labels: split to bool (n, n_classes), for `query` and `database`.
        train_rows: int64 rows of the database.
        captions: split to sentences, or None.
    """

    name: str
    title: str
    label_kind: str
    class_names: tuple[str, ...]
    image_size: int
    seed: int
    config: dict[str, Any]
    labels: dict[str, Bool]
    train_rows: Int64
    captions: dict[str, list[str]] | None = None


def toyworld_recipe() -> Recipe:
    """One everyday thing per picture."""
    from models.data import toyworld

    ids = {split: toyworld.class_ids(split) for split in ("query", "database")}
    one_hot = np.eye(len(toyworld.CLASS_NAMES), dtype=np.bool_)
    return Recipe(
        name="toyworld",
        title="Toyworld: ten everyday things, drawn",
        label_kind="single",
        class_names=toyworld.CLASS_NAMES,
        image_size=toyworld.CONFIG.size,
        seed=toyworld.SEED,
        config={**asdict(toyworld.CONFIG), "upright": toyworld.UPRIGHT},
        labels={split: one_hot[ids[split]] for split in ids},
        train_rows=toyworld.train_rows(),
    )


def _toyworld_picture(split: str, row: int) -> UInt8:
    from models.data import toyworld

    return toyworld.picture(split, row, int(toyworld.class_ids(split)[row]))


def toyscenes_recipe() -> Recipe:
    """Two to four things in a place, with tags and a sentence."""
    from models.data import toyscenes

    sizes = {"query": toyscenes.N_QUERY, "database": toyscenes.N_DATABASE}
    return Recipe(
        name="toyscenes",
        title="Toyscenes: two to four things in a place, with a sentence",
        label_kind="multi",
        class_names=toyscenes.TAGS,
        image_size=toyscenes.SIZE,
        seed=toyscenes.SEED,
        config={"min_contrast": toyscenes.MIN_CONTRAST},
        labels={split: toyscenes.labels(split) for split in sizes},
        train_rows=toyscenes.train_rows(),
        captions={s: [toyscenes.plan(s, row).caption for row in range(n)] for s, n in sizes.items()},
    )


RECIPES: dict[str, Callable[[], Recipe]] = {"toyworld": toyworld_recipe, "toyscenes": toyscenes_recipe}


def encode(picture: UInt8) -> bytes:
    """A picture as WebP."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=WEBP_QUALITY, method=6)
    return buffer.getvalue()


def draw_rows(recipe_name: str, split: str, rows: Sequence[int]) -> list[bytes]:
    """Encoded pictures of some rows; what a worker process does."""
    draw = {"toyworld": _toyworld_picture, "toyscenes": _toyscenes_picture}[recipe_name]
    return [encode(draw(split, row)) for row in rows]


def _toyscenes_picture(split: str, row: int) -> UInt8:
    from models.data import toyscenes

    return toyscenes.picture(split, row)


def draw_all(recipe_name: str, split: str, n: int, jobs: int, chunk: int = 100) -> list[bytes]:
    """Encoded pictures of rows 0 to n - 1, in order, whatever the number of workers."""
    parts = [range(start, min(start + chunk, n)) for start in range(0, n, chunk)]
    work = partial(draw_rows, recipe_name, split)
    encoded: list[bytes] = []
    if jobs == 1:
        for part in parts:
            encoded += work(part)
            _progress(recipe_name, split, len(encoded), n)
        return encoded
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for done in pool.map(work, parts):
            encoded += done
            _progress(recipe_name, split, len(encoded), n)
    return encoded


def _progress(name: str, split: str, done: int, n: int) -> None:
    sys.stderr.write(f"\r{name} {split}: {done} of {n} pictures")
    if done == n:
        sys.stderr.write("\n")
    sys.stderr.flush()


def images_zip(pictures: dict[str, list[bytes]]) -> bytes:
    """An uncompressed archive with members like `query/00000.webp`; equal pictures give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for split, encoded in pictures.items():
            for row, content in enumerate(encoded):
                member = zipfile.ZipInfo(f"{split}/{row:05d}.webp", date_time=(1980, 1, 1, 0, 0, 0))
                member.external_attr = 0o644 << 16
                archive.writestr(member, content)
    return buffer.getvalue()


def make(recipe: Recipe, root: Path, jobs: int) -> dict[str, Any]:
    """Write one data set under `root`; returns its entry for the manifest."""
    drawn = {split: draw_all(recipe.name, split, len(recipe.labels[split]), jobs) for split in recipe.labels}
    files = {
        "images.zip": images_zip(drawn),
        "labels.npz": npz_bytes({**recipe.labels, "train_rows": recipe.train_rows}),
    }
    if recipe.captions is not None:
        files["captions.json"] = _json(recipe.captions)
    for file, content in files.items():
        write_atomically(root / recipe.name / file, content)
    database = recipe.labels["database"]
    return {
        "title": recipe.title,
        "label_kind": recipe.label_kind,
        "class_names": list(recipe.class_names),
        "image_size": recipe.image_size,
        "licence": LICENCE,
        "source": "Drawn by models/data/generate.py of this repository.",
        "seed": recipe.seed,
        "n_query": len(recipe.labels["query"]),
        "n_database": len(database),
        "n_train": len(recipe.train_rows),
        "n_database_per_class": dict(zip(recipe.class_names, database.sum(axis=0).tolist(), strict=True)),
        "config": recipe.config,
        "webp_quality": WEBP_QUALITY,
        "versions": {"python": platform.python_version()}
        | {package: metadata.version(package) for package in _PACKAGES},
        "files": {
            file: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for file, content in files.items()
        },
    }


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def write_manifest(root: Path, entries: dict[str, dict[str, Any]]) -> None:
    """Put entries into `manifest.json`, beside those of data sets that were not drawn now."""
    path = root / "manifest.json"
    manifest = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    datasets = {**manifest.get("datasets", {}), **entries}
    ordered = {name: datasets[name] for name in sorted(datasets)}
    write_atomically(path, _json({**manifest, "datasets": ordered}))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m models.data.generate", description="Draw the demo sets again."
    )
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"{' or '.join(RECIPES)}; all without a name"
    )
    parser.add_argument("--jobs", type=int, default=2, help="worker processes (2)")
    parser.add_argument("--out", type=Path, default=None, help="folder to write to (sample_data)")
    given = parser.parse_args(arguments)
    names = given.names or list(RECIPES)
    if unknown := [name for name in names if name not in RECIPES]:
        parser.error(f"unknown data set {unknown[0]!r}; choose from {', '.join(RECIPES)}")
    if given.jobs < 1:
        parser.error(f"--jobs is at least 1; got {given.jobs}")
    root = given.out or sample_data_root()
    try:
        for name in names:
            write_manifest(root, {name: make(RECIPES[name](), root, given.jobs)})
    except HashingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
