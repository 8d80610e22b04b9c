"""An uploaded image: read with limits, encoded like any other, kept by the session and nowhere else."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.services import catalog
from models.data.image_file import read_image
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
        HashingError: the run has no checkpoint, or its backbone's weights cannot be had.
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
    from models.engine.encode import open_encoder

    return open_encoder(catalog.open_run(dataset, method, n_bits))


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
