"""Pre-train small_cnn: `python -m models.engine.pretrain`, or `make backbone`.

It learns to tell the 46 categories of `models.data.pretraining` apart and keeps the layers below the
classifier. About six minutes on two cores. The same configuration on the same software gives the same file,
which carries configuration, versions and accuracy in its header.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from models.data import drawing
from models.data.drawing.scene import SceneConfig
from models.data.pretraining import CATEGORIES, Pictures, draw_pictures
from models.engine.features import cache_root
from models.engine.run_files import read_arrays
from models.engine.versions import library_versions
from models.errors import CheckpointError, ConfigError, HashingError
from models.files import npz_bytes, write_atomically
from models.networks.backbones import SMALL_CNN_WEIGHTS
from models.networks.small_cnn import N_FEATURES, SmallCNN, small_cnn_transform

TRAIN, HELD_OUT = 0, 1
Report = Callable[[str], None]


@dataclass(frozen=True)
class PretrainConfig:
    """What decides the weights, besides the drawing.

    Attributes:
        seed: of the pictures and of the training.
        n_per_category: pictures per category to learn from.
        n_held_out_per_category: others, only to measure.
        epochs: passes over the pictures.
        batch_size: pictures per step.
        lr: highest learning rate of the one-cycle schedule.
        weight_decay: of AdamW.
        label_smoothing: share of the target spread over all categories.
        shift_px: pictures are rolled by up to so many pixels either way.
        n_threads: of torch; sums of another number of threads differ in the last digit.
    """

    seed: int = 2003
    n_per_category: int = 400
    n_held_out_per_category: int = 40
    epochs: int = 8
    batch_size: int = 64
    lr: float = 2e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.05
    shift_px: int = 4
    n_threads: int = 2

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            lowest = 0 if name in ("seed", "weight_decay", "label_smoothing", "shift_px") else 1
            if value < lowest and not (name == "lr" and value > 0):
                raise ConfigError(
                    f"{name} is {value}; it has to be {'positive' if lowest else 'at least 0'}."
                )


@dataclass(frozen=True)
class Pretrained:
    """Weights and what they reached.

    Attributes:
        weights: state dict of `SmallCNN`, half precision (integers as they are).
        train_accuracy: share of the last epoch's pictures told right, augmented, while learning.
        held_out_accuracy: share of pictures never learned from, with the rounded weights.
        seconds: of the training.
    """

    weights: dict[str, Tensor]
    train_accuracy: float
    held_out_accuracy: float
    seconds: float


def pretrain(config: PretrainConfig, train: Pictures, held_out: Pictures, report: Report) -> Pretrained:
    """Train backbone and classifier together.

    Args:
        config: see `PretrainConfig`.
        train: what to learn from.
        held_out: what to measure on, once, at the end.
        report: takes a line on how far it is.
    """
    torch.set_num_threads(config.n_threads)
    torch.manual_seed(config.seed)
    backbone, classifier = SmallCNN(), nn.Linear(N_FEATURES, len(CATEGORIES))
    network = nn.Sequential(backbone, classifier)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images, categories = torch.tensor(train.images), torch.tensor(train.categories)
    n_steps = -(-len(images) // config.batch_size)
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.lr, total_steps=n_steps * config.epochs)
    began = time.monotonic()
    train_accuracy = 0.0
    for epoch in range(config.epochs):
        n_right = 0
        order = torch.randperm(len(images))
        for step in range(n_steps):
            rows = order[step * config.batch_size : (step + 1) * config.batch_size]
            scores = network(augmented(normalised(images[rows]), config.shift_px))
            loss = cross_entropy(scores, categories[rows], label_smoothing=config.label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            n_right += int((scores.argmax(1) == categories[rows]).sum())
            done = (epoch * n_steps + step + 1) / (config.epochs * n_steps)
            remaining = (time.monotonic() - began) * (1 / done - 1)
            where = f"epoch {epoch + 1}/{config.epochs}, step {step + 1}/{n_steps}"
            report(f"{where}: loss {loss.item():.3f}, {remaining:.0f} s left")
        train_accuracy = n_right / len(images)
        report(f"epoch {epoch + 1}/{config.epochs}: train accuracy {train_accuracy:.3f}\n")
    seconds = time.monotonic() - began
    weights = {
        name: tensor.half().contiguous() if tensor.is_floating_point() else tensor
        for name, tensor in backbone.state_dict().items()
    }
    backbone.load_state_dict(weights)
    return Pretrained(weights, train_accuracy, _accuracy(network, held_out), seconds)


def augmented(images: Tensor, shift_px: int) -> Tensor:
    """Mirror half of the images, roll each by a few pixels, and swap its colour channels at random.

    Swapped channels make hues meaningless, so that the features are about shape.

    Args:
        images: float (n, 3, height, width).
        shift_px: furthest roll in either direction.

    Returns:
        float (n, 3, height, width), drawn with torch's global generator.
    """
    n, _, height, width = images.shape
    channels = torch.rand(n, 3).argsort(dim=1)
    down, right = torch.randint(-shift_px, shift_px + 1, (2, n, 1))
    rows = (torch.arange(height) - down) % height
    columns = (torch.arange(width) - right) % width
    columns = torch.where(torch.rand(n, 1) < 0.5, columns.flip(1), columns)
    picked = images[
        torch.arange(n)[:, None, None, None],
        channels[:, :, None, None],
        rows[:, None, :, None],
        columns[:, None, None, :],
    ]
    return picked.contiguous(memory_format=torch.channels_last)


def normalised(images: Tensor) -> Tensor:
    """What `models.data.transforms.image_batch` gives for images that have small_cnn's own size already.

    Args:
        images: uint8 (n, size, size, 3).

    Returns:
        float32 (n, 3, size, size).
    """
    transform = small_cnn_transform(images.shape[1])
    mean, std = torch.tensor(transform.mean), torch.tensor(transform.std)
    return (images.permute(0, 3, 1, 2) / 255 - mean[:, None, None]) / std[:, None, None]


@torch.no_grad()
def _accuracy(network: nn.Module, pictures: Pictures) -> float:
    """Share of pictures told right."""
    network.eval()
    n_right = 0
    for start in range(0, len(pictures.images), 256):
        part = slice(start, start + 256)
        scores = network(normalised(torch.tensor(pictures.images[part])))
        n_right += int((scores.argmax(1).numpy() == pictures.categories[part]).sum())
    return n_right / len(pictures.images)


def weights_bytes(config: PretrainConfig, result: Pretrained) -> bytes:
    """The weights file: safetensors; configuration, versions and accuracy as JSON in its header."""
    record = {
        "config": asdict(config),
        "scene": asdict(SceneConfig()),
        "categories": CATEGORIES,
        "n_images": config.n_per_category * len(CATEGORIES),
        "train_accuracy": round(result.train_accuracy, 4),
        "held_out_accuracy": round(result.held_out_accuracy, 4),
        "versions": library_versions(),
    }
    # One entry: safetensors writes several in any order, and the file would differ from one run to the next.
    return save(result.weights, {"hashlens": json.dumps(record, sort_keys=True)})


def _drawing_key() -> str:
    """16 hex digits that change with the drawing kit, the categories of this module's pictures, and skia."""
    digest = hashlib.sha256(version("skia-python").encode())
    for path in sorted(Path(str(drawing.__file__)).parent.glob("*.py")):
        if path.name.startswith("things_pretrain") or not path.name.startswith("things_"):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _pictures(config: PretrainConfig, part: int, n_processes: int, report: Report) -> Pictures:
    """Pictures of one part, drawn or read from the cache."""
    n_per_category = config.n_per_category if part == TRAIN else config.n_held_out_per_category
    parts = [_drawing_key(), asdict(SceneConfig()), CATEGORIES, n_per_category, config.seed, part]
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
    path = cache_root() / "pretraining" / f"{key}.npz"
    with contextlib.suppress(CheckpointError, FileNotFoundError, KeyError):
        arrays = read_arrays(path)
        return Pictures(arrays["images"], arrays["categories"])
    pictures = draw_pictures(
        n_per_category,
        config.seed,
        part,
        n_processes=n_processes,
        on_progress=lambda done, n: report(f"drawing {done}/{n}"),
    )
    write_atomically(path, npz_bytes({"images": pictures.images, "categories": pictures.categories}))
    return pictures


def main(arguments: Sequence[str] | None = None) -> int:
    """The training command.

    Returns:
        The exit code: 0, or 2 with one line on stderr after a user's mistake.
    """
    parser = argparse.ArgumentParser(prog="python -m models.engine.pretrain", description=__doc__)
    for field in fields(PretrainConfig):
        kind = type(field.default)
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=field.default)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="processes that draw")
    parser.add_argument("--out", type=Path, default=SMALL_CNN_WEIGHTS)
    given = parser.parse_args(arguments)
    try:
        config = PretrainConfig(**{f.name: getattr(given, f.name) for f in fields(PretrainConfig)})
        train = _pictures(config, TRAIN, given.processes, _report)
        held_out = _pictures(config, HELD_OUT, given.processes, _report)
        result = pretrain(config, train, held_out, _report)
        write_atomically(given.out, weights_bytes(config, result))
    except HashingError as error:
        sys.stderr.write(f"\n{error}\n")
        return 2
    _report(
        f"{given.out.name}: held-out accuracy {result.held_out_accuracy:.3f}, "
        f"train {result.train_accuracy:.3f}, "
        f"{result.seconds:.0f} s\n"
    )
    return 0


def _report(line: str) -> None:
    """Show a line on stderr over the one before."""
    sys.stderr.write(f"\r{line:<78}")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
