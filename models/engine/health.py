"""State of the train split's codes after an epoch, in a few numbers for a progress line or a live chart."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from models.engine.model import HashModel
from models.types import BinaryCodes


def train_health(model: HashModel, u: Tensor) -> dict[str, float]:
    """Health of the codes that `u`, float (n_train, n_outputs), gives."""
    encoded = model.encode_relaxed(u.cpu().numpy())
    codes = encoded.codes
    rows = codes.packed if isinstance(codes, BinaryCodes) else codes.indices
    return {"distinct_codes": float(len(np.unique(rows, axis=0)))}
