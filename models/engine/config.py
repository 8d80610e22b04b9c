"""The configuration of a run: everything that decides its codes, and the key made from it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from models.errors import CheckpointError

Mode = Literal["head", "finetune"]


@dataclass(frozen=True)
class RunConfig:
    """One method, one length, one data set, one seed. `params` holds every hyper-parameter of the method,
    by name; `label_vectors` is the SHA-256 of the file in which the user gave vectors of the labels, if so.

    Two runs with equal configs on equal software produce equal codes.
    """

    dataset: str
    method: str
    n_bits: int
    seed: int
    backbone: str
    mode: Mode
    epochs: int
    batch_size: int
    lr: float
    weight_decay: float
    sampler: str
    params: Mapping[str, Any] = field(default_factory=dict)
    label_vectors: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All fields by name. Vectors of labels are left out where none were given, as almost always."""
        record = dataclasses.asdict(self)
        if self.label_vectors is None:
            del record["label_vectors"]
        return record

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a config back.

        Raises:
            CheckpointError: not JSON, or not the fields of a run.
        """
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise CheckpointError(f"This is not the configuration of a Hashlens run: {error}") from None

    @property
    def key(self) -> str:
        """First 12 hex digits of the SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]
