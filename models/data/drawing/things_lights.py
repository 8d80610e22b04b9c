"""Lamps of five builds."""

from __future__ import annotations

import numpy as np

from models.data.drawing.paths import (
    Path,
    ellipse,
    intersection,
    line,
    polygon,
    profile,
    rect,
    sector,
    transform,
)
from models.data.drawing.pen import Pen, Thing


def lamp(pen: Pen, rng: np.random.Generator) -> None:
    """Table lamp, standing lamp, jointed desk lamp, hanging lamp, ball lamp."""
    kinds = (_table_lamp, _standing_lamp, _desk_lamp, _hanging_lamp, _ball_lamp)
    kinds[rng.integers(len(kinds))](pen, rng)


def lamp_on_foot(pen: Pen, rng: np.random.Generator) -> None:
    """A lamp that stands and whose shade, not its light, carries its colour."""
    kinds = (_table_lamp, _standing_lamp, _desk_lamp)
    kinds[rng.integers(len(kinds))](pen, rng)


def _shade(rng: np.random.Generator, y: float, half_top: float, half_bottom: float, height: float) -> Path:
    if rng.uniform() < 0.55:
        return polygon(
            [(-half_top, y), (half_top, y), (half_bottom, y + height), (-half_bottom, y + height)], 0.04
        )
    bend = 0.35 * half_top + 0.65 * half_bottom - 0.1
    return profile([(half_top, y), (bend, y + 0.5 * height), (half_bottom, y + height)], sag=0.02)


def _table_lamp(pen: Pen, rng: np.random.Generator) -> None:
    top, height = rng.uniform(-0.92, -0.8), rng.uniform(0.58, 0.72)
    low = top + height
    pen.stroke(line([(0, low - 0.1), (0, 0.3)]), 0.085, "dark")
    kind = int(rng.integers(4))
    if kind == 0:
        pen.fill(profile([(0.1, low + 0.1), (0.36, 0.42), (0.26, 0.84)]), "second")
    elif kind == 1:
        pen.fill(ellipse(0, 0.24, 0.17), "second")
        pen.fill(ellipse(0, 0.56, 0.25), "second", -0.2)
    elif kind == 2:
        pen.stroke(line([(0, low), (0, 0.8)]), 0.12, "second")
    else:
        pen.fill(
            polygon([(-0.1, low + 0.12), (0.1, low + 0.12), (0.32, 0.82), (-0.32, 0.82)], 0.05), "second"
        )
    pen.fill(rect(-0.34, 0.78, 0.34, 0.9, 0.05), "dark")
    half = rng.uniform(0.56, 0.72)
    shade = _shade(rng, top, rng.uniform(0.26, 0.4), half, height)
    pen.fill(shade, "main")
    if rng.uniform() < 0.6:
        pen.fill(intersection(shade, rect(-1, low - 0.13, 1, low + 0.1)), "accent")
    pen.glaze(intersection(shade, rect(-0.14, -1, 0.16, 1)), 0.3)
    if rng.uniform() < 0.5:
        x = 0.36 * half
        pen.stroke(line([(x, low), (x, low + 0.24)]), 0.05, "dark")
        pen.fill(ellipse(x, low + 0.27, 0.05), "accent")


def _standing_lamp(pen: Pen, rng: np.random.Generator) -> None:
    top = rng.uniform(-0.96, -0.88)
    height, half = rng.uniform(0.52, 0.66), rng.uniform(0.46, 0.58)
    if rng.uniform() < 0.5:
        pen.stroke(line([(0, top + 0.3), (0, 0.86)]), 0.085, "dark")
        pen.fill(sector(0, 0.9, 0.34, 0.13, 180, 180), "dark")
    else:
        joint = rng.uniform(0.1, 0.3)
        pen.stroke(line([(0, top + 0.3), (0, joint)]), 0.085, "dark")
        for x in (-0.38, 0.0, 0.38):
            pen.stroke(line([(0, joint - 0.05), (x, 0.87)]), 0.085, "dark", 0.15 * (x == 0))
    shade = _shade(rng, top, half * rng.uniform(0.5, 0.9), half, height)
    pen.fill(shade, "main")
    pen.fill(intersection(shade, rect(-1, top - 0.1, 1, top + 0.1)), "second")
    pen.fill(intersection(shade, rect(-1, top + height - 0.1, 1, 1)), "second")


def _desk_lamp(pen: Pen, rng: np.random.Generator) -> None:
    thick = rng.uniform(0.09, 0.12)
    elbow = (rng.uniform(0.3, 0.5), rng.uniform(-0.1, 0.1))
    head = (rng.uniform(-0.3, -0.1), rng.uniform(-0.72, -0.6))
    foot = (rng.uniform(-0.15, 0.05), 0.8)
    pen.fill(sector(foot[0], 0.9, rng.uniform(0.38, 0.5), 0.2, 180, 180), "second")
    pen.stroke(line([foot, elbow]), thick, "dark")
    pen.stroke(line([elbow, head]), thick, "dark")
    pen.fill(ellipse(*elbow, 0.09), "accent")
    angle = rng.uniform(15, 50)
    bulb = transform(ellipse(0, 0.42, 0.16), angle=angle, move=head)
    pen.fill(bulb, "light")
    hood = (
        polygon([(-0.12, -0.14), (0.12, -0.14), (0.4, 0.4), (-0.4, 0.4)], 0.04)
        if rng.uniform() < 0.5
        else sector(0, 0.4, 0.42, 0.5, 180, 180)
    )
    pen.fill(transform(hood, angle=angle, move=head), "main")
    cap = rect(-0.13, -0.22, 0.13, -0.06, 0.05)
    pen.fill(transform(cap, angle=angle, move=head), "main", -0.4)


def _hanging_lamp(pen: Pen, rng: np.random.Generator) -> None:
    top, half = rng.uniform(-0.35, -0.1), rng.uniform(0.6, 0.82)
    low = top + rng.uniform(0.45, 0.62)
    pen.stroke(line([(0, -1.25), (0, top)]), 0.07, "dark", cap="butt")
    pen.fill(ellipse(0, low + 0.02, 0.2, 0.2), "light")
    kind = int(rng.integers(4))
    if kind == 0:
        hood = sector(0, low, half, low - top, 180, 180)
    elif kind == 1:
        hood = polygon([(-0.12, top), (0.12, top), (half, low), (-half, low)], 0.04)
    elif kind == 2:
        hood = profile([(0.14, top), (0.24, top + 0.2), (half, low)])
    else:
        hood = rect(-0.62 * half, top, 0.62 * half, low + 0.1, 0.1)
    pen.fill(hood, "main")
    if kind == 3:
        for x in (-0.3, 0.0, 0.3):
            pen.fill(rect(half * x - 0.05, top + 0.08, half * x + 0.05, low + 0.04, 0.03), "second")
    else:
        pen.fill(intersection(hood, rect(-1, low - 0.12, 1, low + 0.1)), "second")
    pen.fill(rect(-0.1, top - 0.14, 0.1, top + 0.04, 0.04), "dark")
    if rng.uniform() < 0.5:
        for angle in (-35, 0, 35):
            ray = line([(0, 0.32), (0, 0.5)])
            pen.stroke(transform(ray, angle=angle, move=(0, low)), 0.06, "light")


def _ball_lamp(pen: Pen, rng: np.random.Generator) -> None:
    r = rng.uniform(0.36, 0.46)
    y = rng.uniform(-0.5, -0.4)
    pen.fill(rect(-0.3, 0.78, 0.3, 0.9, 0.06), "dark")
    pen.stroke(line([(0, y + r), (0, 0.84)]), 0.1, "dark")
    if rng.uniform() < 0.5:
        pen.stroke(line([(-0.26, 0.42), (0.26, 0.42)]), 0.09, "accent")
    pen.fill(ellipse(0, y, r), "light")
    pen.glaze(ellipse(-0.1, y + 0.06, r * 0.62), 0.3)
    pen.fill(rect(-0.2, y + r - 0.1, 0.2, y + r + 0.06, 0.04), "main")
    if rng.uniform() < 0.6:
        pen.fill(sector(0, y, r, r, 180, 180), "main")


THINGS: dict[str, Thing] = {"lamp": lamp}
