"""Places for several things: a table, a room, hills, the sea, a street; day or night, fair, rain or snow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.data.drawing.backend import skia
from models.data.drawing.grounds import faint_pattern, fill_gradient, hill_line
from models.data.drawing.palette import Oklch
from models.data.drawing.paths import curve, line, outline, polygon, rect
from models.data.drawing.styles import WHITE, soft, solid

Place = Literal["table", "room", "hills", "seaside", "street"]
PLACES: tuple[Place, ...] = ("table", "room", "hills", "seaside", "street")
Weather = Literal["fair", "rain", "snow"]
_WINDOW_LIGHT = Oklch(0.90, 0.11, 88)


@dataclass(frozen=True)
class Setting:
    """Where and when a scene is.

    Attributes:
        place: the kind of surroundings.
        is_night: a dark sky with moon and stars; outdoors only.
        weather: rain and snow fall outdoors only.
        sky: colour of the sky, or of the wall indoors.
        land: colour of the ground that things stand on.
    """

    place: Place
    is_night: bool
    weather: Weather
    sky: Oklch
    land: Oklch


def sample_setting(rng: np.random.Generator) -> Setting:
    """A place with its time, weather and quiet colours, so that the things carry the picture."""
    place = PLACES[rng.integers(len(PLACES))]
    if place in ("table", "room"):
        hue = rng.uniform(0, 360)
        sky = Oklch(rng.uniform(0.84, 0.93), rng.uniform(0.025, 0.06), hue)
        return Setting(
            place, False, "fair", sky, Oklch(rng.uniform(0.70, 0.80), 0.05, rng.choice([50.0, 65.0, hue]))
        )
    weathers: tuple[Weather, ...] = ("fair", "rain", "snow")
    weather = weathers[rng.choice(3, p=[0.54, 0.23, 0.23])]
    is_night = bool(rng.uniform() < 0.33)
    if is_night:
        sky = Oklch(rng.uniform(0.25, 0.32), rng.uniform(0.05, 0.09), rng.uniform(250, 300))
    elif weather == "rain":
        sky = Oklch(rng.uniform(0.72, 0.80), rng.uniform(0.015, 0.035), rng.uniform(225, 275))
    else:
        sky = Oklch(
            rng.uniform(0.86, 0.93), rng.uniform(0.04, 0.06), rng.choice([228.0, 215.0, 60.0, 20.0, 295.0])
        )
    hue = {"hills": rng.choice([145.0, 165.0, 120.0]), "seaside": 80.0, "street": 275.0}[place] + rng.normal(
        0, 8
    )
    lightness, chroma = (
        (0.88, 0.05) if place == "seaside" else (0.72, 0.02) if place == "street" else (0.78, 0.07)
    )
    if weather == "snow":
        lightness, chroma, hue = 0.95, 0.01, 240.0
    if is_night:
        # Dark sand and grass go brown; moonlight turns them blue.
        hue = hue + 60 if place == "hills" else 265.0
        lightness, chroma = (0.62, 0.03) if weather == "snow" else (0.40, 0.045)
    elif weather == "rain":
        lightness -= 0.08
    return Setting(place, is_night, weather, sky, Oklch(lightness, chroma, hue % 360))


@dataclass(frozen=True)
class Stage:
    """Where things may stand: heights of their feet from back to front, in pixels; `sea` for boats."""

    back: float
    front: float
    sea: tuple[float, float] | None = None


def paint_setting(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> Stage:
    """Draw the surroundings; returns where things may stand."""
    if setting.place == "room":
        return _room(canvas, size, setting, rng)
    if setting.place == "table":
        return _table(canvas, size, setting, rng)
    _sky(canvas, size, setting, rng)
    painter = {"hills": _hills, "seaside": _seaside, "street": _street}[setting.place]
    return painter(canvas, size, setting, rng)


def _sky(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> None:
    sky = setting.sky
    low = sky.shifted(0.07 if setting.is_night else 0.03, 0.9, 25)
    fill_gradient(canvas, skia.Rect.MakeWH(size, size), (sky, low), (0, 0), (0, 0.65 * size))
    x, y = size * rng.uniform(0.12, 0.88), size * rng.uniform(0.1, 0.22)
    if setting.is_night:
        for _ in range(int(rng.integers(14, 26))):
            spot = (size * rng.uniform(), size * rng.uniform(0, 0.5))
            canvas.drawCircle(*spot, size * rng.uniform(0.004, 0.010), solid(WHITE, rng.uniform(0.5, 1.0)))
        canvas.drawCircle(x, y, size * 0.13, soft(_WINDOW_LIGHT, 0.35, size * 0.04))
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


def _hills(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> Stage:
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


def _seaside(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> Stage:
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


def _street(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> Stage:
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
                            solid(_WINDOW_LIGHT, 0.9)
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


def _room(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> Stage:
    wall, floor = setting.sky, setting.land
    edge = size * rng.uniform(0.6, 0.68)
    fill_gradient(
        canvas, skia.Rect.MakeWH(size, size), (wall.shifted(0.02), wall.shifted(-0.02)), (0, 0), (0, edge)
    )
    if rng.uniform() < 0.55:
        faint_pattern(canvas, size, wall, rng)
    if rng.uniform() < 0.75:
        _on_the_wall(canvas, size, edge, setting, rng)
    fill_gradient(
        canvas,
        skia.Rect.MakeLTRB(0, edge, size, size),
        (floor.shifted(-0.03), floor.shifted(0.04)),
        (0, edge),
        (0, size),
    )
    canvas.drawPath(rect(0, edge - 0.025 * size, size, edge), solid(WHITE, 0.6))
    kind = int(rng.integers(3))
    if kind == 0:  # floor boards
        for k in range(-6, 7):
            x = size / 2 + k * size * 0.1
            board = line([(x, edge), (size / 2 + (x - size / 2) * 2.2, size)])
            canvas.drawPath(outline(board, size * 0.008), solid(floor.shifted(-0.1), 0.6))
    elif kind == 1:  # rug
        rug = wall.shifted(-0.12, 1.4, rng.uniform(-40, 40))
        for grow, colour in ((1.0, rug), (0.8, rug.shifted(0.06)), (0.62, rug)):
            box = skia.Rect.MakeLTRB(
                size * (0.5 - 0.42 * grow),
                size * (0.86 - 0.1 * grow),
                size * (0.5 + 0.42 * grow),
                size * (0.86 + 0.1 * grow),
            )
            canvas.drawOval(box, solid(colour))
    return Stage(edge + 0.09 * size, 0.95 * size)


def _table(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> Stage:
    wall, wood = setting.sky, setting.land
    fill_gradient(
        canvas, skia.Rect.MakeWH(size, size), (wall.shifted(0.02), wall.shifted(-0.03)), (0, 0), (0, size)
    )
    if rng.uniform() < 0.6:  # tiles
        pitch = size * rng.uniform(0.1, 0.15)
        for k in range(-1, int(size / pitch) + 2):
            for row in range(int(size / pitch) + 1):
                x = (k + 0.5 * (row % 2)) * pitch
                tile = rect(
                    x + 0.04 * pitch,
                    (row + 0.04) * pitch,
                    x + 0.96 * pitch,
                    (row + 0.96) * pitch,
                    0.08 * pitch,
                )
                canvas.drawPath(tile, solid(WHITE, 0.16 + 0.14 * float(rng.uniform())))
    else:
        _on_the_wall(canvas, size, 0.7 * size, setting, rng)
    edge, front = size * rng.uniform(0.66, 0.72), size * rng.uniform(0.92, 0.95)
    canvas.drawPath(rect(0, front, size, size), solid(wall.shifted(-0.12)))
    area = skia.Rect.MakeLTRB(0, edge, size, front)
    fill_gradient(canvas, area, (wood.shifted(-0.02), wood.shifted(0.05)), (0, edge), (0, front))
    for _ in range(7):
        x, y = size * rng.uniform(-0.1, 1), edge + (front - edge) * rng.uniform(0.08, 0.95)
        grain = line([(x, y), (x + size * rng.uniform(0.1, 0.4), y)])
        canvas.drawPath(outline(grain, 0.007 * size), solid(wood.shifted(-0.1), 0.45))
    canvas.drawPath(rect(0, front, size, front + 0.035 * size), solid(wood.shifted(-0.14)))
    if rng.uniform() < 0.4:  # a runner of cloth
        cloth = wall.shifted(-0.05, 1.3, rng.uniform(-40, 40))
        x = size * rng.uniform(0.3, 0.6)
        runner = polygon(
            [
                (x - 0.16 * size, edge),
                (x + 0.2 * size, edge),
                (x + 0.27 * size, front),
                (x - 0.23 * size, front),
            ]
        )
        canvas.drawPath(runner, solid(cloth, 0.9))
    return Stage(edge + 0.08 * size, front - 0.02 * size)


def _on_the_wall(
    canvas: skia.Canvas, size: int, edge: float, setting: Setting, rng: np.random.Generator
) -> None:
    x, y = size * rng.uniform(0.2, 0.8), size * rng.uniform(0.17, 0.26)
    w, h = size * rng.uniform(0.11, 0.16), size * rng.uniform(0.1, 0.14)
    frame = solid(WHITE, 0.95) if rng.uniform() < 0.6 else solid(setting.land.shifted(-0.2))
    canvas.drawPath(rect(x - w, y - h, x + w, y + h, 0.01 * size), frame)
    pane = rect(x - 0.85 * w, y - 0.82 * h, x + 0.85 * w, y + 0.82 * h)
    if rng.uniform() < 0.5:  # a window
        canvas.drawPath(pane, solid(Oklch(0.88, 0.05, 225)))
        canvas.drawPath(rect(x - 0.05 * w, y - h, x + 0.05 * w, y + h), frame)
        canvas.drawPath(rect(x - w, y - 0.05 * h, x + w, y + 0.06 * h), frame)
    else:  # a picture
        canvas.save()
        canvas.clipPath(pane, skia.ClipOp.kIntersect, True)
        tint = setting.sky.shifted(-0.06, 1.3, rng.uniform(-60, 60))
        canvas.drawPath(pane, solid(tint))
        canvas.drawCircle(x - 0.2 * w, y - 0.1 * h, 0.3 * h, solid(tint.shifted(0.1)))
        hill = curve(
            [
                (x - w, y + 0.5 * h),
                (x - 0.3 * w, y + 0.1 * h),
                (x + 0.4 * w, y + 0.5 * h),
                (x + w, y + 0.2 * h),
            ]
        )
        hill.lineTo(x + w, y + h)
        hill.lineTo(x - w, y + h)
        canvas.drawPath(hill, solid(tint.shifted(-0.12)))
        canvas.restore()


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
