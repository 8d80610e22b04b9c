"""State of the train split's codes after an epoch, in a few numbers for a progress line or a live chart."""

from __future__ import annotations

from torch import Tensor

from models.codes.health import code_health, quantization_error
from models.codes.packing import unpack
from models.engine.model import HashModel
from models.types import BinaryCodes


def train_health(model: HashModel, u: Tensor) -> dict[str, float]:
    """Health of the codes that u, float (n_train, n_outputs), gives.

    Returns:
        The figures of `models.codes.health.CodeHealth.to_json`, and `quantization_error` where relaxed and
        final codes can be compared value by value.
    """
    encoded = model.encode_relaxed(u.cpu().numpy())
    figures = {name: float(value) for name, value in code_health(encoded.codes).to_json().items()}
    if isinstance(encoded.codes, BinaryCodes):
        relaxed, final = encoded.u, unpack(encoded.codes).astype("float32")
    else:
        assert encoded.embeddings is not None, "codebook codes come with embeddings"
        relaxed, final = encoded.embeddings, encoded.codes.decode()
    if relaxed.shape == final.shape:
        figures["quantization_error"] = quantization_error(relaxed, final)
    return figures
