"""From images to codes with a trained run: data sets, folders and uploads take the same path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.data.base import Dataset
from models.data.transforms import image_batch
from models.engine.checkpoint import Checkpoint, load_checkpoint
from models.engine.features import Features, Progress, embed_images
from models.engine.model import FEATURE_CHUNK, IMAGE_CHUNK, Encoded, HashModel
from models.engine.store import StoredRun
from models.engine.threads import in_threads
from models.errors import CheckpointError
from models.networks.backbones import Backbone, load_backbone
from models.networks.inference import InferenceNetwork
from models.types import BinaryCodes, CodebookCodes, Codes, Float32, Split

if TYPE_CHECKING:
    from PIL.Image import Image

# Images whose features are in memory at a time; whole chunks of the model, so that codes do not depend on it.
BLOCK = 32 * FEATURE_CHUNK


@dataclass(frozen=True)
class Encoder:
    """A trained run, ready to encode.

    Attributes:
        checkpoint: the model and its configuration.
        backbone: makes the features in `head` mode, and names the transform in both modes.
    """

    checkpoint: Checkpoint
    backbone: Backbone


def open_encoder(run: StoredRun | Path, weights_file: Path | None = None) -> Encoder:
    """Load a run's checkpoint and the backbone it stands on.

    Args:
        run: a stored run, or the path of a checkpoint.
        weights_file: weights of the backbone, for a torchvision backbone on a machine that cannot download.

    Raises:
        CheckpointError: no usable checkpoint, or the backbone's weights are not those the run was trained on.
        WeightsError: the backbone's weights cannot be had.
    """
    if isinstance(run, StoredRun):
        checkpoint = load_checkpoint(run.checkpoint_path, expected=run.config)
    else:
        checkpoint = load_checkpoint(run)
    if isinstance(checkpoint.model.backbone, Backbone):
        return Encoder(checkpoint, checkpoint.model.backbone)
    name = checkpoint.config.backbone
    backbone = load_backbone(name, weights_file, image_size=checkpoint.image_size)
    if backbone.weights_id != checkpoint.weights_id:
        raise CheckpointError(
            f"The run was trained on features of {name} with weights {checkpoint.weights_id}; here it has "
            f"{backbone.weights_id}. Codes would mean nothing. Give the same weights, or train again."
        )
    return Encoder(checkpoint, backbone)


def encode_images(encoder: Encoder, images: Sequence[Image]) -> Encoded:
    """Codes of RGB images of any size.

    Raises:
        DataError: an image is not RGB or has no pixels.
    """
    model = encoder.checkpoint.model
    if model.backbone is None:
        return model.encode(embed_images(encoder.backbone, images))
    parts = [np.empty((0, model.n_outputs), dtype=np.float32)]
    for start in range(0, len(images), IMAGE_CHUNK):
        batch = image_batch(images[start : start + IMAGE_CHUNK], encoder.backbone.transform)
        parts.append(model.relaxed(batch))
    return model.encode_relaxed(np.concatenate(parts))


def encode_split(
    model: HashModel,
    dataset: Dataset,
    split: Split,
    features: Features | None,
    progress: Progress | None = None,
) -> Encoded:
    """Codes of the queries or the database of a data set; features or images are read a block at a time.

    Args:
        model: trained.
        dataset: where the images come from in `finetune` mode.
        split: `query` or `database`.
        features: of the untrained backbone; used in `head` mode.
        progress: told images done and images in all, in `finetune` mode.
    """
    if model.backbone is None:
        assert features is not None, "a head reads features"
        return joined([model.encode(block) for block in features.chunks(split, BLOCK)])
    assert isinstance(model.backbone, Backbone), "a fine-tuned model carries one of our backbones"
    rows, transform = dataset.pool_rows(split), model.backbone.transform
    fast = HashModel(model.method, model.mean, model.std, InferenceNetwork(model.backbone)).eval()

    def relaxed(start: int) -> Float32:
        images = [dataset.pool_image(int(row)) for row in rows[start : start + IMAGE_CHUNK]]
        return fast.relaxed(image_batch(images, transform))

    parts = [np.empty((0, model.n_outputs), dtype=np.float32)]
    for part in in_threads(relaxed, range(0, len(rows), IMAGE_CHUNK)):
        parts.append(part)
        if progress is not None:
            progress(sum(map(len, parts)), len(rows))
    return model.encode_relaxed(np.concatenate(parts))


def joined(parts: Sequence[Encoded]) -> Encoded:
    """Codes of several blocks of images as one."""
    if len(parts) == 1:
        return parts[0]
    embeddings = [part.embeddings for part in parts if part.embeddings is not None]
    return Encoded(
        _joined_codes([part.codes for part in parts]),
        np.concatenate([part.u for part in parts]),
        np.concatenate(embeddings) if embeddings else None,
    )


def _joined_codes(parts: Sequence[Codes]) -> Codes:
    first = parts[0]
    if isinstance(first, BinaryCodes):
        return BinaryCodes(
            np.concatenate([part.packed for part in parts if isinstance(part, BinaryCodes)]), first.n_bits
        )
    indices = np.concatenate([part.indices for part in parts if isinstance(part, CodebookCodes)])
    return replace(first, indices=indices)
