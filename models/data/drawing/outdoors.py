"""Sky, hills, seaside and street, by day or night, and the weather in front of them."""

from __future__ import annotations

import numpy as np

from models.data.drawing.backend import skia
from models.data.drawing.grounds import fill_gradient, hill_line
from models.data.drawing.palette import Oklch
from models.data.drawing.paths import curve, line, outline, polygon, rect
from models.data.drawing.settings import Setting, Stage
from models.data.drawing.styles import WHITE, soft, solid

WINDOW_LIGHT = Oklch(0.90, 0.11, 88)


def sky_above(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> None:
    """A sky with sun and clouds, rain clouds, or moon and stars."""
    sky = setting.sky
    low = sky.shifted(0.07 if setting.is_night else 0.03, 0.9, 25)
    fill_gradient(canvas, skia.Rect.MakeWH(size, size), (sky, low), (0, 0), (0, 0.65 * size))
    x, y = size * rng.uniform(0.12, 0.88), size * rng.uniform(0.1, 0.22)
    if setting.is_night:
        for _ in range(int(rng.integers(14, 26))):
            spot = (size * rng.uniform(), size * rng.uniform(0, 0.5))
            canvas.drawCircle(*spot, size * rng.uniform(0.004, 0.010), solid(WHITE, rng.uniform(0.5, 1.0)))
        canvas.drawCircle(x, y, size * 0.13, soft(WINDOW_LIGHT, 0.35, size * 0.04))
        canvas.drawCircle(x, y, size * 0.065, solid(Oklch(0.95, 0.05, 95)))
        if rng.uniform() < 0.6:
            canvas.drawCircle(x + size * 0.03, y - size * 0.015, size * 0.055, solid(sky.shifted(0.015)))
        return
    if setting.weather == "fair" and rng.uniform() < 0.6:
        canvas.drawCircle(x, y, size * 0.075, solid(Oklch(0.95, 0.06, 90), 0.9))
    shade = WHITE if setting.weather != "rain" else sky.shifted(-0.14, 1.2)
    for _ in range(int(rng.integers(1, 4)) if setting.weather != "rain" else 4):
        cx, cy = size * rng.uniform(0.0, 1.0), size * rng.uniform(0.06, 0.32)
        w = size * rng.uniform(0.06, 0.1)
        cloud = rect(cx - 1.8 * w, cy - 0.25 * w, cx + 1.8 * w, cy + 0.45 * w, 0.35 * w)
        for dx, r in ((-0.7, 0.6), (0.2, 0.85), (1.0, 0.5)):
            cloud.addCircle(cx + dx * w, cy - 0.15 * w, r * w)
        canvas.drawPath(cloud, solid(shade, 0.75))


def hills(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> Stage:
    """Three rolling layers with some trees."""
    land = setting.land
    far = rng.uniform(0.46, 0.54)
    step = 0.05 if not setting.is_night else -0.05
    for k in (2, 1, 0):
        colour = land.shifted(step * k, 1.0 - 0.2 * k, 18 * k)
        hill = hill_line(size, size * (far + 0.09 * (2 - k)), size * rng.uniform(0.02, 0.05), rng)
        canvas.drawPath(hill, solid(colour))
        if k == 1:
            for _ in range(int(rng.integers(0, 6))):
                _tree(canvas, size, size * rng.uniform(0.03, 0.97), size * (far + 0.14), setting, rng)
    return Stage(0.74 * size, 0.95 * size)


def _tree(
    canvas: skia.Canvas, size: int, x: float, foot: float, setting: Setting, rng: np.random.Generator
) -> None:
    high = size * rng.uniform(0.06, 0.1)
    dark = setting.land.shifted(-0.12 if not setting.is_night else -0.06, 1.3)
    if setting.weather == "snow" and not setting.is_night:
        dark = Oklch(0.72, 0.04, 200)
    canvas.drawPath(
        rect(x - 0.06 * high, foot - 0.3 * high, x + 0.06 * high, foot), solid(dark.shifted(-0.06))
    )
    if rng.uniform() < 0.5:
        canvas.drawPath(
            polygon(
                [
                    (x, foot - 1.3 * high),
                    (x + 0.4 * high, foot - 0.2 * high),
                    (x - 0.4 * high, foot - 0.2 * high),
                ],
                0.05 * high,
            ),
            solid(dark),
        )
    else:
        canvas.drawCircle(x, foot - 0.65 * high, 0.42 * high, solid(dark))


def seaside(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> Stage:
    """Sea and a beach; boats may stand on the water."""
    horizon, shore = size * rng.uniform(0.42, 0.5), size * rng.uniform(0.64, 0.7)
    sea = (
        Oklch(0.34, 0.06, 245)
        if setting.is_night
        else Oklch(rng.uniform(0.72, 0.8), 0.07, rng.uniform(195, 235))
    )
    if setting.weather == "rain" and not setting.is_night:
        sea = Oklch(0.62, 0.04, 235)
    fill_gradient(
        canvas,
        skia.Rect.MakeLTRB(0, horizon, size, size),
        (sea.shifted(-0.05), sea.shifted(0.05)),
        (0, horizon),
        (0, shore),
    )
    for _ in range(10):
        x, y = size * rng.uniform(), horizon + (shore - horizon) * rng.uniform(0.08, 0.85)
        half = size * rng.uniform(0.02, 0.06)
        canvas.drawPath(outline(line([(x - half, y), (x + half, y)]), size * 0.012), solid(WHITE, 0.35))
    edge = [
        (size * x, shore + size * 0.018 * np.sin(9 * x + rng.uniform(0, 0.6)))
        for x in np.linspace(-0.1, 1.1, 9)
    ]
    for lift, paint in ((-0.015 * size, solid(WHITE, 0.7)), (0.012 * size, solid(setting.land))):
        beach = curve([(x, y + lift) for x, y in edge])
        beach.lineTo(1.1 * size, 1.1 * size)
        beach.lineTo(-0.1 * size, 1.1 * size)
        beach.close()
        canvas.drawPath(beach, paint)
    for _ in range(12):
        spot = (size * rng.uniform(), size * rng.uniform(0.78, 1.0))
        canvas.drawCircle(*spot, size * rng.uniform(0.004, 0.009), solid(setting.land.shifted(-0.1), 0.7))
    return Stage(0.80 * size, 0.96 * size, sea=(horizon + 0.1 * (size - horizon), shore - 0.01 * size))


def street(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> Stage:
    """Two rows of houses far off, a kerb and a road."""
    edge = size * rng.uniform(0.66, 0.71)
    for layer in range(2):
        x = -size * rng.uniform(0, 0.1)
        while x < size:
            wide = size * rng.uniform(0.09, 0.17)
            high = size * rng.uniform(0.14, 0.3) * (1.3 if layer == 0 else 0.8)
            step = (0.05 if layer == 0 else 0.09) * (1 if setting.is_night else -1)
            tower = setting.sky.shifted(step, 1.0, rng.uniform(-20, 40))
            canvas.drawPath(rect(x, edge - high, x + wide, edge), solid(tower))
            if setting.weather == "snow":
                canvas.drawPath(
                    rect(x, edge - high - 0.012 * size, x + wide, edge - high + 0.012 * size),
                    solid(WHITE, 0.85),
                )
            if layer == 1:
                for wx in np.arange(x + 0.02 * size, x + wide - 0.02 * size, 0.04 * size):
                    for wy in np.arange(edge - high + 0.03 * size, edge - 0.03 * size, 0.055 * size):
                        lit = setting.is_night and rng.uniform() < 0.55
                        pane = (
                            solid(WINDOW_LIGHT, 0.9)
                            if lit
                            else solid(WHITE, 0.1 if setting.is_night else 0.35)
                        )
                        canvas.drawPath(rect(wx, wy, wx + 0.018 * size, wy + 0.026 * size), pane)
            x += wide + size * rng.uniform(0, 0.02)
    land = setting.land
    canvas.drawPath(rect(0, edge, size, size), solid(land))
    canvas.drawPath(
        rect(0, edge, size, edge + 0.035 * size), solid(land.shifted(0.08 if not setting.is_night else 0.06))
    )
    y = size * 0.86
    for x in np.arange(-0.05, 1.05, 0.22) + rng.uniform(0, 0.15):
        dash = polygon(
            [
                (x * size, y),
                ((x + 0.11) * size, y),
                ((x + 0.10) * size, y + 0.025 * size),
                ((x - 0.01) * size, y + 0.025 * size),
            ]
        )
        canvas.drawPath(dash, solid(WHITE, 0.55))
    return Stage(edge + 0.06 * size, 0.95 * size)


def paint_weather(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> None:
    """Rain or snow in front of everything."""
    if setting.weather == "rain":
        slant = rng.uniform(-0.25, 0.25)
        for _ in range(int(rng.integers(38, 56))):
            x, y = size * rng.uniform(-0.1, 1.1), size * rng.uniform(-0.05, 1)
            long = size * rng.uniform(0.05, 0.09)
            drop = outline(line([(x, y), (x + slant * long, y + long)]), size * 0.010)
            canvas.drawPath(drop, solid(WHITE, rng.uniform(0.45, 0.8)))
    elif setting.weather == "snow":
        for _ in range(int(rng.integers(45, 70))):
            r = size * rng.uniform(0.006, 0.018)
            canvas.drawCircle(
                size * rng.uniform(), size * rng.uniform(), r, solid(WHITE, rng.uniform(0.65, 1.0))
            )
