"""The configuration of a run: everything that decides its codes, and the key made from it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from models.errors import CheckpointError
from models.networks.names import DEFAULT_BACKBONE

# `given`: codes that another system made; nothing is trained here.
Mode = Literal["head", "finetune", "given"]


@dataclass(frozen=True)
class RunConfig:
    """One method, one length, one data set, one seed. `params` holds every hyper-parameter of the method,
    by name; `label_vectors` is the SHA-256 of the file in which the user gave vectors of the labels, if so.
    `finetune` is for that mode alone: what else decides how the backbone is trained, by name
    (`optimizer`, `backbone_lr`, `momentum`, `decay`, `decay_every`, `warm_start` as in
    `models.methods.finetuning`).

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
    finetune: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """All settings by name; the last two only where they are given, so that they change no other key."""
        settings = dataclasses.asdict(self)
        return {
            name: value
            for name, value in settings.items()
            if value is not None or name not in ("label_vectors", "finetune")
        }

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    @property
    def mode_text(self) -> str:
        """The mode, and what a reader has to know of a backbone that was trained along."""
        if self.finetune is None:
            return self.mode
        start = ", from a trained head" if self.finetune["warm_start"] else ""
        return f"{self.mode} ({self.epochs} epochs of {self.finetune['optimizer']}{start})"

    @property
    def train_command(self) -> str:
        """What makes such a run on another machine; settings that are not the usual ones are left out."""
        command = f"python -m models train {self.method} --dataset {self.dataset} --n-bits {self.n_bits}"
        command += f" --seed {self.seed}" if self.seed else ""
        command += "" if self.backbone == DEFAULT_BACKBONE else f" --backbone {self.backbone}"
        command += " --mode finetune" if self.mode == "finetune" else ""
        return command + (" --short" if self.finetune and self.finetune["warm_start"] else "")

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
