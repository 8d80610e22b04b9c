"""Where training runs: one place that makes Fabric objects."""

from __future__ import annotations

import torch
from lightning_fabric import Fabric

from models.errors import ConfigError


def single_device() -> Fabric:
    """One CPU process: what heads on stored features need, and what gives the same codes on every run."""
    return Fabric(accelerator="cpu", devices=1)


def make_fabric(
    accelerator: str = "auto",
    devices: str | int = "auto",
    num_nodes: int = 1,
    strategy: str = "auto",
    precision: str = "32-true",
) -> Fabric:
    """A launched Fabric. Under `torchrun`, pass the same `devices` and `num_nodes` as given to it.

    Raises:
        ConfigError: the machine has no such device, or Fabric knows no such name.
    """
    try:
        fabric = Fabric(
            accelerator=accelerator,
            devices=devices,
            num_nodes=num_nodes,
            strategy=strategy,
            precision=precision,  # type: ignore[arg-type]
        )
        fabric.launch()
    except (RuntimeError, ValueError, TypeError) as error:
        has = f"{torch.cuda.device_count()} CUDA devices" if torch.cuda.is_available() else "no CUDA device"
        raise ConfigError(
            f"Cannot run on accelerator={accelerator}, devices={devices}, strategy={strategy}: {error} "
            f"This machine has {has}; `--accelerator cpu --devices 1` always works."
        ) from None
    return fabric
