"""Image files that people bring: read with limits, whatever their mode, as upright RGB."""

from __future__ import annotations

import io
import struct
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from models.errors import DataError

MAX_BYTES, MAX_PIXELS = 10 * 2**20, 40_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
EXIF_ORIENTATION = 0x0112
_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, OverflowError, struct.error)
_TAKEN = "Use a PNG, JPEG, WebP, GIF, BMP or TIFF file."


def read_image(
    content: bytes, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS
) -> tuple[Image.Image, list[str]]:
    """Decode an image file: the first frame, upright, RGB on white; and sentences about what that changed.

    Raises:
        DataError: too large in bytes or pixels, no image, an unknown format, or damaged.
    """
    if not content:
        raise DataError(f"The file is empty. {_TAKEN}")
    if len(content) > max_bytes:
        size, limit = len(content) / 2**20, max_bytes // 2**20
        raise DataError(f"The file has {size:.1f} MB; at most {limit} MB are taken. Make it smaller.")
    with warnings.catch_warnings():
        # Pillow warns of large images, where our limit decides, and of odd metadata, which we do not need.
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        except Image.DecompressionBombError:
            raise DataError(_too_many_pixels("far more than", max_pixels)) from None
        except _UNREADABLE as error:
            raise DataError(f"This is no image that can be read. {_TAKEN} ({_first_line(error)})") from None
        if image.width * image.height > max_pixels:
            raise DataError(_too_many_pixels(f"{image.width}x{image.height}, which is more than", max_pixels))
        try:
            notes = _notes(image)
            image.seek(0)
            image.load()
            return _as_rgb(ImageOps.exif_transpose(image)), notes
        except (*_UNREADABLE, Image.DecompressionBombError) as error:
            raise DataError(
                f"The image is damaged or cut off. Save it again. ({_first_line(error)})"
            ) from None


def _notes(image: Image.Image) -> list[str]:
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


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _as_rgb(image: Image.Image) -> Image.Image:
    """RGB on white, whatever the mode."""
    if image.mode.startswith(("I", "F")):
        values = np.nan_to_num(np.asarray(image, dtype=np.float64))
        highest = values.max(initial=0)
        # 16-bit files say so; 32-bit and floating-point ones are used with any of these ranges.
        top = 65535.0 if image.mode.startswith("I;16") or highest > 255 else 255.0 if highest > 1 else 1.0
        image = Image.fromarray((values / top * 255).round().clip(0, 255).astype(np.uint8))
    if _is_transparent(image):
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        ground.alpha_composite(layer)
        return ground.convert("RGB")
    return image.convert("RGB")


def _too_many_pixels(what: str, max_pixels: int) -> str:
    limit = max_pixels // 1_000_000
    return f"The image has {what} the {limit} million pixels that are taken. Make it smaller."


def _first_line(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):  # names an object in memory
        return "unknown format"
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
