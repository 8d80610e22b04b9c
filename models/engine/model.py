"""A hashing system: standardisation and method, with the backbone in front when it is trained too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from models.codes.packing import pack
from models.engine.precision import rounded_to_stored
from models.methods.base import CodebookMethod, Method
from models.types import BinaryCodes, CodebookCodes, Codes, Float32, Queries

# Rows per forward pass; fixed, because the last digit of a matrix product depends on it.
FEATURE_CHUNK, IMAGE_CHUNK = 512, 64


@dataclass(frozen=True)
class Encoded:
    """Codes of some images.

    Attributes:
        codes: what a database stores.
        u: float32 (n, n_outputs), relaxed codes.
        embeddings: float32 (n, dim), what these images are compared by as queries; None for binary codes.
    """

    codes: Codes
    u: Float32
    embeddings: Float32 | None = None

    @property
    def queries(self) -> Queries:
        """What these images are ranked by when they are queries."""
        if self.embeddings is not None:
            return self.embeddings
        assert isinstance(self.codes, BinaryCodes), "codebook codes come with embeddings"
        return self.codes


class HashModel(nn.Module):
    """Features (or images) to codes.

    Args:
        method: the hashing method, before or after training.
        mean: float32 (n_features,), mean of the train split's features.
        std: float32 (n_features,), their standard deviation; a feature that never varies is left unscaled.
        backbone: network from images to features. None: the inputs are features.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, method: Method, mean: Tensor, std: Tensor, backbone: nn.Module | None = None) -> None:
        super().__init__()
        self.method = method
        self.backbone = backbone
        self.register_buffer("mean", mean)
        self.register_buffer("std", torch.where(std > 1e-6, std, torch.ones_like(std)))

    def train(self, mode: bool = True) -> Self:
        """Switch dropout on or off; the backbone's batch norms keep the statistics they came with."""
        super().train(mode)
        if self.backbone is not None:
            self.backbone.eval()
        return self

    def standardised(self, inputs: Tensor) -> Tensor:
        """Standardised features, float (n, n_features), of features or images."""
        features = inputs if self.backbone is None else self.backbone(inputs)
        return (features - self.mean) / self.std

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Standardised features (n, n_features) and relaxed codes u (n, n_outputs)."""
        features = self.standardised(inputs)
        return features, self.method(features)

    @torch.no_grad()
    def round_weights(self) -> None:
        """Round weights to what a checkpoint can hold, so that codes and the stored checkpoint agree."""
        for name, tensor in self.state_dict().items():
            tensor.copy_(rounded_to_stored(name, tensor))

    @torch.no_grad()
    def relaxed(self, inputs: Float32) -> Float32:
        """u, float32 (n, n_outputs), of features (n, n_features), or of prepared images when there is a
        backbone.

        Call it in evaluation mode.
        """
        assert not self.training, "dropout would make the codes random"
        size = FEATURE_CHUNK if self.backbone is None else IMAGE_CHUNK
        chunks = [
            self(torch.tensor(inputs[i : i + size]))[1].numpy()  # a copy: given arrays may be read-only
            for i in range(0, len(inputs), size)
        ]
        return np.concatenate(chunks) if chunks else np.empty((0, self.n_outputs), dtype=np.float32)

    @property
    def n_outputs(self) -> int:
        """Width of u."""
        return int(self.method(self.mean[None]).shape[1])

    def encode(self, inputs: Float32) -> Encoded:
        """Codes of features (n, n_features), or of prepared images when there is a backbone."""
        return self.encode_relaxed(self.relaxed(inputs))

    @torch.no_grad()
    def encode_relaxed(self, relaxed: Float32) -> Encoded:
        """Codes of relaxed codes, float32 (n, n_outputs)."""
        u = torch.tensor(relaxed)
        if not isinstance(self.method, CodebookMethod):
            return Encoded(pack(self.method.binarize(u).cpu().numpy()), relaxed)
        words = self.method.assign(u).cpu().numpy().astype(np.uint8)
        codes = CodebookCodes(
            words, _half(self.method.codebooks()), self.method.structure, self.method.metric
        )
        return Encoded(codes, relaxed, _half(self.method.embed(u)))


def _half(tensor: Tensor) -> Float32:
    """To NumPy, rounded to what the stored half-precision arrays hold."""
    rounded: Float32 = tensor.half().float().cpu().numpy()
    return rounded
