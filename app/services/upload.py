"""An uploaded image: read with limits, encoded like any other, kept by the session and nowhere else."""

from __future__ import annotations

import base64
import io
import struct
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.services import catalog
from models.errors import DataError
from models.types import BinaryCodes, Codes, Queries

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES, MAX_PIXELS = 10 * 2**20, 40_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
EXIF_ORIENTATION = 0x0112
_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, OverflowError, struct.error)
_TAKEN = "Use a PNG, JPEG, WebP, GIF, BMP or TIFF file."


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


def read_image(content: bytes) -> tuple[Image, list[str]]:
    """Decode an image file: the first frame, upright, RGB on white; and sentences about what that changed.

    Raises:
        DataError: too large in bytes or pixels, no image, an unknown format, or damaged.
    """
    from PIL import Image, ImageOps

    if not content:
        raise DataError(f"The file is empty. {_TAKEN}")
    if len(content) > MAX_BYTES:
        size, limit = len(content) / 2**20, MAX_BYTES // 2**20
        raise DataError(f"The file has {size:.1f} MB; at most {limit} MB are taken. Make it smaller.")
    with warnings.catch_warnings():
        # Pillow warns of large images, where our limit decides, and of odd metadata, which we do not need.
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        except Image.DecompressionBombError:
            raise DataError(_too_many_pixels("far more than")) from None
        except _UNREADABLE as error:
            raise DataError(f"This is no image that can be read. {_TAKEN} ({_first_line(error)})") from None
        if image.width * image.height > MAX_PIXELS:
            raise DataError(_too_many_pixels(f"{image.width}x{image.height}, which is more than"))
        try:
            notes = _notes(image)
            image.seek(0)
            image.load()
            return _as_rgb(ImageOps.exif_transpose(image)), notes
        except (*_UNREADABLE, Image.DecompressionBombError) as error:
            raise DataError(
                f"The image is damaged or cut off. Save it again. ({_first_line(error)})"
            ) from None


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
    return (codes.packed if isinstance(codes, BinaryCodes) else codes.indices)[0].tobytes()


def _data_url(image: Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _notes(image: Image) -> list[str]:
    notes = []
    n_frames: int = getattr(image, "n_frames", 1)
    if n_frames > 1:
        notes.append(f"The first of {n_frames} frames.")
    if image.mode == "CMYK":
        notes.append("Converted from CMYK.")
    if image.mode.startswith(("I", "F")):
        notes.append("Brought down to 8 bits a channel.")
    if _is_transparent(image):
        notes.append("Transparent parts are shown on white.")
    if image.getexif().get(EXIF_ORIENTATION, 1) != 1:
        notes.append("Turned upright, as its EXIF data say.")
    return notes


def _is_transparent(image: Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _as_rgb(image: Image) -> Image:
    """RGB on white, whatever the mode."""
    from PIL import Image as Pillow

    if image.mode.startswith(("I", "F")):
        import numpy as np

        values = np.nan_to_num(np.asarray(image, dtype=np.float64))
        highest = values.max(initial=0)
        # 16-bit files say so; 32-bit and floating-point ones are used with any of these ranges.
        top = 65535.0 if image.mode.startswith("I;16") or highest > 255 else 255.0 if highest > 1 else 1.0
        image = Pillow.fromarray((values / top * 255).round().clip(0, 255).astype(np.uint8))
    if _is_transparent(image):
        layer = image.convert("RGBA")
        ground = Pillow.new("RGBA", layer.size, "white")
        ground.alpha_composite(layer)
        return ground.convert("RGB")
    return image.convert("RGB")


def _too_many_pixels(what: str) -> str:
    limit = MAX_PIXELS // 1_000_000
    return f"The image has {what} the {limit} million pixels that are taken. Make it smaller."


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
