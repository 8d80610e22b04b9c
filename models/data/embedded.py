"""Data sets that are shipped in `sample_data/`: images in one archive, labels beside them.

Layout of `sample_data/<name>/`: `images.zip` with members `query/00000.webp`, `database/00000.webp`, ...;
`labels.npz` with `query` and `database` (bool, (n, n_classes)) and `train_rows` (int64, rows of the
database); optionally `captions.json`, an object of one list of sentences per split. Title, class names,
licence, source and image size are in `sample_data/manifest.json` under `datasets.<name>`.
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
import zlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.data.base import DatasetInfo, check_row, sample_data_root, stacked_place, stacked_rows
from models.errors import DataError, NotAvailableError
from models.files import sha256_of
from models.types import Bool, Int64, Split

if TYPE_CHECKING:
    from PIL.Image import Image

MIME_TYPES = {".webp": "image/webp", ".png": "image/png", ".jpg": "image/jpeg"}
_REBUILD = "Run `make sample-data` again."
HOW_TO_GET = "It is drawn by our own code: run `make sample-data`."


class Embedded:
    """A data set read from `sample_data/<name>`; see `models.data.base.Dataset`."""

    def __init__(self, name: str, root: Path | None = None) -> None:
        self.name = name
        self.root = sample_data_root() if root is None else root
        self.folder = self.root / name
        # Members of an archive share one file position, and the app reads from several threads.
        self._zip_lock = threading.Lock()

    @cached_property
    def info(self) -> DatasetInfo:
        """Counts, names, licence; `available` is False when the files are not there."""
        entry = self._manifest_entry()
        present = entry and all((self.folder / f).is_file() for f in ("images.zip", "labels.npz"))
        if not present:
            return DatasetInfo(
                self.name, self.name, 0, 0, 0, 0, "single", (), 0, "", "", available=False, note=HOW_TO_GET
            )
        arrays = self._arrays
        return DatasetInfo(
            name=self.name,
            title=entry["title"],
            n_train=len(arrays["train_rows"]),
            n_query=len(arrays["query"]),
            n_database=len(arrays["database"]),
            n_classes=arrays["query"].shape[1],
            label_kind=entry["label_kind"],
            class_names=tuple(entry["class_names"]),
            image_size=int(entry["image_size"]),
            licence=entry["licence"],
            source=entry["source"],
        )

    def _manifest_entry(self) -> dict[str, Any]:
        path = self.root / "manifest.json"
        if not path.is_file():
            return {}
        try:
            entry: dict[str, Any] = json.loads(path.read_text("utf-8")).get("datasets", {}).get(self.name, {})
        except (ValueError, AttributeError) as error:
            raise DataError(f"{path} is not a manifest: {error}. {_REBUILD}") from None
        return entry

    def _require(self) -> None:
        if not self.info.available:
            raise NotAvailableError(f"Data set {self.name} is not in {self.root}. {HOW_TO_GET}")

    @cached_property
    def _arrays(self) -> dict[str, Any]:
        path = self.folder / "labels.npz"
        try:
            # From memory: np.load leaves the file open when its end is missing.
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in ("query", "database", "train_rows")}
        except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} is damaged ({error}). {_REBUILD}") from None
        arrays["train_rows"] = arrays["train_rows"].astype(np.int64)
        arrays["train"] = arrays["database"][arrays["train_rows"]]
        for array in arrays.values():
            array.setflags(write=False)
        return arrays

    @property
    def train_rows(self) -> Int64:
        """Rows of the database that are the train split, int64 (n_train,)."""
        self._require()
        rows: Int64 = self._arrays["train_rows"]
        return rows

    @cached_property
    def content_key(self) -> str:
        """16 hex digits that change with any image, label or split."""
        self._require()
        parts = [sha256_of(self.folder / name) for name in ("images.zip", "labels.npz")]
        return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]

    @property
    def n_pool(self) -> int:
        """Queries and database together."""
        return self.info.n_query + self.info.n_database

    @cached_property
    def pool_key(self) -> str:
        """16 hex digits that change with any image."""
        self._require()
        return sha256_of(self.folder / "images.zip")[:16]

    def pool_rows(self, split: Split) -> Int64:
        """Rows of the pool, which is the queries followed by the database, int64 (n,)."""
        self._require()
        return stacked_rows(self.info, self.train_rows, split)

    def pool_image(self, row: int) -> Image:
        """The decoded image in a row of the pool, RGB."""
        self._require()
        return self.image(*stacked_place(self.info, row))

    def labels(self, split: Split) -> Bool:
        """Multi-hot labels, bool (n, n_classes)."""
        self._require()
        self.info.n_rows(split)
        labels: Bool = self._arrays[split]
        return labels

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        self._require()
        path = self.folder / "images.zip"
        try:
            return zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} is damaged ({error}). {_REBUILD}") from None

    @cached_property
    def _members(self) -> dict[tuple[str, int], str]:
        members = {}
        for name in self._archive.namelist():
            split, _, file = name.partition("/")
            members[split, int(file.partition(".")[0])] = name
        return members

    def image_bytes(self, split: Split, row: int) -> tuple[bytes, str]:
        """The image as it is stored, and its MIME type."""
        self._require()
        check_row(self.info, split, row)
        if split == "train":
            split, row = "database", int(self.train_rows[row])
        name = self._members.get((split, row))
        if name is None:
            raise DataError(f"{self.folder / 'images.zip'} holds no image {split} {row}. {_REBUILD}")
        try:
            with self._zip_lock:
                return self._archive.read(name), MIME_TYPES[Path(name).suffix]
        except (OSError, zlib.error, zipfile.BadZipFile) as error:
            raise DataError(
                f"{name} in {self.folder / 'images.zip'} is damaged ({error}). {_REBUILD}"
            ) from None

    def image(self, split: Split, row: int) -> Image:
        """The decoded image, RGB."""
        from PIL import Image

        content, _ = self.image_bytes(split, row)
        try:
            return Image.open(io.BytesIO(content)).convert("RGB")
        except (OSError, SyntaxError) as error:
            name = self._members.get((split, row), f"{split} {row}")
            raise DataError(f"{name} in {self.folder} is no readable image ({error}). {_REBUILD}") from None

    @cached_property
    def _captions(self) -> dict[str, list[str]] | None:
        path = self.folder / "captions.json"
        if not path.is_file():
            return None
        captions: dict[str, list[str]] = json.loads(path.read_text("utf-8"))
        return captions

    def captions(self, split: Split) -> tuple[str, ...] | None:
        """One sentence per image, or None when the data set has none."""
        self._require()
        self.info.n_rows(split)
        if self._captions is None:
            return None
        if split == "train":
            return tuple(self._captions["database"][row] for row in self.train_rows)
        return tuple(self._captions[split])
