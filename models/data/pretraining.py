"""The pictures that the backbone is pre-trained on: the demo's scenes with 46 other things in them.

Drawn with the same kit and the same `SceneConfig` as toyworld, from their own seeds, by a pool of processes.
Every picture has its own seed, so the result does not depend on how many processes drew it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from models.data.drawing.scene import SceneConfig, draw_scene
from models.data.drawing.things_pretrain import THINGS
from models.types import Int64, UInt8

# Pictures per task given to a process: small enough for a steady progress, large enough to cost nothing.
_CHUNK = 50

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Pictures:
    """Pictures with the category of each.

    Attributes:
        images: uint8 (n, size, size, 3), sRGB, category after category.
        categories: int64 (n,), positions in `CATEGORIES`.
    """

    images: UInt8
    categories: Int64


CATEGORIES: tuple[str, ...] = tuple(THINGS)


def draw_pictures(
    n_per_category: int,
    seed: int,
    part: int,
    config: SceneConfig | None = None,
    *,
    n_processes: int = 1,
    on_progress: Progress | None = None,
) -> Pictures:
    """Draw every category equally often.

    Args:
        n_per_category: pictures of each category.
        seed: of the whole set.
        part: another number gives other pictures from the same seed; train and held-out ones differ by it.
        config: how much pictures vary; the demo's own by default.
        n_processes: how many draw at a time; 1 draws in this process.
        on_progress: is told (pictures done, pictures in all).
    """
    config = config or SceneConfig()
    tasks = [
        (category, start, min(start + _CHUNK, n_per_category), seed, part, config)
        for category in range(len(CATEGORIES))
        for start in range(0, n_per_category, _CHUNK)
    ]
    n = n_per_category * len(CATEGORIES)
    images = np.empty((n, config.size, config.size, 3), dtype=np.uint8)
    done = 0
    for chunk in _run(tasks, n_processes):
        images[done : done + len(chunk)] = chunk
        done += len(chunk)
        if on_progress is not None:
            on_progress(done, n)
    return Pictures(images, np.repeat(np.arange(len(CATEGORIES), dtype=np.int64), n_per_category))


_Task = tuple[int, int, int, int, int, SceneConfig]


def _run(tasks: list[_Task], n_processes: int) -> Iterator[UInt8]:
    """Chunks of pictures in the order of the tasks."""
    if n_processes == 1:
        yield from map(_draw_chunk, tasks)
        return
    # Fresh processes: forking one that holds torch's threads can hang.
    with ProcessPoolExecutor(n_processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_draw_chunk, tasks)


def _draw_chunk(task: _Task) -> UInt8:
    category, start, stop, seed, part, config = task
    thing = THINGS[CATEGORIES[category]]
    sources = (np.random.default_rng([seed, part, category, row]) for row in range(start, stop))
    return np.stack([draw_scene(thing, rng, config) for rng in sources])
