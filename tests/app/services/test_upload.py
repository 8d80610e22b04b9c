"""Uploads of every sort: what is taken, what it becomes, and what is refused with words."""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.services import upload
from models.engine.config import RunConfig
from models.errors import CheckpointError, DataError, HashingError, NotAvailableError


def saved(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def gradient(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Image.Image:
    ramp = np.linspace(0, 255, size[0] * size[1], dtype=np.uint8).reshape(size[1], size[0])
    return Image.fromarray(np.stack([ramp, ramp[::-1], 255 - ramp], axis=2)).convert(mode)


def read(content: bytes) -> tuple[np.ndarray, str]:
    image, notes = upload.read_image(content)
    assert image.mode == "RGB"
    return np.asarray(image), " ".join(notes)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_each_format_is_read(format: str) -> None:
    pixels, notes = read(saved(gradient(), format))
    assert pixels.shape == (30, 40, 3)
    assert np.abs(pixels.astype(int) - np.asarray(gradient()).astype(int)).mean() < 12
    assert notes == ""


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_grey_and_palette_become_rgb(mode: str) -> None:
    pixels, notes = read(saved(gradient(mode)))
    assert pixels.shape == (30, 40, 3)
    assert notes == ""


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_is_converted_and_said(format: str) -> None:
    pixels, notes = read(saved(Image.new("RGB", (20, 20), (200, 80, 40)).convert("CMYK"), format))
    assert np.abs(pixels[10, 10].astype(int) - (200, 80, 40)).max() < 12
    assert "CMYK" in notes


def test_sixteen_bits_keep_their_brightness() -> None:
    values = np.linspace(0, 65535, 400).astype(np.uint16).reshape(20, 20)
    pixels, notes = read(saved(Image.fromarray(values)))
    assert pixels[0, 0, 0] == 0
    assert pixels[-1, -1, 0] == 255
    assert abs(int(pixels[10, 0, 0]) - 128) <= 2
    assert "8 bits" in notes


def test_dark_sixteen_bits_stay_dark() -> None:
    pixels, _ = read(saved(Image.fromarray(np.full((9, 9), 200, dtype=np.uint16))))
    assert pixels.max() <= 1


def test_floating_point_is_scaled() -> None:
    pixels, _ = read(saved(Image.fromarray(np.full((9, 9), 0.5, dtype=np.float32)), "TIFF"))
    assert abs(int(pixels[0, 0, 0]) - 128) <= 1


def test_transparency_is_shown_on_white() -> None:
    pixels, notes = read(saved(Image.new("RGBA", (8, 8), (0, 0, 0, 0))))
    assert (pixels == 255).all()
    assert "white" in notes


def test_a_transparent_palette_colour_is_shown_on_white() -> None:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.putpixel((0, 0), 1)
    pixels, notes = read(saved(image, transparency=0))
    assert tuple(pixels[0, 0]) == (200, 0, 0)
    assert tuple(pixels[5, 5]) == (255, 255, 255)
    assert "white" in notes


@pytest.mark.parametrize("format", ["GIF", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame_is_taken(format: str) -> None:
    frames = [Image.new("RGB", (12, 12), colour) for colour in ("red", "blue", "green")]
    content = saved(frames[0], format, save_all=True, append_images=frames[1:])
    pixels, notes = read(content)
    assert pixels[5, 5, 0] > 200
    assert pixels[5, 5, 2] < 60
    assert "first of 3 frames" in notes


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (-1, -1)), (6, (0, -1)), (8, (-1, 0))])
def test_exif_rotation_is_undone(orientation: int, corner: tuple[int, int]) -> None:
    image = Image.new("RGB", (40, 20), "white")
    image.paste((255, 0, 0), (0, 0, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels, notes = read(saved(image, "JPEG", exif=exif, quality=95))
    assert pixels.shape[:2] == ((40, 20) if orientation in (6, 8) else (20, 40))
    assert pixels[corner][1] < 60
    assert ("upright" in notes) == (orientation != 1)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty"),
    "text": (lambda: b"this is no picture", "no image that can be read"),
    "a page": (lambda: b"<html><script>alert(1)</script></html>", "no image that can be read"),
    "vector": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no image that can be read"),
    "program for PostScript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no image"),
    "another format": (lambda: saved(gradient(), "PPM"), "PNG, JPEG"),
    "signature alone": (lambda: b"\x89PNG\r\n\x1a\n", "no image that can be read"),
    "half a PNG": (lambda: saved(gradient(size=(300, 300)))[:2000], "damaged or cut off"),
    "half a JPEG": (lambda: saved(gradient(size=(300, 300)), "JPEG")[:900], "damaged or cut off"),
    "half a WebP": (lambda: saved(gradient(size=(300, 300)), "WEBP")[:300], "no image|damaged"),
    "half a GIF": (lambda: saved(gradient(size=(300, 300)), "GIF")[:900], "no image|damaged"),
    "half a TIFF": (lambda: saved(gradient(size=(300, 300)), "TIFF")[:900], "no image|damaged"),
    "too many pixels": (lambda: png_claiming(8000, 6000), "8000x6000"),
    "a bomb": (lambda: png_claiming(50_000, 50_000), "million pixels"),
    "too many bytes": (lambda: b"\x89PNG" + b"\0" * (10 * 2**20), "10 MB"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_cannot_be_read_is_refused_with_words(case: str) -> None:
    make, words = REFUSED[case]
    with pytest.raises(DataError, match=words):
        upload.receive(make())


def test_a_bomb_is_refused_without_being_unpacked() -> None:
    import tracemalloc

    content = saved(Image.new("L", (7000, 7000)))
    assert len(content) < 200_000
    tracemalloc.start()
    with pytest.raises(DataError, match="million pixels"):
        upload.receive(content)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_the_file_is_kept_and_not_its_pixels() -> None:
    content = saved(gradient())
    received = upload.receive(content)
    assert received.content == content
    assert received.encoded == {}


def test_a_run_without_a_checkpoint_says_so(stored: Path) -> None:
    with pytest.raises(
        NotAvailableError, match=r"DPSH with 16 bits on digits .* without its network.*make zoo"
    ):
        upload.encode(upload.receive(saved(gradient())), "digits", "dpsh", 16)
    with pytest.raises(NotAvailableError):
        upload.encode(upload.receive(saved(gradient())), "digits", "dpsh", 17)


def run_of(monkeypatch: pytest.MonkeyPatch, folder: Path, **config: Any) -> None:
    """Let one stored run be another one."""
    given: dict[str, Any] = {
        "dataset": "bare", "method": "dpsh", "n_bits": 48, "seed": 0, "backbone": "mobilenet_v2",
        "mode": "head", "epochs": 1, "batch_size": 8, "lr": 1e-3, "weight_decay": 0.0, "sampler": "shuffled",
    }  # fmt: skip
    made = SimpleNamespace(
        config=RunConfig(**(given | config)), checkpoint_path=folder / "checkpoint.safetensors"
    )
    monkeypatch.setattr("app.services.catalog.open_run", lambda *key: made)
    upload._encoder.cache_clear()


def why_not() -> str:
    with pytest.raises(HashingError) as refused:
        upload.encode(upload.receive(saved(gradient())), "bare", "dpsh", 48)
    return str(refused.value)


def test_a_network_too_large_to_ship_is_named_with_the_way_out(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_of(monkeypatch, tmp_path, mode="finetune")
    said = why_not()
    assert "DPSH with 48 bits on bare (mobilenet_v2, trained along) was stored without its network" in said
    assert "too large to be shipped" in said and "choose another method" in said
    command = "python -m models train dpsh --dataset bare --n-bits 48 --backbone mobilenet_v2 --mode finetune"
    assert f"`{command}`, with --weights-file FILE" in said
    assert "fetch" not in said, "its images are here"
    run_of(monkeypatch, tmp_path, dataset="given")
    assert "get the images (`python -m models fetch given`), then train" in why_not()
    run_of(monkeypatch, tmp_path, mode="given", method="own")
    assert "made by another system" in why_not()


@pytest.fixture
def head(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path | None]:
    """A run whose checkpoint names the weights of a file; the weights files that it is opened with."""
    opened: list[Path | None] = []
    weights_id = hashlib.sha256(b"the weights").hexdigest()[:12]
    (tmp_path / "checkpoint.safetensors").write_bytes(b"")
    monkeypatch.setattr(
        "models.engine.checkpoint.load_checkpoint", lambda path: SimpleNamespace(weights_id=weights_id)
    )
    monkeypatch.setattr("models.engine.encode.open_encoder", lambda run, file: opened.append(file))
    run_of(monkeypatch, tmp_path)
    return opened


def test_weights_that_are_not_here_are_named_with_the_ways_out(head: list[Path | None]) -> None:
    said = why_not()
    assert said.startswith("DPSH with 48 bits on bare (features of mobilenet_v2) cannot encode")
    assert f"SHA-256 begins with {hashlib.sha256(b'the weights').hexdigest()[:12]}" in said
    assert "Put it into the folder weights of the library" in said
    assert "python -m models encode bare/dpsh/48-s0-mobilenet_v2 IMAGE --weights-file FILE" in said
    assert "train it here" not in said and head == []


def test_weights_in_the_library_are_found_by_what_they_are(head: list[Path | None], own: Path) -> None:
    (own / "weights/older").mkdir(parents=True)
    (own / "weights/a.safetensors").write_bytes(b"others")
    (own / "weights/z.safetensors").write_bytes(b"the weights")
    upload._encoder("bare", "dpsh", 48)
    assert head == [own / "weights/z.safetensors"]


def test_torchvisions_own_weights_need_no_file(
    head: list[Path | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = SimpleNamespace(weights_id="MobileNet_V2_Weights.IMAGENET1K_V2")
    monkeypatch.setattr("models.engine.checkpoint.load_checkpoint", lambda path: named)
    upload._encoder("bare", "dpsh", 48)
    run_of(monkeypatch, tmp_path, backbone="small_cnn")
    upload._encoder("bare", "dpsh", 48)
    assert head == [None, None]


def test_a_damaged_network_is_to_be_trained_anew(
    head: list[Path | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(run: object, file: object) -> None:
        raise CheckpointError("Truncated.")

    monkeypatch.setattr("models.engine.encode.open_encoder", refuse)
    monkeypatch.setattr(upload, "_weights_file", lambda *given: None)
    said = why_not()
    assert "cannot encode an image of your own here. Truncated. To have its network, train it here" in said
    assert "`python -m models train dpsh --dataset bare --n-bits 48 --backbone mobilenet_v2`" in said


def test_what_the_network_saw_is_its_input_turned_back() -> None:
    from models.types import ImageTransform

    transform = ImageTransform(resize=20, size=16, mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.3))
    seen = upload._seen_by(gradient(size=(40, 20)), transform)
    assert seen.size == (16, 16)
    middle = np.asarray(gradient(size=(40, 20)))[2:18, 12:28]
    assert np.abs(np.asarray(seen).astype(int) - middle.astype(int)).max() <= 1
    address = upload._data_url(seen)
    kept = Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])))
    assert np.array_equal(np.asarray(kept), np.asarray(seen))
