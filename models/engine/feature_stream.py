"""From images to a file of features, on all cores, a few batches in memory at a time.

Every core works on a batch of its own from decoding to the network's output; Pillow and torch let go of the
interpreter's lock while they compute. Batches are cut the same way however often the work is broken off and
taken up again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TYPE_CHECKING

import torch

from models.data.transforms import image_batch
from models.engine.feature_events import FeatureEvent, Pace
from models.engine.feature_file import FeatureFile
from models.engine.threads import in_threads
from models.networks.backbones import Backbone
from models.networks.inference import InferenceNetwork
from models.types import Float16

if TYPE_CHECKING:
    from PIL.Image import Image

BATCH = 32  # images per forward pass
KEEP_EVERY_S = 5.0  # a kill loses no more than this


def stream_features(
    image: Callable[[int], Image],
    backbone: Backbone,
    file: FeatureFile,
    cancel: threading.Event | None = None,
) -> Generator[FeatureEvent, None, None]:
    """Compute the rows that an open file lacks.

    Args:
        image: the RGB image of a row; called from several threads.
        backbone: the network.
        file: inside its `writing`.
        cancel: set it, from any thread, to stop after the batches under way.

    Yields:
        One event per batch.

    Raises:
        DataError: an image cannot be read.
        StorageError: the disk is full; what is written stays.
    """
    network = InferenceNetwork(backbone)

    def computed(start: int) -> Float16:
        rows = range(start, min(start + BATCH, file.n))
        images = torch.from_numpy(image_batch([image(row) for row in rows], backbone.transform))
        with torch.inference_mode():
            features: Float16 = network(images).half().numpy()
        return features

    pace, last_kept = Pace(file.n, file.written), time.monotonic()
    with closing(in_threads(computed, range(file.written, file.n, BATCH))) as batches:
        for features in batches:
            file.append(features)
            if time.monotonic() - last_kept > KEEP_EVERY_S:
                file.keep()
                last_kept = time.monotonic()
            yield pace.advanced(len(features))
            if cancel is not None and cancel.is_set():
                return
