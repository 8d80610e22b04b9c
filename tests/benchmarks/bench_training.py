"""Training each method at 32 bits on toyworld, frozen features, one thread, a process of its own."""

from __future__ import annotations

import multiprocessing

from models.registry import method_names
from tests.benchmarks.measure import Row


def fit(name: str) -> tuple[float, int, int]:
    """Seconds of training, bytes that it added to the process, and the peak of the whole process."""
    import torch

    from models.engine.build import make_config
    from models.engine.events import Finished
    from models.engine.memory import peak_bytes, reset_peak
    from models.engine.prepare import train_data
    from models.engine.run import open_source
    from models.engine.trainer import train

    torch.set_num_threads(1)
    source = open_source("toyworld", "small_cnn")
    config = make_config("toyworld", name, 32)
    data = train_data(config, source.dataset, source.features, source.backbone)
    reset_peak()
    before = peak_bytes()
    seconds = next(event.seconds for event in train(config, data) if isinstance(event, Finished))
    return seconds, peak_bytes() - before, peak_bytes()


def bench() -> list[Row]:
    """One row per registered method."""
    rows = []
    for name in method_names():
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, grown, peak = pool.apply(fit, (name,))
        figure = f"{seconds:.1f} s, +{grown / 1e6:.0f} MB (process peak {peak / 1e6:.0f} MB)"
        rows.append(Row(f"train {name}, 32 bits, toyworld, head mode, one thread", figure, aim="seconds"))
    return rows
