"""Vectors of the database before coding: no run stores them, its network computes them on demand."""

from __future__ import annotations

from functools import lru_cache

from app.services import catalog
from models.errors import NotAvailableError
from models.types import Float32

N_KEPT = 4  # runs whose vectors stay in memory


@lru_cache(maxsize=N_KEPT)
def _kept(dataset: str, method: str, n_bits: int) -> list[Float32]:
    """Room for one array, filled by `compute`."""
    return []


def computed(dataset: str, method: str, n_bits: int) -> Float32 | None:
    """Vectors of the database, float32 (n_database, size), read-only; None until `compute` was called."""
    kept = _kept(dataset, method, n_bits)
    return kept[0] if kept else None


def can_compute(dataset: str, method: str, n_bits: int) -> bool:
    """True when the run's network is stored."""
    return catalog.open_run(dataset, method, n_bits).checkpoint_path.is_file()


def compute(dataset: str, method: str, n_bits: int) -> Float32:
    """Compute the vectors of the database and keep them for every session; loads torch.

    Raises:
        HashingError: the run has no checkpoint, its backbone's weights cannot be had, or its codes are bits.
    """
    kept = _kept(dataset, method, n_bits)
    if not kept:
        vectors = _encoded(dataset, method, n_bits)
        vectors.setflags(write=False)
        kept.append(vectors)
    return kept[0]


def _encoded(dataset: str, method: str, n_bits: int) -> Float32:
    from models.engine.encode import encode_split, open_encoder
    from models.engine.features import dataset_features

    data = catalog.open_dataset(dataset)
    encoder = open_encoder(catalog.open_run(dataset, method, n_bits))
    model = encoder.checkpoint.model
    # A backbone that was trained with the method reads the images themselves.
    features = dataset_features(data, encoder.backbone) if model.backbone is None else None
    encoded = encode_split(model, data, "database", features)
    if encoded.embeddings is None:
        raise NotAvailableError("Codes made of bits are compared with bits; there are no vectors to compute.")
    return encoded.embeddings
