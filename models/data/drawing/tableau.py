"""Several things in one place: where each stands, and the picture of them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.data.drawing.backend import skia
from models.data.drawing.indoors import room, table
from models.data.drawing.outdoors import hills, paint_weather, seaside, sky_above, street
from models.data.drawing.palette import Oklch, Palette
from models.data.drawing.pen import Thing, draw
from models.data.drawing.pose import Pose, bounds, frame, posed
from models.data.drawing.scene import finish, light_gradient, new_canvas, paint_thing, pick
from models.data.drawing.settings import Setting, Stage
from models.data.drawing.styles import sample_look
from models.types import UInt8

# Styles in which a thing shows its colour.
STYLES = {"shaded": 4.0, "flat": 2.0, "outline": 2.0, "paper": 2.0, "textured": 1.5}
_TRIES = 40
_BASE_RADIUS = {1: 0.28, 2: 0.27, 3: 0.235, 4: 0.205}


@dataclass(frozen=True)
class Actor:
    """One thing of a scene.

    Attributes:
        thing: draws it.
        palette: its colours.
        bulk: its size relative to the others.
        floats: stands on water where there is some.
    """

    thing: Thing
    palette: Palette
    bulk: float
    floats: bool = False


@dataclass(frozen=True)
class Spot:
    """Middle and height of the feet, in pixels, and half the longer side."""

    x: float
    foot: float
    radius: float


def place(actors: Sequence[Actor], size: int, stage: Stage, rng: np.random.Generator) -> list[Spot]:
    """Stand the actors from left to right so that they hide little of each other.

    Of some random arrangements the one with the least overlap is taken.
    """
    n = len(actors)
    best: list[Spot] = []
    least = float("inf")
    for _ in range(_TRIES):
        spots = []
        for k, actor in enumerate(actors):
            depth = rng.uniform()
            low, high = stage.sea if actor.floats and stage.sea else (stage.back, stage.front)
            radius = size * _BASE_RADIUS[n] * actor.bulk * (0.82 + 0.3 * depth) * rng.uniform(0.9, 1.1)
            if actor.floats and stage.sea:
                radius *= 0.8
            x = size * ((k + 0.5) / n + rng.normal(0, 0.045))
            x = float(np.clip(x, 0.85 * radius, size - 0.85 * radius))
            spots.append(Spot(x, low + depth * (high - low), radius))
        overlap = sum(_overlap(a, b) for i, a in enumerate(spots) for b in spots[:i])
        if overlap < least:
            best, least = spots, overlap
    return best


def _overlap(a: Spot, b: Spot) -> float:
    """Share of the smaller square that the two have in common."""
    wide = min(a.x + a.radius, b.x + b.radius) - max(a.x - a.radius, b.x - b.radius)
    high = min(a.foot, b.foot) - max(a.foot - 2 * a.radius, b.foot - 2 * b.radius)
    return max(wide, 0.0) * max(high, 0.0) / (2 * min(a.radius, b.radius)) ** 2


def paint_setting(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> Stage:
    """Draw the surroundings; returns where things may stand."""
    if setting.place not in ("table", "room"):
        sky_above(canvas, size, setting, rng)
    painters = {"table": table, "room": room, "hills": hills, "seaside": seaside, "street": street}
    return painters[setting.place](canvas, size, setting, rng)


def draw_tableau(actors: Sequence[Actor], setting: Setting, size: int, rng: np.random.Generator) -> UInt8:
    """The picture of some things in a place, first actor leftmost; uint8 (size, size, 3)."""
    canvas, pixels = new_canvas(size)
    stage = paint_setting(canvas, size, setting, rng)
    spots = place(actors, size, stage, rng)
    style, look = pick(rng, STYLES), sample_look(rng, line_scale=0.85)
    light_side = -1.0 if look.light_angle < -90 else 1.0
    for k in sorted(range(len(actors)), key=lambda k: spots[k].foot):
        actor, spot = actors[k], spots[k]
        marks = draw(actor.thing, rng)
        pivot, extent = frame(marks)
        pose = Pose(
            x=spot.x,
            y=spot.foot,
            radius=spot.radius / extent,
            angle=float(np.clip(rng.normal(0, 3.5), -9, 9)),
            is_flipped=bool(rng.uniform() < 0.5),
            shear=float(np.clip(rng.normal(0, 0.05), -0.12, 0.12)),
            stretch=float(np.exp(rng.normal(0, 0.1))),
            tilt_x=float(np.clip(rng.normal(0, 0.05), -0.1, 0.1)),
            pivot=pivot,
        )
        pose = Pose(**{**vars(pose), "y": 2 * pose.y - bounds(posed(marks, pose)).bottom()})
        is_afloat = actor.floats and stage.sea is not None
        paint_thing(
            canvas,
            size,
            marks,
            pose,
            actor.palette,
            style,
            look,
            shadow="none" if is_afloat else "ground",
            light_side=light_side,
            strength=0.5 if setting.is_night else 0.8,
        )
    paint_weather(canvas, size, setting, rng)
    light_gradient(canvas, size, look.light_angle, rng.uniform(0.03, 0.12))
    return finish(pixels, rng, 0.5 * rng.uniform() ** 2, rng.uniform(0, 2))


def monochrome(main: Oklch, setting: Setting, rng: np.random.Generator) -> Palette:
    """A palette in which one colour leads without doubt: the others are its shades or nearly grey."""
    is_pale = main.chroma < 0.05
    shade = main.shifted(rng.choice([-0.13, 0.11]) if 0.5 < main.lightness < 0.8 else -0.13, 0.95)
    cream = Oklch(rng.uniform(0.93, 0.97), 0.02, 90)
    slate = Oklch(rng.uniform(0.42, 0.55), 0.025, 265)
    second = (
        (shade, cream, slate)[rng.choice(3, p=[0.5, 0.3, 0.2])]
        if not is_pale
        else (shade, slate)[rng.integers(2)]
    )
    accent = shade.shifted(-0.06) if rng.uniform() < 0.5 else slate
    is_dark = setting.land.lightness < 0.5
    dark = Oklch(0.66, 0.02, 265) if is_dark else Oklch(rng.uniform(0.25, 0.33), 0.025, 270)
    light = Oklch(0.90, 0.09, 90) if setting.is_night else Oklch(0.96, 0.012, 220)
    return Palette(setting.land, main, second, accent, dark, light, ink=Oklch(0.22, 0.03, 275))
