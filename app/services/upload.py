"""An uploaded image: read with limits, encoded like any other, kept by the session and nowhere else."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.services import catalog
from models.data import embedded_names
from models.data.image_file import read_image
from models.data.library import library_root
from models.engine.config import RunConfig
from models.engine.store import RunStore
from models.errors import CheckpointError, NotAvailableError, WeightsError
from models.files import sha256_of
from models.networks.names import TORCHVISION, network_of
from models.types import BinaryCodes, Codes, Queries

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class EncodedUpload:
    """What one run makes of an upload.

    Attributes:
        queries: what the database is compared with.
        code: stored bytes of the code, as for a database image.
        seen: PNG of what the network was given, as a data address.
    """

    queries: Queries
    code: bytes
    seen: str


@dataclass(frozen=True)
class Upload:
    """An uploaded file that was found to be an image, and what reading it takes.

    The file is kept, not its pixels, which can be many times as large. `encoded` fills as runs are chosen.
    """

    content: bytes
    notes: tuple[str, ...]
    encoded: dict[tuple[str, str, int], EncodedUpload] = field(default_factory=dict)


def receive(content: bytes) -> Upload:
    """Check an uploaded file by reading it once.

    Raises:
        DataError: too large in bytes or pixels, no image, an unknown format, or damaged.
    """
    return Upload(content, tuple(read_image(content)[1]))


def encode(upload: Upload, dataset: str, method: str, n_bits: int) -> EncodedUpload:
    """Code of an upload under a stored run; loads torch on the first call.

    Raises:
        NotAvailableError: the run was stored without its network.
        CheckpointError: its network is damaged, or the backbone's weights are others than it knows.
        WeightsError: this machine has no weights of its backbone.
    """
    key = (dataset, method, n_bits)
    if key not in upload.encoded:
        from models.engine.encode import encode_images

        encoder = _encoder(*key)
        image, _ = read_image(upload.content)
        made = encode_images(encoder, [image])
        seen = _seen_by(image, encoder.backbone.transform)
        upload.encoded[key] = EncodedUpload(made.queries, _stored_bytes(made.codes), _data_url(seen))
    return upload.encoded[key]


@lru_cache(maxsize=4)
def _encoder(dataset: str, method: str, n_bits: int) -> Any:
    run = catalog.open_run(dataset, method, n_bits)
    if not run.checkpoint_path.is_file():
        raise NotAvailableError(_without_network(run.config))
    from models.engine.checkpoint import load_checkpoint
    from models.engine.encode import open_encoder

    try:
        weights_id = load_checkpoint(run.checkpoint_path).weights_id
        return open_encoder(run, _weights_file(run.config, weights_id))
    except (CheckpointError, WeightsError) as error:
        raise type(error)(_unusable_network(run.config, error)) from None


def _weights_file(config: RunConfig, weights_id: str) -> Path | None:
    """A file with the weights that a head was trained on; None where the backbone's own are meant.

    Raises:
        WeightsError: they came from a file that is not here.
    """
    own = network_of(config.backbone) not in TORCHVISION or _trained_along(config)
    if own or not re.fullmatch(r"[0-9a-f]{12}", weights_id):
        return None
    folder = library_root() / "weights"
    for path in sorted(folder.glob("*")):
        if path.is_file() and sha256_of(path).startswith(weights_id):
            return path
    raise WeightsError(
        f"It was trained on features of {config.backbone} with weights from a file whose SHA-256 begins with "
        f"{weights_id}; no other weights will do, and that file is not here. Put it into the folder weights "
        "of the library on the server's machine, under any name, and try again."
    )


def _without_network(config: RunConfig) -> str:
    """Why a run that keeps codes alone cannot take an image, and what to do."""
    if config.mode == "given":
        return (
            f"The codes of {config.method} on {config.dataset} were made by another system, whose network is "
            "not here to encode an image of your own. Ask with one of the images of the data set."
        )
    too_large = (
        " Networks that were trained along are too large to be shipped." if _trained_along(config) else ""
    )
    return (
        f"{_title(config)} was stored without its network, which would have to encode your image.{too_large} "
        "Its codes, map and scores are complete: ask with one of the images of the data set, or choose "
        f"another method or length. {_train_it_here(config)}"
    )


def _unusable_network(config: RunConfig, error: Exception) -> str:
    """What is wrong with a run's network or with the weights that it stands on, and what to do."""
    if isinstance(error, WeightsError):
        way_out = (
            f"On the command line it is `python -m models encode {_name(config)} IMAGE --weights-file FILE "
            "--out codes.npz`."
        )
    else:
        way_out = _train_it_here(config)
    return (
        f"{_title(config)} cannot encode an image of your own here. {error} {way_out} Or ask with one of the "
        "images of the data set."
    )


def _trained_along(config: RunConfig) -> bool:
    return config.mode == "finetune"


def _title(config: RunConfig) -> str:
    on = f"{config.backbone}, trained along" if _trained_along(config) else f"features of {config.backbone}"
    return f"{catalog.method_label(config.method)} with {config.n_bits} bits on {config.dataset} ({on})"


def _name(config: RunConfig) -> str:
    """The run as the command line takes it."""
    folder = RunStore().folder(
        config.dataset, config.method, config.n_bits, config.seed, config.backbone, config.mode
    )
    return "/".join(folder.parts[-3:])


def _train_it_here(config: RunConfig) -> str:
    if config.dataset in embedded_names():
        return "To have its network, run `make zoo`."
    info = catalog.open_dataset(config.dataset).info
    first = "" if info.has_images else f" get the images (`python -m models fetch {info.pool}`), then"
    torchvision = network_of(config.backbone) in TORCHVISION
    weights = ", with --weights-file FILE where there is no network" if torchvision else ""
    return f"To have its network,{first} train it here: `{config.train_command}`{weights}."


def _seen_by(image: Image, transform: Any) -> Image:
    """The network's input turned back into an image."""
    import numpy as np
    from PIL import Image as Pillow

    from models.data.transforms import image_array

    array = image_array(image, transform)
    mean, std = (np.asarray(v, dtype=np.float32)[:, None, None] for v in (transform.mean, transform.std))
    pixels = ((array * std + mean) * 255).round().clip(0, 255).astype(np.uint8)
    return Pillow.fromarray(pixels.transpose(1, 2, 0))


def _stored_bytes(codes: Codes) -> bytes:
    stored = codes.packed if isinstance(codes, BinaryCodes) else codes.indices
    return bytes(stored[0].tobytes())


def _data_url(image: Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
