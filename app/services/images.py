"""Stored images by id: where the browser finds them, and their bytes for the route that answers."""

from __future__ import annotations

from functools import lru_cache

from app.services import catalog
from models.errors import HashingError
from models.types import Split

SPLITS: tuple[Split, ...] = ("query", "database")


def thumb_url(dataset: str, split: Split, row: int | str) -> str:
    """Address of an image below the server's base path; `row` may be a placeholder for a component."""
    return f"thumb/{dataset}/{catalog.open_dataset(dataset).content_key}/{split}/{row}"


@lru_cache(maxsize=20_000)  # about 20 MB of thumbnails at 1 kB each
def _read(dataset: str, split: Split, row: int) -> tuple[bytes, str]:
    return catalog.open_dataset(dataset).image_bytes(split, row)


def find(dataset: str, key: str, split: str, row: int) -> tuple[bytes, str] | None:
    """Bytes and MIME type of an image; None for anything that is no image of a data set here."""
    if dataset not in {card.name for card in catalog.datasets()} or split not in SPLITS:
        return None
    try:
        if key != catalog.open_dataset(dataset).content_key:
            return None
        return _read(dataset, "query" if split == "query" else "database", row)
    except HashingError:
        return None
