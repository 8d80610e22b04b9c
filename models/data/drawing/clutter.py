"""Small shapes behind the thing and the odd leaf, strip or disc that covers a part of it."""

from __future__ import annotations

from math import cos, pi, radians, sin

import numpy as np

from models.data.drawing.backend import skia
from models.data.drawing.palette import Oklch, Palette
from models.data.drawing.paths import Path, arc, ellipse, outline, polygon, rect, ribbon, ring, transform
from models.data.drawing.styles import BLACK, soft, solid


def _leaf(radius: float) -> Path:
    points = [(0.0, radius), (0.12 * radius, 0.0), (0.0, -radius)]
    return ribbon(points, [0.02 * radius, 0.85 * radius, 0.02 * radius])


def _shape(rng: np.random.Generator, radius: float) -> Path:
    kind = int(rng.integers(7))
    if kind == 0:
        return ellipse(0, 0, radius)
    if kind == 1:
        return ring(0, 0, radius, 0.45 * radius)
    if kind == 2:
        return polygon(
            [(radius * cos(radians(a)), radius * sin(radians(a))) for a in (-90, 30, 150)], 0.15 * radius
        )
    if kind == 3:
        return _leaf(1.3 * radius)
    if kind == 4:
        return rect(-1.5 * radius, -0.3 * radius, 1.5 * radius, 0.3 * radius, 0.3 * radius)
    if kind == 5:
        return rect(-0.8 * radius, -0.8 * radius, 0.8 * radius, 0.8 * radius, 0.2 * radius)
    return outline(arc(0, 0, radius, radius, 0, 200), 0.45 * radius)


def _contrasting(palette: Palette, rng: np.random.Generator, roles: tuple[str, ...]) -> Oklch:
    colour: Oklch = getattr(palette, roles[rng.integers(len(roles))])
    return colour.shifted(rng.uniform(-0.06, 0.06), 0.9, rng.normal(0, 25))


def clutter_behind(
    canvas: skia.Canvas, size: int, palette: Palette, n: int, rng: np.random.Generator
) -> None:
    """Scatter `n` small shapes, most of them away from the middle and half sunk into the background."""
    for _ in range(n):
        angle, reach = rng.uniform(0, 2 * pi), rng.uniform(0.3, 0.62)
        at = (size * (0.5 + reach * cos(angle)), size * (0.5 + reach * sin(angle)))
        path = _shape(rng, size * rng.uniform(0.035, 0.085))
        path = transform(transform(path, angle=rng.uniform(0, 360)), move=at)
        near_ground = palette.ground.shifted(rng.choice([-0.12, 0.1]), 1.3, rng.uniform(-40, 40))
        colour, alpha = near_ground, 0.9
        if rng.uniform() < 0.5:
            colour, alpha = _contrasting(palette, rng, ("main", "second", "accent", "light")), 0.85
        canvas.drawPath(path, solid(colour, alpha))


def _sprig(size: int, rng: np.random.Generator) -> list[Path]:
    """A stalk with leaves, growing upwards from the origin."""
    length, bend = size * rng.uniform(0.3, 0.45), rng.uniform(-0.2, 0.2)
    stalk = [(0.0, 0.0), (bend * length * 0.5, -length * 0.5), (bend * length, -length)]
    parts = [ribbon(stalk, [0.03 * size, 0.022 * size, 0.012 * size])]
    for k in range(5):
        t = 0.25 + 0.18 * k
        leaf = _leaf(size * (0.09 - 0.009 * k))
        leaf = transform(leaf, move=(0.0, -size * (0.085 - 0.009 * k)))
        side = 55 if k % 2 else -55
        parts.append(transform(transform(leaf, angle=side), move=(bend * length * t, -length * t)))
    return parts


def occluder(canvas: skia.Canvas, size: int, palette: Palette, rng: np.random.Generator) -> None:
    """Cover a part of the picture: a sprig from the edge, a strip of tape, a leaf, a disc, some paper."""
    colour = _contrasting(palette, rng, ("main", "second", "accent"))
    angle = rng.uniform(0, 2 * pi)
    kind = int(rng.integers(5))
    middle = size / 2
    if kind == 0:
        reach = size * rng.uniform(0.56, 0.66)
        at = (middle + reach * cos(angle), middle + reach * sin(angle))
        turn = np.degrees(angle) - 90 + rng.normal(0, 15)
        paths = [transform(transform(p, angle=turn), move=at) for p in _sprig(size, rng)]
    elif kind == 1:
        reach = size * rng.uniform(0.24, 0.34)
        width, half = size * rng.uniform(0.07, 0.11), size * rng.uniform(0.16, 0.24)
        strip = rect(-half, -width / 2, half, width / 2)
        at = (middle + reach * cos(angle), middle + reach * sin(angle))
        turn = np.degrees(angle) + 90 + rng.normal(0, 12)
        paths = [transform(transform(strip, angle=turn), move=at)]
    else:
        reach = size * rng.uniform(0.16, 0.36)
        at = (middle + reach * cos(angle), middle + reach * sin(angle))
        radius = size * rng.uniform(0.06, 0.115)
        made = (
            _leaf(1.5 * radius)
            if kind == 2
            else ellipse(0, 0, 0.9 * radius)
            if kind == 3
            else rect(-radius, -0.75 * radius, radius, 0.75 * radius, 0.15 * radius)
        )
        paths = [transform(transform(made, angle=rng.uniform(0, 360)), move=at)]
    for path in paths:
        canvas.drawPath(transform(path, move=(0.012 * size, 0.02 * size)), soft(BLACK, 0.22, 0.015 * size))
    for path in paths:
        canvas.drawPath(path, solid(colour))
