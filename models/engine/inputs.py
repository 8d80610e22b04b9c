"""What a training step reads: stored features (mode `head`), or images for the backbone (mode `finetune`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from models.data.transforms import image_batch
from models.types import Bool, Float32, ImageTransform, Int64

if TYPE_CHECKING:
    from PIL.Image import Image


class Inputs(Protocol):
    """Rows of the train split as tensors."""

    def __len__(self) -> int: ...

    def batches(self, rows: Iterable[Int64]) -> Iterator[Tensor]:
        """One tensor per array of rows, in order."""

    def augmented(self, inputs: Tensor) -> Tensor:
        """`inputs` as a training step sees them; may draw from torch's global generator."""


class FeatureInputs:
    """Features in memory: no loader, no copies but the batch itself."""

    def __init__(self, features: Float32) -> None:
        self._features = torch.from_numpy(np.array(features))

    def __len__(self) -> int:
        return len(self._features)

    def batches(self, rows: Iterable[Int64]) -> Iterator[Tensor]:
        """Rows of the feature matrix."""
        return (self._features[torch.from_numpy(r)] for r in rows)

    def augmented(self, inputs: Tensor) -> Tensor:
        """Features are not augmented."""
        return inputs


class ImageInputs:
    """Images decoded by threads while the network works on the batch before."""

    def __init__(
        self,
        image: Callable[[int], Image],
        n_rows: int,
        transform: ImageTransform,
        *,
        flip: bool,
        n_threads: int = 4,
    ) -> None:
        """`image` gives one by row; `flip` mirrors half of them in training."""
        self._image, self._n_rows, self._transform, self._flip = image, n_rows, transform, flip
        self._n_threads = n_threads

    def __len__(self) -> int:
        return self._n_rows

    def batches(self, rows: Iterable[Int64]) -> Iterator[Tensor]:
        """Prepared images, float32 (batch, 3, size, size), decoded one batch ahead."""
        with ThreadPoolExecutor(self._n_threads) as pool:
            ahead: list[Future[Tensor]] | None = None
            for batch in rows:
                decoding = [pool.submit(self._prepared, int(row)) for row in batch]
                if ahead is not None:
                    yield torch.stack([future.result() for future in ahead])
                ahead = decoding
            if ahead is not None:
                yield torch.stack([future.result() for future in ahead])

    def _prepared(self, row: int) -> Tensor:
        return torch.from_numpy(image_batch([self._image(row)], self._transform)[0])

    def augmented(self, inputs: Tensor) -> Tensor:
        """Each image mirrored with probability one half, where a mirror image shows the same thing."""
        if not self._flip:
            return inputs
        mirrored = torch.rand(len(inputs), device=inputs.device) < 0.5
        return torch.where(mirrored[:, None, None, None], inputs.flip(-1), inputs)


@dataclass(frozen=True)
class TrainData:
    """The train split as `train` takes it.

    Attributes:
        inputs: features, or images when there is a backbone.
        labels: bool (n_train, n_classes).
        label_kind: `single` or `multi`.
        features: float32 (n_train, n_features), the untrained backbone's output, for standardisation and
            closed forms.
        backbone: trained along with the head; None in `head` mode.
        label_vectors: float32 (n_classes, width), given by the user for methods that read them.
    """

    inputs: Inputs
    labels: Bool
    label_kind: str
    features: Float32
    backbone: nn.Module | None = None
    label_vectors: Float32 | None = None
