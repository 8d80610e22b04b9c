"""A trained encoder for people without this library: a program of torch.export and a script that runs it."""

from __future__ import annotations

import io

import torch
from torch import Tensor, nn

from models.codes.asymmetric import embedding_size
from models.engine.encode import Encoder
from models.errors import ConfigError, NotAvailableError
from models.methods.base import CodebookMethod
from models.types import BinaryCodes, Codes, ImageTransform

_SCRIPT = '''\
"""Codes of images with PyTorch, Pillow and NumPy alone: python encode.py queries.npz IMAGE ..."""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

encoder = torch.export.load(Path(__file__).parent / "encoder.pt2").module()
mean, std = np.array({mean}, np.float32), np.array({std}, np.float32)
inputs = []
for name in sys.argv[2:]:
    image = ImageOps.exif_transpose(Image.open(name)).convert("RGB")
    short = min(image.size)
    width, height = (int({resize} * side / short) for side in image.size)
    image = image.resize((width, height), Image.Resampling.{filter})
    left, top = round((width - {size}) / 2), round((height - {size}) / 2)
    square = image.crop((left, top, left + {size}, top + {size}))
    inputs.append(((np.asarray(square, np.float32) / np.float32(255) - mean) / std).transpose(2, 0, 1))
with torch.no_grad():
    u = encoder(torch.from_numpy(np.stack(inputs))).numpy()
np.savez(sys.argv[1], {members})
'''


class _Whole(nn.Module):
    """Prepared images to bits in {-1, +1}, or to query vectors, as `encode_images` makes them."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.backbone, self.model = encoder.backbone, encoder.checkpoint.model

    def forward(self, images: Tensor) -> Tensor:
        model = self.model
        inputs = images if model.backbone is not None else self.backbone(images).half().float()
        u = model(inputs)[1]
        if isinstance(model.method, CodebookMethod):
            return model.method.embed(u).half().float()
        return model.method.binarize(u)


def encoder_files(encoder: Encoder, database: Codes) -> dict[str, bytes]:
    """`encoder.pt2` and `encode.py`, by name.

    Args:
        encoder: of a trained run.
        database: what the queries will be compared with.

    Raises:
        ConfigError: the run makes other codes than the database holds.
        NotAvailableError: the method does something that torch.export cannot follow.
    """
    codebook = isinstance(encoder.checkpoint.model.method, CodebookMethod)
    transform = encoder.backbone.transform
    whole = _Whole(encoder).eval()
    images = torch.zeros(2, 3, transform.size, transform.size)
    n_images = torch.export.Dim("n_images", min=1)
    with torch.no_grad():
        width = whole(images).shape[1]
    binary = isinstance(database, BinaryCodes)
    expected = database.n_bits if isinstance(database, BinaryCodes) else embedding_size(database)
    if codebook == binary or width != expected:
        given = f"{width} numbers for codebook codes" if codebook else f"{width} bits"
        raise ConfigError(
            f"The run gives {given}, and the index holds {database.n_bits}-bit "
            f"{'binary' if binary else 'codebook'} codes. Give the run that made them."
        )
    try:
        with torch.no_grad():
            program = torch.export.export(whole, (images,), dynamic_shapes={"images": {0: n_images}})
    except Exception as error:  # torch.export has no one class for what it cannot follow
        raise NotAvailableError(
            f"{encoder.checkpoint.config.method} cannot be exported by torch.export "
            f"({type(error).__name__}). Export the index without --run, and encode queries with "
            "`python -m models encode`."
        ) from error
    content = io.BytesIO()
    torch.export.save(program, content)
    script = encode_script(transform, codebook=codebook)
    return {"encoder.pt2": content.getvalue(), "encode.py": script.encode()}


def encode_script(transform: ImageTransform, *, codebook: bool) -> str:
    """The script for an encoder with this transform."""
    binary = "packed=np.packbits(u > 0, axis=1), n_bits=u.shape[1]"
    return _SCRIPT.format(
        mean=list(transform.mean),
        std=list(transform.std),
        resize=transform.resize,
        size=transform.size,
        filter=transform.interpolation.upper(),
        members="embeddings=u" if codebook else binary,
    )
