"""The generator of toyworld: one everyday thing per 64 x 64 picture, ten classes, single label.

Every picture has its own seed, made of the set's seed, its split and its row, so pictures can be drawn in any
order and by any number of workers.
"""

from __future__ import annotations

import numpy as np

from models.data.drawing import (
    things_garden,
    things_lights,
    things_road,
    things_seats,
    things_shore,
    things_tableware,
)
from models.data.drawing.pen import Thing
from models.data.drawing.scene import SceneConfig, draw_scene
from models.types import Int64, UInt8

SEED = 20200303
N_QUERY, N_DATABASE, N_TRAIN = 500, 6_000, 2_000
CONFIG = SceneConfig(size=64)

_DRAWN: dict[str, Thing] = {
    **things_tableware.THINGS,
    **things_seats.THINGS,
    **things_lights.THINGS,
    **things_garden.THINGS,
    **things_road.THINGS,
    **things_shore.THINGS,
}
CLASS_NAMES = (
    "mug",
    "teapot",
    "chair",
    "lamp",
    "umbrella",
    "bicycle",
    "car",
    "sailboat",
    "house",
    "potted plant",
)
THINGS: dict[str, Thing] = {name: _DRAWN[name] for name in CLASS_NAMES}
# How firmly things stand: a car on its nose looks odd, a tumbling mug does not.
UPRIGHT: dict[str, float] = {
    "mug": 0.1,
    "teapot": 0.1,
    "chair": 0.4,
    "lamp": 0.4,
    "umbrella": 0.0,
    "bicycle": 0.4,
    "car": 0.65,
    "sailboat": 0.3,
    "house": 0.75,
    "potted plant": 0.4,
}
SPLIT_CODES = {"query": 0, "database": 1}


def class_ids(split: str, seed: int = SEED) -> Int64:
    """Balanced classes in a seeded order, int64 (n,), for `query` or `database`."""
    n = N_QUERY if split == "query" else N_DATABASE
    ids = np.arange(n, dtype=np.int64) % len(CLASS_NAMES)
    return np.random.default_rng([seed, SPLIT_CODES[split]]).permutation(ids)


def train_rows(seed: int = SEED) -> Int64:
    """Rows of the database that are the train split: as many of each class, ascending, int64 (n_train,)."""
    ids, rng = class_ids("database", seed), np.random.default_rng([seed, 2])
    per_class = N_TRAIN // len(CLASS_NAMES)
    picked = [rng.permutation(np.flatnonzero(ids == k))[:per_class] for k in range(len(CLASS_NAMES))]
    return np.sort(np.concatenate(picked)).astype(np.int64)


def picture(split: str, row: int, class_id: int, seed: int = SEED) -> UInt8:
    """The picture in this row, uint8 (64, 64, 3)."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, SPLIT_CODES[split], row]))
    name = CLASS_NAMES[class_id]
    return draw_scene(THINGS[name], rng, CONFIG, upright=UPRIGHT[name])
