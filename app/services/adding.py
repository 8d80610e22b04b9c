"""Data of one's own before anything is read: what was found, who may name a folder, what can be trained."""

from __future__ import annotations

import base64
import hashlib
import io
import ipaddress
import os
import re
import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from app.services import catalog
from models.data import dataset_names, embedded_names
from models.data.image_file import read_image
from models.data.importing import Plan, plan_import
from models.data.library import QUERY, TRAIN, library_root
from models.data.protocols import QUERY_FRACTION, TRAIN_FRACTION
from models.errors import DataError, HashingError
from models.files import write_atomically
from models.networks.names import DEFAULT_BACKBONE, TORCHVISION

CAP_MB = 200  # of a dropped zip, which is held in memory until it is written down
KEPT_S = 24 * 3600.0  # how long a dropped file waits for somebody to go on
LENGTHS = (16, 32, 48, 64)
SHOWN_CLASSES, SHOWN_EACH, SHOWN_ALONE = 24, 3, 12
PICTURE = 64  # side of the small pictures, in pixels
UNSUPERVISED = "unsupervised"


@dataclass(frozen=True)
class Shown:
    """A class of the images found, how many have it, and a few of them as data addresses."""

    name: str
    count: int
    pictures: tuple[str, ...]


@dataclass(frozen=True)
class Preview:
    """What would be read.

    Attributes:
        name: of the data set.
        n_images: images found, none of them opened yet.
        n_query, n_train, n_database: how they would be used; about, where roles are drawn.
        roles_given: the source says who is what.
        label_kind: "single" or "multi".
        n_classes: 0 where there are no labels.
        classes: the most frequent ones.
        pictures: a few images as data addresses, where there are no classes.
        n_bytes: size of the images.
        copied: images are copied into the library; False: they stay where they are.
        left_out: file and reason, of what is no image of the data set.
        notes: sentences about what was seen.
    """

    name: str
    n_images: int
    n_query: int
    n_train: int
    n_database: int
    roles_given: bool
    label_kind: str
    n_classes: int
    classes: tuple[Shown, ...]
    pictures: tuple[str, ...]
    n_bytes: int
    copied: bool
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def look(
    name: str,
    images: str,
    labels: str,
    query_fraction: float,
    train_fraction: float,
    seed: int,
    link: bool = False,
) -> Preview:
    """Look at a folder or zip without reading it.

    Args:
        name: of the data set to be made.
        images: path of the folder or zip.
        labels: path of a `labels.csv`, or "".
        query_fraction: share of the images that become queries.
        train_fraction: share of the database that is trained on.
        seed: of the draw.
        link: leave the images of a folder where they are.

    Raises:
        HashingError: what stands in the way.
    """
    if not Path(images).exists():
        raise DataError(f"There is no {images} on the server's machine. Give the path of a folder or a zip.")
    plan = plan_import(
        name,
        Path(images),
        Path(labels) if labels else None,
        query_fraction,
        train_fraction,
        seed,
        link=link,
    )
    try:
        return _preview(plan)
    finally:
        plan.source.close()


def _preview(plan: Plan) -> Preview:
    n_query, n_train = round(plan.query_fraction * plan.n_images), 0
    if plan.roles_given:
        roles = [entry.roles for entry in plan.source.entries]
        n_query, n_train = sum(r & QUERY > 0 for r in roles), sum(r & TRAIN > 0 for r in roles)
    n_database = plan.n_images - n_query
    if not plan.roles_given:
        n_train = round(plan.train_fraction * n_database)
    order = sorted(range(len(plan.class_names)), key=lambda c: -plan.class_counts[c])[:SHOWN_CLASSES]
    chosen = _few_of_each(plan, order)
    n_alone = 0 if plan.class_names else SHOWN_ALONE
    step = max(1, plan.n_images // max(1, n_alone))
    return Preview(
        name=plan.name,
        n_images=plan.n_images,
        n_query=n_query,
        n_train=n_train,
        n_database=n_database,
        roles_given=plan.roles_given,
        label_kind=plan.label_kind,
        n_classes=len(plan.class_names),
        classes=tuple(
            Shown(plan.class_names[c], plan.class_counts[c], _pictures(plan, chosen[c])) for c in order
        ),
        pictures=_pictures(plan, range(0, plan.n_images, step)[:n_alone]),
        n_bytes=plan.n_bytes,
        copied=plan.storage == "archive",
        left_out=tuple((left.file, left.reason) for left in plan.skipped),
        notes=plan.notes,
    )


def _few_of_each(plan: Plan, classes: Sequence[int]) -> dict[int, list[int]]:
    """Positions of the first images of each class; an image stands for one class only."""
    found: dict[int, list[int]] = {c: [] for c in classes}
    missing = set(classes)
    for position, entry in enumerate(plan.source.entries):
        here = next((c for c in entry.labels if c in missing), None)
        if here is not None:
            found[here].append(position)
            if len(found[here]) == SHOWN_EACH:
                missing.discard(here)
        if not missing:
            break
    return found


def _pictures(plan: Plan, positions: Sequence[int]) -> tuple[str, ...]:
    """Small pictures; an image that cannot be read is passed over here and told of when it is read."""
    made = []
    for position in positions:
        try:
            image, _ = read_image(plan.source.read(position))
        except HashingError:
            continue
        image.thumbnail((PICTURE, PICTURE))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=80)
        made.append("data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode())
    return tuple(made)


def keep_upload(content: bytes, file: str) -> Path:
    """Write a dropped file down for the process that reads it; older ones that nobody used are removed.

    Args:
        content: of the file.
        file: what its owner calls it, which is how messages name it.

    Raises:
        StorageError: the disk is full, or the library cannot be written.
    """
    folder = library_root() / "incoming"
    if folder.is_dir():
        for path in folder.iterdir():
            if time.time() - path.stat().st_mtime > KEPT_S:
                shutil.rmtree(path, ignore_errors=True)
    path = folder / hashlib.sha256(content).hexdigest()[:16] / _plain_name(file)
    if not path.is_file():
        write_atomically(path, content)
    return path


def dropped(*paths: str) -> tuple[Path, ...]:
    """Those of the files that were dropped here, so that they can go once they were read."""
    folder = library_root() / "incoming"
    return tuple(Path(path) for path in paths if path and Path(path).parent.parent == folder)


def _plain_name(file: str) -> str:
    """The name of a file without anything that could lead elsewhere."""
    path = Path(file)
    return (re.sub(r"[^\w. -]+", "-", path.stem)[-60:].lstrip(". ") or "dropped") + path.suffix.lower()


def suggested_name(file: str) -> str:
    """A name for a data set made from a file's, which nobody has taken yet."""
    plain = re.sub(r"[^a-z0-9]+", "-", Path(file).stem.lower()).strip("-")[:36].strip("-") or "mine"
    plain = "codes" if plain == "database" else plain  # what a file of codes is mostly called, and no name
    taken, n = set(dataset_names()), 2
    name = plain
    while name in taken:
        name, n = f"{plain}-{n}", n + 1
    return name


def why_no_folder(address: str, headers: Mapping[str, str]) -> str:
    """Why nobody may name a folder of the server's machine over this connection; "" when they may.

    Args:
        address: what the server is bound to.
        headers: of the request; a name other than this computer's, or a proxy's mark, means that the page is
            open to others.
    """
    told = {name.lower(): value for name, value in headers.items()}
    host = told.get("host", "localhost")
    host = host[1 : host.index("]")] if host.startswith("[") and "]" in host else host.partition(":")[0]
    proxied = {"x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded"} & told.keys()
    if _is_loopback(address) and _is_loopback(host) and not proxied:
        return ""
    return (
        "A folder can be named only where the server answers nobody but its own computer: else whoever opens "
        "this page could read the folders of another machine. Drop a zip, or use the command line there."
    )


def _is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Choice:
    """A method that could be trained.

    Attributes:
        name: in the registry.
        lengths: code lengths on offer.
        why_not: why it cannot take these data; empty when it can.
    """

    name: str
    lengths: tuple[int, ...]
    why_not: str


def choices(label_kind: str, *, labelled: bool) -> tuple[Choice, ...]:
    """Every method, those that can take the data first, each part in the order of the pickers."""
    found = [_choice(name, label_kind, labelled=labelled) for name in catalog.carded()]
    return tuple(sorted(found, key=lambda choice: bool(choice.why_not)))


def _choice(name: str, label_kind: str, *, labelled: bool) -> Choice:
    card, why_not = catalog.method_card(name), ""
    label = catalog.method_label(name)
    if not labelled and card.get("supervision") != UNSUPERVISED:
        why_not = f"{label} learns from labels, and these images have none."
    elif label_kind == "multi" and labelled and not card.get("reads_multi_label", True):
        note = str(card.get("multi_label_note") or "It needs exactly one class per image.")
        why_not = f"These images have several labels each, or none. {note}"
    rule = card.get("n_bits") or {}
    low, high, multiple = rule.get("lowest", 1), rule.get("highest", 1024), rule.get("multiple_of", 1)
    lengths = tuple(n for n in LENGTHS if low <= n <= high and n % multiple == 0)
    return Choice(name, lengths, why_not)


@lru_cache(maxsize=2)
def suggested_method(*, labelled: bool) -> str | None:
    """The method to begin with: of those run on every embedded set, the one with the best mean mAP there.

    Without labels, of those that need none.
    """
    opening = catalog.OPENING_BITS
    sets = [name for name in embedded_names() if opening in _lengths(name)]
    scores: dict[str, float] = {}
    for method in catalog.carded():
        unsupervised = catalog.method_card(method).get("supervision") == UNSUPERVISED
        if labelled == unsupervised or not all(opening in catalog.lengths(d, method) for d in sets):
            continue
        results = [catalog.open_run(d, method, opening).result for d in sets]
        scores[method] = sum(float(r["metrics"]["map"]["expected"]) for r in results)
    return max(scores, key=lambda method: scores[method], default=None)


def _lengths(dataset: str) -> set[int]:
    return {n for method in catalog.methods(dataset) for n in catalog.lengths(dataset, method)}


def backbones() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Backbones that can be used at once, and those whose weights would have to be downloaded first.

    torch's cache is looked at by file name, `<backbone>-<8 hex digits>.pth`, without loading torch.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("TORCH_HOME") or Path(cache) / "torch") / "hub/checkpoints"
    here = [name for name in TORCHVISION if any(folder.glob(f"{name}-*.pth"))]
    return (DEFAULT_BACKBONE, *here), tuple(name for name in TORCHVISION if name not in here)


def command_line(
    name: str,
    images: str,
    labels: str = "",
    *,
    query_fraction: float = QUERY_FRACTION,
    train_fraction: float = TRAIN_FRACTION,
    seed: int = 0,
    link: bool = False,
    training: tuple[str, int, str] | None = None,
) -> str:
    """The commands that do the same without this page; `training` is method, length and backbone."""
    options = {
        "--labels": (labels, ""),
        "--query-fraction": (query_fraction, QUERY_FRACTION),
        "--train-fraction": (train_fraction, TRAIN_FRACTION),
        "--seed": (seed, 0),
    }
    given = [
        f" {flag} {shlex.quote(str(value))}" for flag, (value, usual) in options.items() if value != usual
    ]
    lines = [
        f"python -m models import {name} --images {shlex.quote(images)}{''.join(given)}"
        + (" --link" if link else "")
    ]
    if training is not None:
        method, n_bits, backbone = training
        on = "" if backbone == DEFAULT_BACKBONE else f" --backbone {backbone}"
        lines.append(f"python -m models features {name}{on}")
        lines.append(f"python -m models train {method} --dataset {name} --n-bits {n_bits}{on}")
    return "\n".join(lines)
