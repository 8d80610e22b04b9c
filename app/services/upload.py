"""An uploaded image: read with limits, encoded like any other, kept by the session and nowhere else."""

from __future__ import annotations

import base64
import io
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
    """An uploaded image as RGB, with what had to be done to it. `encoded` fills as methods are chosen."""

    image: Image
    notes: tuple[str, ...]
    encoded: dict[tuple[str, str, int], EncodedUpload] = field(default_factory=dict)


def read_image(content: bytes) -> Upload:
    """Decode an upload.

    Raises:
        DataError: too large in bytes or pixels, no image, an unknown format, or truncated.
    """
    from PIL import Image, ImageOps

    if not content:
        raise DataError(f"The file is empty. {_TAKEN}")
    if len(content) > MAX_BYTES:
        raise DataError(f"The file has {len(content) / 2**20:.1f} MB; at most {MAX_BYTES // 2**20} MB are taken.")
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a bomb of medium size; the check below judges by our own limit.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise DataError(_too_many_pixels("far more than")) from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise DataError(f"This is no image that can be read. {_TAKEN} ({_first_line(error)})") from None
    if image.width * image.height > MAX_PIXELS:
        raise DataError(_too_many_pixels(f"{image.width}x{image.height}, which is more than"))
    notes = _notes(image)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata; the pixels decide
            image.seek(0)
            image.load()
            upright = ImageOps.exif_transpose(image)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise DataError(f"The image is damaged or cut off. Save it again. ({_first_line(error)})") from None
    if upright.size != image.size or image.getexif().get(0x0112, 1) != 1:
        notes.append("turned upright as its EXIF data say")
    return Upload(_as_rgb(upright), tuple(notes))


def encode(upload: Upload, dataset: str, method: str, n_bits: int) -> EncodedUpload:
    """Code of an upload under a stored run; loads torch on the first call.

    Raises:
        HashingError: the run has no checkpoint, or its backbone's weights cannot be had.
    """
    key = (dataset, method, n_bits)
    if key not in upload.encoded:
        from models.engine.encode import encode_images

        encoder = _encoder(*key)
        made = encode_images(encoder, [upload.image])
        upload.encoded[key] = EncodedUpload(
            made.queries,
            _stored_bytes(made.codes),
            _data_url(_seen_by(upload.image, encoder.backbone.transform)),
        )
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
    mean, std = (np.asarray(values, dtype=np.float32)[:, None, None] for values in (transform.mean, transform.std))
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
    if getattr(image, "n_frames", 1) > 1:
        notes.append(f"first of {image.n_frames} frames")  # type: ignore[attr-defined]
    if image.mode == "CMYK":
        notes.append("converted from CMYK")
    if image.mode.startswith(("I", "F")):
        notes.append("16 bits a channel brought down to 8")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        notes.append("transparent parts shown on white")
    return notes


def _as_rgb(image: Image) -> Image:
    """RGB on white, whatever the mode."""
    from PIL import Image as Pillow

    if image.mode.startswith(("I", "F")):
        import numpy as np

        values = np.asarray(image, dtype=np.float64)
        top = 65535.0 if values.max(initial=0) > 255 else 255.0
        image = Pillow.fromarray((values / top * 255).round().clip(0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Pillow.new("RGBA", layer.size, "white")
        ground.alpha_composite(layer)
        return ground.convert("RGB")
    return image.convert("RGB")


def _too_many_pixels(what: str) -> str:
    return f"The image has {what} the {MAX_PIXELS // 1_000_000} million pixels that are taken. Make it smaller."


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
