"""`features`: backbone features of a data set, with progress on stderr; broken off, it goes on from there."""

from __future__ import annotations

import argparse
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from models.cli.output import Answer, progress_bar, say

if TYPE_CHECKING:
    from models.engine.features import FeatureEvent

TELL_EVERY_S = 10.0  # where there is no terminal to draw a bar on


def features(chosen: argparse.Namespace) -> Answer:
    """Compute features, or find them computed."""
    from models.data import load_dataset
    from models.engine.features import Features, compute_features
    from models.engine.memory import peak_bytes, reset_peak
    from models.networks.backbones import load_backbone

    reset_peak()
    began = told = time.monotonic()
    dataset = load_dataset(chosen.dataset)
    weights_file = Path(chosen.weights_file) if chosen.weights_file else None
    backbone = load_backbone(chosen.backbone, weights_file, image_size=dataset.info.image_size)
    found: Features | None = None
    last: FeatureEvent | None = None
    try:
        with closing(compute_features(dataset, backbone)) as events, progress_bar() as progress:
            task = progress.add_task(f"features of {dataset.info.pool}", total=None)
            while True:
                try:
                    last = next(events)
                except StopIteration as stop:
                    found = stop.value
                    break
                pace = f"{last.images_per_s:.0f} images/s"
                about = f"features of {dataset.info.pool}, {pace}"
                progress.update(task, description=about, completed=last.done, total=last.total)
                if progress.disable and time.monotonic() - told > TELL_EVERY_S:
                    told = time.monotonic()
                    say(f"{last.done} of {last.total} images, {pace}, {last.eta_s:.0f} s to go")
    except KeyboardInterrupt:
        kept = f" {last.done} of {last.total} images are kept." if last and dataset.info.protocol else ""
        raise KeyboardInterrupt(f"Interrupted.{kept} The same command goes on from there.") from None
    assert found is not None, "nobody could cancel"
    transform = backbone.transform
    document = {
        "dataset": dataset.info.pool,
        "backbone": backbone.name,
        "weights_id": backbone.weights_id,
        "input_size": transform.size,
        "n_images": len(found.pool),
        "n_features": found.width,
        "images_per_s": None if last is None else round(last.images_per_s, 1),
        "seconds": round(time.monotonic() - began, 3),
        "peak_memory_bytes": peak_bytes(),
        "key": found.key,
    }
    what = f"{len(found.pool)} images, {found.width} features each, at {transform.size} pixels"
    how = "were there already" if last is None else f"computed, {last.images_per_s:.0f} images/s"
    return Answer(document, lines=[f"{what}: {how}. {document['seconds']:.0f} s."])
