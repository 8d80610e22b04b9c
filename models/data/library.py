"""Where data sets beyond the embedded ones live, and the form they have on disk. No torch.

The library holds the data sets that were imported on this machine:

    <library>/datasets/<pool>/dataset.json            the card, see `Card`
    <library>/datasets/<pool>/images.zip              storage "archive": members 00000000.jpg, not deflated
    <library>/datasets/<pool>/paths.txt               storage "linked": one path per row below the card's root
    <library>/datasets/<pool>/labels.npy              bool (n, n_classes), opened as a memory map
    <library>/datasets/<pool>/hashes.npy              uint8 (n, 16), of the decoded pixels
    <library>/datasets/<pool>/splits-<protocol>.npz   `roles`, uint8 (n,): a sum of QUERY, TRAIN, DATABASE
    <library>/datasets/<pool>/captions.json           optional: one list of sentences per row
    <library>/features, <library>/runs                what is computed from them
    <library>/downloads/<name>                        files of a published set until it is imported
    <library>/weights/*                               weights of backbones that a person puts there

`sample_data/<pool>/` may hold the same without the images (`labels.npz` in place of `labels.npy`), so that
runs on a well-known data set open where its images are not.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from models.data.base import sample_data_root
from models.errors import DataError
from models.types import LabelKind, NormalizeBy

FORMAT = 1
CARD = "dataset.json"
# What an image is for, as bits of the roles array.
QUERY, TRAIN, DATABASE = 1, 2, 4

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
NAME_RULE = "A name has 1 to 40 small letters, digits, - and _, and starts with a letter or digit."


@dataclass(frozen=True)
class ProtocolCard:
    """How a protocol scores; who plays which role is in its splits file.

    Attributes:
        title: one line for people.
        k: last rank that counts for AP; None is the whole ranking.
        normalize_by: divisor of AP, as in `models.metrics.evaluate`.
    """

    title: str
    k: int | None = None
    normalize_by: NormalizeBy = "relevant"


@dataclass(frozen=True)
class Card:
    """The content of `dataset.json`.

    Attributes:
        name: the pool's name.
        n: images.
        image_size: side of the images in pixels; where they differ, the median of the longer side.
        mirror_is_same: False where a mirror image shows another thing.
        protocols: by name, the default first.
        origin: which part of the published set rows come from, as runs of (part, count) in row order, such as
            (("train", 50000), ("test", 10000)); one run with an empty name for sets without parts.
        pool_key: 16 hex digits of the images and their order.
        labels_key: 16 hex digits of the labels.
        storage: see the module.
        root: folder of a linked set, absolute; "" for an archive.
        how_to_get: what a person does to have the images, a sentence.
        download_bytes: size of that download; 0 where it is not known.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    label_kind: LabelKind
    licence: str
    source: str
    n: int
    image_size: int
    mirror_is_same: bool
    protocols: Mapping[str, ProtocolCard]
    origin: tuple[tuple[str, int], ...]
    pool_key: str
    labels_key: str
    storage: Literal["archive", "linked"] = "archive"
    root: str = ""
    how_to_get: str = ""
    download_bytes: int = 0

    def to_json(self) -> dict[str, Any]:
        """The document of `dataset.json`."""
        return {"format": FORMAT, **asdict(self)}


def library_root() -> Path:
    """Folder of the library: HASHLENS_LIBRARY, else `.library` beside the package."""
    given = os.environ.get("HASHLENS_LIBRARY")
    return Path(given) if given else Path(__file__).resolve().parents[2] / ".library"


def datasets_root() -> Path:
    """Folder of the imported data sets."""
    return library_root() / "datasets"


def check_name(name: str) -> None:
    """Raise DataError when `name` cannot be the name of a data set."""
    if not _NAME.fullmatch(name):
        raise DataError(f"{name!r} cannot be the name of a data set. {NAME_RULE}")


def pool_names() -> tuple[str, ...]:
    """Pools of the library, then those known without images, each in the order of the alphabet."""
    imported = _below(datasets_root())
    return (*imported, *(name for name in _below(sample_data_root()) if name not in imported))


def pool_folder(name: str) -> Path | None:
    """The folder of a pool; the library comes before what is shipped. None where there is none."""
    if not _NAME.fullmatch(name):
        return None
    for root in (datasets_root(), sample_data_root()):
        if (root / name / CARD).is_file():
            return root / name
    return None


def read_card(folder: Path) -> Card:
    """The card of a pool.

    Raises:
        DataError: it cannot be read, or another version wrote it.
    """
    path = folder / CARD
    try:
        document = json.loads(path.read_text("utf-8"))
        version = document.pop("format")
        if version != FORMAT:
            raise DataError(
                f"{path} has format {version}; this version of Hashlens reads format {FORMAT}. "
                f"Remove it with `python -m models forget {folder.name}` and import it again."
            )
        document["class_names"] = tuple(document["class_names"])
        document["origin"] = tuple((part, int(count)) for part, count in document["origin"])
        document["protocols"] = {key: ProtocolCard(**value) for key, value in document["protocols"].items()}
        card = Card(**document)
        if not card.protocols:
            raise ValueError("no protocol")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} is damaged ({error}). Remove the data set with `python -m models forget {folder.name}` "
            "and import it again."
        ) from None
    return card


def _below(root: Path) -> list[str]:
    return sorted(path.parent.name for path in root.glob(f"*/{CARD}") if _NAME.fullmatch(path.parent.name))
