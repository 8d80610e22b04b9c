"""Backgrounds: where a thing stands or floats, drawn from one leading colour."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, radians, sin

import numpy as np

from models.data.drawing.backend import skia
from models.data.drawing.palette import Oklch
from models.data.drawing.paths import Path, curve, outline, polygon
from models.data.drawing.styles import WHITE, soft, solid


def fill_gradient(
    canvas: skia.Canvas,
    area: skia.Rect,
    colours: tuple[Oklch, ...],
    start: tuple[float, float],
    end: tuple[float, float],
) -> None:
    """Paint a rectangle with a linear gradient between two points."""
    paint = skia.Paint(AntiAlias=True, Dither=True)
    paint.setShader(
        skia.GradientShader.MakeLinear(
            [skia.Point(*start), skia.Point(*end)],
            [skia.Color4f(*colour.srgb(), 1).toColor() for colour in colours],
        )
    )
    canvas.drawRect(area, paint)


def _whole(size: int) -> skia.Rect:
    return skia.Rect.MakeWH(size, size)


def gradient(canvas: skia.Canvas, size: int, ground: Oklch, rng: np.random.Generator) -> float | None:
    """One colour into its neighbour."""
    angle = radians(rng.uniform(0, 360))
    half = size / 2
    dx, dy = half * cos(angle), half * sin(angle)
    step = rng.uniform(0.03, 0.08)
    neighbour = ground.shifted(-step, 1.15, rng.uniform(-30, 30))
    colours = (ground.shifted(step / 2), neighbour)
    fill_gradient(canvas, _whole(size), colours, (half - dx, half - dy), (half + dx, half + dy))
    return None


def wall_and_floor(canvas: skia.Canvas, size: int, ground: Oklch, rng: np.random.Generator) -> float | None:
    """A wall, a skirting line and a floor; returns the height of the edge."""
    horizon = size * rng.uniform(0.62, 0.78)
    top = ground.shifted(0.02)
    fill_gradient(canvas, _whole(size), (top, ground), (0, 0), (0, horizon))
    step = -0.09 if ground.lightness > 0.45 else 0.07
    floor = ground.shifted(step, 1.1, rng.uniform(-40, 40))
    area = skia.Rect.MakeLTRB(0, horizon, size, size)
    fill_gradient(canvas, area, (floor.shifted(-0.04), floor.shifted(0.03)), (0, horizon), (0, size))
    if rng.uniform() < 0.6:
        line = skia.Rect.MakeLTRB(0, horizon - size * 0.03, size, horizon)
        canvas.drawRect(line, solid(WHITE, 0.35 if ground.lightness > 0.45 else 0.12))
    return horizon


def hill_line(size: int, height: float, swing: float, rng: np.random.Generator) -> Path:
    """The closed area below a gently rolling line."""
    phase, waves = rng.uniform(0, 2 * pi), rng.uniform(0.5, 1.3)
    xs = np.linspace(-0.1, 1.1, 9)
    points = [(x * size, height + swing * sin(phase + waves * 2 * pi * x)) for x in xs]
    path = curve(points)
    path.lineTo(size * 1.1, size * 1.1)
    path.lineTo(-size * 0.1, size * 1.1)
    path.close()
    return path


def hills(canvas: skia.Canvas, size: int, ground: Oklch, rng: np.random.Generator) -> float | None:
    """A sky and two or three rolling layers; returns about where the front one begins."""
    fill_gradient(
        canvas, _whole(size), (ground.shifted(-0.02, 1.3), ground.shifted(0.02, 0.7)), (0, 0), (0, size * 0.7)
    )
    if rng.uniform() < 0.45:
        spot = (size * rng.uniform(0.12, 0.88), size * rng.uniform(0.1, 0.3))
        canvas.drawCircle(
            *spot, size * rng.uniform(0.06, 0.11), solid(WHITE, 0.55 if ground.lightness > 0.5 else 0.22)
        )
    turn = rng.uniform(-60, 60)
    step = -0.06 if ground.lightness > 0.45 else 0.045
    n_layers = int(rng.integers(2, 4))
    height = size * rng.uniform(0.5, 0.6)
    for layer in range(n_layers):
        colour = ground.shifted(step * (layer + 1), 1.0 + 0.25 * (layer + 1), turn * (layer + 1) / n_layers)
        canvas.drawPath(hill_line(size, height, size * rng.uniform(0.02, 0.06), rng), solid(colour))
        height += size * rng.uniform(0.1, 0.16)
    return size * 0.8


def blob(canvas: skia.Canvas, size: int, ground: Oklch, rng: np.random.Generator) -> float | None:
    """A large soft-cornered shape behind the thing."""
    gradient(canvas, size, ground, rng)
    n, angle = int(rng.integers(6, 9)), rng.uniform(0, 2 * pi)
    cx, cy = size * rng.uniform(0.42, 0.58), size * rng.uniform(0.42, 0.58)
    points = []
    for i in range(n):
        r = size * rng.uniform(0.3, 0.44)
        points.append((cx + r * cos(angle + 2 * pi * i / n), cy + r * sin(angle + 2 * pi * i / n)))
    step = rng.choice([0.06, -0.06]) if ground.lightness < 0.9 else -0.06
    canvas.drawPath(curve(points, closed=True), solid(ground.shifted(step, 1.2, rng.uniform(-35, 35)), 0.85))
    return None


def split(canvas: skia.Canvas, size: int, ground: Oklch, rng: np.random.Generator) -> float | None:
    """Two fields that meet in a slanting edge."""
    canvas.drawRect(_whole(size), solid(ground))
    tilt = rng.uniform(-0.35, 0.35)
    x = rng.uniform(0.25, 0.75)
    step = -0.07 if ground.lightness > 0.45 else 0.06
    edge = [
        (size * (x + tilt), 0.0),
        (size * 2.0, 0.0),
        (size * 2.0, float(size)),
        (size * (x - tilt), float(size)),
    ]
    canvas.save()
    if rng.uniform() < 0.35:
        canvas.rotate(90, size / 2, size / 2)
    canvas.drawPath(polygon(edge), solid(ground.shifted(step, 1.1, rng.uniform(-45, 45))))
    canvas.restore()
    return None


Ground = Callable[[skia.Canvas, int, Oklch, np.random.Generator], "float | None"]
GROUNDS: dict[str, Ground] = {
    "gradient": gradient,
    "wall and floor": wall_and_floor,
    "hills": hills,
    "blob": blob,
    "split": split,
}


def faint_pattern(canvas: skia.Canvas, size: int, ground: Oklch, rng: np.random.Generator) -> None:
    """Dots, stripes, checks, rays, rings or a grid, a breath away from the background."""
    kind = int(rng.integers(6))
    pitch = size * rng.uniform(0.11, 0.2)
    alpha = rng.uniform(0.10, 0.22)
    paint = solid(WHITE if rng.uniform() < 0.6 else ground.shifted(-0.25), alpha)
    canvas.save()
    canvas.rotate(rng.choice([0.0, 0.0, 45.0, -30.0, 90.0]), size / 2, size / 2)
    steps = np.arange(-0.5 * size, 1.5 * size, pitch)
    area = skia.Path()
    if kind == 0:
        for row, y in enumerate(steps):
            for x in steps + pitch / 2 * (row % 2):
                area.addCircle(x, y, pitch * 0.17)
    elif kind == 1:
        for x in steps:
            area.addRect(skia.Rect.MakeXYWH(x, -size, pitch * 0.45, 3 * size))
    elif kind == 2:
        for row, y in enumerate(steps):
            for x in steps[row % 2 :: 2]:
                area.addRect(skia.Rect.MakeXYWH(x, y, pitch, pitch))
    elif kind == 3:
        for start in range(0, 360, 30):
            area.moveTo(size / 2, size / 2)
            for a in (start, start + 15):
                area.lineTo(size / 2 + 2 * size * cos(radians(a)), size / 2 + 2 * size * sin(radians(a)))
            area.close()
    elif kind == 4:
        for r in np.arange(pitch, 1.2 * size, pitch):
            circle = skia.Path()
            circle.addCircle(size / 2, size / 2, r)
            area.addPath(outline(circle, pitch * 0.25))
    else:
        for x in steps:
            area.addRect(skia.Rect.MakeXYWH(x, -size, pitch * 0.12, 3 * size))
            area.addRect(skia.Rect.MakeXYWH(-size, x, 3 * size, pitch * 0.12))
    canvas.drawPath(area, paint)
    canvas.restore()


def pool_of_light(canvas: skia.Canvas, size: int, rng: np.random.Generator) -> None:
    """A soft bright spot somewhere behind the thing."""
    spot = (size * rng.uniform(0.25, 0.75), size * rng.uniform(0.15, 0.6))
    canvas.drawCircle(*spot, size * rng.uniform(0.2, 0.35), soft(WHITE, rng.uniform(0.1, 0.3), size * 0.12))
