"""Images by id: where the browser finds them, and their bytes for the route that answers.

Where the images of a data set are not on this machine, a drawing of the class's name stands for each.
"""

from __future__ import annotations

from functools import lru_cache

from app.services import catalog, placeholders
from models.errors import HashingError, NotAvailableError
from models.types import Split

SPLITS: tuple[Split, ...] = ("query", "database")


def thumb_url(dataset: str, split: Split, row: int | str) -> str:
    """Address of an image below the server's base path; `row` may be a placeholder for a component."""
    return f"thumb/{dataset}/{_key(dataset)}/{split}/{row}"


def _key(dataset: str) -> str:
    """What the address says of the content; browsers keep what they got, so words have another one."""
    key = catalog.open_dataset(dataset).content_key
    return key if catalog.has_images(dataset) else f"{key}-words"


@lru_cache(maxsize=20_000)  # about 20 MB of thumbnails at 1 kB each
def _read(dataset: str, split: Split, row: int) -> tuple[bytes, str]:
    if not catalog.has_images(dataset):
        if not 0 <= row < catalog.n_rows(dataset, split):
            raise NotAvailableError(f"{dataset} has no {split} image {row}.")
        names = catalog.label_names(dataset, split, row)
        return placeholders.placeholder(names, f"{split[0]}{row}"), placeholders.MIME
    return catalog.open_dataset(dataset).image_bytes(split, row)


def find(dataset: str, key: str, split: str, row: int) -> tuple[bytes, str] | None:
    """Bytes and MIME type of an image; None for anything that is no image of a data set here."""
    if dataset not in {card.name for card in catalog.datasets()} or split not in SPLITS:
        return None
    try:
        if key != _key(dataset):
            return None
        return _read(dataset, "query" if split == "query" else "database", row)
    except HashingError:
        return None
